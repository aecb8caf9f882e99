/*
 * socket.h: a socket: its lock, its pattern's state, its pipes and endpoints.
 *
 * Sockets live in slabs that are never unmapped. A program's handle (tn_socket_t *) is a slot's address
 * with the slot's generation in the low bits, so that a call on a socket that was closed, or closed and
 * opened again, is an error and not a crash. The slot itself is what patterns see as tn_sock_t.
 *
 * `lock` is short: patterns run under it, on application threads; no reactor is served while it is
 * held. A thread that must go on using the socket after unlocking pins it; closing waits for that.
 * A closed socket lingers while sessions still send; the last of them (`live`) gives the slot back.
 */
#ifndef TNI_SOCKET_H
#define TNI_SOCKET_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tenon/pattern.h>
#include <tenon/tenon.h>

#include "base/list.h"
#include "base/lock.h"
#include "base/mpsc.h"
#include "module/registry.h"
#include "monitor/monitor.h"
#include "options/options.h"
#include "options/store.h"
#include "route/fair_queue.h"
#include "route/fan_out.h"
#include "route/load_balancer.h"
#include "socket/network.h"
#include "socket/stats.h"
#include "socket/waitq.h"

struct tni_session;

enum { TNI_SOCK_GENERATIONS = 256 };

enum tni_sock_state { TNI_SOCK_FREE, TNI_SOCK_OPEN, TNI_SOCK_CLOSING };

/** Which way a part-by-part message goes; only one thread at a time may be inside one. */
struct tni_claim {
    pthread_t owner;
    bool is_taken;
    bool is_left; /* its thread was cancelled: anybody goes on with the message */
};

/** A descriptor of tn_fd: an eventfd that is raised while its event holds, or since something changed. */
struct tni_signal {
    int fd; /* -1: never asked for. Written under the socket's lock and that of its waitq */
    atomic_bool is_raised;
};

struct tn_sock {
    struct tni_lock lock;
    atomic_uint calm; /* counts how often `pins` came down to 0 while closing */
    atomic_uint state; /* enum tni_sock_state */
    atomic_uint generation;
    unsigned pins;
    struct tn_sock *next_free;
    uint64_t serial; /* in the context, for the log */

    struct tn_ctx *ctx;
    const struct tn_sock *self; /* its own address, by which a handle that is none is known */
    atomic_uint fork_generation;
    struct tni_link ctx_link;
    const struct tni_feature *pattern;
    const tn_pattern_ops_t *ops;
    void *pattern_state;

    struct tni_options options;
    struct tni_store module_options;
    tn_ask_fn ask; /* the program's authenticator, or NULL */
    void *ask_arg;
    struct tni_store pattern_options; /* as they were set */
    struct tni_link endpoints;
    char last_endpoint[256];
    char unsent[128]; /* what was queued at tn_close(); as last_endpoint under the context's lock */
    bool has_unsent; /* it was anything; so, too */

    struct tni_link pipes;
    struct tni_link attention;
    struct tni_fair_queue fair;
    struct tni_load_balancer balance;
    struct tni_fan_out fan;

    struct tni_claim sending, receiving;
    bool rcvmore;
    bool is_raw; /* later connections carry bytes without ZMTP */
    unsigned unlooked; /* receives since `events` was looked at */
    unsigned since_asked; /* rarer steps since a thread was asked whether it was cancelled */
    struct tn_pipe *reading; /* that the running op looked into; for the message's properties */

    struct tni_signal signal_in, signal_out, signal_any;
    atomic_bool has_signals; /* any of them */
    bool has_levels; /* signal_in or signal_out */

    /* Connections. `home` may be watched by a waiting thread. */
    struct tni_link reactors;
    _Atomic(struct tni_reactor *) home;
    struct tni_session *untold; /* the first that was written to in this turn: not yet told of it */
    struct tni_reactor *touched; /* a reactor to call before the lock is released */
    unsigned touched_items; /* how many of its items were announced meanwhile */
    struct tni_reactor *streaming; /* one whose sessions were written to in this turn */
    unsigned streamed_turns; /* since this thread wrote to the kernel; so the bytes */
    size_t streamed_bytes;
    size_t turn_bytes; /* sent in this turn */
    bool is_urgent; /* something else than messages is to be told */
    bool is_gathering; /* in this turn a message was gathered */
    bool is_resumed; /* a connection that had paused may read on: this thread has the time */
    /** When the pattern will give another answer although nothing happens, ms; 0: never. Written under
     *  the lock, read and cleared by who waits. */
    _Atomic(uint64_t) deadline;
    atomic_bool has_waited; /* since the last direct write; set without the lock */
    uint64_t last_direct_ns;
    struct {
        unsigned skipped, to_skip; /* sends that do not wait: after the last wait, left */
        bool is_copied; /* the message that is being sent is in a buffer of the program's */
        bool is_straight; /* such messages go to the kernel without being queued */
        uint64_t sent_ns; /* when the last send ended, if so */
    } pace; /* pace.h */
    bool is_pacing; /* this thread goes on to serve the connection it wrote to */
    atomic_int linger_ms; /* of the close */
    atomic_uint live; /* sessions and listeners, and 1 until tn_close is through */

    struct tni_monitor_hub monitors;
    struct tni_counters counters;

    /* Written by whoever has something for the socket. */
    alignas(64) struct tni_mpsc events; /* pipes that announced something; one that comes after the
                                         * end stays for the slot's next socket, which lets go of it */
    atomic_bool has_one_pipe; /* whose connection need not say which pipe it is: */
    atomic_bool has_data; /* something came, wherever; in place of an item of `events` */
    struct tni_waitq waitq;
    atomic_uint changes; /* news that was taken in, or is not in `events`: who waits looks again */
};

/** Opens a socket in a free slot; `ctx` counts it. */
int tni_sock_new(struct tn_ctx *ctx, const struct tni_feature *pattern, tn_socket_t **out_socket);
/** Locks a socket that the caller has pinned. -TN_ECLOSED, -TN_ETERM: not locked. */
int tni_sock_reenter(struct tn_sock *sock);
/** The slot behind a handle, locked; or NULL with a code: -TN_ECLOSED, -TN_EFORKED. */
struct tn_sock *tni_sock_enter(tn_socket_t *socket);
/** As above, also when the context was shut down: for tn_close. */
struct tn_sock *tni_sock_enter_any(tn_socket_t *socket);
/** Ends the turn: deals with what needs attention, raises descriptors, calls or serves reactors, and
 *  unlocks. */
void tni_sock_leave(struct tn_sock *sock);
/** The slot behind a handle that is known to be good. */
struct tn_sock *tni_sock_of(tn_socket_t *socket);

/** Whether something was announced that was not taken in. Any thread. */
static inline bool tni_sock_has_news(struct tn_sock *sock)
{
    return !tni_mpsc_is_empty(&sock->events) || (tni_network && atomic_load(&sock->has_data));
}

/** If all that was announced is that the only pipe has something: takes that in, and deals with it. False:
 *  nothing was done. Under the lock. */
bool tni_sock_take_data(struct tn_sock *sock);
/** Takes in everything that was announced. Under the lock. */
void tni_sock_drain(struct tn_sock *sock);
/** Deals with pipes that need attention; true: something happened. Under the lock. */
bool tni_sock_settle(struct tn_sock *sock);
/** Wakes waiters and raises descriptors: something was put into `events`. Any thread. */
void tni_sock_notify_event(struct tn_sock *sock);
/** The same for what they look at themselves, in its new state by now. */
void tni_sock_notify(struct tn_sock *sock);
/** From now on this thread raises the socket's descriptors not before release, if this returns true: who
 *  serves connections lets go of them first, as whoever it wakes may want to write to them. */
bool tni_sock_hold_signals(struct tn_sock *sock);
void tni_sock_release_signals(void);
/** -TN_ETERM, -TN_ECLOSED or 0. */
int tni_sock_check(struct tn_sock *sock);
void tni_sock_pin(struct tn_sock *sock);
void tni_sock_unpin(struct tn_sock *sock);
/** As tni_sock_unpin, when the calling thread ends in a wait: what it began to send or receive there is
 *  whoever's who comes next. */
void tni_sock_abandon_wait(struct tn_sock *sock);

/** Asks the pattern about TN_POLLIN and TN_POLLOUT. Under the lock. */
unsigned tni_sock_events(struct tn_sock *sock);
/** The same for the program, which knows of every change by that. */
unsigned tni_sock_show_events(struct tn_sock *sock);
/** The program finds out now what has changed: true when its descriptor had told of a change, so that
 *  it must be looked for once more. Under the lock. */
bool tni_sock_tell_change(struct tn_sock *sock);

/** A session or listener ends; the last one gives a closed socket's slot back. Without locks. */
void tni_sock_live_down(struct tn_sock *sock);

/** The descriptor of tn_fd. Under the lock. */
int tni_sock_descriptor(struct tn_sock *sock, int event);

#endif
