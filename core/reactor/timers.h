/*
 * timers.h: the deadlines of one I/O thread: a binary heap.
 *
 * Any thread sets and cancels, under the heap's own lock, which is taken after any other. Firing
 * happens on the thread, under that lock: `fire` only announces something (it must not set a timer).
 * Once tni_timer_cancel has returned, the timer does not fire.
 */
#ifndef TNI_TIMERS_H
#define TNI_TIMERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tni_timer {
    uint64_t deadline; /* ms, of the monotonic clock */
    size_t place; /* in the heap, from 1; 0: not set */
    void (*fire)(struct tni_timer *timer);
};

struct tni_timers {
    pthread_mutex_t lock;
    struct tni_timer **heap; /* from 1 */
    size_t count, room, reserved;
};

void tni_timers_init(struct tni_timers *timers);
void tni_timers_fini(struct tni_timers *timers);

/** Makes sure that one more timer can be set at any time, whatever memory there is then. -ENOMEM. */
int tni_timers_reserve(struct tni_timers *timers);
/** Its owner has cancelled it and sets it no more. */
void tni_timers_unreserve(struct tni_timers *timers);

/** Sets or moves a timer. `*out_is_first`: it is now the first to fire. -ENOMEM: no place
 *  was reserved for it. */
int tni_timer_set(struct tni_timers *timers, struct tni_timer *timer, uint64_t deadline,
                  bool *out_is_first);
void tni_timer_cancel(struct tni_timers *timers, struct tni_timer *timer);

/** Fires what is due. */
void tni_timers_run(struct tni_timers *timers, uint64_t now);
/** The next deadline, or UINT64_MAX. */
uint64_t tni_timers_next(struct tni_timers *timers);

#endif
