/*
 * stream.h: one connection: bytes of the core on the one side, records on the stream below on the other.
 *
 *   core -> writev -> [16 KiB of small frames together] -> SSL -> bio.c -> stream below (or `tx`)
 *   core <- readv  <- SSL <- bio.c <- `rx` <- stream below
 *
 * The core serialises the ops of one stream (transport.h). `rx` is there while it holds something, `tx`
 * while the stream below refuses: an idle connection has neither, nor OpenSSL's buffers.
 */
#ifndef TENON_TLS_STREAM_H
#define TENON_TLS_STREAM_H

#include <openssl/ssl.h>

#include "endpoint.h"

enum { TLS_TX_ROOM = 48 * 1024, TLS_RECORD = 16 * 1024, TLS_SUBJECT = 128 };

struct tni_tls_stream {
    const tn_host_t *host;
    tn_stream_t *stream, *lower;
    struct tni_tls_endpoint *endpoint;
    SSL *ssl; /* NULL until the handshake begins */
    bool is_up; /* the handshake is done */
    bool is_at_end; /* the stream below has ended */
    bool is_read_blocked; /* reading waits until `tx` has gone */
    bool has_warned;
    int lower_code; /* why the stream below ended; 0: it did not */
    int failed; /* a code that ends the connection, met after bytes that were returned */
    char *sentence; /* its own */
    char *refused; /* the subject of a certificate that was not accepted */
    unsigned char *rx, *tx;
    size_t rx_at, rx_end, tx_at, tx_end;
};

/** The module's state. */
struct tn_module_state {
    const tn_host_t *host;
    BIO_METHOD *bio;
};

/* ---- bio.c */
/** The BIO between SSL and the stream below; NULL without memory. */
BIO_METHOD *tni_tls_bio_method_new(void);
/** Gives `ssl` of the stream such a BIO. */
bool tni_tls_bio_attach(struct tni_tls_stream *self, const BIO_METHOD *method);
/** 1: the peer has sent something that waits; 0: not yet; -1: the end, or a failure. */
int tni_tls_bio_await(struct tni_tls_stream *self);
/** Hands on what `tx` holds: 0, -EAGAIN, or a code. */
int tni_tls_bio_flush(struct tni_tls_stream *self);

/* ---- failure.c */
/** What ended the connection, after a call of OpenSSL that returned `rc` <= 0: a code, with a sentence
 *  that has OpenSSL's reason and what to do; warned about once. */
int tni_tls_stream_failure(struct tni_tls_stream *self, const struct tni_guard *guard);

/* ---- identity.c */
/** Who the peer is, as properties of the connection. 0 or a code. */
int tni_tls_stream_identify(struct tni_tls_stream *self, const struct tni_guard *guard);

/* ---- the ops of transport.h */
int tni_tls_stream_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                        const char *address);
int tni_tls_stream_handshake(void *state);
ssize_t tni_tls_stream_readv(void *state, const struct iovec *iov, int count);
ssize_t tni_tls_stream_writev(void *state, const struct iovec *iov, int count);
int tni_tls_stream_flush(void *state);
void tni_tls_stream_close(void *state);

/** The module's state, of whoever has the host table. */
const struct tn_module_state *tni_tls_module_state(const tn_host_t *host);

#endif
