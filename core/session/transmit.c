#include <errno.h>

#include "base/error.h"
#include "base/expect.h"
#include "pipe/chain_short.h"
#include "reactor/poller.h"
#include "session/codec.h"
#include "session/session.h"
#include "zmtp/frame.h"

enum {
    PIECES = 64,
    ONE_WRITE = 1024 * 1024, /* bytes */
    WRITES = 4, /* before the next connection has its turn */
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

bool tni_session_may_send(struct tni_session *session)
{
    struct tni_chain *out;

    if (session->state != TNI_SESSION_UP || !session->duplex)
        return false;
    out = tni_session_out(session);
    if (!TNI_RARELY(session->config->pattern->flags & TN_PATTERN_REBUILDS) ||
        session->connections == 1)
        return true;
    if (atomic_load(&out->epoch) != session->connections)
        return false;
    tni_chain_discard(out); /* subscriptions, sent anew: nothing is lost */
    return true;
}

static int collect_coded(struct tni_session *session, struct iovec *iov)
{
    int rc = tni_coder_fill(session, tni_session_may_send(session));

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
    may_send = tni_session_may_send(session);
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

void tni_session_tell_producer(struct tni_session *session)
{
    if (session->duplex && session->state == TNI_SESSION_UP && !session->stack.may_hold &&
        tni_chain_release_kept(tni_session_out(session)))
        tni_duplex_wake_other(session->duplex, 1, TNI_WAKE_SPACE);
}

void tni_session_hear_room(struct tni_session *session)
{
    bool hears = !session->tx_ready;

    if (session->hears_room == hears || session->watched < 0 || session->stack.depth > 1 ||
        session->kind != &tni_stream_kind)
        return;
    tni_poller_hear_room(session->member.reactor->set, session->watched, &session->member, hears);
    session->hears_room = hears;
}

void tni_session_refused(struct tni_session *session)
{
    session->tx_ready = false;
    tni_session_hear_room(session);
    atomic_store(&session->is_congested, true);
    tni_limit_stalled(session);
}

static void congested(struct tni_session *session)
{
    tni_session_refused(session);
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

/* After a write, or none: what of it concerns others. */
static void note_room(struct tni_session *session)
{
    if (session->tx_ready) {
        if (TNI_RARELY(atomic_load_explicit(&session->is_congested, memory_order_relaxed)))
            atomic_store(&session->is_congested, false);
        session->stall_by = UINT64_MAX;
    }
    tni_session_tell_producer(session);
}

static int write_queued(struct tni_session *session)
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
    note_room(session);
    if (count < 0)
        return count;
    return session->tx_ready && writes == WRITES;
}

int tni_session_transmit(struct tni_session *session)
{
    if (TNI_RARELY(session->stack.may_hold) || !has_nothing_to_send(session))
        return write_queued(session);
    note_room(session);
    return 0;
}
