/*
 * pair.h: two sockets over TLS, with what a test wants of either.
 *
 * On top of tests/api/api.h. An option list is "name=value" strings ended by NULL; a value that begins
 * with '@' is the path of a file of certs.h.
 */
#ifndef TESTS_TLS_PAIR_H
#define TESTS_TLS_PAIR_H

#include "../api/api.h"
#include "certs.h"

enum { PAIR_OPTIONS = 12 };

/** The options of one side. */
struct side {
    const char *options[PAIR_OPTIONS];
};

/** Sets them on the socket. */
void pair_set(tn_socket_t *socket, const struct side *side);

struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *server, *client; /* pair sockets */
    tn_monitor_t *at_server, *at_client;
    char endpoint[API_ENDPOINT_MAX];
};

/** Binds and connects; `scheme` is as "tls://127.0.0.1:*". */
void pair_begin(struct pair *pair, const char *scheme, const struct side *server,
                const struct side *client);
void pair_end(struct pair *pair);

/** A message each way. */
void pair_talk(struct pair *pair);
/** The handshake of that side fails, and the reason has these words. */
void pair_fails(tn_monitor_t *monitor, const char *words);
/** The property of a message that goes from the client to the server is this, or has it in it. */
void pair_server_sees(struct pair *pair, const char *property, const char *value);
void pair_client_sees(struct pair *pair, const char *property, const char *value);

#endif
