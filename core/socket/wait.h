/*
 * wait.h: how a thread waits for sockets and descriptors, and is woken.
 *
 * A waiter belongs to a thread for as long as that lives; records are pooled and never unmapped, so
 * that a wake-up which comes late hits nobody's memory. Sleeping and waking follow one rule: the
 * sleeper sets `asleep`, looks at everything once more, and only then sleeps; whoever publishes
 * something looks at `asleep` afterwards, and the one who clears it writes the descriptor.
 */
#ifndef TNI_WAIT_H
#define TNI_WAIT_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct tn_sock;
struct tni_lent;

enum tni_sleep {
    TNI_AWAKE = 0,
    TNI_ASLEEP = 1, /* or about to be: in poll, woken by its descriptor */
    TNI_ON_FUTEX = 2, /* with nothing but a wake-up to wait for           */
};

struct tni_waiter {
    atomic_uint asleep; /* enum tni_sleep */
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
/** Memory for the length of a wait, zeroed; the thread keeps a little for its next one, so that waiting
 *  again and again allocates nothing. Calls may nest. NULL: no memory. */
void *tni_waiter_lend(size_t size);
/** Takes it back; NULL does nothing. */
void tni_waiter_take_back(void *memory);
/** Ends the records that no thread owns, and this thread's. When the last context has ended. */
void tni_waiters_trim(void);
/** Any thread. */
void tni_waiter_wake(struct tni_waiter *waiter);

/** The waiters of one socket; embedded in it. Own lock, taken after any other. Most often there is
 *  only one, which needs no lock: a wake-up that comes when it has left hits its record, not its memory. */
struct tni_waitq {
    _Atomic(struct tni_waiter *) first;
    pthread_mutex_t lock;
    struct tni_link others;
    atomic_uint other_count;
};

void tni_waitq_init(struct tni_waitq *queue);
bool tni_waitq_is_empty(struct tni_waitq *queue);
/** Wakes everybody who waits. Any thread. */
void tni_waitq_wake(struct tni_waitq *queue);

/** One thing waited for: -EAGAIN goes on waiting, anything else ends it. Called without locks. */
typedef int (*tni_attempt_fn)(void *arg);

struct tni_wait {
    struct tn_sock **socks; /* pinned by the caller; of any contexts */
    size_t sock_count;
    const struct pollfd *fds;
    size_t fd_count;
    int timeout; /* ms */
    int spin_us; /* at most, before the first sleep */
    const sigset_t
        *mask; /* signals that are blocked while the thread sleeps, as for ppoll(); or NULL */
    tni_attempt_fn attempt;
    void *arg;
    /** The attempt was made already, in vain, when the only socket's `changes` were that many; it gives
     *  nothing else before they are more, or something is announced. */
    bool was_tried;
    unsigned changes;
};

/** Waits until the attempt gives something else than -EAGAIN, which is returned. The thread serves
 *  the connections of the sockets meanwhile. -ETIMEDOUT after a last attempt; -EINTR; -ENOMEM. */
int tni_wait(const struct tni_wait *wait);

#endif
