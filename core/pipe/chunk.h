/*
 * chunk.h: the pieces of a chain, and places in it. For the files of the chain alone.
 *
 * A chunk's area is filled with frames from the front and with attachments from the back. What a
 * consumer may look at is what a commit has published: `end` and `published` of each chunk, and the
 * chain's position; a rollback takes back the rest.
 */
#ifndef TNI_CHUNK_H
#define TNI_CHUNK_H

#include "pipe/chain.h"
#include "zmtp/frame.h"

enum { TNI_CHUNK_FIRST = 256, TNI_CHUNK_USUAL = 1024, TNI_CHUNK_LARGEST = 64 * 1024 };

/* `sizeof` is a multiple of 8, and so is `capacity`. */
struct tni_chunk {
    struct tni_chunk *next; /* published together with `end` */
    uint64_t base; /* position of area[0]           */
    atomic_uint_fast64_t end; /* where it ends; UINT64_MAX until a commit lies beyond it */
    atomic_uint published; /* committed attachments         */
    uint32_t attachments; /* the producer's                */
    uint32_t capacity; /* of area                       */
    uint32_t ordinal; /* in the chain: two chunks may begin at the same position */
    alignas(8) uint8_t area[];
};

static inline struct tni_attachment *tni_attachment_of(struct tni_chunk *chunk, uint32_t index)
{
    return (struct tni_attachment *)(void *)(chunk->area + chunk->capacity) - index - 1;
}

/** An empty chunk of `total` bytes with its head, the chain's spare one if it is large enough. NULL:
 *  no memory. */
struct tni_chunk *tni_chunk_new(struct tni_chain *chain, size_t total);
/** NULL is allowed. */
void tni_chunk_free(struct tni_chunk *chunk);
/** Gives an empty chunk back to the producer. */
void tni_chunk_recycle(struct tni_chain *chain, struct tni_chunk *chunk);
/** Lets go of what the attachment holds. */
void tni_attachment_end(struct tni_attachment *attachment);

/* ---- places; the consumer's */

/* The attachment that lies at the cursor, or NULL. */
static inline struct tni_attachment *tni_cursor_attachment(const struct tni_cursor *cursor)
{
    struct tni_chunk *chunk = cursor->chunk;
    struct tni_attachment *attachment;

    if (cursor->attachment >= atomic_load_explicit(&chunk->published, memory_order_acquire))
        return NULL;
    attachment = tni_attachment_of(chunk, cursor->attachment);
    return attachment->at == cursor->position - chunk->base ? attachment : NULL;
}

/* Bytes in the cursor's chunk up to the next attachment, the chunk's end or `limit`. Steps over to
 * the next chunk first when this one is done. */
static inline size_t tni_cursor_run(struct tni_cursor *cursor, uint64_t limit)
{
    uint64_t stop = limit;
    struct tni_chunk *chunk = cursor->chunk;
    uint64_t end = atomic_load_explicit(&chunk->end, memory_order_acquire);

    if (cursor->position == end && !tni_cursor_attachment(cursor)) {
        cursor->chunk = chunk = chunk->next;
        cursor->attachment = 0;
        end = atomic_load_explicit(&chunk->end, memory_order_acquire);
    }
    if (end < stop)
        stop = end;
    if (cursor->attachment < atomic_load_explicit(&chunk->published, memory_order_acquire)) {
        uint64_t at = chunk->base + tni_attachment_of(chunk, cursor->attachment)->at;
        if (at < stop)
            stop = at;
    }
    return stop > cursor->position ? (size_t)(stop - cursor->position) : 0;
}

static inline bool tni_cursor_is_at(const struct tni_cursor *cursor, uint64_t limit)
{
    return cursor->position == limit && !tni_cursor_attachment(cursor);
}

/* Moves over bytes of the attachment that lies at the cursor. */
static inline void tni_cursor_pass(struct tni_cursor *cursor,
                                   const struct tni_attachment *attachment, uint64_t bytes)
{
    cursor->attachment_done += bytes;
    if (cursor->attachment_done == attachment->size) {
        cursor->attachment++;
        cursor->attachment_done = 0;
    }
}

static inline bool tni_cursor_is_same(const struct tni_cursor *a, const struct tni_cursor *b)
{
    return a->position == b->position && a->chunk == b->chunk && a->attachment == b->attachment &&
           a->attachment_done == b->attachment_done;
}

/* The end of a chunk is the beginning of the next one, where an attachment may lie. */
static inline void tni_cursor_step_over(struct tni_cursor *cursor)
{
    while (cursor->position == atomic_load_explicit(&cursor->chunk->end, memory_order_acquire) &&
           !tni_cursor_attachment(cursor)) {
        cursor->chunk = cursor->chunk->next;
        cursor->attachment = 0;
    }
}

/* Likewise, and whether there is nothing more before `limit`. */
static inline bool tni_cursor_comes_to(struct tni_cursor *cursor, uint64_t limit)
{
    tni_cursor_step_over(cursor);
    return tni_cursor_is_at(cursor, limit);
}

/** Messages that the consumer takes before it tells the producer. */
static inline uint64_t tni_chain_low_mark(const struct tni_chain *chain)
{
    uint64_t hwm = atomic_load_explicit(&chain->hwm, memory_order_relaxed);

    return hwm ? (hwm + 1) / 2 : 64;
}

/** Sets what the short way of the producer may do. After each commit. */
static inline void tni_chain_reopen(struct tni_chain *chain)
{
    const struct tni_chunk *chunk = chain->w.chunk;
    size_t kept = (chunk->attachments + 1) * sizeof(struct tni_attachment) + TNI_FRAME_HEADER_MAX;

    chain->w.open_until = kept > chunk->capacity ? 0 : chunk->base + chunk->capacity - kept;
}

/** The last look at what was committed: how far the consumer may go. */
void tni_chain_snapshot(struct tni_chain *chain);
/** Finds out how far tni_chain_get may go; false: not at all. */
bool tni_chain_reach(struct tni_chain *chain);
/** Everything before `to` is done: ends its attachments and chunks. */
void tni_chain_keep(struct tni_chain *chain, const struct tni_cursor *to);

/* ---- conflation */

/** The producer's write: the message takes the place of the one before. */
int tni_slot_write(struct tni_chain *chain, tn_msg_t *msg);
/** Moves the message, if there is one, into the chain proper; the consumer's. */
void tni_slot_take(struct tni_chain *chain);
/** Writes one frame into the chain proper. */
int tni_chain_write_frame(struct tni_chain *chain, tn_msg_t *msg);

#endif
