/*
 * exchange.h: the conversation of each valid pair of patterns, whichever side is ours.
 */
#ifndef TENON_TESTS_EXCHANGE_H
#define TENON_TESTS_EXCHANGE_H

#include "side.h"

struct exchange {
    const char *a, *b; /* patterns */
    const char *a_id, *b_id; /* routing ids, or "-" */
    /** Before the first message: waits until the publisher knows its subscriber. May be NULL. */
    void (*ready)(struct side *a, struct side *b);
    /** Moves one message of these frames in each direction that there is. */
    void (*talk)(struct side *a, struct side *b, const char *frames);
};

extern const struct exchange exchanges[];
extern const size_t exchange_count;

/** `ready`, then messages of one and of several frames; `is_long` adds the sizes up to 8 MiB. */
void exchange_run(const struct exchange *exchange, struct side *a, struct side *b, bool is_long);

#endif
