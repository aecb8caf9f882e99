/*
 * endpoint.h: what the connections of one bind or connect share.
 *
 * Made by prepare, ended by release after the last connection. The settings are constant; the SSL_CTX,
 * the session to resume and the memory of what was logged are under `lock`, which I/O threads take once
 * a connection. A context that is replaced lives on in the connections that were made from it.
 */
#ifndef TENON_TLS_ENDPOINT_H
#define TENON_TLS_ENDPOINT_H

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/ssl.h>

#include "file.h"
#include "guard.h"
#include "settings.h"

enum { TLS_FILES = 4, TLS_RX_ROOM = 64 * 1024 };

struct tni_tls_endpoint {
    struct tni_tls_settings settings;
    const char *address; /* the core's, as long as the endpoint */
    pthread_mutex_t lock;
    SSL_CTX *context;
    SSL_SESSION *session; /* of a connect: the newest that the server gave */
    struct tni_tls_stamp stamps[TLS_FILES];
    uint64_t said_at; /* ms, when the last failure was logged */
    unsigned long said_hash;
    unsigned unsaid;
    _Atomic(unsigned char *) spare; /* an input buffer that nobody uses, TLS_RX_ROOM bytes */
};

/** The ops of transport.h. */
int tni_tls_endpoint_prepare(void *state, const tn_setup_t *setup, const tn_host_t *host,
                             unsigned role, const char *address);
void tni_tls_endpoint_release(void *state);

/** Returns new: a connection's SSL with the present certificates, loaded again if their files have
 *  changed; for a client with the session to resume. NULL with a sentence. */
SSL *tni_tls_endpoint_connection(struct tni_tls_endpoint *endpoint, const struct tni_guard *guard);

/** A session that the server gave; takes a reference of its own if it keeps it. */
void tni_tls_endpoint_keep_session(struct tni_tls_endpoint *endpoint, SSL *ssl,
                                   SSL_SESSION *session);

/** A warning that a connection failed: the same sentence once a minute, any once a second. */
void tni_tls_endpoint_warn(struct tni_tls_endpoint *endpoint, const char *peer,
                           const char *sentence);

/** A buffer of TLS_RX_ROOM bytes; NULL without memory. */
unsigned char *tni_tls_endpoint_take_buffer(struct tni_tls_endpoint *endpoint);
void tni_tls_endpoint_give_buffer(struct tni_tls_endpoint *endpoint, unsigned char *buffer);

#endif
