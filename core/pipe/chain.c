#include "pipe/chain.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "message/body.h"
#include "message/message.h"
#include "message/peer_info.h"
#include "zmtp/frame.h"

enum {
    FIRST_CHUNK = 1024,
    LARGEST_CHUNK = 64 * 1024,
    /* A borrowed body up to this size is copied into a chunk; the copy is needed anyway. */
    COPY_BORROWED = 16 * 1024,
    /* A counted body beyond this size is cheaper to refer to than to copy. */
    COPY_COUNTED = 512,
};

struct tni_chunk {
    struct tni_chunk *next;            /* published together with `end` */
    uint64_t base;                     /* position of area[0]           */
    atomic_uint_fast64_t end;          /* where it ends; UINT64_MAX until a commit lies beyond it */
    atomic_uint published;             /* committed attachments         */
    uint32_t attachments;              /* the producer's                */
    uint32_t capacity;                 /* of area                       */
    alignas(8) uint8_t area[];
};

static struct tni_attachment *attachment_of(struct tni_chunk *chunk, uint32_t index)
{
    return (struct tni_attachment *)(void *)(chunk->area + chunk->capacity) - index - 1;
}

static struct tni_chunk *chunk_new(struct tni_chain *chain, size_t total)
{
    struct tni_chunk *chunk = atomic_exchange_explicit(&chain->spare, NULL, memory_order_acquire);

    if (chunk && chunk->capacity + sizeof *chunk < total) {
        tni_free(chunk);
        chunk = NULL;
    }
    if (!chunk) {
        chunk = tni_malloc(total);
        if (!chunk)
            return NULL;
        chunk->capacity = (uint32_t)(total - sizeof *chunk) & ~7u;
    }
    chunk->next = NULL;
    chunk->base = 0;
    atomic_init(&chunk->end, UINT64_MAX);
    atomic_init(&chunk->published, 0);
    chunk->attachments = 0;
    return chunk;
}

static void chunk_recycle(struct tni_chain *chain, struct tni_chunk *chunk)
{
    tni_free(atomic_exchange_explicit(&chain->spare, chunk, memory_order_acq_rel));
}

static void attachment_end(struct tni_attachment *attachment)
{
    switch (attachment->kind) {
    case TNI_ATTACH_BODY:
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
    chunk = chunk_new(chain, FIRST_CHUNK);
    if (!chunk)
        return -ENOMEM;
    if (conflate && tni_chain_conflate(chain) < 0) {
        tni_free(chunk);
        return -ENOMEM;
    }
    chain->w.chunk = chain->w.committed = chunk;
    chain->r.sent.chunk = chain->r.keep.chunk = chunk;
    return 0;
}

void tni_chain_fini(struct tni_chain *chain)
{
    struct tni_chunk *chunk = chain->r.keep.chunk;
    uint32_t from = chain->r.keep.attachment;

    while (chunk) {
        struct tni_chunk *next = chunk->next;
        for (uint32_t i = from; i < chunk->attachments; i++)
            attachment_end(attachment_of(chunk, i));
        from = 0;
        tni_free(chunk);
        chunk = next;
    }
    chain->r.keep.chunk = NULL;
    tni_free(atomic_exchange(&chain->spare, NULL));
    if (chain->slot) {
        tn_msg_close(&chain->slot->message);
        pthread_mutex_destroy(&chain->slot->lock);
        tni_free(chain->slot);
        chain->slot = NULL;
    }
}

/* ------------------------------------------------------------------ producer */

static uint32_t offset_of(const struct tni_chain *chain)
{
    return (uint32_t)(chain->w.position - chain->w.chunk->base);
}

static size_t bytes_left(const struct tni_chain *chain)
{
    const struct tni_chunk *chunk = chain->w.chunk;

    return chunk->capacity - chunk->attachments * sizeof(struct tni_attachment) - offset_of(chain);
}

/* A consumer that keeps up gets small chunks, one that lags gets larger ones. */
static size_t next_chunk_size(struct tni_chain *chain, size_t need)
{
    size_t size = chain->w.chunk->capacity + sizeof(struct tni_chunk);
    uint64_t released = atomic_load_explicit(&chain->released, memory_order_relaxed);

    if (chain->w.messages - released > 8 && size < LARGEST_CHUNK)
        size *= 2;
    if (need * 4 > size)
        size = need * 4;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
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
    chunk = chunk_new(chain, next_chunk_size(chain, need));
    if (!chunk)
        return -ENOMEM;
    chunk->base = chain->w.position;
    chain->w.chunk->next = chunk;
    chain->w.chunk = chunk;
    return 0;
}

static void attach(struct tni_chain *chain, enum tni_attachment_kind kind, void *object,
                   const uint8_t *data, uint64_t size)
{
    struct tni_chunk *chunk = chain->w.chunk;
    struct tni_attachment *attachment = attachment_of(chunk, chunk->attachments++);

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

size_t tni_chain_room(struct tni_chain *chain, size_t need)
{
    if (make_room(chain, need) < 0)
        return 0;
    return bytes_left(chain) - sizeof(struct tni_attachment);
}

void tni_chain_append(struct tni_chain *chain, const uint8_t *frames, size_t size)
{
    memcpy(chain->w.chunk->area + offset_of(chain), frames, size);
    chain->w.position += size;
}

static const char subscribe_name[] = "\x09SUBSCRIBE";
static const char cancel_name[] = "\x06"
                                  "CANCEL";

struct head {
    uint8_t bytes[TNI_FRAME_HEADER_MAX + sizeof subscribe_name];
    size_t size;
};

/* The frame's header and, for a subscription, the name of its command. */
static void make_head(struct head *head, uint8_t msg_flags, uint64_t body_size)
{
    const char *name = NULL;
    size_t name_size = 0;
    uint8_t flags = msg_flags & TN_MSG_MORE ? TNI_FRAME_MORE : 0;

    if (msg_flags & (TN_MSG_SUBSCRIBE | TN_MSG_CANCEL)) {
        name = msg_flags & TN_MSG_SUBSCRIBE ? subscribe_name : cancel_name;
        name_size = strlen(name);
        flags = TNI_FRAME_COMMAND;
    }
    head->size = tni_frame_encode(head->bytes, flags, body_size + name_size);
    if (name_size) {
        memcpy(head->bytes + head->size, name, name_size);
        head->size += name_size;
    }
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

static int write_slot(struct tni_chain *chain, tn_msg_t *msg)
{
    struct tni_slot *slot = chain->slot;
    int rc = 0;
    tn_msg_t old;

    if (msg->flags & TN_MSG_MORE) {
        tn_msg_close(msg);
        return 0;
    }
    rc = tni_msg_own(msg);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&slot->lock);
    old = slot->message;
    slot->message = *msg;
    slot->is_full = true;
    pthread_mutex_unlock(&slot->lock);
    tn_msg_clear(msg);
    tn_msg_close(&old);
    return 0;
}

static void rollback(struct tni_chain *chain)
{
    struct tni_chunk *committed = chain->w.committed;
    struct tni_chunk *chunk = committed->next;

    for (uint32_t i = chain->w.committed_attachments; i < committed->attachments; i++)
        attachment_end(attachment_of(committed, i));
    committed->attachments = chain->w.committed_attachments;
    committed->next = NULL;
    while (chunk) {
        struct tni_chunk *next = chunk->next;
        for (uint32_t i = 0; i < chunk->attachments; i++)
            attachment_end(attachment_of(chunk, i));
        tni_free(chunk);
        chunk = next;
    }
    chain->w.chunk = committed;
    chain->w.position = chain->w.committed_position;
}

static int write_frame(struct tni_chain *chain, tn_msg_t *msg)
{
    size_t size = tn_msg_length(msg);
    uint8_t flags = msg->flags;
    struct head head;
    int rc;

    make_head(&head, flags, size);
    if (flags & (TN_MSG_SUBSCRIBE | TN_MSG_CANCEL))
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
    int rc = chain->slot ? write_slot(chain, msg) : write_frame(chain, msg);

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

/* ------------------------------------------------------------------ consumer */

/* Ends the attachments and chunks between `keep` and `to`, which becomes the new `keep`. */
static void keep_advance(struct tni_chain *chain, const struct tni_cursor *to)
{
    struct tni_cursor *keep = &chain->r.keep;

    while (keep->chunk != to->chunk) {
        struct tni_chunk *done = keep->chunk;
        uint32_t count = atomic_load_explicit(&done->published, memory_order_acquire);
        for (uint32_t i = keep->attachment; i < count; i++)
            attachment_end(attachment_of(done, i));
        keep->chunk = done->next;
        keep->attachment = 0;
        chunk_recycle(chain, done);
    }
    for (uint32_t i = keep->attachment; i < to->attachment; i++)
        attachment_end(attachment_of(to->chunk, i));
    *keep = *to;
}

/* The attachment that lies at the cursor, or NULL. */
static struct tni_attachment *attachment_here(const struct tni_cursor *cursor)
{
    struct tni_chunk *chunk = cursor->chunk;
    struct tni_attachment *attachment;

    if (cursor->attachment >= atomic_load_explicit(&chunk->published, memory_order_acquire))
        return NULL;
    attachment = attachment_of(chunk, cursor->attachment);
    return attachment->at == cursor->position - chunk->base ? attachment : NULL;
}

/* Bytes in the cursor's chunk up to the next attachment, the chunk's end or `limit`. Steps over to
 * the next chunk first when this one is done. */
static size_t run_here(struct tni_cursor *cursor, uint64_t limit)
{
    uint64_t stop = limit;
    struct tni_chunk *chunk = cursor->chunk;
    uint64_t end = atomic_load_explicit(&chunk->end, memory_order_acquire);

    if (cursor->position == end && !attachment_here(cursor)) {
        cursor->chunk = chunk = chunk->next;
        cursor->attachment = 0;
        end = atomic_load_explicit(&chunk->end, memory_order_acquire);
    }
    if (end < stop)
        stop = end;
    if (cursor->attachment < atomic_load_explicit(&chunk->published, memory_order_acquire)) {
        uint64_t at = chunk->base + attachment_of(chunk, cursor->attachment)->at;
        if (at < stop)
            stop = at;
    }
    return stop > cursor->position ? (size_t)(stop - cursor->position) : 0;
}

static bool is_at(const struct tni_cursor *cursor, uint64_t limit)
{
    return cursor->position == limit && !attachment_here(cursor);
}

static void slot_take(struct tni_chain *chain)
{
    struct tni_slot *slot = chain->slot;

    pthread_mutex_lock(&slot->lock);
    if (slot->is_full) {
        /* Without memory it stays where it is and is asked for again. */
        slot->is_full = write_frame(chain, &slot->message) < 0;
        if (!slot->is_full)
            tn_msg_close(&slot->message);
    }
    pthread_mutex_unlock(&slot->lock);
}

static void take_snapshot(struct tni_chain *chain)
{
    uint64_t messages, position;

    if (chain->slot && is_at(&chain->r.sent, atomic_load(&chain->position)))
        slot_take(chain);
    /* In this order it is never more messages than lie before `position`. */
    messages = atomic_load_explicit(&chain->produced, memory_order_acquire);
    position = atomic_load_explicit(&chain->position, memory_order_acquire);
    chain->r.limit_messages = messages;
    chain->r.limit = position;
}

/* A walk may know of more messages than the snapshot. */
static void reach_limit(struct tni_chain *chain)
{
    struct tni_cursor *sent = &chain->r.sent;

    if (sent->messages < chain->r.keep.messages)
        sent->messages = chain->r.keep.messages;
    if (sent->messages < chain->r.limit_messages)
        sent->messages = chain->r.limit_messages;
    keep_advance(chain, sent);
}

int tni_chain_gather(struct tni_chain *chain, struct iovec *iov, int max, size_t most)
{
    struct tni_cursor at;
    size_t total = 0;
    int count = 0;

    if (is_at(&chain->r.sent, chain->r.limit))
        take_snapshot(chain);
    if (is_at(&chain->r.sent, chain->r.limit)) {
        reach_limit(chain);
        return 0;
    }
    at = chain->r.sent;
    while (count < max && total < most && !is_at(&at, chain->r.limit)) {
        struct tni_attachment *attachment = attachment_here(&at);
        if (attachment) {
            iov[count].iov_base = (void *)(uintptr_t)(attachment->data + at.attachment_done);
            iov[count].iov_len = attachment->size - at.attachment_done;
            at.attachment++;
            at.attachment_done = 0;
        } else {
            iov[count].iov_len = run_here(&at, chain->r.limit);
            iov[count].iov_base = at.chunk->area + (at.position - at.chunk->base);
            at.position += iov[count].iov_len;
        }
        total += iov[count].iov_len;
        if (iov[count].iov_len)
            count++;
    }
    return count;
}

/* Moves over the frame at the cursor; returns whether it is a message's last. Our own frames are whole,
 * and an attached body directly follows its header. */
static bool frame_skip(struct tni_cursor *cursor, uint64_t limit)
{
    size_t run = run_here(cursor, limit);
    const uint8_t *bytes = cursor->chunk->area + (cursor->position - cursor->chunk->base);
    unsigned flags = 0;
    uint64_t size = 0;
    int header = tni_frame_decode(bytes, run, &flags, &size);

    cursor->position += (uint64_t)header;
    if (attachment_here(cursor))
        cursor->attachment++;
    else
        cursor->position += size;
    return !(flags & TNI_FRAME_MORE);
}

static bool is_past(const struct tni_cursor *a, const struct tni_cursor *b)
{
    if (a->position != b->position)
        return a->position > b->position;
    if (a->chunk != b->chunk) /* the same place, seen from two chunks */
        return false;
    return a->attachment > b->attachment;
}

/* The last message boundary that is not past `sent`. */
static void walk_to(struct tni_chain *chain, struct tni_cursor *boundary)
{
    const struct tni_cursor *sent = &chain->r.sent;
    struct tni_cursor at = *boundary;

    while (!is_at(&at, chain->r.limit)) {
        bool is_last = frame_skip(&at, chain->r.limit);
        if (is_past(&at, sent))
            return;
        if (is_last) {
            at.messages++;
            *boundary = at;
        }
    }
}

uint64_t tni_chain_sent(struct tni_chain *chain, size_t bytes)
{
    struct tni_cursor *sent = &chain->r.sent;
    uint64_t before = chain->r.keep.messages;
    struct tni_cursor boundary;

    while (bytes) {
        struct tni_attachment *attachment = attachment_here(sent);
        size_t step;
        if (attachment) {
            uint64_t rest = attachment->size - sent->attachment_done;
            step = rest < bytes ? (size_t)rest : bytes;
            sent->attachment_done += step;
            if (sent->attachment_done == attachment->size) {
                sent->attachment++;
                sent->attachment_done = 0;
            }
        } else {
            step = run_here(sent, chain->r.limit);
            if (step > bytes)
                step = bytes;
            sent->position += step;
        }
        bytes -= step;
    }
    if (is_at(sent, chain->r.limit)) {
        reach_limit(chain);
    } else {
        boundary = chain->r.keep;
        walk_to(chain, &boundary);
        keep_advance(chain, &boundary);
    }
    return chain->r.keep.messages - before;
}

void tni_chain_rewind(struct tni_chain *chain)
{
    chain->r.sent = chain->r.keep;
}

bool tni_chain_at_boundary(const struct tni_chain *chain)
{
    const struct tni_cursor *sent = &chain->r.sent, *keep = &chain->r.keep;

    return sent->position == keep->position && sent->attachment_done == 0 &&
           (sent->chunk != keep->chunk || sent->attachment == keep->attachment);
}

uint64_t tni_chain_discard(struct tni_chain *chain)
{
    uint64_t position = atomic_load(&chain->skip_position);
    uint64_t messages = atomic_load(&chain->skip_messages);
    uint64_t before = chain->r.keep.messages;
    struct tni_cursor to = chain->r.keep;

    if (position <= to.position)
        return 0;
    while (atomic_load_explicit(&to.chunk->end, memory_order_acquire) < position) {
        to.chunk = to.chunk->next;
        to.attachment = 0;
    }
    to.position = position;
    to.messages = messages;
    to.attachment_done = 0;
    while (to.attachment < atomic_load_explicit(&to.chunk->published, memory_order_acquire) &&
           to.chunk->base + attachment_of(to.chunk, to.attachment)->at <= position)
        to.attachment++;
    keep_advance(chain, &to);
    chain->r.sent = to;
    chain->r.limit = position;
    chain->r.limit_messages = messages;
    return messages > before ? messages - before : 0;
}

/* The end of a chunk is the beginning of the next one, where an attachment may lie. */
static void step_over(struct tni_cursor *cursor)
{
    while (cursor->position == atomic_load_explicit(&cursor->chunk->end, memory_order_acquire) &&
           !attachment_here(cursor)) {
        cursor->chunk = cursor->chunk->next;
        cursor->attachment = 0;
    }
}

bool tni_chain_peek(struct tni_chain *chain, struct tni_frame_view *out_view)
{
    struct tni_cursor *at = &chain->r.sent;
    struct tni_cursor body;
    const uint8_t *bytes;
    unsigned flags = 0;
    size_t run;
    int header;

    step_over(at);
    if (at->position == chain->r.limit && !attachment_here(at)) {
        take_snapshot(chain);
        /* A control record, or the next chunk, may have come together with what lies behind it. */
        step_over(at);
    }
    if (at->position != chain->r.keep.position || at->attachment != chain->r.keep.attachment ||
        at->chunk != chain->r.keep.chunk)
        keep_advance(chain, at);
    out_view->attachment = attachment_here(at);
    if (out_view->attachment) {
        out_view->is_control = true;
        return true;
    }
    if (at->position == chain->r.limit)
        return false;
    out_view->is_control = false;
    run = run_here(at, chain->r.limit);
    bytes = at->chunk->area + (at->position - at->chunk->base);
    header = tni_frame_decode(bytes, run, &flags, &out_view->size);
    out_view->flags = (uint8_t)flags;
    out_view->header = (uint8_t)header;
    out_view->body = bytes + header;
    if ((size_t)header == run && out_view->size) {
        body = *at;
        body.position += (uint64_t)header;
        out_view->attachment = attachment_here(&body);
        out_view->body = out_view->attachment->data;
    }
    return true;
}

void tni_chain_next(struct tni_chain *chain, const struct tni_frame_view *view)
{
    struct tni_cursor *at = &chain->r.sent;

    if (view->attachment)
        at->attachment++;
    if (view->is_control)
        return;
    at->position += view->header + (view->attachment ? 0 : view->size);
    if (!(view->flags & TNI_FRAME_MORE))
        at->messages++;
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
    step_over(&chain->r.sent);
    return is_at(&chain->r.sent, atomic_load_explicit(&chain->position, memory_order_acquire));
}

uint64_t tni_chain_length(struct tni_chain *chain)
{
    uint64_t released = atomic_load_explicit(&chain->released, memory_order_acquire);
    uint64_t produced = atomic_load_explicit(&chain->produced, memory_order_acquire);

    return produced > released ? produced - released : 0;
}

bool tni_chain_release(struct tni_chain *chain, bool now)
{
    uint64_t done = chain->r.sent.messages > chain->r.keep.messages ? chain->r.sent.messages
                                                                    : chain->r.keep.messages;
    uint64_t hwm = atomic_load_explicit(&chain->hwm, memory_order_relaxed);
    uint64_t low = (hwm + 1) / 2;

    if (!now && done - chain->r.published < (low ? low : 64))
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
