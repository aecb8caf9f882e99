/*
 * lock.h: a lock of one word, for what every message passes.
 *
 * As a mutex, but taking and giving it back when nobody else wants it are one instruction each, inlined.
 * Held for microseconds at most: whoever finds it taken looks a few times more before it sleeps. Not
 * recursive. Any thread.
 */
#ifndef TNI_LOCK_H
#define TNI_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

enum { TNI_LOCK_FREE, TNI_LOCK_HELD, TNI_LOCK_WANTED /* held, and somebody may sleep */ };

struct tni_lock {
    atomic_uint word;
};

/** The slow halves of the functions below. */
void tni_lock_wait(struct tni_lock *lock);
void tni_lock_wake(struct tni_lock *lock);

static inline void tni_lock_init(struct tni_lock *lock)
{
    atomic_init(&lock->word, TNI_LOCK_FREE);
}

static inline bool tni_lock_try(struct tni_lock *lock)
{
    unsigned expected = TNI_LOCK_FREE;

    return atomic_compare_exchange_strong_explicit(&lock->word, &expected, TNI_LOCK_HELD,
                                                   memory_order_acquire, memory_order_relaxed);
}

static inline void tni_lock_take(struct tni_lock *lock)
{
    if (__builtin_expect(!tni_lock_try(lock), 0))
        tni_lock_wait(lock);
}

static inline void tni_lock_give(struct tni_lock *lock)
{
    if (__builtin_expect(atomic_exchange_explicit(&lock->word, TNI_LOCK_FREE,
                                                  memory_order_release) == TNI_LOCK_WANTED,
                         0))
        tni_lock_wake(lock);
}

#endif
