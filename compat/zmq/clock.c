/*
 * clock.c: stopwatches, and sleeping for whole seconds.
 */
#include "clock.h"

#include <stdlib.h>
#include <time.h>

#include "dropin.h"

uint64_t tnz_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void *zmq_stopwatch_start(void)
{
    uint64_t *started = malloc(sizeof *started);

    if (started)
        *started = tnz_clock_us();
    else
        errno = ENOMEM;
    return started;
}

unsigned long zmq_stopwatch_intermediate(void *watch)
{
    const uint64_t *started = watch;

    return started ? (unsigned long)(tnz_clock_us() - *started) : 0;
}

unsigned long zmq_stopwatch_stop(void *watch)
{
    unsigned long elapsed = zmq_stopwatch_intermediate(watch);

    free(watch);
    return elapsed;
}

/* A signal ends it early, as it does sleep(). */
void zmq_sleep(int seconds)
{
    struct timespec length = {.tv_sec = seconds};

    if (seconds > 0)
        nanosleep(&length, NULL);
}
