/*
 * box.h: the boxes of CurveZMQ (RFC 26): X25519, XSalsa20, Poly1305, and nonces that begin with a name.
 *
 * A box is a MAC of CURVE_MAC bytes, then as many bytes as the text. Keys that two sides share are made
 * once (curve_share). Stateless; libsodium has been started.
 */
#ifndef CURVE_BOX_H
#define CURVE_BOX_H

#include <stdbool.h>

#include "key.h"

enum { CURVE_MAC = 16, CURVE_NONCE = 24, CURVE_SHORT_NONCE = 8, CURVE_LONG_NONCE = 16 };

/** Our secret and their public key. False: theirs is no key. */
bool curve_share(uint8_t out[CURVE_KEY], const uint8_t theirs[CURVE_KEY],
                 const uint8_t ours[CURVE_KEY]);

/** A name of 16 characters and a number. */
void curve_short_nonce(uint8_t out[CURVE_NONCE], const char *name, uint64_t number);
/** A name of 8 characters and 16 bytes. */
void curve_long_nonce(uint8_t out[CURVE_NONCE], const char *name,
                      const uint8_t bytes[CURVE_LONG_NONCE]);

/** `out` has room for size + CURVE_MAC and may not overlap `text`. */
void curve_box(uint8_t *out, const uint8_t *text, size_t size, const uint8_t nonce[CURVE_NONCE],
               const uint8_t shared[CURVE_KEY]);
/** `size` of the box; `out` has room for size - CURVE_MAC. False: it was not made with this key and
 *  nonce. */
bool curve_unbox(uint8_t *out, const uint8_t *box, size_t size, const uint8_t nonce[CURVE_NONCE],
                 const uint8_t shared[CURVE_KEY]);

void curve_put_number(uint8_t out[CURVE_SHORT_NONCE], uint64_t number);
uint64_t curve_get_number(const uint8_t bytes[CURVE_SHORT_NONCE]);

#endif
