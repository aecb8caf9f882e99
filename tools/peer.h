/*
 * peer.h: the one socket of a peer command, from its options to its end.
 *
 * cmd_peer.c opens and closes it, exchange.c moves messages through it. Main thread.
 */
#ifndef TENON_TOOLS_PEER_H
#define TENON_TOOLS_PEER_H

#include <tenon/tenon.h>

#include "input.h"
#include "options.h"
#include "watch.h"

struct peer;

struct peer_kind {
    const char *name; /* of the command and of the pattern */
    int (*run)(struct peer *peer);
};

struct peer {
    const struct peer_kind *kind;
    struct peer_options options;
    tn_ctx_t *ctx;
    tn_socket_t *socket;
    struct watch watch;
    struct input input;
    int64_t sent, received;
};

/** Runs the command that `argv[0]` names. Returns an exit code. */
int cmd_peer(const struct peer_kind *kind, int argc, char **argv);

/** The kind of that name, or NULL. */
const struct peer_kind *peer_kind_find(const char *name);

#endif
