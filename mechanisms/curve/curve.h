/*
 * curve.h: the mechanism CURVE (RFC 25 and 26): what its two sides share.
 *
 * client: HELLO ->  <- WELCOME  INITIATE ->  <- READY; the server asks about the client's key after
 * INITIATE. Each side makes a key pair for the connection alone, and forgets everything else after the
 * handshake. client.c and server.c judge and build commands without looking at the wire: pure functions
 * of a struct curve.
 */
#ifndef CURVE_H
#define CURVE_H

#include <tenon/mechanism.h>
#include <tenon/tenon.h>

#include "message.h"

enum curve_step {
    CURVE_SEND_HELLO, /* client */
    CURVE_AWAIT_WELCOME,
    CURVE_SEND_INITIATE,
    CURVE_AWAIT_READY,
    CURVE_AWAIT_HELLO, /* server */
    CURVE_SEND_WELCOME,
    CURVE_AWAIT_INITIATE,
    CURVE_ASKING,
    CURVE_SEND_READY,
    CURVE_SEND_ERROR,
    CURVE_READY,
    CURVE_FAILED,
};

enum {
    CURVE_HELLO_SIZE = 200,
    CURVE_WELCOME_SIZE = 168,
    CURVE_COOKIE = 96,
    CURVE_INITIATE_LEAST = 257,
    CURVE_READY_LEAST = 30,
    CURVE_COOKIE_MS = 60000, /* how long a cookie can be given back */
    CURVE_METADATA_MAX = 8 * 1024, /* what a handshake command may have */
};

/** What the options say, for all connections of an endpoint. */
struct curve_endpoint {
    bool is_server;
    uint8_t public[CURVE_KEY], secret[CURVE_KEY]; /* ours: C, c or S, s */
    uint8_t server[CURVE_KEY]; /* client: S */
};

struct curve {
    const tn_host_t *host;
    const struct curve_endpoint *endpoint;
    tn_handshake_t *handshake;
    const uint8_t *metadata;
    size_t metadata_size;
    enum curve_step step;
    int status; /* that ERROR tells */
    uint64_t sent_nonce, seen_nonce;
    uint64_t welcomed_ms;

    uint8_t short_public[CURVE_KEY], short_secret[CURVE_KEY]; /* ours: C', c' or S', s' */
    uint8_t peer_short[CURVE_KEY]; /* theirs */
    uint8_t peer_long[CURVE_KEY]; /* server: C */
    uint8_t hello_key[CURVE_KEY]; /* shared by C' and S */
    uint8_t shared[CURVE_KEY]; /* by C' and S' */
    uint8_t cookie_key[CURVE_KEY]; /* server */
    uint8_t cookie[CURVE_COOKIE]; /* client */
    uint8_t *opened; /* the peer's properties, from host->alloc */
    size_t opened_size;

    struct curve_way out, in; /* when it is ready */
};

/** Sets the step that a command was not good for, tells why, and returns -EPROTO. */
int curve_fail(struct curve *curve, int fault, const char *what);
/** The shared key is there: both ways begin. */
void curve_begin_messages(struct curve *curve);

/** The next command, as next_command of mechanism.h. */
ssize_t curve_client_next(struct curve *curve, uint8_t *out, size_t capacity);
ssize_t curve_server_next(struct curve *curve, uint8_t *out, size_t capacity);
/** A command of the peer, whose name is `size`-checked by each. */
int curve_client_take(struct curve *curve, const uint8_t *command, size_t size);
int curve_server_take(struct curve *curve, const uint8_t *command, size_t size);

/** Whether a command has this name: its length and its characters. */
bool curve_is(const uint8_t *command, size_t size, const char *name);

#endif
