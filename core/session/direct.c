/*
 * direct.c: what a thread that sends writes itself, in a visit of the reactor, under the socket's lock:
 * the little that a turn has queued, or one large message without queueing it.
 */
#include <errno.h>
#include <string.h>

#include "base/expect.h"
#include "message/body.h"
#include "pipe/chain_short.h"
#include "session/codec.h"
#include "session/session.h"
#include "zmtp/frame.h"

enum {
    FEW = 4, /* pieces */
    LITTLE = 16 * 1024, /* bytes */
    STEPS = 4, /* writes for one large message */
};

/* Messages may go out as they are, and nothing else is to go before them. */
static bool is_free(struct tni_session *session)
{
    return session->kind == &tni_stream_kind && session->tx_ready && !session->is_stopping &&
           !session->coder && session->stack.depth == 1 && !tni_buffer_left(&session->commands) &&
           tni_session_may_send(session);
}

/* ------------------------------------------------------------------ what is queued */

struct now {
    struct tni_session *session;
    bool is_sent;
};

/* What fails is left to whoever serves it next, who finds the same. */
static void send_all(void *arg)
{
    struct now *now = arg;
    struct tni_session *session = now->session;
    struct tni_chain *out;
    struct iovec iov[FEW];
    ssize_t size;
    int count = 1;

    if (TNI_RARELY(!is_free(session)))
        return;
    out = tni_session_out(session);
    if (TNI_RARELY(!tni_chain_unsent(out, iov)))
        count = tni_chain_gather(out, iov, FEW, LITTLE);
    count = tni_session_cut(iov, count, (size_t)session->config->options.out_batch_size);
    size = count > 0 ? tni_stack_writev(&session->stack, iov, count) : 0;
    if (TNI_RARELY(size <= 0))
        return;
    session->stall_by = UINT64_MAX;
    tni_chain_sent(out, (size_t)size);
    tni_session_tell_producer(session);
    tni_session_note_traffic(session);
    tni_session_schedule(session);
    now->is_sent = tni_chain_is_drained(out);
}

bool tni_session_send_now(struct tni_session *session)
{
    struct now now = {.session = session};

    return tni_reactor_visit(session->member.reactor, send_all, &now) && now.is_sent;
}

/* ------------------------------------------------------------------ without a queue */

struct straight {
    struct tni_session *session;
    const void *data;
    size_t size;
    size_t sent; /* with the header */
    ssize_t rc; /* of the last write */
};

static bool can_write(struct tni_session *session)
{
    return is_free(session) && !tni_session_out(session)->slot &&
           tni_chain_is_empty(tni_session_out(session));
}

/* For a message of which the kernel takes a part: with this at hand nothing fails then. */
static struct tn_body *prepare(struct tni_session *session, size_t size)
{
    return tni_chain_room(tni_session_out(session), TNI_FRAME_HEADER_MAX) ? tni_body_new(size)
                                                                          : NULL;
}

/* Takes `body`. The whole message is kept, as another connection would begin with its first byte. */
static void keep(struct tni_session *session, struct tn_body *body, const struct straight *straight)
{
    struct tni_chain *out = tni_session_out(session);
    struct iovec iov[2];

    memcpy(body->data, straight->data, straight->size);
    tni_chain_append_body(out, false, body, body->data, straight->size);
    tni_chain_commit(out, 1);
    tni_chain_gather(out, iov, 2, straight->sent);
    tni_chain_sent(out, straight->sent);
    if (straight->rc == -EAGAIN) {
        tni_session_refused(session);
        tni_session_schedule(session);
    } else {
        tni_reactor_make_ready(&session->member);
    }
}

static ssize_t write_rest(struct tni_session *session, const struct straight *straight)
{
    uint8_t header[TNI_FRAME_HEADER_MAX];
    size_t header_size = tni_frame_encode(header, 0, straight->size);
    size_t of_header = straight->sent < header_size ? straight->sent : header_size;
    size_t of_body = straight->sent - of_header;
    struct iovec iov[2] = {
        {.iov_base = header + of_header, .iov_len = header_size - of_header},
        {.iov_base = (uint8_t *)(uintptr_t)straight->data + of_body,
         .iov_len = straight->size - of_body},
    };
    int first = of_header == header_size;
    int count =
        tni_session_cut(iov + first, 2 - first, (size_t)session->config->options.out_batch_size);

    return tni_stack_writev(&session->stack, iov + first, count);
}

static void write_straight(void *arg)
{
    struct straight *straight = arg;
    struct tni_session *session = straight->session;
    struct tn_body *body = can_write(session) ? prepare(session, straight->size) : NULL;
    uint8_t unused[TNI_FRAME_HEADER_MAX];
    size_t total = straight->size + tni_frame_encode(unused, 0, straight->size);

    if (!body)
        return;
    for (int i = 0; i < STEPS && straight->rc >= 0 && straight->sent < total; i++) {
        straight->rc = write_rest(session, straight);
        if (straight->rc > 0)
            straight->sent += (size_t)straight->rc;
    }
    if (straight->sent)
        session->stall_by = UINT64_MAX;
    if (straight->sent && straight->sent < total)
        keep(session, body, straight);
    else
        tni_body_unref(body);
}

/* A write that failed is tried again by who serves the connection, and ends it there. */
bool tni_session_write(void *owner, const void *data, size_t size)
{
    struct straight straight = {.session = owner, .data = data, .size = size};

    return tni_reactor_visit(straight.session->member.reactor, write_straight, &straight) &&
           straight.sent > 0;
}
