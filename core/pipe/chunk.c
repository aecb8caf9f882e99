#include "pipe/chunk.h"

#include "base/blocks.h"
#include "message/body.h"
#include "message/peer_info.h"

struct tni_chunk *tni_chunk_new(struct tni_chain *chain, size_t total)
{
    struct tni_chunk *chunk = atomic_exchange_explicit(&chain->spare, NULL, memory_order_acquire);

    if (chunk && chunk->capacity + sizeof *chunk < total) {
        tni_chunk_free(chunk);
        chunk = NULL;
    }
    if (!chunk) {
        total &= ~(size_t)7;
        chunk = tni_block_take(total);
        if (!chunk)
            return NULL;
        chunk->capacity = (uint32_t)(total - sizeof *chunk);
    }
    chunk->next = NULL;
    chunk->base = 0;
    atomic_init(&chunk->end, UINT64_MAX);
    atomic_init(&chunk->published, 0);
    chunk->attachments = 0;
    chunk->ordinal = 0;
    return chunk;
}

void tni_chunk_free(struct tni_chunk *chunk)
{
    if (chunk)
        tni_block_give(chunk, sizeof *chunk + chunk->capacity);
}

void tni_chunk_recycle(struct tni_chain *chain, struct tni_chunk *chunk)
{
    tni_chunk_free(atomic_exchange_explicit(&chain->spare, chunk, memory_order_acq_rel));
}

void tni_attachment_end(struct tni_attachment *attachment)
{
    switch (attachment->kind) {
    case TNI_ATTACH_BODY:
    case TNI_ATTACH_RUN:
        tni_body_unref(attachment->object);
        break;
    case TNI_ATTACH_CONNECTED:
        tni_peer_info_unref(attachment->object);
        break;
    default:
        break;
    }
    attachment->kind = TNI_ATTACH_NOTHING;
}
