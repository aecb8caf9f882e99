/*
 * salsa.h: the stream of Salsa20, in blocks of 64 bytes.
 *
 * libsodium's where there is nothing better: it uses registers of 256 bits at most, and works for some
 * hundred bytes block by block. On processors with AVX-512 up to 16 blocks are made side by side here. The
 * bytes are the same, which the tests compare. Additions, rotations and exclusive ors alone: the time
 * depends on nothing but the size. Pure functions, apart from the choice.
 */
#ifndef CURVE_SALSA_H
#define CURVE_SALSA_H

#include <stdint.h>

#include "box.h"

enum { CURVE_BLOCK = 64 };

/** Writes `size` bytes of `in` xored with the stream from its block number `block` on. `in` may be `out`. */
void curve_stream_xor(uint8_t *out, const uint8_t *in, size_t size,
                      const uint8_t nonce[CURVE_SHORT_NONCE], uint64_t block,
                      const uint8_t key[CURVE_KEY]);

/** Once, before there is a connection: looks whether this processor has the wide instructions, and returns
 *  whether they are used from here on. Until then libsodium is. */
bool curve_stream_choose(bool may_be_wide);

#endif
