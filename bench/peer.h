/*
 * peer.h: a messaging library, as the benchmark sees it.
 *
 * One file per library behind this table. Sizes in bytes; functions return 0 or a count, or -1 after
 * a message on standard error. A context belongs to one process; a socket to one thread. Sockets have
 * high-water marks of 1,000 messages and give up after BENCH_STALL_MS without progress, so that a
 * defect ends a run instead of stopping it. A library that cannot do something leaves the entry NULL,
 * or out of `roles` and `transports`, and is left out of the cases that need it.
 */
#ifndef TENON_BENCH_PEER_H
#define TENON_BENCH_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum {
    BENCH_STALL_MS = 100 * 1000,
    BENCH_HWM = 1000,
    BENCH_ENDPOINT_MAX = 256,
    BENCH_BACKLOG = 8192,
    BENCH_ID_ROOM = 256, /* of a ROUTER's peer */
    BENCH_ECHO_ROOM = 4096, /* longest request of an echo */
    BENCH_AGAIN = -2, /* nothing to receive */
};

/** XPUB waits for slow subscribers instead of dropping; the publisher that drops is one that begins with it,
 *  as PUB does. Both show each subscription. SUB has no limit for what it sends: libzmq drops subscriptions
 *  above it. None of them lingers: they are closed when all has arrived, and libzmq waits in vain to tell a
 *  peer that is gone of the end. */
enum bench_role {
    BENCH_PUSH,
    BENCH_PULL,
    BENCH_REQ,
    BENCH_REP,
    BENCH_XPUB,
    BENCH_SUB,
    BENCH_ROUTER,
    BENCH_DEALER,
    BENCH_DROPPING_XPUB,
    BENCH_ROLES,
    BENCH_ALL_ROLES = (1 << BENCH_ROLES) - 1
};

enum bench_transport { BENCH_TCP, BENCH_IPC, BENCH_INPROC, BENCH_ALL_TRANSPORTS = 7 };

struct bench_peer {
    const char *name;
    unsigned roles, transports; /* bits: 1 << BENCH_PUSH, 1 << BENCH_TCP */
    bool is_single; /* PULL has one PUSH */
    /** Makes the library ready. -1: it is not on this machine; nothing is printed. */
    int (*load)(void);
    void (*version)(char *out_text, size_t room);
    void *(*context_new)(void);
    void (*context_end)(void *context);
    /** Before the first socket: threads that serve connections. */
    int (*io_threads)(void *context, int count);
    /** Before the first socket: where the library has a limit. */
    int (*max_sockets)(void *context, int count);
    void *(*open)(void *context, enum bench_role role);
    /** Binds at a wildcard and stores the real endpoint in `out_endpoint[BENCH_ENDPOINT_MAX]`. */
    int (*bind)(void *socket, const char *endpoint, char *out_endpoint);
    int (*connect)(void *socket, const char *endpoint);
    int (*send)(void *socket, const void *data, size_t size);
    ssize_t (*recv)(void *socket, void *buffer, size_t room);
    /** Sends what the library still holds back; NULL: it holds nothing back by itself. */
    int (*flush)(void *socket);
    /** Sends what is left, then closes. */
    void (*close)(void *socket);

    /** Sends a message object with a body of its own; receives one and returns its size. */
    int (*send_object)(void *socket, size_t size);
    ssize_t (*recv_object)(void *socket);
    int (*subscribe)(void *socket, const void *prefix, size_t size);
    /** ROUTER: receives one request and sends it back to where it came from. */
    int (*echo)(void *socket);
    /** Moves messages between a ROUTER and a DEALER until the process ends. */
    void (*proxy)(void *front, void *back);
    /** A descriptor for an epoll loop, and a receive that returns BENCH_AGAIN instead of waiting. */
    int (*descriptor)(void *socket);
    ssize_t (*try_recv)(void *socket, void *buffer, size_t room);
    /** Before bind or connect: CURVE, with keys that all processes know; as its server or a client. */
    int (*secure)(void *socket, bool is_server);
};

/** Keys of CURVE, in Z85. */
extern const char bench_server_public[], bench_server_secret[];
extern const char bench_client_public[], bench_client_secret[];

extern const struct bench_peer bench_tenon;
extern const struct bench_peer bench_dropin;
extern const struct bench_peer bench_zmq;
extern const struct bench_peer bench_nanomsg;
extern const struct bench_peer bench_nng;
extern const struct bench_peer bench_raw;
extern const struct bench_peer bench_raw_spin;

/** The libraries that can be measured, ended by NULL. */
extern const struct bench_peer *const bench_peers[];

/** By name: where it stands in bench_peers, or -1. */
int bench_peer_place(const char *name);

#endif
