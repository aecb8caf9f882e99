/*
 * sides.h: what the cases of transports are made of: contexts with the module that is tried, their sockets, and
 * messages of which each byte is known. Whatever fails ends the case (conform_fail).
 */
#ifndef TENON_TOOLS_CONFORM_SIDES_H
#define TENON_TOOLS_CONFORM_SIDES_H

#include "conform.h"

enum { SIDE_WAIT = 10000 /* ms, for what should take a moment */, SIDE_ENDPOINT = 512 };

/** TN_SHAPE_...: what kind of transport it is. */
unsigned side_shape(const struct subject *subject);
/** Skips the case for transports that join sockets of one process. */
void side_needs_processes(const struct subject *subject);

/** Skips the case for transports whose ends are made for one connection. */
void side_needs_listener(const struct subject *subject);

tn_ctx_t *side_new_context(const struct subject *subject);
/** Its calls wait for SIDE_WAIT at most; "linger" is 0. */
tn_socket_t *side_new_socket(tn_ctx_t *ctx, const char *pattern);
void side_end_context(tn_ctx_t *ctx);

/** Binds somewhere; `endpoint` (SIDE_ENDPOINT bytes) is where others connect to. */
void side_bind_somewhere(const struct subject *subject, tn_socket_t *socket, char *endpoint);
/** Binds where somebody was bound before, with the same options; what tn_bind returns. */
int side_bind_at(const struct subject *subject, tn_socket_t *socket, const char *endpoint);
void side_connect_to(const struct subject *subject, tn_socket_t *socket, const char *endpoint);

/** Two sockets that have shaken hands. */
struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *bound, *connected;
    char endpoint[SIDE_ENDPOINT];
};

void side_join(const struct subject *subject, struct pair *pair, const char *bound,
               const char *connected);
void side_part(struct pair *pair);

/** A message of `size` bytes by which each place is known; both ends say the same `seed`. */
void side_send_known(tn_socket_t *socket, size_t size, unsigned seed, int flags);
void side_recv_known(tn_socket_t *socket, size_t size, unsigned seed);
/** One there and one back. */
void side_exchange(struct pair *pair, size_t size);

#endif
