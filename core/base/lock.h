/*
 * lock.h: a lock of one word, for what every message passes.
 *
 * As a mutex, but inlined: taking it when it is free is one atomic instruction, giving it back when nobody
 * sleeps for it is a store. That store is ordered before the look at who sleeps by the sleeper, which asks
 * the kernel for a barrier on every processor that runs this process (membarrier(2)); where the kernel
 * refuses, by an atomic exchange. Held for microseconds at most: whoever finds it taken looks a few times
 * more before it sleeps. Not recursive. Any thread.
 */
#ifndef TNI_LOCK_H
#define TNI_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>

struct tni_lock {
    atomic_uint is_held;
    atomic_uint sleepers;
};

/** Whether sleepers make the barrier. Set once, before the first lock is shared. */
extern atomic_bool tni_lock_has_barrier;
void tni_lock_prepare(void);

/** The slow halves of the functions below. */
void tni_lock_wait(struct tni_lock *lock);
void tni_lock_wake(struct tni_lock *lock);

static inline void tni_lock_init(struct tni_lock *lock)
{
    atomic_init(&lock->is_held, 0);
    atomic_init(&lock->sleepers, 0);
}

static inline bool tni_lock_try(struct tni_lock *lock)
{
    unsigned expected = 0;

    return atomic_compare_exchange_strong_explicit(&lock->is_held, &expected, 1,
                                                   memory_order_acquire, memory_order_relaxed);
}

static inline void tni_lock_take(struct tni_lock *lock)
{
    if (__builtin_expect(!tni_lock_try(lock), 0))
        tni_lock_wait(lock);
}

static inline void tni_lock_give(struct tni_lock *lock)
{
    if (__builtin_expect(atomic_load_explicit(&tni_lock_has_barrier, memory_order_relaxed), 1)) {
        atomic_store_explicit(&lock->is_held, 0, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst); /* for the compiler */
    } else {
        atomic_exchange(&lock->is_held, 0);
    }
    if (__builtin_expect(atomic_load(&lock->sleepers) != 0, 0))
        tni_lock_wake(lock);
}

#endif
