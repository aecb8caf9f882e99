/*
 * chain_send.c: the consumer that hands out bytes: a connection whose framing is that of the chain.
 */
#include "pipe/chunk.h"
#include "zmtp/frame.h"

/* A walk may know of more messages than the snapshot. */
static void reach_limit(struct tni_chain *chain)
{
    struct tni_cursor *sent = &chain->r.sent;

    if (sent->messages < chain->r.keep.messages)
        sent->messages = chain->r.keep.messages;
    if (sent->messages < chain->r.limit_messages)
        sent->messages = chain->r.limit_messages;
    tni_chain_keep(chain, sent);
}

int tni_chain_gather(struct tni_chain *chain, struct iovec *iov, int max, size_t most)
{
    struct tni_cursor at;
    size_t total = 0;
    int count = 0;

    if (tni_cursor_comes_to(&chain->r.sent, chain->r.limit))
        tni_chain_snapshot(chain);
    if (tni_cursor_comes_to(&chain->r.sent, chain->r.limit)) {
        reach_limit(chain);
        return 0;
    }
    at = chain->r.sent;
    while (count < max && total < most && !tni_cursor_comes_to(&at, chain->r.limit)) {
        struct tni_attachment *attachment = tni_cursor_attachment(&at);
        if (attachment) {
            iov[count].iov_base = (void *)(uintptr_t)(attachment->data + at.attachment_done);
            iov[count].iov_len = attachment->size - at.attachment_done;
            at.attachment++;
            at.attachment_done = 0;
        } else {
            iov[count].iov_len = tni_cursor_run(&at, chain->r.limit);
            iov[count].iov_base = at.chunk->area + (at.position - at.chunk->base);
            at.position += iov[count].iov_len;
        }
        total += iov[count].iov_len;
        if (iov[count].iov_len)
            count++;
    }
    return count;
}

static bool frame_skip_in_run(struct tni_cursor *cursor, const struct tni_attachment *run)
{
    unsigned flags = 0;
    uint64_t size = 0;
    int header = tni_frame_decode(run->data + cursor->attachment_done,
                                  (size_t)(run->size - cursor->attachment_done), &flags, &size);

    tni_cursor_pass(cursor, run, (uint64_t)header + size);
    return !(flags & TNI_FRAME_MORE);
}

/* Moves over the frame at the cursor; returns whether it is a message's last. Our own frames are whole,
 * and an attached body directly follows its header. */
static bool frame_skip(struct tni_cursor *cursor, uint64_t limit)
{
    const struct tni_attachment *attachment;
    const uint8_t *bytes;
    unsigned flags = 0;
    uint64_t size = 0;
    size_t run;
    int header;

    tni_cursor_step_over(cursor);
    attachment = tni_cursor_attachment(cursor);
    if (attachment)
        return frame_skip_in_run(cursor, attachment);
    run = tni_cursor_run(cursor, limit);
    bytes = cursor->chunk->area + (cursor->position - cursor->chunk->base);
    header = tni_frame_decode(bytes, run, &flags, &size);
    cursor->position += (uint64_t)header;
    if (size && tni_cursor_attachment(cursor)) /* behind an empty body the next run may lie */
        cursor->attachment++;
    else
        cursor->position += size;
    return !(flags & TNI_FRAME_MORE);
}

static bool is_past(const struct tni_cursor *a, const struct tni_cursor *b)
{
    if (a->position != b->position)
        return a->position > b->position;
    if (a->chunk != b->chunk)
        return (int32_t)(a->chunk->ordinal - b->chunk->ordinal) > 0;
    if (a->attachment != b->attachment)
        return a->attachment > b->attachment;
    return a->attachment_done > b->attachment_done;
}

/* The last message boundary that is not past `sent`, which has been stepped over. */
static void walk_to(struct tni_chain *chain, struct tni_cursor *boundary)
{
    const struct tni_cursor *sent = &chain->r.sent;
    struct tni_cursor at = *boundary;

    while (!tni_cursor_comes_to(&at, chain->r.limit)) {
        bool is_last = frame_skip(&at, chain->r.limit);
        tni_cursor_step_over(&at);
        if (is_past(&at, sent))
            return;
        if (is_last) {
            at.messages++;
            *boundary = at;
        }
    }
}

/* Everything committed has been handed out. A run that came after the last snapshot may have been among
 * it: it adds no byte to the chain, so the limit does not tell. */
static bool is_all_sent(struct tni_chain *chain)
{
    struct tni_cursor *sent = &chain->r.sent;

    if (!tni_cursor_comes_to(sent, chain->r.limit))
        return false;
    if (sent->attachment == 0 && sent->chunk == chain->r.keep.chunk)
        return true;
    tni_chain_snapshot(chain);
    return tni_cursor_comes_to(sent, chain->r.limit);
}

uint64_t tni_chain_sent(struct tni_chain *chain, size_t bytes)
{
    struct tni_cursor *sent = &chain->r.sent;
    uint64_t before = chain->r.keep.messages;
    struct tni_cursor boundary;

    while (bytes) {
        struct tni_attachment *attachment = tni_cursor_attachment(sent);
        size_t step;
        if (attachment) {
            uint64_t rest = attachment->size - sent->attachment_done;
            step = rest < bytes ? (size_t)rest : bytes;
            tni_cursor_pass(sent, attachment, step);
        } else {
            step = tni_cursor_run(sent, chain->r.limit);
            if (step > bytes)
                step = bytes;
            sent->position += step;
        }
        bytes -= step;
    }
    if (is_all_sent(chain)) {
        reach_limit(chain);
    } else {
        boundary = chain->r.keep;
        walk_to(chain, &boundary);
        tni_chain_keep(chain, &boundary);
    }
    return chain->r.keep.messages - before;
}

void tni_chain_handed(struct tni_chain *chain, uint64_t messages)
{
    struct tni_cursor at = chain->r.keep;
    uint64_t until = at.messages + messages;

    while (at.messages < until)
        at.messages += frame_skip(&at, chain->r.limit);
    tni_chain_keep(chain, &at);
}

void tni_chain_rewind(struct tni_chain *chain)
{
    chain->r.sent = chain->r.keep;
}

bool tni_chain_at_boundary(struct tni_chain *chain)
{
    struct tni_cursor keep = chain->r.keep;

    tni_cursor_step_over(&keep);
    tni_cursor_step_over(&chain->r.sent);
    return tni_cursor_is_same(&chain->r.sent, &keep);
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
           to.chunk->base + tni_attachment_of(to.chunk, to.attachment)->at <= position)
        to.attachment++;
    tni_chain_keep(chain, &to);
    chain->r.sent = to;
    chain->r.limit = position;
    chain->r.limit_messages = messages;
    return messages > before ? messages - before : 0;
}
