/*
 * clock.h: the clock of timers and stopwatches.
 */
#ifndef TNZ_CLOCK_H
#define TNZ_CLOCK_H

#include <stdint.h>

/** Microseconds since some moment; never runs backwards. */
uint64_t tnz_clock_us(void);

#endif
