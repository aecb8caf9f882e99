#include "pipe/chain.h"

#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/expect.h"
#include "base/memory.h"
#include "pipe/chunk.h"

int tni_chain_conflate(struct tni_chain *chain)
{
    if (chain->slot)
        return 0;
    chain->slot = tni_calloc(1, sizeof *chain->slot);
    if (!chain->slot)
        return -ENOMEM;
    pthread_mutex_init(&chain->slot->lock, NULL);
    tn_msg_clear(&chain->slot->message);
    return 0;
}

int tni_chain_init(struct tni_chain *chain, uint64_t hwm, bool conflate)
{
    struct tni_chunk *chunk;

    memset(chain, 0, sizeof *chain);
    atomic_init(&chain->epoch, 1);
    atomic_init(&chain->hwm, hwm);
    chunk = tni_chunk_new(chain, TNI_CHUNK_FIRST);
    if (!chunk)
        return -ENOMEM;
    if (conflate && tni_chain_conflate(chain) < 0) {
        tni_chunk_free(chunk);
        return -ENOMEM;
    }
    chain->w.chunk = chain->w.committed = chunk;
    chain->r.sent.chunk = chain->r.keep.chunk = chunk;
    tni_chain_reopen(chain);
    return 0;
}

static void free_chunks(struct tni_chunk *chunk, uint32_t from)
{
    while (chunk) {
        struct tni_chunk *next = chunk->next;
        for (uint32_t i = from; i < chunk->attachments; i++)
            tni_attachment_end(tni_attachment_of(chunk, i));
        from = 0;
        tni_chunk_free(chunk);
        chunk = next;
    }
}

void tni_chain_fini(struct tni_chain *chain)
{
    free_chunks(chain->r.keep.chunk, chain->r.keep.attachment);
    chain->r.keep.chunk = NULL;
    tni_chunk_free(atomic_exchange(&chain->spare, NULL));
    if (chain->slot) {
        tn_msg_close(&chain->slot->message);
        pthread_mutex_destroy(&chain->slot->lock);
        tni_free(chain->slot);
        chain->slot = NULL;
    }
}

/* Nothing is queued, unfinished, or still to be released. */
static bool is_idle(struct tni_chain *chain)
{
    return tni_chain_is_empty(chain) && chain->w.position == chain->w.committed_position &&
           chain->w.committed_attachments == chain->w.chunk->attachments &&
           tni_cursor_is_same(&chain->r.keep, &chain->r.sent);
}

void tni_chain_shrink(struct tni_chain *chain)
{
    struct tni_chunk *small;

    tni_chunk_free(atomic_exchange(&chain->spare, NULL));
    if (chain->w.chunk->capacity <= TNI_CHUNK_FIRST || !is_idle(chain))
        return;
    small = tni_chunk_new(chain, TNI_CHUNK_FIRST);
    if (!small)
        return;
    small->base = chain->w.position;
    small->ordinal = chain->w.chunk->ordinal + 1;
    free_chunks(chain->r.keep.chunk, chain->r.keep.attachment);
    chain->w.chunk = chain->w.committed = small;
    chain->w.committed_attachments = 0;
    chain->r.sent.chunk = small;
    chain->r.sent.attachment = 0;
    chain->r.keep.chunk = small;
    chain->r.keep.attachment = 0;
    tni_chain_reopen(chain);
}

bool tni_chain_is_empty(struct tni_chain *chain)
{
    if (chain->slot) {
        bool is_full;
        pthread_mutex_lock(&chain->slot->lock);
        is_full = chain->slot->is_full;
        pthread_mutex_unlock(&chain->slot->lock);
        if (is_full)
            return false;
    }
    tni_cursor_step_over(&chain->r.sent);
    return tni_cursor_is_at(&chain->r.sent, atomic_load(&chain->position));
}

uint64_t tni_chain_length(struct tni_chain *chain)
{
    uint64_t released = atomic_load_explicit(&chain->released, memory_order_acquire);
    uint64_t produced = atomic_load_explicit(&chain->produced, memory_order_acquire);

    return produced > released ? produced - released : 0;
}

/* `done`: messages that the consumer needs no more. */
static bool release(struct tni_chain *chain, uint64_t done, bool now)
{
    uint64_t hwm = atomic_load_explicit(&chain->hwm, memory_order_relaxed);
    uint64_t low = (hwm + 1) / 2;

    if (!now && done - chain->r.published < tni_chain_low_mark(chain))
        return false;
    if (done != chain->r.published) {
        chain->r.published = done;
        /* seq_cst: pairs with the producer's store of `blocked` before it reads this again. */
        atomic_store(&chain->released, done);
    }
    if (!atomic_load(&chain->blocked))
        return false;
    if (atomic_load_explicit(&chain->produced, memory_order_acquire) - done > hwm - low)
        return false;
    return atomic_exchange(&chain->blocked, 0);
}

bool tni_chain_release(struct tni_chain *chain, bool now)
{
    uint64_t sent = chain->r.sent.messages, kept = chain->r.keep.messages;

    return release(chain, sent > kept ? sent : kept, now);
}

bool tni_chain_release_kept(struct tni_chain *chain)
{
    return release(chain, chain->r.keep.messages, true);
}

/* Ends the attachments and chunks between `keep` and `to`, which becomes the new `keep`. */
void tni_chain_keep(struct tni_chain *chain, const struct tni_cursor *to)
{
    struct tni_cursor *keep = &chain->r.keep;

    while (keep->chunk != to->chunk) {
        struct tni_chunk *done = keep->chunk;
        uint32_t count = atomic_load_explicit(&done->published, memory_order_acquire);
        for (uint32_t i = keep->attachment; i < count; i++)
            tni_attachment_end(tni_attachment_of(done, i));
        keep->chunk = done->next;
        keep->attachment = 0;
        tni_chunk_recycle(chain, done);
    }
    for (uint32_t i = keep->attachment; i < to->attachment; i++)
        tni_attachment_end(tni_attachment_of(to->chunk, i));
    *keep = *to;
}

void tni_chain_snapshot(struct tni_chain *chain)
{
    uint64_t messages, position;

    if (TNI_RARELY(chain->slot) && tni_cursor_is_at(&chain->r.sent, atomic_load(&chain->position)))
        tni_slot_take(chain);
    /* In this order it is never more messages than lie before `position`. */
    messages = atomic_load_explicit(&chain->produced, memory_order_acquire);
    /* seq_cst: after the announcement was taken, see tni_side_is_told. */
    position = atomic_load(&chain->position);
    chain->r.limit_messages = messages;
    chain->r.limit = position;
}
