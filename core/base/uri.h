/*
 * uri.h: endpoint strings, scheme://address?key=value&key=value.
 *
 * Splitting only: what an address means is the transport's matter ("source;destination", "*", "[::1]"
 * and "@name" pass through), what a key means the options'. Slices borrow the string. Any thread, no
 * lock, no allocation.
 *
 * The first '?' after "://" begins the options, in ipc paths and inproc names too: there a '?' that
 * belongs to the address is written %3F. That is the only escape in an address, so that IPv6 scopes
 * (%eth0) need none. In values every %XX is one byte; '&' is %26.
 */
#ifndef TNI_URI_H
#define TNI_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    TNI_URI_MAX = 4096, /* the whole string */
    TNI_URI_SCHEME_MAX = 63,
    TNI_URI_KEY_MAX = 63,
    TNI_URI_OPTIONS_MAX = 32,
};

struct tni_slice {
    const char *data;
    size_t size;
};

struct tni_uri {
    const char *whole;
    char scheme[TNI_URI_SCHEME_MAX + 1]; /* lower case: [a-z0-9][a-z0-9.+-]* */
    struct tni_slice address; /* as written, never empty; see tni_uri_address */
    struct tni_slice options; /* as written, without the '?'; empty when there are none */
};

struct tni_uri_option {
    struct tni_slice key; /* [A-Za-z0-9_.-]+ */
    struct tni_slice value; /* as written; see tni_uri_value */
};

/** Splits and checks all of `text`: -EINVAL, with a sentence that says what is wrong at which
 *  position. After success none of the functions below fails for the string's sake. */
int tni_uri_parse(const char *text, struct tni_uri *out_uri);

/** Copies the address, unescaped and ended by a NUL, and returns its length; -EMSGSIZE when `capacity`
 *  is not enough (the length of the slice + 1 always is). */
ssize_t tni_uri_address(const struct tni_uri *uri, char *out, size_t capacity);

/** The next option, in order. `*cursor` begins as 0. False at the end. */
bool tni_uri_next_option(const struct tni_uri *uri, size_t *cursor, struct tni_uri_option *out);

/** Copies a value, unescaped and ended by a NUL, as above. */
ssize_t tni_uri_value(struct tni_slice value, char *out, size_t capacity);

bool tni_slice_is(struct tni_slice slice, const char *text);

#endif
