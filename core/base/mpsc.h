/*
 * mpsc.h: a lock-free queue that any thread may fill and one thread at a time empties.
 *
 * Intrusive. An item carries a word of bits: what has been announced since it was last taken, and
 * whether it is queued. Announcing sets bits; the one announcer that finds it not queued pushes it.
 * Whoever takes it reads and clears the word before acting, so that a later announcement queues it
 * again.
 */
#ifndef TNI_MPSC_H
#define TNI_MPSC_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum { TNI_MPSC_QUEUED = 1 }; /* the other bits are the user's */

struct tni_mpsc_item {
    struct tni_mpsc_item *next; /* the pusher's, then the popper's */
    atomic_uint word;
};

struct tni_mpsc {
    _Atomic(struct tni_mpsc_item *) head; /* newest first */
};

static inline void tni_mpsc_init(struct tni_mpsc *queue)
{
    atomic_init(&queue->head, NULL);
}

static inline void tni_mpsc_item_init(struct tni_mpsc_item *item)
{
    item->next = NULL;
    atomic_init(&item->word, 0);
}

/** True for the one caller that must push. seq_cst: orders what was published before it. */
static inline bool tni_mpsc_announce(struct tni_mpsc_item *item, unsigned bits)
{
    return !(atomic_fetch_or(&item->word, bits | TNI_MPSC_QUEUED) & TNI_MPSC_QUEUED);
}

/** Whether it is queued at this moment: a hint. */
static inline bool tni_mpsc_is_queued(struct tni_mpsc_item *item)
{
    return atomic_load_explicit(&item->word, memory_order_relaxed) & TNI_MPSC_QUEUED;
}

/** What was announced; from here on the item may be pushed again. */
static inline unsigned tni_mpsc_collect(struct tni_mpsc_item *item)
{
    return atomic_exchange(&item->word, 0) & ~(unsigned)TNI_MPSC_QUEUED;
}

/** seq_cst: orders the push before the pusher's next look at who sleeps. */
static inline void tni_mpsc_push(struct tni_mpsc *queue, struct tni_mpsc_item *item)
{
    struct tni_mpsc_item *head = atomic_load_explicit(&queue->head, memory_order_relaxed);

    do {
        item->next = head;
    } while (!atomic_compare_exchange_weak(&queue->head, &head, item));
}

static inline bool tni_mpsc_is_empty(struct tni_mpsc *queue)
{
    return atomic_load(&queue->head) == NULL;
}

/** Takes everything, oldest first, linked by `next`. Collect each before acting on
 *  it, and read `next` before that. */
static inline struct tni_mpsc_item *tni_mpsc_take_all(struct tni_mpsc *queue)
{
    struct tni_mpsc_item *newest, *oldest = NULL;

    if (!atomic_load_explicit(&queue->head, memory_order_relaxed))
        return NULL;
    newest = atomic_exchange(&queue->head, NULL);
    while (newest) {
        struct tni_mpsc_item *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

#endif
