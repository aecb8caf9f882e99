/* clock.h: monotonic time. Any thread. */
#ifndef TNI_CLOCK_H
#define TNI_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t tni_clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline uint64_t tni_clock_ms(void)
{
    return tni_clock_ns() / 1000000u;
}

#endif
