/*
 * peer.h: a messaging library, as the benchmark sees it.
 *
 * One file per library behind this table. Sizes in bytes; functions return 0 or a count, or -1 after
 * a message on standard error. A context belongs to one process; a socket to one thread. Sockets have
 * high-water marks of 1,000 messages and give up after BENCH_STALL_MS without progress, so that a
 * defect ends a run instead of stopping it.
 */
#ifndef TENON_BENCH_PEER_H
#define TENON_BENCH_PEER_H

#include <stddef.h>
#include <sys/types.h>

enum { BENCH_STALL_MS = 20000, BENCH_HWM = 1000, BENCH_ENDPOINT_MAX = 256 };

enum bench_role { BENCH_PUSH, BENCH_PULL, BENCH_REQ, BENCH_REP };

struct bench_peer {
    const char *name;
    /** Makes the library ready. -1: it is not on this machine; nothing is printed. */
    int (*load)(void);
    void (*version)(char *out_text, size_t room);
    void *(*context_new)(void);
    void (*context_end)(void *context);
    void *(*open)(void *context, enum bench_role role);
    /** Binds at a wildcard and stores the real endpoint in `out_endpoint[BENCH_ENDPOINT_MAX]`. */
    int (*bind)(void *socket, const char *endpoint, char *out_endpoint);
    int (*connect)(void *socket, const char *endpoint);
    int (*send)(void *socket, const void *data, size_t size);
    ssize_t (*recv)(void *socket, void *buffer, size_t room);
    /** Sends what is left, then closes. */
    void (*close)(void *socket);
};

extern const struct bench_peer bench_tenon;
extern const struct bench_peer bench_dropin;
extern const struct bench_peer bench_zmq;

/** The libraries that can be measured, ended by NULL; the last is what the others are compared with. */
extern const struct bench_peer *const bench_peers[];

/** By name, or NULL. */
const struct bench_peer *bench_peer_find(const char *name);

#endif
