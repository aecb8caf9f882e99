/*
 * options.h: the command line of the peers (`tenon pub`, `tenon req`, ...).
 *
 * Parsed into a plain structure whose strings borrow from argv. Only the main thread uses it.
 */
#ifndef TENON_TOOLS_OPTIONS_H
#define TENON_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/tenon.h>

#include "format.h"

/** Strings that were given by a repeatable option, in their order. */
struct text_list {
    const char **items;
    size_t count;
};

struct peer_options {
    struct text_list binds;
    struct text_list connects;
    struct text_list settings; /* "name=value" */
    struct text_list subscriptions;
    const char *topic; /* pub: first frame of each message */
    const char *data; /* sent instead of the lines of standard input */
    const char *reply; /* rep */
    const char *exec; /* rep */
    bool echo; /* rep */
    struct format format;
    int64_t count; /* -1: no limit */
    int64_t interval; /* ms between two messages */
    int64_t timeout; /* ms, -1: none */
    int64_t wait_peers; /* 0: do not wait */
    bool verbose;
    bool help;
};

/** Fills `out_options` from `argv[1...]`. 0, or TOOL_USAGE or TOOL_FAILED after it said why. The
 *  caller ends it with peer_options_fini() in each case. */
int peer_options_parse(struct peer_options *out_options, int argc, char **argv);
void peer_options_fini(struct peer_options *options);

/** Sets one "name=value" on a socket: numbers as numbers, everything else as text. Negative code:
 *  tn_last_error() says why. */
int peer_option_apply(tn_socket_t *socket, const char *setting);

#endif
