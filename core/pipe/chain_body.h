/*
 * chain_body.h: the short way through a chain for messages of one frame that have a body of their own.
 *
 * What goes through is a header and a reference, from hand to hand: nobody counts it on the way. When anything
 * is in the way these have done nothing and say so. Locks as in chain.h.
 */
#ifndef TNI_CHAIN_BODY_H
#define TNI_CHAIN_BODY_H

#include "pipe/chain_short.h"

/** As TNI_CHAIN_AHEAD, in attachments. */
enum { TNI_BODIES_AHEAD = 4 };

/** Appends a message of one frame whose body is `owner`'s, which it takes, and commits it. False: nothing was done,
 *  for one of the reasons of tni_chain_put. */
static inline bool tni_chain_put_body(struct tni_chain *chain, struct tn_body *owner,
                                      const uint8_t *data, size_t size)
{
    struct tni_chunk *chunk = chain->w.chunk;
    uint64_t position = chain->w.position;
    struct tni_attachment *attachment;

    if (chain->slot || size <= UINT8_MAX ||
        position + TNI_FRAME_HEADER_MAX + sizeof *attachment >= chain->w.open_until ||
        !tni_chain_admits(chain, 1))
        return false;
    attachment = tni_attachment_of(chunk, chunk->attachments);
    position += tni_frame_encode(chunk->area + (position - chunk->base), 0, size);
    attachment->at = (uint32_t)(position - chunk->base);
    attachment->kind = TNI_ATTACH_BODY;
    attachment->object = owner;
    attachment->data = data;
    attachment->size = size;
    tni_will_write(attachment - TNI_BODIES_AHEAD);
    chain->w.committed_attachments = ++chunk->attachments;
    chain->w.open_until -= sizeof *attachment;
    chain->w.position = chain->w.committed_position = position;
    chain->w.messages++;
    atomic_store_explicit(&chunk->published, chunk->attachments, memory_order_release);
    atomic_store(&chain->position, position);
    atomic_store_explicit(&chain->produced, chain->w.messages, memory_order_release);
    return true;
}

/** The body of the next message, if it is of one frame and has a body of its own. NULL: otherwise, or that is
 *  not known here. Moves nothing. */
static inline struct tni_attachment *tni_chain_find_body(struct tni_chain *chain)
{
    struct tni_cursor *at = &chain->r.sent;
    struct tni_attachment *attachment;
    uint64_t offset;

    if (!tni_chain_has_frame(chain) || chain->r.stop - at->position != TNI_FRAME_HEADER_MAX ||
        at->attachment >= chain->r.known)
        return NULL;
    offset = at->position - at->chunk->base;
    attachment = tni_attachment_of(at->chunk, at->attachment);
    return at->chunk->area[offset] == TNI_FRAME_LONG && attachment->kind == TNI_ATTACH_BODY &&
                   attachment->at == offset + TNI_FRAME_HEADER_MAX
               ? attachment
               : NULL;
}

/** Moves past that message. Its reference to the body is the caller's now. */
static inline void tni_chain_take_body(struct tni_chain *chain)
{
    struct tni_cursor *at = &chain->r.sent;
    const struct tni_attachment *next;
    uint64_t stop;

    at->position += TNI_FRAME_HEADER_MAX;
    at->attachment++;
    at->messages++;
    chain->r.keep = *at;
    if (at->attachment >= chain->r.known)
        return;
    next = tni_attachment_of(at->chunk, at->attachment);
    tni_will_write(next->object);
    stop = at->chunk->base + next->at;
    chain->r.stop = stop < chain->r.limit ? stop : chain->r.limit;
}

#endif
