/*
 * tenon/transport.h: how to add a transport. `tenon new transport NAME` writes one that works.
 *
 * Four shapes share one table:
 * - STREAM moves bytes between two ends (tcp, ipc). Non-blocking.
 * - LAYER is a stream that stands on another one (tls, a fault filter): "tls+ipc://path" is the layer
 *   tls over the transport ipc, and `lower` names the one it takes when the scheme is its own alone.
 * - MESSAGE joins two sockets of one context without a wire (inproc).
 * - DATAGRAM moves one message an op, to and from anybody, without a connection or a handshake (udp).
 *   It has the ops of a stream, except that listen, accept, readv and writev are bind, receive and send:
 *   a bind has one stream, as a connect has.
 *
 * Threads. Ops of one stream are serialised: the core holds the connection's lock, on whichever
 * thread serves, which may be the application's. So they must not block, must use
 * sendmsg(MSG_NOSIGNAL) and not write() on sockets, and must leave errno and OpenSSL's error queue as
 * they were.
 * check, prepare, listen and unlisten run on the application's thread, under its socket's lock; they
 * may make system calls, and wait for nobody. accept runs on an I/O thread, serialised with unlisten
 * but not with the streams. release, and close of a stream, run wherever the last use ends.
 * attach and detach (MESSAGE) run on the application's thread under the socket's lock; the module
 * guards what its endpoints share with a mutex of its own.
 *
 * Order. A bind: check, prepare, listen, listener_fd; then for each connection open, accept, and its
 * layers' open before and their handshake after that; unlisten; release after the last stream's close.
 * A connect: check, prepare; then, again after each loss, open of every layer from the bottom up, dial,
 * resolved and established as they are due, handshake of the layers, readv and writev, close from the
 * top down; release. An op that is missing is one that nothing needs: see each.
 *
 * State. The core allocates `stream_state`, `listener_state` and `endpoint_state` zeroed bytes for each
 * object and hands them to every op; the module does not free them.
 *
 * Returns. 0 or a count, or a negative code: -EAGAIN "not now" from readv, writev and accept,
 * -EINPROGRESS from dial, established and handshake; anything else ends the connection, and the code
 * (with the sentence of host->set_error, if any) reaches the monitor. A connect is then tried again after
 * "reconnect_ivl", except after these, which mean that the same would happen again:
 *   -EPROTO, -EMSGSIZE   from any op, dial too: never dial again (what fd says when its one connection
 *                        has ended)
 *   -EACCES              once the stream stands, or in a handshake
 *   -ECONNREFUSED        in a handshake
 * So a system call's code of that name, when it says nothing of the peer, is handed on as another.
 *
 * Time. host->stream_wake_at has a stream looked after at a time, without a thread or a descriptor of the
 * module's own.
 */
#ifndef TENON_TRANSPORT_H
#define TENON_TRANSPORT_H

#include <tenon/module.h>

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo;

enum tn_transport_shape {
    TN_SHAPE_STREAM = 1,
    TN_SHAPE_LAYER = 2,
    TN_SHAPE_MESSAGE = 3,
    TN_SHAPE_DATAGRAM = 4
};

enum tn_transport_flag {
    TN_TRANSPORT_PROTECTS = 1, /* what is below it is encrypted and authenticated           */
    TN_TRANSPORT_STAYS = 2, /* nothing leaves this machine, or can be read by others on it  */
};

/** Room for an address in a tn_datagram_t, with its NUL. */
#define TN_DATAGRAM_ADDRESS 96

enum tn_datagram_flag {
    TN_DATAGRAM_TRUNCATED = 1, /* received: it was longer than the room for it */
};

typedef struct tn_datagram {
    struct iovec *iov; /* send: the bytes; receive: where they go */
    uint32_t iov_count;
    uint32_t flags; /* tn_datagram_flag, set by receive */
    uint64_t size; /* bytes that came, set by receive  */
    /** Send: where to, as text; NULL: to the address of the connect. Receive: TN_DATAGRAM_ADDRESS bytes for
     *  where it came from, as text that send understands; NULL: nobody wants to know. */
    char *address;
} tn_datagram_t;

enum tn_role { TN_ROLE_BIND = 1, TN_ROLE_CONNECT = 2 };

typedef struct tn_transport_ops {
    uint32_t size;
    uint16_t shape; /* tn_transport_shape */
    uint16_t flags; /* tn_transport_flag  */
    uint32_t stream_state;
    uint32_t listener_state;
    const char *lower; /* LAYER: the scheme it stands on by default */

    /** Whether `address` (what follows "://", without options) is well formed for this role. Called in
     *  tn_bind and tn_connect before anything is made. May be NULL for a layer: then the transport at
     *  the bottom alone judges. -EINVAL with a sentence. */
    int (*check)(const tn_host_t *host, const char *address, unsigned role);

    /* ---- STREAM: listeners ---- */
    /** Takes the address. Calls host->listener_set_address with what is really bound. May be NULL: then
     *  the transport connects only, and a bind is -ENOTSUP. -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, ...:
     *  what tn_bind returns, with the sentence. */
    int (*listen)(void *state, tn_listener_t *listener, const tn_host_t *host, const char *address);
    /** The descriptor that is readable as long as accept has something; asked once, after listen, and
     *  watched level triggered until unlisten. What has no such descriptor makes one: eventfd, epoll. */
    int (*listener_fd)(void *state);
    /** Takes the next connection into a stream whose open has been called, and which stands then: no
     *  `established` follows. Called again until it says -EAGAIN: no more. -EMFILE, -ENFILE, -ENOBUFS,
     *  -ENOMEM: the core pauses the listener and tries again later. Other codes: this connection is
     *  lost, and a monitor told. After a code the stream is closed. */
    int (*accept)(void *state, void *stream_state);
    /** Gives the address back: when it returns, another may bind it. Called once, also after listen
     *  failed, with whatever it had filled in. */
    void (*unlisten)(void *state);

    /* ---- STREAM and LAYER: streams ---- */
    /** Called first, once for each connection. `address` is valid until close. A layer keeps
     *  host->stream_lower here; `role` says which side of its handshake is its own. A code: nothing is
     *  left open, and close is not called. -ENOMEM. */
    int (*open)(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                const char *address);
    /** STREAM: starts to connect: 0, it stands; -EINPROGRESS; or a code. Must have a descriptor in both
     *  good cases, except while it waits for host->stream_resolve. */
    int (*dial)(void *state, const char *address);
    /** STREAM: the answer to host->stream_resolve: status 0 and a list that stays the core's, or a
     *  code. Goes on as dial does. May be NULL if never asked for. */
    int (*resolved)(void *state, int status, const struct addrinfo *addresses);
    /** STREAM: called whenever the descriptor of a dialled stream has an event: 0 when the connection
     *  stands, -EINPROGRESS. What it reads must be its own: the bytes behind are for readv. "connect_timeout"
     *  and "handshake_ivl" end the waiting, by close. */
    int (*established)(void *state);
    /** LAYER: goes on with the handshake whenever there is progress below: 0 when it is done,
     *  -EINPROGRESS. May be NULL: the layer has none. */
    int (*handshake)(void *state);
    /** Bytes read, 0 at the end of the stream, or -EAGAIN: then an event of the descriptor, or
     *  stream_ready, must follow when there is more. Of a transport without layers, fewer bytes than
     *  there was room for say that -EAGAIN would be next: it reads until the system says so, or the room
     *  is full, or calls stream_reads_on. -ECONNRESET, ... */
    ssize_t (*readv)(void *state, const struct iovec *iov, int count);
    /** Bytes written, at least 1, or -EAGAIN: then an event, or stream_ready, must follow when there is
     *  room. What was not taken comes again, first; but between two messages a command may come before
     *  it. The bytes are borrowed for the call. */
    ssize_t (*writev)(void *state, const struct iovec *iov, int count);
    /** The descriptor, watched for both directions, edge triggered; -1: none, stream_ready tells. It
     *  must not change between established (or accept) and close, and close ends it. */
    int (*fd)(void *state);
    /** Ends the stream at once; called exactly once after a successful open, in any state. May be NULL for a
     *  layer that has nothing to end. No other op of it follows, and no stream_ready may. May not block; what writev has taken is the system's to
     *  deliver. In a child of fork() no op but fd and listener_fd is called: the core closes what they give. */
    void (*close)(void *state);

    /* ---- MESSAGE ---- */
    /** A bind or a connect. `state` is what the module's init made. A bind joins the connects that
     *  wait for the address, by host->endpoint_join; a connect joins the bind, or waits for it. */
    int (*attach)(tn_module_state_t *state, tn_endpoint_t *endpoint, const tn_host_t *host,
                  const char *address, unsigned role);
    /** The end of a bind or connect; afterwards the endpoint must not be used. */
    void (*detach)(tn_module_state_t *state, tn_endpoint_t *endpoint);

    /* ---- STREAM and LAYER: more ---- */
    /** LAYER: hands on what writev has taken and still holds. 0: nothing is left; -EAGAIN: the core
     *  calls again when there is room below. Until it returns 0 the core takes nothing that was
     *  written for sent, and does not end the connection in good order. May be NULL: writev holds
     *  nothing back. */
    int (*flush)(void *state);
    /** Once for each bind and connect, on the application's thread, before anything else of it: reads
     *  and checks the options, and makes in `endpoint_state` (see below) what its streams share. May
     *  read files. A negative code, with a sentence, fails the bind or connect; release is not called
     *  then. May be NULL. */
    int (*prepare)(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                   unsigned role, const char *address);
    /** After the last stream of the endpoint was closed, on any thread. */
    void (*release)(void *endpoint_state);
    /** Bytes of the state that the streams of one endpoint share, zeroed before prepare; streams of
     *  several threads use it at a time, and the module guards it. 0: none, prepare gets NULL. */
    uint32_t endpoint_state;
    uint32_t reserved;

    /* ---- DATAGRAM: open, dial, resolved, established, fd and close as for a STREAM, and ---- */
    /** Takes the address; on the application's thread, after open. Calls host->stream_set_addresses, with
     *  what is really bound as the local one: "udp://127.0.0.1:5555". */
    int (*bind)(void *state, const char *address);
    /** Takes up to `count` datagrams and returns how many, at least 1, or -EAGAIN. Other codes are those
     *  of a datagram that has gone: the core asks again. */
    int (*receive)(void *state, tn_datagram_t *datagrams, int count);
    /** Hands up to `count` datagrams to the system and returns how many, at least 1, or -EAGAIN. Another
     *  code is the fate of the first one alone, which the core drops and counts: -EMSGSIZE, it is too
     *  long; -EINVAL, its address is none; anything else, it cannot get there. */
    int (*send)(void *state, const tn_datagram_t *datagrams, int count);
} tn_transport_ops_t;

#ifdef __cplusplus
}
#endif
#endif
