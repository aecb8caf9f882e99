#include "reactor/sweep.h"

#include "base/blocks.h"
#include "base/clock.h"
#include "base/list.h"
#include "reactor/iothread.h"

static void on_timer(struct tni_timer *timer)
{
    struct tni_sweep *sweep = tni_container(timer, struct tni_sweep, timer);

    tni_iothread_post(sweep->thread, &sweep->task, 0);
}

static void again(struct tni_sweep *sweep)
{
    tni_iothread_timer(sweep->thread, &sweep->timer, tni_clock_ms() + TNI_BLOCKS_SWEEP_MS);
}

static void on_task(struct tni_task *task, unsigned bits)
{
    struct tni_sweep *sweep = tni_container(task, struct tni_sweep, task);

    (void)bits;
    if (tni_blocks_sweep())
        again(sweep);
    else
        atomic_store(&sweep->is_on, false);
}

void tni_sweep_init(struct tni_sweep *sweep, struct tni_iothread *thread)
{
    sweep->thread = thread;
    sweep->timer.fire = on_timer;
    tni_task_init(&sweep->task, on_task);
    atomic_init(&sweep->is_on, false);
    sweep->is_possible = tni_timers_reserve(&thread->timers) == 0;
}

void tni_sweep_fini(struct tni_sweep *sweep)
{
    tni_timer_cancel(&sweep->thread->timers, &sweep->timer);
}

void tni_sweep_begin(struct tni_sweep *sweep)
{
    if (sweep->is_possible && !atomic_exchange(&sweep->is_on, true))
        again(sweep);
}
