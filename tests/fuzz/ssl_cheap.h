/*
 * ssl_cheap.h: the records of the stand-in for OpenSSL's connections: kind, two octets of size, body.
 */
#ifndef TNI_FUZZ_SSL_CHEAP_H
#define TNI_FUZZ_SSL_CHEAP_H

#include <openssl/ssl.h>

enum ssl_cheap_kind {
    CHEAP_HELLO, /* flags */
    CHEAP_DATA,
    CHEAP_CLOSE,
    CHEAP_ALERT, /* number */
    CHEAP_UPDATE, /* size in 64 octets: so much must be answered before anything else */
    CHEAP_NOTHING,
    CHEAP_UNVERIFIABLE, /* result: the certificate of the peer is refused */
    CHEAP_REASON, /* number, 2 octets: whatever OpenSSL may find wrong */
};

enum { CHEAP_CERTIFICATE = 1, CHEAP_UNVERIFIED = 2, CHEAP_RESUMED = 4 };

enum { CHEAP_HEAD = 3, CHEAP_BODY_MAX = 16 * 1024 };

/** What a peer shows if it shows any. */
extern X509 *ssl_cheap_certificate;

/** Writes a record; returns its size. */
size_t ssl_cheap_record(unsigned char *out, enum ssl_cheap_kind kind, const void *body,
                        size_t size);

#endif
