/*
 * waitq.h: the waiters of one socket; embedded in it.
 *
 * Own lock, taken after any other. Most often there is only one waiter, which needs no lock: a wake-up that
 * comes when it has left hits its record, not its memory.
 */
#ifndef TNI_WAITQ_H
#define TNI_WAITQ_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"
#include "socket/waiter.h"

struct tni_waitq {
    _Atomic(struct tni_waiter *) first;
    pthread_mutex_t lock;
    struct tni_link others;
    atomic_uint other_count;
};

/** A waiter's place in one. */
struct tni_wait_link {
    struct tni_link link; /* in `others`, unless it is the first */
    struct tni_waiter *waiter;
    bool is_first;
};

void tni_waitq_init(struct tni_waitq *queue);
bool tni_waitq_is_empty(struct tni_waitq *queue);
/** `place->waiter` is set. It stays in place until it quits. */
void tni_waitq_join(struct tni_waitq *queue, struct tni_wait_link *place);
void tni_waitq_quit(struct tni_waitq *queue, struct tni_wait_link *place);
/** Wakes everybody who waits. Any thread. */
void tni_waitq_wake(struct tni_waitq *queue);

#endif
