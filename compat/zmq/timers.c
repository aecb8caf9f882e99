/*
 * timers.c: callbacks at intervals, run by the program's own loop.
 *
 * An array of timers, ordered by nothing: there are few, and each call looks at all. A timer that was
 * cancelled inside a callback keeps its place until the round is over.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dropin.h"

enum { MAGIC_TIMERS = 0x7a6d7174 };

struct timer {
    int id; /* 0: cancelled */
    size_t interval; /* ms */
    uint64_t due; /* ms */
    zmq_timer_fn *handler;
    void *arg;
};

struct timers {
    unsigned magic;
    int last_id;
    struct timer *all;
    size_t count, room;
    unsigned running; /* rounds; a callback may begin another */
};

static uint64_t now_ms(void)
{
    return tnz_clock_us() / 1000;
}

static struct timers *timers_of(void *handle)
{
    struct timers *timers = handle;

    if (timers && timers->magic == MAGIC_TIMERS)
        return timers;
    errno = EFAULT;
    return NULL;
}

static struct timer *find(struct timers *timers, int id)
{
    for (size_t i = 0; id > 0 && i < timers->count; i++)
        if (timers->all[i].id == id)
            return &timers->all[i];
    errno = EINVAL;
    return NULL;
}

void *zmq_timers_new(void)
{
    struct timers *timers = calloc(1, sizeof *timers);

    if (timers)
        timers->magic = MAGIC_TIMERS;
    else
        errno = ENOMEM;
    return timers;
}

int zmq_timers_destroy(void **handle)
{
    struct timers *timers = timers_of(handle ? *handle : NULL);

    if (!timers)
        return -1;
    timers->magic = 0;
    free(timers->all);
    free(timers);
    *handle = NULL;
    return 0;
}

static bool grow(struct timers *timers)
{
    size_t room = timers->room ? 2 * timers->room : 8;
    struct timer *all = realloc(timers->all, room * sizeof *all);

    if (!all)
        return false;
    timers->all = all;
    timers->room = room;
    return true;
}

int zmq_timers_add(void *handle, size_t interval, zmq_timer_fn handler, void *arg)
{
    struct timers *timers = timers_of(handle);

    if (!timers)
        return -1;
    if (!handler)
        return tnz_error(EFAULT);
    if (timers->count == timers->room && !grow(timers))
        return tnz_error(ENOMEM);
    timers->all[timers->count++] = (struct timer){.id = ++timers->last_id,
                                                  .interval = interval,
                                                  .due = now_ms() + interval,
                                                  .handler = handler,
                                                  .arg = arg};
    return timers->last_id;
}

static void sweep(struct timers *timers)
{
    size_t kept = 0;

    for (size_t i = 0; i < timers->count; i++)
        if (timers->all[i].id)
            timers->all[kept++] = timers->all[i];
    timers->count = kept;
}

int zmq_timers_cancel(void *handle, int id)
{
    struct timers *timers = timers_of(handle);
    struct timer *timer = timers ? find(timers, id) : NULL;

    if (!timer)
        return -1;
    timer->id = 0;
    if (!timers->running)
        sweep(timers);
    return 0;
}

int zmq_timers_set_interval(void *handle, int id, size_t interval)
{
    struct timers *timers = timers_of(handle);
    struct timer *timer = timers ? find(timers, id) : NULL;

    if (!timer)
        return -1;
    timer->interval = interval;
    timer->due = now_ms() + interval;
    return 0;
}

int zmq_timers_reset(void *handle, int id)
{
    struct timers *timers = timers_of(handle);
    struct timer *timer = timers ? find(timers, id) : NULL;

    if (!timer)
        return -1;
    timer->due = now_ms() + timer->interval;
    return 0;
}

static const struct timer *next_of(const struct timers *timers)
{
    const struct timer *next = NULL;

    for (size_t i = 0; i < timers->count; i++)
        if (timers->all[i].id && (!next || timers->all[i].due < next->due))
            next = &timers->all[i];
    return next;
}

long zmq_timers_timeout(void *handle)
{
    struct timers *timers = timers_of(handle);
    const struct timer *next = timers ? next_of(timers) : NULL;
    uint64_t now;

    if (!timers)
        return -1;
    if (!next)
        return -1;
    now = now_ms();
    return next->due > now ? (long)(next->due - now) : 0;
}

/* The timer that is due first, among those that have not run in this round. */
static struct timer *due_of(struct timers *timers, uint64_t now, int last_id)
{
    struct timer *due = NULL;

    for (size_t i = 0; i < timers->count; i++) {
        struct timer *timer = &timers->all[i];
        if (timer->id && timer->id <= last_id && timer->due <= now &&
            (!due || timer->due < due->due))
            due = timer;
    }
    return due;
}

/* Each timer runs once at most, also one whose interval is 0; a callback may add, cancel and change
 * timers, and move the array by that. */
int zmq_timers_execute(void *handle)
{
    struct timers *timers = timers_of(handle);
    uint64_t now = now_ms();
    struct timer *timer;
    int last_id;

    if (!timers)
        return -1;
    last_id = timers->last_id;
    timers->running++;
    while ((timer = due_of(timers, now, last_id)) != NULL) {
        timer->due = now + (timer->interval ? timer->interval : 1);
        timer->handler(timer->id, timer->arg);
    }
    if (--timers->running == 0)
        sweep(timers);
    return 0;
}
