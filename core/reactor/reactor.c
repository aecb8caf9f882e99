#include "reactor/reactor.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/expect.h"
#include "base/memory.h"
#include "reactor/poller.h"
#include "socket/hand_over.h"
#include "socket/socket.h"
#include "socket/waiter.h"

enum {
    AT_ONCE = 64,
    LOOK_MS = 1,
    TICK_MS = 4,
    TURNS_A_TICK = 4, /* fewer, and the lease ends */
    PATIENCE_MIN = 8,
    PATIENCE_MAX = 4096,
};

/* Bits of `entered`. */
enum { ENTERED = 1, WANTED = 2 };

/* What the task `run` was announced for. */
enum { URGENT = 2, LATER = 4, TICKED = 8 };

/* ------------------------------------------------------------------ lock and calls */

/* All of these are sequentially consistent: tests/model checks them so. */
static bool enter(struct tni_reactor *reactor)
{
    return !(atomic_fetch_or(&reactor->entered, ENTERED) & ENTERED);
}

/* Who finds it entered says that he wants it; if it was left meanwhile, he has it, and calls himself once
 * more when he leaves. */
static bool enter_or_want(struct tni_reactor *reactor)
{
    return enter(reactor) || !(atomic_fetch_or(&reactor->entered, ENTERED | WANTED) & ENTERED);
}

/* Whether somebody is to be called for what is left to be served. Under a lease the thread that has it comes back
 * to it, or the tick does, unless another one sleeps, or waits for a descriptor of the socket. */
static bool is_left_undone(struct tni_reactor *reactor)
{
    return atomic_load(&reactor->pending) &&
           (!atomic_load(&reactor->is_leased) || atomic_load(&reactor->watch) ||
            atomic_load(&reactor->sock->has_signals));
}

static void leave(struct tni_reactor *reactor)
{
    bool is_wanted = atomic_exchange(&reactor->entered, 0) & WANTED;

    if (TNI_RARELY(is_wanted || is_left_undone(reactor)))
        tni_reactor_call(reactor);
    else if (!tni_mpsc_is_empty(&reactor->inbox))
        tni_reactor_call_later(reactor); /* whoever put it there calls, if it must be sooner */
}

void tni_reactor_call(struct tni_reactor *reactor)
{
    struct tni_waiter *waiter = atomic_load(&reactor->watch);

    if (waiter)
        tni_waiter_wake(waiter);
    else
        tni_iothread_post(reactor->thread, &reactor->run, URGENT);
}

void tni_reactor_call_later(struct tni_reactor *reactor)
{
    struct tni_waiter *waiter = atomic_load(&reactor->watch);

    if (waiter)
        tni_waiter_wake(waiter);
    else
        tni_iothread_post_later(reactor->thread, &reactor->run, LATER);
}

void tni_reactor_post(struct tni_reactor *reactor, struct tni_task *task, unsigned bits)
{
    if (tni_mpsc_announce(&task->item, bits))
        tni_reactor_push(reactor, task);
}

void tni_reactor_push(struct tni_reactor *reactor, struct tni_task *task)
{
    atomic_fetch_add(&reactor->users, 1);
    tni_mpsc_push(&reactor->inbox, &task->item);
    tni_reactor_call(reactor);
    atomic_fetch_sub(&reactor->users, 1);
}

/* ------------------------------------------------------------------ serving */

void tni_reactor_make_ready(struct tni_member *member)
{
    if (!tni_link_is_linked(&member->ready))
        tni_list_append(&member->reactor->ready, &member->ready);
}

static bool take_events(struct tni_reactor *reactor)
{
    struct tni_poll_event events[AT_ONCE];
    int count = tni_poller_take(reactor->set, events, AT_ONCE);

    for (int i = 0; i < count; i++) {
        struct tni_member *member = events[i].who;
        member->on_events(member, events[i].events);
    }
    if (count == AT_ONCE) /* there may be more: this descriptor stays readable */
        atomic_fetch_or(&reactor->entered, WANTED);
    return count > 0;
}

/* Each ready member once; who wants more goes to the end of the list. */
static void serve_ready(struct tni_reactor *reactor)
{
    struct tni_link batch;

    tni_link_init(&batch);
    if (tni_list_is_empty(&reactor->ready))
        return;
    batch = reactor->ready;
    batch.next->prev = batch.prev->next = &batch;
    tni_link_init(&reactor->ready);
    while (!tni_list_is_empty(&batch)) {
        struct tni_member *member = tni_container(batch.next, struct tni_member, ready);
        tni_link_remove(&member->ready);
        if (member->serve(member))
            tni_reactor_make_ready(member);
    }
}

static void note_pending(struct tni_reactor *reactor)
{
    bool is_pending = !tni_list_is_empty(&reactor->ready);

    if (is_pending != atomic_load_explicit(&reactor->pending, memory_order_relaxed))
        atomic_store(&reactor->pending, is_pending);
}

static bool has_only_one(struct tni_reactor *reactor)
{
    return !tni_list_is_empty(&reactor->sessions) &&
           reactor->sessions.next == reactor->sessions.prev;
}

static void note_sessions(struct tni_reactor *reactor)
{
    bool now = has_only_one(reactor);

    if (now != atomic_load_explicit(&reactor->has_only_one, memory_order_relaxed))
        atomic_store_explicit(&reactor->has_only_one, now, memory_order_relaxed);
}

static int plain_descriptor(struct tni_reactor *reactor)
{
    struct tni_member *only;

    if (!has_only_one(reactor))
        return -1;
    only = tni_container(reactor->sessions.next, struct tni_member, link);
    return only->plain_descriptor(only);
}

/* Who sleeps on a descriptor that is no longer the right one must look anew. */
static void note_plain(struct tni_reactor *reactor)
{
    int before = atomic_load_explicit(&reactor->plain, memory_order_relaxed);
    int now = atomic_load(&reactor->is_leased) ? plain_descriptor(reactor) : -1;
    struct tni_waiter *waiter;

    if (!TNI_RARELY(now != before))
        return;
    atomic_store(&reactor->plain, now);
    waiter = before < 0 ? NULL : atomic_load(&reactor->watch);
    if (waiter)
        tni_waiter_wake(waiter);
}

/* Where the events come from that are served. */
struct source {
    bool has_set;
    int plain; /* the descriptor that `events` are of; -1: none */
    unsigned events;
    bool is_look; /* by a thread that does not watch */
};

static const struct source from_set = {.has_set = true, .plain = -1};
static const struct source from_look = {.has_set = true, .plain = -1, .is_look = true};
static const struct source from_inbox = {.plain = -1};

static bool take_plain(struct tni_reactor *reactor, const struct source *source)
{
    struct tni_member *only;

    if (source->plain < 0 || source->plain != atomic_load(&reactor->plain))
        return false;
    only = tni_container(reactor->sessions.next, struct tni_member, link);
    only->on_events(only, source->events);
    return true;
}

/* Returns how many sessions have ended. */
static unsigned serve(struct tni_reactor *reactor, const struct source *source)
{
    int kept = errno;
    /* First: a task may end the connection that the descriptor is of. */
    bool has_plain = take_plain(reactor, source);
    unsigned ended;

    tni_tasks_run(&reactor->inbox);
    if (!has_plain && source->has_set && atomic_load(&reactor->set) >= 0 && take_events(reactor) &&
        source->is_look)
        tni_iothread_note_found(atomic_load(&reactor->thread));
    serve_ready(reactor);
    note_pending(reactor);
    note_sessions(reactor);
    note_plain(reactor);
    ended = reactor->ended;
    reactor->ended = 0;
    errno = kept;
    return ended;
}

/* The last one gives the socket's slot back, and the reactor with it. */
static void tell_ended(struct tn_sock *sock, unsigned ended)
{
    while (ended--)
        tni_sock_live_down(sock);
}

static bool try_to_serve(struct tni_reactor *reactor, const struct source *source)
{
    struct tn_sock *sock = reactor->sock; /* pinned by the caller */
    bool holds_signals;
    unsigned ended;

    if (!enter_or_want(reactor))
        return false;
    holds_signals = tni_sock_hold_signals(sock);
    ended = serve(reactor, source);
    leave(reactor);
    if (holds_signals)
        tni_sock_release_signals();
    tell_ended(sock, ended);
    return true;
}

/* Where the watcher sleeps on a descriptor he need not ask the set: it keeps what it has for whoever serves when
 * the lease is over. */
bool tni_reactor_serve(struct tni_reactor *reactor)
{
    return try_to_serve(reactor, atomic_load(&reactor->plain) >= 0 ? &from_inbox : &from_set);
}

/* Of many connections a look takes what is there too early: more would have gathered. Who waits more often
 * than every millisecond is on the way to a lease. */
bool tni_reactor_look(struct tni_reactor *reactor)
{
    uint64_t before, now;

    if (atomic_load_explicit(&reactor->is_leased, memory_order_relaxed))
        return false;
    before = atomic_load_explicit(&reactor->waited_at, memory_order_relaxed);
    now = tni_clock_ms();
    atomic_store_explicit(&reactor->waited_at, now, memory_order_relaxed);
    return now > before + LOOK_MS &&
           atomic_load_explicit(&reactor->has_only_one, memory_order_relaxed) &&
           !atomic_load_explicit(&reactor->watch, memory_order_relaxed) &&
           try_to_serve(reactor, &from_look);
}

bool tni_reactor_serve_plain(struct tni_reactor *reactor, int fd, unsigned events)
{
    const struct source source = {.has_set = true, .plain = fd, .events = events};

    return try_to_serve(reactor, &source);
}

static void note_spoken(struct tni_reactor *reactor)
{
    atomic_store_explicit(&reactor->has_spoken, true, memory_order_relaxed);
    if (!atomic_load_explicit(&reactor->relieved, memory_order_relaxed))
        atomic_store_explicit(&reactor->relieved, 1, memory_order_relaxed);
}

void tni_reactor_serve_posted(struct tni_reactor *reactor)
{
    TNI_UNCANCELLED;

    /* Otherwise whoever serves it was told that we want it. */
    if (try_to_serve(reactor, &from_inbox))
        note_spoken(reactor);
    else
        atomic_store_explicit(&reactor->has_spoken, true, memory_order_relaxed);
}

bool tni_reactor_visit(struct tni_reactor *reactor, void (*act)(void *arg), void *arg)
{
    int cancel_state;

    if (!enter(reactor))
        return false;
    cancel_state = tni_cancel_forbid();
    act(arg);
    note_pending(reactor);
    note_plain(reactor);
    leave(reactor);
    note_spoken(reactor);
    tni_cancel_allow(cancel_state);
    return true;
}

static void on_stop(struct tni_task *task, unsigned bits)
{
    struct tni_reactor *reactor = tni_container(task, struct tni_reactor, stopping);

    (void)bits;
    reactor->stop(reactor);
}

void tni_reactor_stop(struct tni_reactor *reactor, void (*stop)(struct tni_reactor *reactor))
{
    reactor->stop = stop;
    tni_reactor_post(reactor, &reactor->stopping, 0);
}

/* ------------------------------------------------------------------ watching */

static void arm(struct tni_reactor *reactor, bool is_armed)
{
    int set = atomic_load(&reactor->set);

    atomic_store(&reactor->may_be_armed, is_armed);
    if (set >= 0)
        tni_poller_arm(atomic_load(&reactor->thread)->arming, set, &reactor->armed, is_armed);
}

/* The event may be one of a socket that has gone: then the reactor is in the pool, or another
 * socket's, which is served in vain. */
static void serve_on_thread(struct tni_reactor *reactor)
{
    struct tn_sock *sock;
    bool holds_signals;
    unsigned ended;

    atomic_fetch_add(&reactor->users, 1);
    if (atomic_load(&reactor->watch) || !enter_or_want(reactor)) {
        atomic_fetch_sub(&reactor->users, 1);
        return;
    }
    sock = reactor->sock;
    holds_signals = tni_sock_hold_signals(sock);
    tni_sock_give_gathered(sock, reactor);
    ended = serve(reactor, &from_set);
    if (!atomic_load(&reactor->watch) && !atomic_load(&reactor->pending))
        arm(reactor, true);
    leave(reactor);
    if (holds_signals)
        tni_sock_release_signals();
    atomic_fetch_sub(&reactor->users, 1);
    tell_ended(sock, ended);
}

/* ------------------------------------------------------------------ leases */

static void set_tick(struct tni_reactor *reactor)
{
    tni_iothread_timer(atomic_load(&reactor->thread), &reactor->tick, tni_clock_ms() + TICK_MS);
}

static void on_tick_timer(struct tni_timer *timer)
{
    struct tni_reactor *reactor = tni_container(timer, struct tni_reactor, tick);

    tni_iothread_post(atomic_load(&reactor->thread), &reactor->run, TICKED);
}

/* Whether the lease goes on. A reactor that is being freed has none; `users` keeps it until its timer is
 * set. */
static bool prolong(struct tni_reactor *reactor)
{
    unsigned turns = atomic_load(&reactor->turns), patience = atomic_load(&reactor->patience);
    bool is_busy = turns - reactor->turns_seen >= TURNS_A_TICK;

    if (!atomic_load(&reactor->is_leased))
        return false;
    reactor->turns_seen = turns;
    if (is_busy) {
        atomic_store(&reactor->patience, PATIENCE_MIN);
        set_tick(reactor);
    } else if (patience < PATIENCE_MAX) {
        atomic_store(&reactor->patience, patience * 2);
    }
    return is_busy;
}

/* First the lease ends, then one looks who watches; who leaves does it the other way round. */
static void on_tick(struct tni_reactor *reactor)
{
    bool goes_on;

    atomic_fetch_add(&reactor->users, 1);
    goes_on = prolong(reactor);
    if (!goes_on)
        atomic_store(&reactor->is_leased, false);
    atomic_fetch_sub(&reactor->users, 1);
    if (!goes_on && !atomic_load(&reactor->watch))
        serve_on_thread(reactor);
}

/* A stream whose sender writes itself, as it did since the last look, is left to it: what it posted
 * since then waits for the next look. Serving it here would move its bytes from one core to another. */
static void on_called(struct tni_reactor *reactor, bool is_urgent)
{
    bool is_relieved = !is_urgent && atomic_load_explicit(&reactor->relieved, memory_order_relaxed);

    tni_iothread_is_relieved(reactor->thread, is_relieved);
    if (is_relieved) {
        atomic_store_explicit(&reactor->relieved, 0, memory_order_relaxed);
        tni_iothread_post_later(reactor->thread, &reactor->run, LATER);
    } else {
        serve_on_thread(reactor);
    }
}

static void on_run(struct tni_task *task, unsigned bits)
{
    struct tni_reactor *reactor = tni_container(task, struct tni_reactor, run);

    if (bits & TICKED)
        on_tick(reactor);
    if (bits & (URGENT | LATER))
        on_called(reactor, bits & URGENT);
}

/* A proxy waits for all its sockets, and writes to one of them or the other: more than every third time will
 * do. */
static void note_exchange(struct tni_reactor *reactor)
{
    if (atomic_load_explicit(&reactor->has_spoken, memory_order_relaxed)) {
        atomic_store_explicit(&reactor->has_spoken, false, memory_order_relaxed);
        reactor->exchanges += 2;
    } else if (reactor->exchanges) {
        reactor->exchanges--;
    }
}

/* While it still watches: nobody else asks. */
static void ask_for_lease(struct tni_reactor *reactor)
{
    unsigned turns = atomic_load_explicit(&reactor->turns, memory_order_relaxed);

    atomic_store_explicit(&reactor->turns, turns + 1, memory_order_relaxed);
    if (atomic_load(&reactor->is_leased))
        return;
    note_exchange(reactor);
    if (reactor->exchanges < 2 * atomic_load_explicit(&reactor->patience, memory_order_relaxed))
        return;
    reactor->exchanges = 0;
    atomic_store(&reactor->is_leased, true);
    set_tick(reactor);
}

/* Nobody else counts on the I/O thread. */
static bool can_stay_unarmed(struct tni_reactor *reactor)
{
    return atomic_load(&reactor->is_leased) && tni_waitq_is_empty(&reactor->sock->waitq) &&
           !atomic_load(&reactor->sock->has_signals);
}

static void on_armed(struct tni_armed *armed)
{
    serve_on_thread(tni_container(armed, struct tni_reactor, armed));
}

bool tni_reactor_watch(struct tni_reactor *reactor, struct tni_waiter *waiter)
{
    struct tni_waiter *expected = NULL;

    if (!atomic_compare_exchange_strong(&reactor->watch, &expected, waiter))
        return false;
    if (atomic_load(&reactor->may_be_armed))
        arm(reactor, false);
    return true;
}

/* Under a lease what is pending waits for the next wait, or the tick, as what the set would show does. */
void tni_reactor_unwatch(struct tni_reactor *reactor)
{
    bool stays_unarmed;

    ask_for_lease(reactor);
    atomic_store(&reactor->watch, NULL);
    stays_unarmed = can_stay_unarmed(reactor);
    if (!stays_unarmed)
        arm(reactor, true);
    if (!tni_mpsc_is_empty(&reactor->inbox) || (!stays_unarmed && atomic_load(&reactor->pending)))
        tni_reactor_call(reactor);
}

void tni_reactor_await_event(struct tni_reactor *reactor)
{
    if (atomic_load(&reactor->is_leased) && !atomic_load(&reactor->watch))
        tni_reactor_call(reactor);
}

bool tni_reactor_is_leased(struct tni_reactor *reactor)
{
    return atomic_load(&reactor->is_leased);
}

int tni_reactor_descriptor(struct tni_reactor *reactor, bool *out_is_plain)
{
    int plain = atomic_load(&reactor->plain);

    *out_is_plain = plain >= 0;
    return plain >= 0 ? plain : atomic_load(&reactor->set);
}

bool tni_reactor_is_busy(struct tni_reactor *reactor)
{
    return !tni_mpsc_is_empty(&reactor->inbox) || atomic_load(&reactor->pending);
}

bool tni_reactor_is_wanted(struct tni_reactor *reactor)
{
    return atomic_load(&reactor->entered) & WANTED;
}

/* ------------------------------------------------------------------ the pool */

static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tni_reactor *pool;

/* One that still lies in a queue of its last thread could not be called by another. */
static struct tni_reactor *from_pool(void)
{
    struct tni_reactor **place = &pool, *reactor;

    pthread_mutex_lock(&pool_lock);
    while (*place && atomic_load(&(*place)->run.item.word))
        place = &(*place)->next_free;
    reactor = *place;
    if (reactor)
        *place = reactor->next_free;
    pthread_mutex_unlock(&pool_lock);
    if (reactor)
        return reactor;
    reactor = tni_calloc(1, sizeof *reactor);
    if (reactor) {
        reactor->armed.ready = on_armed;
        tni_task_init(&reactor->run, on_run);
        tni_task_init(&reactor->stopping, on_stop);
        reactor->tick.fire = on_tick_timer;
        tni_mpsc_init(&reactor->inbox);
        atomic_init(&reactor->set, -1);
        atomic_init(&reactor->plain, -1);
    }
    return reactor;
}

static void to_pool(struct tni_reactor *reactor)
{
    pthread_mutex_lock(&pool_lock);
    reactor->next_free = pool;
    pool = reactor;
    pthread_mutex_unlock(&pool_lock);
}

/* Alone with it: a late caller may be serving it in vain, which takes microseconds. */
static void enter_alone(struct tni_reactor *reactor)
{
    while (atomic_load(&reactor->users) || !enter_or_want(reactor))
        sched_yield();
}

static void leave_alone(struct tni_reactor *reactor)
{
    atomic_store(&reactor->pending, 0);
    atomic_store(&reactor->entered, 0);
}

static int open_set(struct tni_reactor *reactor, struct tni_iothread *thread)
{
    int set = tni_poller_new();
    int rc = set < 0 ? set : tni_poller_add_unarmed(thread->arming, set, &reactor->armed);

    if (rc == 0)
        rc = tni_poller_arm(thread->arming, set, &reactor->armed, true);
    if (rc == 0)
        rc = tni_timers_reserve(&thread->timers);
    if (rc < 0) {
        if (set >= 0)
            close(set);
        return tni_fail(rc, "cannot watch a socket's connections: %s", strerror(-rc));
    }
    atomic_store(&reactor->may_be_armed, true);
    atomic_store(&reactor->set, set);
    return 0;
}

struct tni_reactor *tni_reactor_new(struct tn_sock *sock, struct tni_iothread *thread)
{
    struct tni_reactor *reactor = from_pool();
    int rc;

    if (!reactor) {
        tni_fail(-ENOMEM, "out of memory");
        return NULL;
    }
    enter_alone(reactor);
    atomic_store(&reactor->watch, NULL);
    atomic_store(&reactor->relieved, 0);
    atomic_store(&reactor->thread, thread);
    reactor->sock = sock;
    reactor->is_stopping = false;
    reactor->ended = 0;
    reactor->exchanges = 0;
    atomic_store(&reactor->has_only_one, false);
    atomic_store(&reactor->patience, PATIENCE_MIN);
    tni_link_init(&reactor->link);
    tni_link_init(&reactor->sessions);
    tni_link_init(&reactor->ready);
    rc = open_set(reactor, thread);
    leave_alone(reactor);
    if (rc == 0)
        return reactor;
    to_pool(reactor);
    return NULL;
}

void tni_reactor_free(struct tni_reactor *reactor)
{
    struct tni_iothread *thread = atomic_load(&reactor->thread);

    atomic_store(&reactor->is_leased, false);
    enter_alone(reactor);
    tni_timer_cancel(&thread->timers, &reactor->tick);
    tni_timers_unreserve(&thread->timers);
    tni_tasks_run(&reactor->inbox);
    atomic_store(&reactor->plain, -1);
    close(atomic_exchange(&reactor->set, -1));
    leave_alone(reactor);
    to_pool(reactor);
}
