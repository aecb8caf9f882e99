/*
 * gate.h: how many may be in their handshake at a time; others stand in line before it.
 *
 * A bind has one for all its peers ("max_half_open"), and one for each address ("max_half_open_per_address").
 * Whoever leaves lets in the one that has stood there longest. Peers in line cost their session and their
 * descriptor: nothing is said to them, and nothing of theirs is read. The lock is the gate's own; inside it
 * `call` only posts. Any thread.
 */
#ifndef TNI_GATE_H
#define TNI_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

/** `place` is let in: it is in no line any more, and counted inside. Under the gate's lock. */
typedef void tni_gate_call(struct tni_link *place);

struct tni_gate {
    pthread_mutex_t lock;
    unsigned limit; /* 0: none */
    unsigned inside;
    struct tni_link line;
    uint64_t
        passed_at; /* ms; when one inside, or in an empty gate the first, was the last to get through */
    tni_gate_call *call;
};

void tni_gate_init(struct tni_gate *gate, unsigned limit, tni_gate_call *call);
void tni_gate_fini(struct tni_gate *gate);

/** True: it is inside. False: `place` stands in line, until it is called or quits. */
bool tni_gate_enter(struct tni_gate *gate, struct tni_link *place);
/** It was inside. `has_passed`: its handshake is done. */
void tni_gate_leave(struct tni_gate *gate, bool has_passed);
/** It stood in line, and may have been called since. */
void tni_gate_quit(struct tni_gate *gate, struct tni_link *place);
/** When the last one got through, or the first one came in: ms of the monotonic clock. */
uint64_t tni_gate_passed_at(struct tni_gate *gate);

#endif
