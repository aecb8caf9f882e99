/*
 * tls_peer.h: something that moves messages over TLS, as the cases of tls.c see it.
 *
 * One file each behind this table. The server's calls are made in one process, the client's in another.
 * Functions return 0, or -1 after a message on standard error. Certificates are self-signed, on P-256;
 * the client verifies the server by them.
 */
#ifndef TENON_BENCH_TLS_PEER_H
#define TENON_BENCH_TLS_PEER_H

#include "run.h"

enum { TLS_ADDRESS = 128, TLS_PATH = 256 };

struct tls_files {
    char cert[TLS_PATH], key[TLS_PATH]; /* PEM; the certificate is its own authority */
};

struct tls_peer {
    const struct bench_peer *peer; /* whose column it is */
    /** NULL: always there. -1: the library is not. */
    int (*load)(void);
    /** Listens at a free port of 127.0.0.1 and stores the address the client is to use. NULL: failed. */
    void *(*server)(const struct tls_files *files, char out_address[TLS_ADDRESS]);
    /** Receives that many messages over one connection; `*out_start` is when the first was there. */
    int (*receive)(void *server, size_t size, size_t count, double *out_start);
    /** Serves that many connections, each with one short request and its reply. */
    int (*answer)(void *server, size_t count);
    void (*end)(void *server);
    /** The other side of either. */
    int (*send)(const struct tls_files *files, const char *address, size_t size, size_t count);
    int (*ask)(const struct tls_files *files, const char *address, size_t count);
};

extern const struct tls_peer tls_peer_tenon, tls_peer_openssl, tls_peer_nng;

#endif
