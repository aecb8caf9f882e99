/*
 * futex.h: sleeping until a word changes.
 *
 * The word is in memory that outlives the waker. Any thread, no lock.
 */
#ifndef TNI_FUTEX_H
#define TNI_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/** Sleeps while `*word` is `expected`, at most `limit` ms. 0: woken, or it was another value;
 *  -ETIMEDOUT; -EINTR: a signal was handled, whether or not its handler restarts system calls. */
int tni_futex_wait(atomic_uint *word, unsigned expected, uint64_t limit);

/** Wakes everybody. */
void tni_futex_wake(atomic_uint *word);
/** Wakes one of those who sleep. */
void tni_futex_wake_one(atomic_uint *word);

#endif
