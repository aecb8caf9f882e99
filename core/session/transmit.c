#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "message/body.h"
#include "pipe/chain_short.h"
#include "session/codec.h"
#include "session/session.h"
#include "zmtp/frame.h"

enum {
    PIECES = 64,
    ONE_WRITE = 1024 * 1024, /* bytes */
    WRITES = 4, /* before the next connection has its turn */
    FEW = 4, /* pieces; and bytes that are written under the socket's lock: */
    LITTLE = 16 * 1024,
};

int tni_session_command(struct tni_session *session, const uint8_t *body, size_t size)
{
    uint8_t header[TNI_FRAME_HEADER_MAX];
    size_t header_size = tni_frame_encode(header, TNI_FRAME_COMMAND, size);
    int rc = tni_buffer_append(&session->commands, header, header_size);

    if (rc == 0)
        rc = tni_buffer_append(&session->commands, body, size);
    return rc < 0 ? tni_fail(rc, "out of memory for a command to the peer") : 0;
}

/* After a reconnect the patterns that rebuild their queue say when it holds for this connection. */
static bool may_send_messages(struct tni_session *session)
{
    struct tni_chain *out;

    if (session->state != TNI_SESSION_UP || !session->duplex)
        return false;
    out = tni_session_out(session);
    if (!(session->config->pattern->flags & TN_PATTERN_REBUILDS) || session->connections == 1)
        return true;
    if (atomic_load(&out->epoch) != session->connections)
        return false;
    tni_chain_discard(out); /* subscriptions, sent anew: nothing is lost */
    return true;
}

static int collect_coded(struct tni_session *session, struct iovec *iov)
{
    int rc = tni_coder_fill(session, may_send_messages(session));

    if (rc < 0)
        return rc;
    iov->iov_base = (void *)(uintptr_t)tni_coder_bytes(session, &iov->iov_len);
    return iov->iov_len > 0;
}

/* What goes out next: commands between messages, messages otherwise. */
static int collect(struct tni_session *session, struct iovec *iov, size_t *out_commands)
{
    struct tni_buffer *commands = &session->commands;
    bool may_send;
    int count = 0;

    *out_commands = 0;
    if (session->coder)
        return collect_coded(session, iov);
    may_send = may_send_messages(session);
    if (tni_buffer_left(commands) &&
        (!may_send || tni_chain_at_boundary(tni_session_out(session)))) {
        *out_commands = tni_buffer_left(commands);
        iov[count].iov_base = commands->bytes + commands->from;
        iov[count++].iov_len = *out_commands;
    }
    if (may_send)
        count += tni_chain_gather(tni_session_out(session), iov + count, PIECES - count, ONE_WRITE);
    return count;
}

static void written(struct tni_session *session, size_t bytes, size_t commands)
{
    size_t of_commands = bytes < commands ? bytes : commands;

    if (session->coder) {
        tni_coder_sent(session, bytes);
        return;
    }
    if (of_commands)
        tni_buffer_take(&session->commands, of_commands);
    if (bytes > of_commands)
        tni_chain_sent(tni_session_out(session), bytes - of_commands);
}

static void tell_producer(struct tni_session *session)
{
    if (session->duplex && session->state == TNI_SESSION_UP && !session->stack.may_hold &&
        tni_chain_release_kept(tni_session_out(session)))
        tni_duplex_wake_other(session->duplex, 1, TNI_WAKE_SPACE);
}

static void refused(struct tni_session *session)
{
    session->tx_ready = false;
    atomic_store(&session->is_congested, true);
    tni_limit_stalled(session);
}

static void congested(struct tni_session *session)
{
    refused(session);
    tni_reactor_await_event(session->member.reactor);
}

/* What the layers have taken is not sent before they have handed it on. */
static int flush(struct tni_session *session)
{
    int rc = 0;

    if (session->stack.may_hold && session->tx_ready)
        rc = tni_stack_flush(&session->stack);
    if (rc != -EAGAIN)
        return rc;
    congested(session);
    return 0;
}

/* Most often a session that was served because something came has nothing to send; and nothing is left
 * after the first write. */
static bool has_nothing_to_send(struct tni_session *session)
{
    return !session->coder && !tni_buffer_left(&session->commands) && session->duplex &&
           tni_chain_is_drained(tni_session_out(session));
}

static bool may_send_now(const struct tni_session *session)
{
    return session->kind == &tni_stream_kind && session->state == TNI_SESSION_UP &&
           session->duplex && session->tx_ready && !session->is_stopping && !session->coder &&
           !tni_buffer_left(&session->commands) && !session->stack.may_hold &&
           !(session->config->pattern->flags & TN_PATTERN_REBUILDS) &&
           !session->config->options.out_batch_size;
}

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

    if (!may_send_now(session))
        return;
    out = tni_session_out(session);
    if (!tni_chain_unsent(out, iov))
        count = tni_chain_gather(out, iov, FEW, LITTLE);
    size = count > 0 ? tni_stack_writev(&session->stack, iov, count) : 0;
    if (size <= 0)
        return;
    session->stall_by = UINT64_MAX;
    tni_chain_sent(out, (size_t)size);
    tell_producer(session);
    tni_session_note_traffic(session);
    tni_session_schedule(session);
    now->is_sent = tni_chain_is_drained(out);
}

bool tni_session_send_now(struct tni_session *session)
{
    struct now now = {.session = session};

    return tni_reactor_visit(session->member.reactor, send_all, &now) && now.is_sent;
}

int tni_session_transmit(struct tni_session *session)
{
    struct iovec iov[PIECES];
    size_t commands;
    int count = 0;
    int writes = 0;
    int rc;

    while (session->tx_ready && writes < WRITES && !has_nothing_to_send(session)) {
        ssize_t size;
        count = collect(session, iov, &commands);
        if (count <= 0)
            break;
        count = tni_session_cut(iov, count, (size_t)session->config->options.out_batch_size);
        size = tni_stack_writev(&session->stack, iov, count);
        if (size == -EAGAIN) {
            congested(session);
            break;
        }
        if (size < 0)
            return (int)size;
        session->stall_by = UINT64_MAX;
        written(session, (size_t)size, commands);
        writes++;
    }
    rc = flush(session);
    if (rc < 0)
        return rc;
    if (session->tx_ready) {
        if (atomic_load_explicit(&session->is_congested, memory_order_relaxed))
            atomic_store(&session->is_congested, false);
        session->stall_by = UINT64_MAX;
    }
    tell_producer(session);
    if (count < 0)
        return count;
    return session->tx_ready && writes == WRITES;
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
    return session->tx_ready && !session->is_stopping && !session->coder &&
           session->stack.depth == 1 && may_send_messages(session) &&
           !tni_session_out(session)->slot && !tni_buffer_left(&session->commands) &&
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
        refused(session);
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
    for (int i = 0; i < WRITES && straight->rc >= 0 && straight->sent < total; i++) {
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
