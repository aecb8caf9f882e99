#include "reactor/iothread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "reactor/loop.h"
#include "reactor/poller.h"
#include "reactor/thread_params.h"
#include "socket/ctx.h"

enum {
    AT_ONCE = 64,
    NAP_NS = 30 * 1000,
    LONG_NAP_NS = 4 * NAP_NS,
    HOLD_NS = 1000 * 1000,
    FOUND_FEW = 4, /* in HOLD_NS */
};

static void drain_kick(struct tni_armed *armed)
{
    struct tni_iothread *thread =
        (struct tni_iothread *)(void *)((char *)armed - offsetof(struct tni_iothread, kicked));
    uint64_t drained;

    if (read(thread->kick, &drained, sizeof drained) < 0) {
        /* Somebody else took it: the round that follows is all that it asked for. */
    }
}

static void kick(struct tni_iothread *thread)
{
    static const uint64_t one = 1;
    TNI_UNCANCELLED;

    if (write(thread->kick, &one, sizeof one) < 0) {
        /* Full: it is readable already. */
    }
}

static void wake(struct tni_iothread *thread)
{
    if (atomic_exchange(&thread->asleep, 0))
        kick(thread);
}

void tni_iothread_post(struct tni_iothread *thread, struct tni_task *task, unsigned bits)
{
    if (tni_mpsc_announce(&task->item, bits))
        tni_mpsc_push(&thread->run, &task->item);
    else if (atomic_load(&thread->asleep) != TNI_NAPPING)
        return; /* the thread is about to take it */
    atomic_store(&thread->hurry, 1);
    wake(thread);
}

void tni_iothread_post_later(struct tni_iothread *thread, struct tni_task *task, unsigned bits)
{
    if (!tni_mpsc_announce(&task->item, bits))
        return;
    tni_mpsc_push(&thread->run, &task->item);
    if (!thread->has_thread || atomic_load(&thread->asleep) == TNI_RESTING)
        wake(thread);
}

void tni_iothread_is_relieved(struct tni_iothread *thread, bool is_relieved)
{
    if (!is_relieved)
        thread->nap_ns = NAP_NS;
    else if (thread->nap_ns < LONG_NAP_NS)
        thread->nap_ns *= 2;
}

void tni_iothread_note_found(struct tni_iothread *thread)
{
    unsigned found = atomic_load_explicit(&thread->found, memory_order_relaxed);

    atomic_store_explicit(&thread->found, found + 1, memory_order_relaxed);
}

int tni_iothread_timer(struct tni_iothread *thread, struct tni_timer *timer, uint64_t deadline)
{
    bool is_first;
    int rc = tni_timer_set(&thread->timers, timer, deadline, &is_first);

    if (is_first)
        wake(thread);
    return rc;
}

/* False: there may be more. */
static bool take_ready(struct tni_iothread *thread)
{
    struct tni_poll_event events[AT_ONCE];
    int count = tni_poller_take(thread->arming, events, AT_ONCE);

    for (int i = 0; i < count; i++) {
        struct tni_armed *armed = events[i].who;
        armed->ready(armed);
    }
    return count < AT_ONCE;
}

static void run_timers(struct tni_iothread *thread)
{
    uint64_t next = tni_timers_next(&thread->timers);

    if (next == UINT64_MAX || next > tni_clock_ms())
        return;
    tni_timers_run(&thread->timers, tni_clock_ms());
    tni_tasks_run(&thread->run);
}

static void run_what_came(struct tni_iothread *thread)
{
    atomic_store(&thread->hurry, 0);
    tni_tasks_run(&thread->run);
    run_timers(thread);
}

void tni_iothread_round(struct tni_iothread *thread)
{
    take_ready(thread);
    run_what_came(thread);
}

void tni_iothread_step(struct tni_iothread *thread)
{
    uint64_t before;

    if (pthread_mutex_trylock(&thread->loop_lock) != 0)
        return;
    before = tni_timers_next(&thread->timers);
    atomic_store(&thread->asleep, 0);
    do
        tni_iothread_round(thread);
    while (!tni_mpsc_is_empty(&thread->run));
    /* Nobody is asleep in it, but whoever polls its descriptor wants to be woken. */
    atomic_store(&thread->asleep, 1);
    if (!tni_mpsc_is_empty(&thread->run) || tni_timers_next(&thread->timers) < before)
        wake(thread);
    pthread_mutex_unlock(&thread->loop_lock);
}

/* Each of these says that it sleeps, and looks once more before it does. */
static void rest(struct tni_iothread *thread)
{
    atomic_store(&thread->asleep, TNI_RESTING);
    if (tni_mpsc_is_empty(&thread->run) && !atomic_load(&thread->must_stop))
        tni_loop_sleep(thread->loop, tni_timers_next(&thread->timers));
    atomic_store(&thread->asleep, TNI_AT_WORK);
}

/* Others have taken several connections' messages by themselves since the last look, and go on if they are
 * left alone. Whoever posts ends it. */
static void hold_back(struct tni_iothread *thread)
{
    unsigned found = atomic_load_explicit(&thread->found, memory_order_relaxed);
    bool is_worth_it = found - thread->found_before >= FOUND_FEW;

    thread->found_before = found;
    if (!is_worth_it || atomic_load(&thread->ctx->has_descriptors))
        return;
    atomic_store(&thread->asleep, TNI_RESTING);
    if (tni_mpsc_is_empty(&thread->run) && !atomic_load(&thread->must_stop))
        tni_poller_nap(thread->kick, HOLD_NS);
    atomic_store(&thread->asleep, TNI_AT_WORK);
}

static void nap(struct tni_iothread *thread)
{
    atomic_store(&thread->asleep, TNI_NAPPING);
    if (!atomic_load(&thread->hurry) && !atomic_load(&thread->must_stop))
        tni_poller_nap(thread->arming, thread->nap_ns);
    atomic_store(&thread->asleep, TNI_AT_WORK);
}

static void *run_thread(void *arg)
{
    struct tni_iothread *thread = arg;
    bool has_all = true;

    tni_poller_be_precise();
    while (!atomic_load(&thread->must_stop)) {
        if (tni_mpsc_is_empty(&thread->run))
            rest(thread);
        if (has_all)
            hold_back(thread);
        has_all = take_ready(thread);
        if (!tni_mpsc_is_empty(&thread->run) && !atomic_load(&thread->hurry)) {
            nap(thread);
            take_ready(thread);
        }
        run_what_came(thread);
    }
    /* What was announced last refers to objects that are to be freed. */
    while (tni_tasks_run(&thread->run))
        continue;
    return NULL;
}

/* No signal is handled on our threads: they are the application's. */
static int start(struct tni_iothread *thread)
{
    sigset_t all, before;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&thread->thread, NULL, run_thread, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return tni_fail(-rc, "%s", strerror(rc));
    thread->has_thread = true;
    return tni_thread_params_apply(&thread->ctx->thread_params, thread->thread, thread->index);
}

int tni_iothread_new(struct tn_ctx *ctx, unsigned index, bool has_thread,
                     struct tni_iothread **out_thread)
{
    struct tni_iothread *thread = tni_calloc(1, sizeof *thread);
    int rc;

    if (!thread)
        return tni_fail(-ENOMEM, "I/O thread %u: out of memory", index);
    thread->ctx = ctx;
    thread->index = index;
    thread->kicked.ready = drain_kick;
    thread->nap_ns = NAP_NS;
    tni_mpsc_init(&thread->run);
    tni_timers_init(&thread->timers);
    tni_sweep_init(&thread->sweep, thread);
    pthread_mutex_init(&thread->loop_lock, NULL);
    atomic_init(&thread->asleep, !has_thread);
    thread->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    rc = thread->kick < 0 ? -errno : 0;
    thread->arming = rc == 0 ? tni_poller_new() : -1;
    if (rc == 0)
        rc = thread->arming < 0
                 ? thread->arming
                 : tni_poller_add_level(thread->arming, thread->kick, &thread->kicked);
    if (rc == 0 && has_thread) {
        rc = tni_loop_new(thread->arming, &thread->loop);
        rc = rc < 0 ? rc : start(thread);
    }
    if (rc < 0) {
        tni_iothread_free(thread);
        return rc == tni_error_code()
                   ? tni_fail_context(rc, "I/O thread %u cannot be started", index)
                   : tni_fail(rc, "I/O thread %u cannot be started: %s", index, strerror(-rc));
    }
    *out_thread = thread;
    return 0;
}

static void close_descriptors(struct tni_iothread *thread)
{
    if (thread->arming >= 0)
        close(thread->arming);
    if (thread->kick >= 0)
        close(thread->kick);
    thread->arming = thread->kick = -1;
}

void tni_iothread_free(struct tni_iothread *thread)
{
    if (thread->has_thread) {
        atomic_store(&thread->must_stop, true);
        wake(thread);
        pthread_join(thread->thread, NULL);
    } else {
        while (tni_tasks_run(&thread->run))
            continue;
    }
    tni_sweep_fini(&thread->sweep);
    tni_loop_free(thread->loop);
    close_descriptors(thread);
    tni_timers_fini(&thread->timers);
    pthread_mutex_destroy(&thread->loop_lock);
    tni_free(thread);
}

void tni_iothread_abandon(struct tni_iothread *thread)
{
    close_descriptors(thread);
}
