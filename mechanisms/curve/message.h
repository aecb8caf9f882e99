/*
 * message.h: MESSAGE of CurveZMQ (RFC 26): a frame in a box.
 *
 * One per direction of a connection. The first 16 bytes of all nonces of a direction are the same, so
 * what XSalsa20 makes of them and the key is made once: each frame then costs Salsa20 and Poly1305 alone.
 * The bytes are those of crypto_box, which the tests compare.
 */
#ifndef CURVE_MESSAGE_H
#define CURVE_MESSAGE_H

#include <sys/types.h>

#include "box.h"

enum {
    CURVE_MESSAGE_HEAD = 32, /* name, nonce, MAC: what is before the box's text */
    CURVE_MESSAGE_OVERHEAD = CURVE_MESSAGE_HEAD + 1, /* and the flags in it */
};

struct curve_way {
    uint8_t key[CURVE_KEY];
    uint64_t nonce; /* that was used last */
};

/** `name`: "CurveZMQMESSAGEC" of the client's frames, "CurveZMQMESSAGES" of the server's. */
void curve_way_init(struct curve_way *way, const char *name, const uint8_t shared[CURVE_KEY],
                    uint64_t nonce);

/** Writes a MESSAGE of `size` + CURVE_MESSAGE_OVERHEAD bytes. `flags`: as in the box, MORE 1, COMMAND
 *  2. */
void curve_message_seal(struct curve_way *way, unsigned flags, const uint8_t *body, size_t size,
                        uint8_t *out);

enum curve_opened {
    CURVE_OPENED = 0,
    CURVE_MALFORMED, /* no MESSAGE, or flags that nobody knows */
    CURVE_REPLAYED, /* its nonce does not rise */
    CURVE_FORGED, /* it was not made with the key */
};

/** Opens a MESSAGE of `size` bytes in place; the frame's body is what follows `*out_body`. */
enum curve_opened curve_message_open(struct curve_way *way, uint8_t *message, size_t size,
                                     unsigned *out_flags, uint8_t **out_body);

#endif
