/*
 * chain_short.h: the short way through a chain, for a message of one small frame.
 *
 * Most messages are one small frame that fits into the chunk at hand. For those, these do in a few dozen
 * instructions what tni_chain_write and tni_chain_peek do for all; when anything is in the way they have
 * done nothing and say so. Locks as in chain.h.
 */
#ifndef TNI_CHAIN_SHORT_H
#define TNI_CHAIN_SHORT_H

#include <string.h>

#include "pipe/chunk.h"
#include "zmtp/frame.h"

static inline bool tni_chain_admits(const struct tni_chain *chain)
{
    uint64_t hwm = atomic_load_explicit(&chain->hwm, memory_order_relaxed);

    return hwm == 0 || chain->w.messages - chain->w.released_seen < hwm;
}

/** Appends a message and commits it, in a chain without a slot. False: it needs another chunk, or the
 *  mark is reached as far as is known here. */
static inline bool tni_chain_put(struct tni_chain *chain, const void *data, size_t size)
{
    struct tni_chunk *chunk = chain->w.chunk;
    size_t used = (size_t)(chain->w.position - chunk->base);
    size_t kept = (chunk->attachments + 1) * sizeof(struct tni_attachment);
    uint8_t *to = chunk->area + used;

    if (used + kept + TNI_FRAME_HEADER_MAX + size > chunk->capacity ||
        chain->w.committed != chunk || chain->w.position != chain->w.committed_position ||
        chunk->attachments != chain->w.committed_attachments || !tni_chain_admits(chain))
        return false;
    to += tni_frame_encode(to, 0, size);
    memcpy(to, data, size);
    chain->w.position = chunk->base + (uint64_t)(to + size - chunk->area);
    chain->w.committed_position = chain->w.position;
    chain->w.messages++;
    atomic_store_explicit(&chain->position, chain->w.position, memory_order_release);
    atomic_store_explicit(&chain->produced, chain->w.messages, memory_order_release);
    return true;
}

/** The next message of a chain without a slot, and moves past it; its bytes stay valid until the next look at the chain. NULL:
 *  there is none, or it is not one small frame. */
static inline const uint8_t *tni_chain_get(struct tni_chain *chain, size_t *out_size)
{
    struct tni_cursor *at = &chain->r.sent;
    struct tni_chunk *chunk = at->chunk;
    const uint8_t *frame;

    if (at->position == chain->r.limit)
        tni_chain_snapshot(chain);
    if (at->position == chain->r.limit ||
        at->position == atomic_load_explicit(&chunk->end, memory_order_acquire) ||
        at->attachment < atomic_load_explicit(&chunk->published, memory_order_acquire))
        return NULL;
    frame = chunk->area + (at->position - chunk->base);
    if (frame[0] != 0) /* more follow, a command, or a size of eight bytes */
        return NULL;
    *out_size = frame[1];
    at->position += TNI_FRAME_SHORT_HEADER + *out_size;
    at->messages++;
    return frame + TNI_FRAME_SHORT_HEADER;
}

/** Puts back what tni_chain_get gave last. */
static inline void tni_chain_unget(struct tni_chain *chain, size_t size)
{
    chain->r.sent.position -= TNI_FRAME_SHORT_HEADER + size;
    chain->r.sent.messages--;
}

/** Whether tni_chain_release has something to tell after a message was taken the short way. */
static inline bool tni_chain_has_released(const struct tni_chain *chain)
{
    return chain->r.sent.messages - chain->r.published >= tni_chain_low_mark(chain);
}

#endif
