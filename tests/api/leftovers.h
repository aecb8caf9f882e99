/*
 * leftovers.h: looks for secrets in the memory of this process, freed blocks and old stacks included.
 *
 * A test makes its secrets at run time, keeps them hidden (each byte changed, so that the copy here is
 * none), shows them to the library for a moment, and asks at the end what is left. Every mapping that can
 * be read and written is looked at. One thread at a time; not under sanitizers, which keep freed memory
 * as it was.
 */
#ifndef TENON_TESTS_LEFTOVERS_H
#define TENON_TESTS_LEFTOVERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { HIDDEN_MAX = 4096 };

struct hidden {
    const char *name; /* for what is printed */
    size_t size;
    uint8_t bytes[HIDDEN_MAX];
};

/** Hides a copy of `size` bytes. The original is the caller's to wipe. */
void hide(struct hidden *hidden, const char *name, const void *secret, size_t size);
/** As above, and wipes the original. */
void hide_and_wipe(struct hidden *hidden, const char *name, void *secret, size_t size);
/** Writes the secret and a NUL to `out`, of size + 1 bytes, which the caller wipes. */
void reveal(const struct hidden *hidden, void *out);

/** `size` random letters and digits. */
void hide_text(struct hidden *hidden, const char *name, size_t size);
/** A random key: its 32 bytes, and the 40 characters of Z85. */
void hide_key(struct hidden *out_binary, struct hidden *out_text);

/** How often a part of 16 bytes, from either end of the secret, stands in memory; prints where. */
unsigned leftovers(const struct hidden *hidden);
/** Fails if it is anything but 0. */
void expect_no_leftovers(const struct hidden *hidden);

#endif
