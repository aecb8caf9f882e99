/*
 * iothread.h: an I/O thread, or the same without a thread, driven by the application.
 *
 * It has an arming set, the only descriptor that its libevent base sees: in it are the reactors' sets,
 * armed for one report at a time, the listeners, and the descriptor that wakes the thread. Others ask
 * it to do something through `run`. Its timers fire into the same queues.
 *
 * A context has `io_threads` of them, started together at the first network endpoint and joined when
 * the context ends; one without a thread when `io_threads` is 0.
 */
#ifndef TNI_IOTHREAD_H
#define TNI_IOTHREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "reactor/sweep.h"
#include "reactor/task.h"
#include "reactor/timers.h"

struct tn_ctx;
struct tni_loop;

/** A member of an arming set; the first member of whatever is in it. */
struct tni_armed {
    void (*ready)(struct tni_armed *armed);
};

enum tni_rest {
    TNI_AT_WORK,
    TNI_RESTING, /* whoever posts wakes it */
    TNI_NAPPING, /* for microseconds; what can wait so long need not wake it */
};

struct tni_iothread {
    struct tn_ctx *ctx;
    unsigned index;
    bool has_thread;
    pthread_t thread;
    int arming;
    int kick; /* eventfd, in `arming` */
    struct tni_armed kicked;
    struct tni_mpsc run;
    atomic_uint asleep; /* enum tni_rest */
    atomic_uint hurry; /* something in `run` is not to wait for the end of a nap */
    atomic_bool must_stop;
    long nap_ns; /* the next nap; the thread's */
    atomic_uint found; /* connections of which a thread has taken what this one was about to */
    unsigned found_before; /* the thread's */
    struct tni_timers timers;
    struct tni_loop *loop; /* libevent's; NULL without a thread */
    pthread_mutex_t loop_lock; /* without a thread: who drives at this moment */
    atomic_uint load; /* connections */
    struct tni_sweep sweep;
};

int tni_iothread_new(struct tn_ctx *ctx, unsigned index, bool has_thread,
                     struct tni_iothread **out_thread);
/** Stops and joins the thread and frees everything. No reactor or listener uses it any more. */
void tni_iothread_free(struct tni_iothread *thread);
/** In a child process: closes the descriptors. */
void tni_iothread_abandon(struct tni_iothread *thread);

/** Has `task` run on the thread. Any thread. */
void tni_iothread_post(struct tni_iothread *thread, struct tni_task *task, unsigned bits);
/** The same within some tens of microseconds: until then the thread lets more of the same gather. */
void tni_iothread_post_later(struct tni_iothread *thread, struct tni_task *task, unsigned bits);
/** On the thread: what is in `run` looks after itself, as it has since the last nap; the next one is
 *  longer, up to a limit. False ends that. */
void tni_iothread_is_relieved(struct tni_iothread *thread, bool is_relieved);
/** A thread that waits found what was about to be taken here: while that goes on, this thread leaves
 *  connections to such threads for a millisecond at a time. Any thread. */
void tni_iothread_note_found(struct tni_iothread *thread);
/** Sets a timer, and wakes the thread if it would sleep too long. Any thread. -ENOMEM. */
int tni_iothread_timer(struct tni_iothread *thread, struct tni_timer *timer, uint64_t deadline);

/** One round without sleeping: tasks, what is ready, timers. On the thread, or under loop_lock. */
void tni_iothread_round(struct tni_iothread *thread);
/** Without a thread: a round, unless somebody else drives. */
void tni_iothread_step(struct tni_iothread *thread);

#endif
