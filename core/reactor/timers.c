#include "reactor/timers.h"

#include <errno.h>

#include "base/memory.h"

enum { FIRST_ROOM = 16 };

void tni_timers_init(struct tni_timers *timers)
{
    pthread_mutex_init(&timers->lock, NULL);
    timers->heap = NULL;
    timers->count = timers->room = timers->reserved = 0;
}

void tni_timers_fini(struct tni_timers *timers)
{
    pthread_mutex_destroy(&timers->lock);
    tni_free(timers->heap);
}

static void put(struct tni_timers *timers, size_t place, struct tni_timer *timer)
{
    timers->heap[place] = timer;
    timer->place = place;
}

static void rise(struct tni_timers *timers, size_t place)
{
    struct tni_timer *timer = timers->heap[place];

    while (place > 1 && timers->heap[place / 2]->deadline > timer->deadline) {
        put(timers, place, timers->heap[place / 2]);
        place /= 2;
    }
    put(timers, place, timer);
}

static void sink(struct tni_timers *timers, size_t place)
{
    struct tni_timer *timer = timers->heap[place];

    for (;;) {
        size_t child = place * 2;
        if (child > timers->count)
            break;
        if (child < timers->count &&
            timers->heap[child + 1]->deadline < timers->heap[child]->deadline)
            child++;
        if (timers->heap[child]->deadline >= timer->deadline)
            break;
        put(timers, place, timers->heap[child]);
        place = child;
    }
    put(timers, place, timer);
}

static void take_out(struct tni_timers *timers, struct tni_timer *timer)
{
    size_t place = timer->place;
    struct tni_timer *last = timers->heap[timers->count--];

    timer->place = 0;
    if (last == timer)
        return;
    put(timers, place, last);
    rise(timers, place);
    sink(timers, last->place);
}

static int grow(struct tni_timers *timers)
{
    size_t room = timers->room ? timers->room * 2 : FIRST_ROOM;
    struct tni_timer **heap = tni_realloc(timers->heap, (room + 1) * sizeof *heap);

    if (!heap)
        return -ENOMEM;
    timers->heap = heap;
    timers->room = room;
    return 0;
}

int tni_timers_reserve(struct tni_timers *timers)
{
    int rc = 0;

    pthread_mutex_lock(&timers->lock);
    if (timers->reserved == timers->room)
        rc = grow(timers);
    if (rc == 0)
        timers->reserved++;
    pthread_mutex_unlock(&timers->lock);
    return rc;
}

void tni_timers_unreserve(struct tni_timers *timers)
{
    pthread_mutex_lock(&timers->lock);
    timers->reserved--;
    pthread_mutex_unlock(&timers->lock);
}

int tni_timer_set(struct tni_timers *timers, struct tni_timer *timer, uint64_t deadline,
                  bool *out_is_first)
{
    int rc = 0;

    pthread_mutex_lock(&timers->lock);
    if (!timer->place && timers->count == timers->room)
        rc = grow(timers);
    if (rc == 0) {
        timer->deadline = deadline;
        if (!timer->place)
            put(timers, ++timers->count, timer);
        rise(timers, timer->place);
        sink(timers, timer->place);
    }
    *out_is_first = rc == 0 && timer->place == 1;
    pthread_mutex_unlock(&timers->lock);
    return rc;
}

void tni_timer_cancel(struct tni_timers *timers, struct tni_timer *timer)
{
    pthread_mutex_lock(&timers->lock);
    if (timer->place)
        take_out(timers, timer);
    pthread_mutex_unlock(&timers->lock);
}

void tni_timers_run(struct tni_timers *timers, uint64_t now)
{
    pthread_mutex_lock(&timers->lock);
    while (timers->count && timers->heap[1]->deadline <= now) {
        struct tni_timer *timer = timers->heap[1];
        take_out(timers, timer);
        timer->fire(timer);
    }
    pthread_mutex_unlock(&timers->lock);
}

uint64_t tni_timers_next(struct tni_timers *timers)
{
    uint64_t next;

    pthread_mutex_lock(&timers->lock);
    next = timers->count ? timers->heap[1]->deadline : UINT64_MAX;
    pthread_mutex_unlock(&timers->lock);
    return next;
}
