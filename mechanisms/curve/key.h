/* key.h: keys as options give them: 32 bytes, or 40 characters of Z85 (RFC 32). Pure functions. */
#ifndef CURVE_KEY_H
#define CURVE_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CURVE_KEY = 32, CURVE_KEY_TEXT = 40 };

/** Reads 32 bytes, 40 characters, or 40 and a NUL. False: it is none of these; `out` is then zero. */
bool curve_key_read(const void *data, size_t size, uint8_t out[CURVE_KEY]);

#endif
