/*
 * network.h: what sockets ask of the part that knows connections.
 *
 * The one way from sockets to reactors, sessions and listeners: a table, so that a static program
 * without a network transport links none of them. `tni_network` is defined by the generated list of
 * built-in modules, and is NULL in such a program.
 */
#ifndef TNI_NETWORK_H
#define TNI_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

struct tn_ctx;
struct tn_host;
struct tn_sock;
struct tn_endpoint;
struct tni_reactor;
struct tni_session;
struct tni_waiter;

struct tni_network {
    /** Features that it brings along, for the registry. */
    const struct tn_module *const *modules;

    /** Puts the functions for streams and listeners into a context's host table. */
    void (*complete)(struct tn_host *host);

    /** Takes the address of a bind, or begins to connect; the endpoint is filled in as far as the
     *  scheme and the options. Under the socket's lock. */
    int (*bind)(struct tn_endpoint *endpoint);
    int (*connect)(struct tn_endpoint *endpoint);
    /** Whether the modules would take the endpoint: all that bind and connect do before the network. */
    int (*check)(struct tn_endpoint *endpoint);
    /** Ends the listening, or the connection after what is queued was sent. Under the socket's lock. */
    void (*stop)(struct tn_endpoint *endpoint);
    /** The socket is closed: every session that it never saw ends, the others as their pipes do.
     *  Without locks. */
    void (*close)(struct tn_sock *sock);
    /** The last session has gone: the reactors too. */
    void (*release)(struct tn_sock *sock);
    /** Descriptors of a child process: closed, nothing else. */
    void (*abandon)(struct tn_sock *sock);

    /** Serves what is ready before a wait, where that may spare taking over the watch; false: not done. */
    bool (*look)(struct tni_reactor *reactor);
    /** A waiter takes over the watch of the socket's home reactor; false: somebody else has it. */
    bool (*watch)(struct tni_reactor *reactor, struct tni_waiter *waiter);
    void (*unwatch)(struct tni_reactor *reactor);
    /** Serves what is ready; false: another thread does at this moment, and will call us. */
    bool (*serve)(struct tni_reactor *reactor);
    /** The descriptor to sleep on while watching; `*out_is_plain`: one that is to be readable, or hung up,
     *  and is then served by `serve_plain`, with bits of poller.h. */
    int (*descriptor)(struct tni_reactor *reactor, bool *out_is_plain);
    bool (*serve_plain)(struct tni_reactor *reactor, int fd, unsigned events);
    /** Whether the I/O thread left it to a thread that waits again and again. */
    bool (*is_leased)(struct tni_reactor *reactor);
    /** Whether there is work that no descriptor announces. */
    bool (*is_busy)(struct tni_reactor *reactor);
    /** Whether a failed `serve` is still owed a call. */
    bool (*is_wanted)(struct tni_reactor *reactor);
    /** Has the reactor served by whoever watches it. */
    void (*call)(struct tni_reactor *reactor);
    /** The same within some tens of microseconds, while more to do gathers. */
    void (*call_later)(struct tni_reactor *reactor);
    /** Serves what was announced, without looking for other events. */
    void (*serve_posted)(struct tni_reactor *reactor);
    /** Writes all that there is for a session that was not told of it, and needs not be; false: it does.
     *  Under the socket's lock, as the next. */
    bool (*send_now)(struct tni_session *session);
    /** Tells a session that it was written to. */
    void (*tell)(struct tni_session *session);

    /** Contexts without threads: one round; the descriptor to sleep on; ms until a timer, or -1. */
    int (*step)(struct tn_ctx *ctx);
    int (*step_descriptor)(struct tn_ctx *ctx);
    int (*step_deadline)(struct tn_ctx *ctx);

    /** The threads end. No socket is left. */
    void (*end)(struct tn_ctx *ctx);
    void (*abandon_ctx)(struct tn_ctx *ctx);
};

extern const struct tni_network *const tni_network;
extern const struct tni_network tni_network_impl;

#endif
