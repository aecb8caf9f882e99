/*
 * waiter.h: what a thread that waits has: its record, by which it is woken, and memory of its own.
 *
 * A waiter belongs to a thread for as long as that lives; records are pooled and never unmapped, so
 * that a wake-up which comes late hits nobody's memory. Sleeping and waking follow one rule: the
 * sleeper sets `asleep`, looks at everything once more, and only then sleeps; whoever publishes
 * something looks at `asleep` afterwards, and the one who clears it writes the descriptor.
 */
#ifndef TNI_WAITER_H
#define TNI_WAITER_H

#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct tni_lent;

enum tni_sleep {
    TNI_AWAKE = 0,
    TNI_ASLEEP = 1, /* or about to be: in poll, woken by its descriptor */
    TNI_ON_SEMAPHORE = 2, /* with nothing but a wake-up to wait for       */
};

struct tni_waiter {
    atomic_uint asleep; /* enum tni_sleep */
    sem_t woken; /* raised by whoever finds it asleep without a descriptor */
    int wakefd; /* negative: none, and why */
    struct tni_waiter *next_free;
    uint8_t *scratch; /* read buffer of the connections that this thread serves */
    struct tni_lent *kept[2]; /* memory of waits before this one */
    unsigned spins_missed; /* how many waits pass without a spin after one that was in vain */
    unsigned spins_skipped; /* have passed */
};

enum { TNI_SCRATCH = 128 * 1024 };

/** This thread's record; NULL with a sentence: no memory. Out of descriptors it has no `wakefd`: such a
 *  thread sleeps on nothing but its wake-up, and leaves connections to the I/O threads. */
struct tni_waiter *tni_waiter_mine(void);
/** This thread's read buffer, TNI_SCRATCH bytes; NULL: no memory. */
uint8_t *tni_scratch(void);
/** Sleeps on `woken`, at most `limit` ms: a cancellation point. 0: woken, perhaps by one who came late for an
 *  earlier sleep; -ETIMEDOUT; -EINTR: a signal was handled, whether or not its handler restarts system calls. */
int tni_waiter_sleep(struct tni_waiter *waiter, uint64_t limit);
/** Memory for the length of a wait, zeroed; the thread keeps a little for its next one, so that waiting
 *  again and again allocates nothing. Calls may nest. NULL: no memory. */
void *tni_waiter_lend(size_t size);
/** Takes it back; NULL does nothing. */
void tni_waiter_take_back(void *memory);
/** Ends the records that no thread owns, and this thread's. When the last context has ended. */
void tni_waiters_trim(void);
/** Any thread. */
void tni_waiter_wake(struct tni_waiter *waiter);

#endif
