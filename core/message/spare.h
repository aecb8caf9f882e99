/*
 * spare.h: what a thread keeps of the messages that it closed, for the next ones.
 *
 * In a stream of messages from one peer, each received and closed, a reference to the peer would be counted
 * forth and back, and a small body freed and allocated: more than half of what such a message costs its
 * receiver. So a thread keeps the references to a peer that it gave back last, and the memory of one body. They
 * go when others take their place, and at the end of the thread. No lock: nobody else sees them.
 */
#ifndef TNI_SPARE_H
#define TNI_SPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/blocks.h"
#include "base/expect.h"
#include "base/hot_local.h"
#include "base/poison.h"
#include "message/peer_info.h"

struct tni_spare {
    struct tn_peer_info *peer; /* may be gone while there are no references */
    void *memory; /* or NULL */
    size_t size; /* of it */
    unsigned refs; /* to the peer */
    bool is_kept; /* the thread will give it up at its end */
};
extern TNI_HOT_THREAD_LOCAL struct tni_spare tni_spare;

/** Before the first thing is put there. False: it would not be given up. */
bool tni_spare_keep(void);
/** The slow half of tni_peer_give. */
void tni_spare_change_peer(struct tn_peer_info *info);

/** A reference for a message. */
static inline void tni_peer_take(struct tn_peer_info *info)
{
    struct tni_spare *spare = &tni_spare;

    if (TNI_IS_SMALL || spare->peer != info || spare->refs == 0)
        tni_peer_info_ref(info);
    else
        spare->refs--;
}

/** Gives a message's back. */
static inline void tni_peer_give(struct tn_peer_info *info)
{
    struct tni_spare *spare = &tni_spare;

    if (TNI_IS_SMALL)
        tni_peer_info_unref(info);
    else if (spare->peer != info)
        tni_spare_change_peer(info);
    else
        spare->refs++;
}

/** Whether there is a block (blocks.h) of at least `size` bytes and not much more. */
static inline bool tni_spare_fits(size_t size)
{
    const struct tni_spare *spare = &tni_spare;

    return !TNI_IS_SMALL && spare->memory && spare->size >= size && spare->size / 2 <= size;
}

/** That block. */
static inline void *tni_spare_take(void)
{
    struct tni_spare *spare = &tni_spare;
    void *memory = spare->memory;

    TNI_UNPOISON(memory, spare->size);
    spare->memory = NULL;
    return memory;
}

/** Keeps a block in the place of the one before, or gives it back. */
static inline void tni_spare_give(void *block, size_t size)
{
    struct tni_spare *spare = &tni_spare;

    if (TNI_IS_SMALL || size >= TNI_BLOCK_LEAST || !(spare->is_kept || tni_spare_keep())) {
        tni_block_give(block, size);
        return;
    }
    if (TNI_RARELY(spare->memory))
        tni_block_give(tni_spare_take(), spare->size);
    TNI_POISON(block, size);
    spare->memory = block;
    spare->size = size;
}

#endif
