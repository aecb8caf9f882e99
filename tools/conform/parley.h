/*
 * parley.h: the two sides of a mechanism, a client and a server, that talk to each other in memory, as the core
 * would have them talk.
 *
 * Between them a case may meddle with one command. What they said is kept: the transcript. Commands are handed
 * over at the end of a page that nothing follows, so that a read beyond them ends the case. One thread; one
 * conversation at a time for each struct.
 */
#ifndef TENON_TOOLS_CONFORM_PARLEY_H
#define TENON_TOOLS_CONFORM_PARLEY_H

#include <tenon/mechanism.h>

#include "conform.h"
#include "settings.h"

enum { PARLEY_COMMANDS = 16, PARLEY_COMMAND_MAX = 8192, PARLEY_METADATA = 64 };

struct parley_command {
    int from; /* 0 or 1: of the sides */
    size_t size;
    uint8_t *bytes; /* PARLEY_COMMAND_MAX */
    int times; /* it is handed over; 0: not at all */
};

struct parley_side {
    unsigned settings; /* SETTINGS_CLIENT or _SERVER: whose options */
    const struct setting *instead; /* of one of them; NULL: none */
    bool is_server; /* as open said */
    bool is_open, is_ready;
    int code; /* that ended it */
    int verdict; /* that it gets for its peer; 0: what the credentials deserve */
    bool was_asked;
    bool has_metadata; /* the peer's, in `metadata` */
    bool is_malformed; /* they were not what the peer has sent */
    char error[256];
    void *state, *endpoint;
};

struct parley {
    const tn_mechanism_ops_t *ops;
    struct parley_side side[2];
    struct parley_command said[PARLEY_COMMANDS];
    int count;
    int meddled; /* the command that was meddled with was handed over to this side; -1: it was not */
    /** Called for each command before it is handed over, by its number. True: it was changed. */
    bool (*meddle)(struct parley *parley, int number, struct parley_command *command, void *arg);
    void *arg;
};

/** Side 0 is the client, side 1 the server. To be ended. */
void parley_begin(struct parley *parley, const struct subject *subject);
/** Prepares and opens both. False: one of them has a code. */
bool parley_open(struct parley *parley);
/** They talk until nobody has anything to say. */
void parley_talk(struct parley *parley);
/** Hands one that was said over once more. */
void parley_hand_over(struct parley *parley, int number);
/** Closes both; looks whether they kept to the memory of theirs. */
void parley_close(struct parley *parley);
void parley_end(struct parley *parley);

/** All of the above. */
void parley_run(struct parley *parley);

static inline bool parley_is_done(const struct parley *parley)
{
    return parley->side[0].is_ready && parley->side[1].is_ready;
}

/** The whole conversation as text: "HELLO 200 > WELCOME 168 < ...". */
void parley_describe(const struct parley *parley, char *out, size_t size);
/** The name of a command; "" when it has none. */
void parley_name(const struct parley_command *command, char out[32]);

/** Memory of `size` bytes at the end of a page that nothing follows: valid until the next call with the same
 *  `which`, 0 or 1. */
uint8_t *parley_guarded(int which, size_t size);

#endif
