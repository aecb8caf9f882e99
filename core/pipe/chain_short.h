/*
 * chain_short.h: the short way through a chain, for small frames.
 *
 * Most messages are of small frames that fit into the chunk at hand. For those, these do in a few dozen
 * instructions what tni_chain_write and tni_chain_peek do for all; when anything is in the way they have
 * done nothing and say so. Locks as in chain.h.
 */
#ifndef TNI_CHAIN_SHORT_H
#define TNI_CHAIN_SHORT_H

#include <string.h>

#include "base/copy.h"
#include "base/expect.h"
#include "base/processor.h"
#include "pipe/chunk.h"
#include "zmtp/frame.h"

/** The consumer has read this chunk before, on another processor: a producer that fetched a line of it only when
 *  it writes there would wait for each. In bytes. */
enum { TNI_CHAIN_AHEAD = 6 * 64 };

static inline bool tni_chain_admits(const struct tni_chain *chain, uint64_t messages)
{
    uint64_t hwm = atomic_load_explicit(&chain->hwm, memory_order_relaxed);

    return hwm == 0 || chain->w.messages - chain->w.released_seen + messages <= hwm;
}

/** Appends a message of one frame, behind an empty one if `is_delimited`, and commits it. False: it needs
 *  another chunk, a message is unfinished, the chain has a slot, or the mark is reached as far as is known
 *  here. `position` is stored so that a look at the consumer's announcement (tni_side_is_told) may follow
 *  without a barrier of its own. */
static inline bool tni_chain_put(struct tni_chain *chain, bool is_delimited, const void *data,
                                 size_t size)
{
    size_t delimiter = is_delimited ? TNI_FRAME_SHORT_HEADER : 0;
    struct tni_chunk *chunk;
    uint64_t position;
    uint8_t *to;
    size_t header;

    if (chain->slot) /* then the consumer writes into the chain, too */
        return false;
    chunk = chain->w.chunk;
    position = chain->w.position;
    if (position + delimiter >= chain->w.open_until ||
        size >= chain->w.open_until - position - delimiter || !tni_chain_admits(chain, 1))
        return false;
    to = chunk->area + (position - chunk->base);
    if (is_delimited)
        tni_frame_encode(to, TNI_FRAME_MORE, 0);
    header = delimiter + tni_frame_encode(to + delimiter, 0, size);
    tni_copy(to + header, data, size);
    tni_will_write(to + TNI_CHAIN_AHEAD);
    position += header + size;
    chain->w.position = chain->w.committed_position = position;
    chain->w.messages++;
    /* A count that is behind does no harm: of messages it is never more than lie before `position`. */
    atomic_store(&chain->position, position);
    atomic_store_explicit(&chain->produced, chain->w.messages, memory_order_release);
    return true;
}

/** Commits what lies in the chunk that holds the last commit, and brought no attachment. */
static inline void tni_chain_publish(struct tni_chain *chain, uint64_t messages)
{
    chain->w.committed_position = chain->w.position;
    chain->w.messages += messages;
    atomic_store_explicit(&chain->position, chain->w.position, memory_order_release);
    atomic_store_explicit(&chain->produced, chain->w.messages, memory_order_release);
}

/** Appends whole messages, encoded, and commits them. False: nothing was done, as above. */
static inline bool tni_chain_put_run(struct tni_chain *chain, const uint8_t *frames, size_t size,
                                     uint64_t messages)
{
    uint64_t position;

    if (chain->slot) /* then the consumer writes into the chain, too */
        return false;
    position = chain->w.position;
    if (position >= chain->w.open_until || size >= chain->w.open_until - position ||
        !tni_chain_admits(chain, messages))
        return false;
    memcpy(chain->w.chunk->area + (position - chain->w.chunk->base), frames, size);
    chain->w.position = position + size;
    tni_chain_publish(chain, messages);
    return true;
}

/** Up to this size a body is copied, whatever holds it. */
enum { TNI_CHAIN_SMALL = 512 };

/** Appends a frame with a body of at most TNI_CHAIN_SMALL bytes; the last one of a message commits it. The
 *  mark is not looked at. False: it needs another chunk, or the chain has a slot. */
static inline bool tni_chain_put_frame(struct tni_chain *chain, bool more, const void *data,
                                       size_t size)
{
    struct tni_chunk *chunk = chain->w.chunk;
    uint64_t offset = chain->w.position - chunk->base;
    size_t kept = (chunk->attachments + 1) * sizeof(struct tni_attachment) + TNI_FRAME_HEADER_MAX;
    uint8_t *to = chunk->area + offset;
    size_t header;

    if (chain->slot || offset + size + kept > chunk->capacity)
        return false;
    header = tni_frame_encode(to, more ? TNI_FRAME_MORE : 0, size);
    memcpy(to + header, data, size);
    chain->w.position += header + size;
    chain->w.open_until = 0; /* a message is unfinished */
    if (more)
        return true;
    if (TNI_RARELY(TNI_IS_SMALL || chain->w.committed != chunk ||
                   chain->w.committed_attachments != chunk->attachments)) {
        tni_chain_commit(chain, 1);
    } else {
        tni_chain_publish(chain, 1);
        tni_chain_reopen(chain);
    }
    return true;
}

/** Whether a data frame comes next, and not a control record. False: there is none, or that is not known
 *  here. */
static inline bool tni_chain_has_frame(struct tni_chain *chain)
{
    return chain->r.sent.position < chain->r.stop || tni_chain_reach(chain);
}

/** The next frame, and moves past it; `more`: also one that others of its message follow. Its bytes stay
 *  valid until the next look at the chain. NULL: there is none, it is another, or its body lies
 *  elsewhere. */
static inline const uint8_t *tni_chain_get_frame(struct tni_chain *chain, unsigned more,
                                                 unsigned *out_flags, size_t *out_size)
{
    struct tni_cursor *at = &chain->r.sent;
    const uint8_t *frame;
    unsigned flags;
    uint64_t size;
    size_t header;

    if (!tni_chain_has_frame(chain))
        return NULL;
    frame = at->chunk->area + (at->position - at->chunk->base);
    flags = frame[0] & ~more;
    if (flags == 0) {
        size = frame[1];
        header = TNI_FRAME_SHORT_HEADER;
    } else if (flags == TNI_FRAME_LONG && chain->r.stop - at->position > TNI_FRAME_HEADER_MAX) {
        memcpy(&size, frame + 1, sizeof size);
        size = be64toh(size);
        header = TNI_FRAME_HEADER_MAX;
    } else {
        return NULL; /* a command, or a body of its own */
    }
    if (size + header > chain->r.stop - at->position)
        return NULL;
    at->position += size + header;
    *out_flags = frame[0] & more;
    at->messages += !*out_flags;
    *out_size = (size_t)size;
    return frame + header;
}

/** The next message, if it is of one frame; otherwise as above. */
static inline const uint8_t *tni_chain_get(struct tni_chain *chain, size_t *out_size)
{
    unsigned flags;

    return tni_chain_get_frame(chain, 0, &flags, out_size);
}

/** The next message, if it is of an empty frame and one more: the body of that. Otherwise as above. */
static inline const uint8_t *tni_chain_get_delimited(struct tni_chain *chain, size_t *out_size)
{
    struct tni_cursor *at = &chain->r.sent;
    const uint8_t *frame, *body;

    if (!tni_chain_has_frame(chain) || chain->r.stop - at->position < 2 * TNI_FRAME_SHORT_HEADER)
        return NULL;
    frame = at->chunk->area + (at->position - at->chunk->base);
    if (frame[0] != TNI_FRAME_MORE || frame[1] != 0)
        return NULL;
    at->position += TNI_FRAME_SHORT_HEADER;
    body = tni_chain_get(chain, out_size);
    if (!body)
        at->position -= TNI_FRAME_SHORT_HEADER;
    return body;
}

/** Puts back what one of these two gave last; `before` is where it began. */
static inline void tni_chain_unget(struct tni_chain *chain, uint64_t before)
{
    chain->r.sent.position = before;
    chain->r.sent.messages--;
}

/** Whether the consumer has moved past everything that was committed, and keeps nothing of it that could
 *  be given back. False also where that is not known here. */
static inline bool tni_chain_is_drained(struct tni_chain *chain)
{
    const struct tni_cursor *at = &chain->r.sent, *keep = &chain->r.keep;

    if (at->position != chain->r.limit) /* it knows of more */
        return false;
    return !chain->slot && at->position == atomic_load(&chain->position) &&
           keep->chunk == at->chunk && keep->attachment == at->attachment &&
           at->attachment == atomic_load_explicit(&at->chunk->published, memory_order_acquire) &&
           atomic_load_explicit(&at->chunk->end, memory_order_acquire) != at->position;
}

/** All that is still to be handed out as bytes, if it lies side by side in one chunk. */
static inline bool tni_chain_unsent(struct tni_chain *chain, struct iovec *out_bytes)
{
    struct tni_cursor *at = &chain->r.sent;

    if (chain->slot)
        return false;
    tni_chain_snapshot(chain);
    tni_cursor_step_over(at);
    if (at->attachment != atomic_load_explicit(&at->chunk->published, memory_order_acquire) ||
        atomic_load_explicit(&at->chunk->end, memory_order_acquire) <= chain->r.limit)
        return false;
    out_bytes->iov_base = at->chunk->area + (at->position - at->chunk->base);
    out_bytes->iov_len = (size_t)(chain->r.limit - at->position);
    return out_bytes->iov_len > 0;
}

/** Whether tni_chain_release has something to tell after a message was taken the short way. */
static inline bool tni_chain_has_released(const struct tni_chain *chain)
{
    return chain->r.sent.messages - chain->r.published >= tni_chain_low_mark(chain);
}

#endif
