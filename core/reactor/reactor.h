/*
 * reactor.h: the connections of one socket on one I/O thread, which one thread at a time may serve.
 *
 * Three things are kept apart (docs/architecture.md, "Progress"): serving, under a lock, which is
 * tried and never waited for; watching, who sleeps on the set: the I/O thread, or a waiting
 * application thread; and posting work into `inbox`, which anybody may do at any time.
 * Structures are pooled and never unmapped, as a late call may still look at one.
 */
#ifndef TNI_REACTOR_H
#define TNI_REACTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "reactor/iothread.h"
#include "reactor/task.h"

struct tn_sock;
struct tni_waiter;

struct tni_reactor {
    struct tni_armed armed; /* in thread->arming */
    atomic_uint entered; /* the lock, and whether somebody could not enter: bits */
    atomic_uint pending; /* the ready list is not empty */
    _Atomic(struct tni_waiter *) watch; /* NULL: the I/O thread */
    struct tni_mpsc inbox;
    struct tni_task run; /* in thread->run */
    struct tni_task stopping; /* in the inbox   */
    atomic_uint relieved; /* since the I/O thread looked last, whoever posted has served it */
    atomic_uint users; /* threads that look at it without a right to its socket: it is kept */
    atomic_int set; /* of the connections; edge triggered; -1: in the pool */
    atomic_int
        plain; /* the only connection's descriptor, while nothing but its being readable has to
                       * be waited for; -1: wait for the set. -1 without a lease */
    _Atomic(struct tni_iothread *) thread;
    struct tn_sock *sock;
    atomic_bool has_only_one; /* session; as it was when it was served last */
    _Atomic(uint64_t) waited_at; /* ms; the last wait for it began */
    struct tni_link link; /* in sock->reactors */
    struct tni_reactor *next_free;

    /* A lease: the set stays unarmed between the waits of a thread that waits again and again, and the
     * I/O thread comes by every few milliseconds to see that this goes on. */
    atomic_bool is_leased;
    atomic_bool may_be_armed; /* false: watching it takes no disarming */
    /* Since the last wait somebody wrote to a connection themselves, or read much. */
    atomic_bool has_spoken;
    atomic_uint turns; /* waits that ended; written by the watcher */
    atomic_uint patience; /* exchanges until a lease is asked for */
    unsigned exchanges; /* twice those of late: a write or much that was read, then a wait; less the
                         * waits without. The watcher's */
    unsigned turns_seen; /* the I/O thread's */
    struct tni_timer tick;

    /* Under the lock. */
    struct tni_link sessions;
    struct tni_link ready; /* served no further edge: they have something to do by themselves */
    bool is_stopping; /* the socket is closed */
    void (*stop)(struct tni_reactor *reactor);
    unsigned ended; /* sessions, not yet taken off sock->live */
};

/** What a reactor's members look like to it. */
struct tni_member {
    struct tni_link link; /* in sessions */
    struct tni_link ready;
    struct tni_reactor *reactor;
    /** Under the lock. `on_events`: bits of poller.h. `serve` returns whether it wants to be served
     *  again without a further event. */
    void (*on_events)(struct tni_member *member, unsigned events);
    bool (*serve)(struct tni_member *member);
    /** Its descriptor, if it waits for nothing but that one's being readable, or -1. */
    int (*plain_descriptor)(struct tni_member *member);
};

/** Returns a reactor of the socket on that thread. NULL with a sentence: no memory, descriptors. */
struct tni_reactor *tni_reactor_new(struct tn_sock *sock, struct tni_iothread *thread);
/** All sessions have ended. */
void tni_reactor_free(struct tni_reactor *reactor);

/** Has it served by whoever watches it. Any thread. */
void tni_reactor_call(struct tni_reactor *reactor);
/** The same for what can wait some tens of microseconds, while more of it gathers. Any thread. */
void tni_reactor_call_later(struct tni_reactor *reactor);
/** Puts `task` into the inbox and calls. Any thread. */
void tni_reactor_post(struct tni_reactor *reactor, struct tni_task *task, unsigned bits);
/** The same for a task that the caller has announced. */
void tni_reactor_push(struct tni_reactor *reactor, struct tni_task *task);
/** Serves what is there; false: another thread does, and will call whoever watches. */
bool tni_reactor_serve(struct tni_reactor *reactor);
/** The same without looking for events: what was just posted. */
void tni_reactor_serve_posted(struct tni_reactor *reactor);
/** Runs `act` under the lock, unless somebody has it: then false. The caller may hold the lock of the
 *  reactor's socket, so `act` may end no connection. */
bool tni_reactor_visit(struct tni_reactor *reactor, void (*act)(void *arg), void *arg);

/** Has `stop` run under the lock. Any thread. */
void tni_reactor_stop(struct tni_reactor *reactor, void (*stop)(struct tni_reactor *reactor));

/** Under the lock: the member has something to do without an event. */
void tni_reactor_make_ready(struct tni_member *member);
/** Under the lock: an event of the set is to come, for which nobody may be waiting. */
void tni_reactor_await_event(struct tni_reactor *reactor);

/** A large body came, or much at a time: whoever waits for the like again and again is worth a lease. */
static inline void tni_reactor_note_much(struct tni_reactor *reactor)
{
    atomic_store_explicit(&reactor->has_spoken, true, memory_order_relaxed);
}

/* For tni_wait; see network.h. */
bool tni_reactor_look(struct tni_reactor *reactor);
bool tni_reactor_watch(struct tni_reactor *reactor, struct tni_waiter *waiter);
void tni_reactor_unwatch(struct tni_reactor *reactor);
bool tni_reactor_is_leased(struct tni_reactor *reactor);
int tni_reactor_descriptor(struct tni_reactor *reactor, bool *out_is_plain);
bool tni_reactor_serve_plain(struct tni_reactor *reactor, int fd, unsigned events);
bool tni_reactor_is_busy(struct tni_reactor *reactor);
bool tni_reactor_is_wanted(struct tni_reactor *reactor);

#endif
