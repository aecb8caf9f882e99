/*
 * side.h: one side of a conversation, ours or libzmq's, behind the same calls.
 *
 * Ours is a socket of this process; theirs is a zmq_peer process that obeys through two pipes. Frames
 * are words as in body.h. A failure ends the test. One thread.
 */
#ifndef TENON_TESTS_SIDE_H
#define TENON_TESTS_SIDE_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "api.h"

struct side {
    bool is_ours;
    const char *pattern;
    const char *id; /* routing id, or "-" */
    tn_ctx_t *ctx; /* ours */
    tn_socket_t *socket;
    pid_t pid; /* theirs */
    FILE *orders, *answers;
};

/** `id` is borrowed. */
void side_start(struct side *side, bool is_ours, const char *pattern, const char *id);
void side_end(struct side *side);
/** Theirs: SIGKILL, and wait for the end. */
void side_kill(struct side *side);

/** Theirs: `order` as zmq_peer.c describes it, "set plain_server 1". */
void side_order(struct side *side, const char *order);

void side_bind(struct side *side, const char *endpoint, char *out_endpoint);
void side_connect(struct side *side, const char *endpoint);

/** Sets an option that is a number: `name` ours, `number` libzmq's. */
void side_set(struct side *side, const char *name, int number, int value);
/** The routing id of the peer of the next connect. */
void side_name(struct side *side, const char *id);

/** Looks at the socket's events. A subscriber that bound sends its subscriptions to new peers when its
 *  program calls in, with both libraries. */
void side_poke(struct side *side);

/** Sends one message. Waits for a peer where the pattern would drop it (ROUTER). */
void side_send(struct side *side, const char *frames);
/** Receives one message and compares it with `frames`. */
void side_expect(struct side *side, const char *frames);
/** Receives one message and sends it back. */
void side_echo(struct side *side);
/** One message if it comes within `timeout` ms: whether it did. `*out_is_equal`: it is `frames`. */
bool side_try(struct side *side, const char *frames, int timeout, bool *out_is_equal);

#endif
