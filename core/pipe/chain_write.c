/*
 * chain_write.c: the producer of a chain.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "message/body.h"
#include "message/message.h"
#include "pipe/chain_short.h"
#include "pipe/chunk.h"
#include "zmtp/command.h"
#include "zmtp/frame.h"

enum {
    /* A borrowed body up to this size is copied into a chunk; the copy is needed anyway. */
    COPY_BORROWED = 16 * 1024,
    /* A counted body beyond this size is cheaper to refer to than to copy. */
    COPY_COUNTED = TNI_CHAIN_SMALL,
};

static uint32_t offset_of(const struct tni_chain *chain)
{
    return (uint32_t)(chain->w.position - chain->w.chunk->base);
}

static size_t bytes_left(const struct tni_chain *chain)
{
    const struct tni_chunk *chunk = chain->w.chunk;

    return chunk->capacity - chunk->attachments * sizeof(struct tni_attachment) - offset_of(chain);
}

/* A consumer that keeps up gets small chunks, though not as small as the first, which is for connections
 * that are idle. One that lags has not given back the chunk before the present one, and gets larger ones. */
static size_t next_chunk_size(struct tni_chain *chain, size_t need)
{
    size_t size = chain->w.chunk->capacity + sizeof(struct tni_chunk);

    if (size < TNI_CHUNK_USUAL)
        size = TNI_CHUNK_USUAL;
    else if (!atomic_load_explicit(&chain->spare, memory_order_relaxed))
        size *= 2;
    if (need * 4 > size)
        size = need * 4;
    if (size > TNI_CHUNK_LARGEST)
        size = TNI_CHUNK_LARGEST;
    if (size < need + sizeof(struct tni_chunk) + sizeof(struct tni_attachment))
        size = need + sizeof(struct tni_chunk) + sizeof(struct tni_attachment);
    return (size + 7) & ~(size_t)7;
}

/* Room for `need` bytes in one chunk, and for an attachment too. */
static int make_room(struct tni_chain *chain, size_t need)
{
    struct tni_chunk *chunk;

    need += sizeof(struct tni_attachment);
    if (bytes_left(chain) >= need)
        return 0;
    chunk = tni_chunk_new(chain, next_chunk_size(chain, need));
    if (!chunk)
        return -ENOMEM;
    chunk->base = chain->w.position;
    chain->w.open_until = 0;
    chunk->ordinal = chain->w.chunk->ordinal + 1;
    chain->w.chunk->next = chunk;
    chain->w.chunk = chunk;
    return 0;
}

static void attach(struct tni_chain *chain, enum tni_attachment_kind kind, void *object,
                   const uint8_t *data, uint64_t size)
{
    struct tni_chunk *chunk = chain->w.chunk;
    struct tni_attachment *attachment = tni_attachment_of(chunk, chunk->attachments++);

    chain->w.open_until = 0;
    attachment->at = offset_of(chain);
    attachment->kind = kind;
    attachment->object = object;
    attachment->data = data;
    attachment->size = size;
}

bool tni_chain_is_full(struct tni_chain *chain)
{
    uint64_t hwm = atomic_load_explicit(&chain->hwm, memory_order_relaxed);

    if (hwm == 0 || chain->slot || chain->w.messages - chain->w.released_seen < hwm)
        return false;
    chain->w.released_seen = atomic_load_explicit(&chain->released, memory_order_acquire);
    if (chain->w.messages - chain->w.released_seen < hwm)
        return false;
    /* Pairs with the consumer's store of `released` before its look at `blocked`. */
    atomic_store(&chain->blocked, 1);
    chain->w.released_seen = atomic_load(&chain->released);
    if (chain->w.messages - chain->w.released_seen >= hwm)
        return true;
    atomic_store_explicit(&chain->blocked, 0, memory_order_relaxed);
    return false;
}

uint64_t tni_chain_credit(struct tni_chain *chain, uint64_t most)
{
    uint64_t hwm = atomic_load_explicit(&chain->hwm, memory_order_relaxed);
    uint64_t used;

    if (hwm == 0 || chain->slot)
        return most;
    used = chain->w.messages - chain->w.released_seen;
    if (used + most > hwm) {
        chain->w.released_seen = atomic_load_explicit(&chain->released, memory_order_acquire);
        used = chain->w.messages - chain->w.released_seen;
    }
    if (used >= hwm)
        return 0;
    return hwm - used < most ? hwm - used : most;
}

bool tni_chain_has_backlog(struct tni_chain *chain, uint64_t messages)
{
    if (chain->w.messages - chain->w.released_seen < messages)
        return false;
    chain->w.released_seen = atomic_load_explicit(&chain->released, memory_order_acquire);
    return chain->w.messages - chain->w.released_seen >= messages;
}

size_t tni_chain_room(struct tni_chain *chain, size_t need)
{
    if (make_room(chain, need) < 0)
        return 0;
    return bytes_left(chain) - sizeof(struct tni_attachment);
}

void tni_chain_append(struct tni_chain *chain, const uint8_t *frames, size_t size)
{
    chain->w.open_until = 0;
    memcpy(chain->w.chunk->area + offset_of(chain), frames, size);
    chain->w.position += size;
}

uint8_t *tni_chain_place(const struct tni_chain *chain)
{
    return chain->w.chunk->area + offset_of(chain);
}

void tni_chain_append_placed(struct tni_chain *chain, size_t size)
{
    chain->w.open_until = 0;
    chain->w.position += size;
}

struct head {
    uint8_t bytes[TNI_FRAME_HEADER_MAX + TNI_COMMAND_NAME_MAX];
    size_t size;
};

/* The frame's header and, for a request, the name of its command. */
static void make_head(struct head *head, uint8_t msg_flags, uint64_t body_size)
{
    uint8_t name[TNI_COMMAND_NAME_MAX];
    size_t name_size;

    if (!(msg_flags & TN_MSG_REQUEST)) {
        head->size =
            tni_frame_encode(head->bytes, msg_flags & TN_MSG_MORE ? TNI_FRAME_MORE : 0, body_size);
        return;
    }
    name_size = tni_command_start(name, tni_command_of_flags(msg_flags));
    head->size = tni_frame_encode(head->bytes, TNI_FRAME_COMMAND, body_size + name_size);
    memcpy(head->bytes + head->size, name, name_size);
    head->size += name_size;
}

int tni_chain_append_body(struct tni_chain *chain, bool more, struct tn_body *body,
                          const uint8_t *data, uint64_t size)
{
    struct head head;

    make_head(&head, more ? TN_MSG_MORE : 0, size);
    if (make_room(chain, head.size) < 0)
        return -ENOMEM;
    tni_chain_append(chain, head.bytes, head.size);
    attach(chain, TNI_ATTACH_BODY, body, data, size);
    return 0;
}

int tni_chain_append_run(struct tni_chain *chain, struct tn_body *body, const uint8_t *data,
                         uint64_t size)
{
    if (make_room(chain, 0) < 0)
        return -ENOMEM;
    attach(chain, TNI_ATTACH_RUN, body, data, size);
    return 0;
}

static int append_copy(struct tni_chain *chain, const struct head *head, const uint8_t *data,
                       size_t size)
{
    uint8_t *to;

    if (make_room(chain, head->size + size) < 0)
        return -ENOMEM;
    to = chain->w.chunk->area + offset_of(chain);
    memcpy(to, head->bytes, head->size);
    if (size)
        memcpy(to + head->size, data, size);
    chain->w.position += head->size + size;
    chain->w.open_until = 0;
    return 0;
}

/* A body of its own for bytes that are too many to copy into a chunk. */
static int append_owned(struct tni_chain *chain, const struct head *head, const uint8_t *data,
                        size_t size)
{
    struct tn_body *body;

    if (make_room(chain, head->size) < 0)
        return -ENOMEM;
    body = tni_body_new(size);
    if (!body)
        return -ENOMEM;
    memcpy(body->data, data, size);
    tni_chain_append(chain, head->bytes, head->size);
    attach(chain, TNI_ATTACH_BODY, body, body->data, size);
    return 0;
}

static int append_reference(struct tni_chain *chain, const struct head *head, tn_msg_t *msg)
{
    if (make_room(chain, head->size) < 0)
        return -ENOMEM;
    tni_chain_append(chain, head->bytes, head->size);
    attach(chain, TNI_ATTACH_BODY, msg->u.ref.owner, msg->u.ref.data, msg->u.ref.size);
    msg->type = TN_MSG_SHORT;
    msg->size = 0;
    return 0;
}

static void rollback(struct tni_chain *chain)
{
    struct tni_chunk *committed = chain->w.committed;
    struct tni_chunk *chunk = committed->next;

    for (uint32_t i = chain->w.committed_attachments; i < committed->attachments; i++)
        tni_attachment_end(tni_attachment_of(committed, i));
    committed->attachments = chain->w.committed_attachments;
    committed->next = NULL;
    while (chunk) {
        struct tni_chunk *next = chunk->next;
        for (uint32_t i = 0; i < chunk->attachments; i++)
            tni_attachment_end(tni_attachment_of(chunk, i));
        tni_chunk_free(chunk);
        chunk = next;
    }
    chain->w.chunk = committed;
    chain->w.position = chain->w.committed_position;
    tni_chain_reopen(chain);
}

int tni_chain_write_frame(struct tni_chain *chain, tn_msg_t *msg)
{
    size_t size = tn_msg_length(msg);
    uint8_t flags = msg->flags;
    struct head head;
    int rc;

    make_head(&head, flags, size);
    if (flags & TN_MSG_REQUEST)
        rc = append_copy(chain, &head, tn_msg_bytes(msg), size);
    else if (msg->type == TN_MSG_COUNTED && size > COPY_COUNTED)
        rc = append_reference(chain, &head, msg);
    else if (size > COPY_BORROWED)
        rc = append_owned(chain, &head, tn_msg_bytes(msg), size);
    else
        rc = append_copy(chain, &head, tn_msg_bytes(msg), size);
    if (rc < 0) {
        rollback(chain);
        return rc;
    }
    if (!(flags & TN_MSG_MORE))
        tni_chain_commit(chain, 1);
    return 0;
}

int tni_chain_write(struct tni_chain *chain, tn_msg_t *msg)
{
    int rc = chain->slot ? tni_slot_write(chain, msg) : tni_chain_write_frame(chain, msg);

    if (rc == 0 && msg->type != TN_MSG_BORROWED)
        tn_msg_close(msg);
    return rc;
}

static int append_control(struct tni_chain *chain, enum tni_attachment_kind kind, void *object)
{
    if (make_room(chain, 0) < 0)
        return -ENOMEM;
    attach(chain, kind, object, NULL, 0);
    tni_chain_commit(chain, 0);
    return 0;
}

int tni_chain_control(struct tni_chain *chain, enum tni_attachment_kind kind, void *object)
{
    int rc;

    if (!chain->slot)
        return append_control(chain, kind, object);
    /* The consumer of a slot appends too, when it empties the slot. */
    pthread_mutex_lock(&chain->slot->lock);
    rc = append_control(chain, kind, object);
    pthread_mutex_unlock(&chain->slot->lock);
    return rc;
}

void tni_chain_commit(struct tni_chain *chain, uint64_t messages)
{
    struct tni_chunk *chunk = chain->w.committed;

    while (chunk != chain->w.chunk) {
        struct tni_chunk *next = chunk->next;
        /* A consumer may look at `published` before it knows of this `end`. */
        atomic_store_explicit(&chunk->published, chunk->attachments, memory_order_release);
        atomic_store_explicit(&chunk->end, next->base, memory_order_release);
        chunk = next;
    }
    /* A control record adds no byte: the release on `published` alone makes it visible. */
    if (chain->w.committed != chunk || chain->w.committed_attachments != chunk->attachments)
        atomic_store_explicit(&chunk->published, chunk->attachments, memory_order_release);
    chain->w.committed = chunk;
    chain->w.committed_attachments = chunk->attachments;
    chain->w.committed_position = chain->w.position;
    chain->w.messages += messages;
    atomic_store_explicit(&chain->position, chain->w.position, memory_order_release);
    atomic_store_explicit(&chain->produced, chain->w.messages, memory_order_release);
    tni_chain_reopen(chain);
}

void tni_chain_rollback(struct tni_chain *chain)
{
    /* A slot holds whole messages only, and its consumer may be appending at this moment. */
    if (!chain->slot)
        rollback(chain);
}

void tni_chain_skip(struct tni_chain *chain)
{
    atomic_store(&chain->skip_messages, chain->w.messages);
    atomic_store(&chain->skip_position, chain->w.committed_position);
}
