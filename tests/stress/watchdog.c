#include "watchdog.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct place {
    atomic_bool is_taken;
    _Atomic(const char *) what;
    _Atomic(const char *) where;
};

static struct place places[WATCHDOG_THREADS];
static _Thread_local struct place *mine;
static _Atomic(const char *) running;
static atomic_long must_end_by;

static long now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void report(void)
{
    fprintf(stderr, "scenario '%s' hangs; its threads:\n", atomic_load(&running));
    for (int i = 0; i < WATCHDOG_THREADS; i++) {
        const char *where = atomic_load(&places[i].where);
        if (atomic_load(&places[i].is_taken))
            fprintf(stderr, "  %d: %s %s\n", i, atomic_load(&places[i].what), where ? where : "");
    }
    fflush(stderr);
}

static void *watch(void *arg)
{
    const struct timespec second = {.tv_sec = 1};

    (void)arg;
    while (now() < atomic_load(&must_end_by))
        nanosleep(&second, NULL);
    report();
    abort();
}

void watchdog_begin(const char *scenario)
{
    static atomic_bool is_running;
    pthread_t thread;

    atomic_store(&running, scenario);
    atomic_store(&must_end_by, now() + WATCHDOG_SECONDS);
    if (atomic_exchange(&is_running, true))
        return;
    if (pthread_create(&thread, NULL, watch, NULL) != 0)
        abort();
    pthread_detach(thread);
}

static struct place *take_place(void)
{
    for (int i = 0; i < WATCHDOG_THREADS; i++)
        if (!atomic_exchange(&places[i].is_taken, true))
            return &places[i];
    return NULL;
}

void watchdog_doing(const char *what, const char *where)
{
    if (!mine)
        mine = take_place();
    if (!mine)
        return;
    atomic_store(&mine->what, what ? what : "");
    atomic_store(&mine->where, where);
    if (!what) {
        atomic_store(&mine->is_taken, false);
        mine = NULL;
    }
}
