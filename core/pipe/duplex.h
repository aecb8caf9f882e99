/*
 * duplex.h: what two ends of a pipe share: a chain each way, and the word on who is still there.
 *
 * Each side is a socket's end (struct tn_pipe) or a connection's (struct tni_session). A side may use
 * the duplex, and wake the other side, until it has closed its own; whoever closes second frees it,
 * and with it the last reference to both owners. A side that nobody owns yet counts as closed. No lock;
 * each chain end has its user's.
 */
#ifndef TNI_DUPLEX_H
#define TNI_DUPLEX_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/mpsc.h"
#include "pipe/chain.h"

/** What an owner is woken for; bits of tni_mpsc_announce, of which 1 is taken. */
enum tni_wake {
    TNI_WAKE_DATA = 2, /* something was committed                   */
    TNI_WAKE_SPACE = 4, /* a producer that was refused may go on     */
    TNI_WAKE_CLOSED = 8, /* the other side is gone                    */
    TNI_WAKE_NEW = 16, /* a pipe that its socket has not seen yet   */
};

struct tni_side_ops {
    void (*wake)(void *owner, unsigned what);
    /** What `wake` announces. NULL: the owner is to be woken each time. */
    struct tni_mpsc_item *(*item)(void *owner);
    void (*unref)(void *owner);
    /** Hands a message of one frame to the kernel without queueing it, under the lock of the other side;
     *  what the kernel does not take of it is queued, and goes out when somebody serves the connection,
     *  whom the caller sees to. False: nothing was done. NULL: it cannot. */
    bool (*write)(void *owner, const void *data, size_t size);
};

struct tni_side {
    const struct tni_side_ops *ops;
    struct tni_mpsc_item *item; /* the owner's, or NULL; set before the owner */
    _Atomic(void *) owner; /* NULL until it is there */
    atomic_bool is_closing;
};

struct tni_duplex {
    struct tni_chain way[2]; /* way[s] is written by side s */
    struct tni_side side[2];
    atomic_uint gone; /* a bit per side */
};

/** Returns new, without owners. NULL: no memory. `conflate[s]` is for way[s]. */
struct tni_duplex *tni_duplex_new(const uint64_t hwm[2], const bool conflate[2]);

/** Gives side `s` its owner; takes one reference to it, which is given back at the end. */
void tni_duplex_own(struct tni_duplex *duplex, unsigned s, const struct tni_side_ops *ops,
                    void *owner);

/** Wakes the owner of the other side than `s`, if it is there. */
static inline void tni_duplex_wake_other(struct tni_duplex *duplex, unsigned s, unsigned what)
{
    struct tni_side *other = &duplex->side[!s];
    void *owner = atomic_load(&other->owner);

    if (owner)
        other->ops->wake(owner, what);
}

/** Whether the owner of `side` has been told of data and has not begun to look at it, so
 *  that it need not be woken for what is in the chain. What was committed must have been stored by a
 *  sequentially consistent store, as the owner takes the announcement first and looks then. */
static inline bool tni_side_is_told(struct tni_side *side)
{
    const unsigned told = TNI_WAKE_DATA | TNI_MPSC_QUEUED;

    return atomic_load_explicit(&side->owner, memory_order_acquire) && side->item &&
           (atomic_load(&side->item->word) & told) == told;
}

/** Whether the other side than `s` has closed: it writes no more, and reads no more. */
static inline bool tni_duplex_other_is_closing(struct tni_duplex *duplex, unsigned s)
{
    return atomic_load(&duplex->side[!s].is_closing);
}

/** Side `s` is done with the duplex. What it committed can still be read. */
void tni_duplex_close(struct tni_duplex *duplex, unsigned s);

#endif
