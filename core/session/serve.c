/*
 * serve.c: what a session does when its reactor is served: announcements, events, deadlines, bytes.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/expect.h"
#include "reactor/poller.h"
#include "session/handshake.h"

enum { EMPTY_READS_MAX = 8 };

static void on_deadline(struct tni_session *session)
{
    uint64_t now = tni_clock_ms();

    if (session->shrink_at <= now)
        tni_session_on_quiet(session);
    if (session->wake_at <= now) {
        session->wake_at = UINT64_MAX;
        session->rx_ready = session->tx_ready = true;
        tni_reactor_make_ready(&session->member);
    }
    if (session->look_at <= now) {
        session->look_at = UINT64_MAX;
        tni_reactor_make_ready(&session->member);
    }
    if (session->linger_by <= now) {
        tni_session_count_lingered(session);
        tni_session_end(session);
    } else if (session->handshake_by <= now && session->waits_at) {
        if (tni_limit_wait_is_over(session) < 0)
            tni_session_lost(session, -EUSERS);
    } else if (session->handshake_by <= now) {
        tni_session_lost(session,
                         !session->is_connected && session->config->options.connect_timeout > 0
                             ? tni_fail(-ETIMEDOUT, "no connection within 'connect_timeout'")
                             : tni_limit_struck(session, TNI_LIMIT_HANDSHAKE, -ETIMEDOUT,
                                                "the peer did not finish the handshake within "
                                                "%d ms",
                                                session->config->options.handshake_ivl));
    } else if (session->stall_by <= now && tni_limit_stall_is_over(session) < 0) {
        tni_session_lost(session, -ETIMEDOUT);
    } else if (session->retry_at <= now) {
        tni_session_dial(session);
    } else if (session->state == TNI_SESSION_UP &&
               tni_heartbeat_deadline(&session->heartbeat) <= now) {
        session->rx_ready = true; /* what has arrived counts as a sign of life */
        tni_reactor_make_ready(&session->member);
    } else {
        tni_session_schedule(session);
    }
}

/* A raw session that goes on sending without limit has to hear of the limit, once there is one. */
static bool must_stop(const struct tni_session *session, unsigned bits)
{
    const unsigned ends = TNI_SESSION_STOP | TNI_SESSION_CLOSE;

    if (session->state == TNI_SESSION_ENDED)
        return false;
    if (session->is_stopping)
        return session->config->is_raw && (bits & ends);
    return bits & (ends | TNI_WAKE_CLOSED);
}

/* Who is asked has answered: the handshake goes on, or the peer goes. */
static void on_answer(struct tni_session *session)
{
    int rc = tni_admission_answered(session);

    if (rc == 0 && !session->question)
        rc = tni_handshake_go_on(session);
    if (rc < 0)
        tni_session_lost(session, rc);
}

void tni_session_on_task(struct tni_task *task, unsigned bits)
{
    struct tni_session *session = tni_container(task, struct tni_session, task);

    if (session->state == TNI_SESSION_ENDED)
        goto done;
    if (bits & TNI_SESSION_START)
        tni_session_start(session);
    if (bits & TNI_SESSION_RESOLVED)
        tni_session_on_resolved(session);
    if (bits & TNI_SESSION_CALLED)
        tni_session_on_called(session);
    if (bits & TNI_SESSION_TIMER) {
        session->timer_at = UINT64_MAX;
        if (session->state != TNI_SESSION_ENDED)
            on_deadline(session);
    }
    if ((bits & TNI_SESSION_ANSWERED) && session->state == TNI_SESSION_HANDSHAKE)
        on_answer(session);
    if (bits & TNI_SESSION_RX)
        session->rx_ready = true;
    if (bits & TNI_SESSION_TX)
        session->tx_ready = true;
    if (bits & TNI_WAKE_SPACE)
        session->is_paused = false;
    if (must_stop(session, bits))
        tni_session_stop(session, !(bits & (TNI_SESSION_STOP | TNI_SESSION_CLOSE)));
    if (session->state != TNI_SESSION_ENDED)
        tni_reactor_make_ready(&session->member);
done:
    tni_session_unref(session); /* the inbox's */
}

void tni_session_on_events(struct tni_member *member, unsigned events)
{
    struct tni_session *session = (struct tni_session *)(void *)member;

    if (events & (TNI_POLL_IN | TNI_POLL_HANGUP | TNI_POLL_PERHAPS))
        session->rx_ready = true;
    if (!(events & TNI_POLL_PERHAPS) && session->empty_reads < EMPTY_READS_MAX)
        session->empty_reads++;
    if (events & TNI_POLL_OUT)
        session->tx_ready = true;
    if (events & TNI_POLL_HANGUP)
        session->is_hung_up = true;
    tni_reactor_make_ready(member);
}

static TNI_APART int heartbeat(struct tni_session *session)
{
    uint8_t body[TNI_PING_SIZE_MAX];
    const char *reason = "";
    uint64_t now;
    ssize_t size;

    now = tni_clock_ms();
    if (session->is_held) /* its sign of life may wait to be read */
        tni_heartbeat_on_traffic(&session->heartbeat, now);
    if (tni_heartbeat_deadline(&session->heartbeat) > now)
        return 0;
    switch (tni_heartbeat_on_timer(&session->heartbeat, now, &reason)) {
    case TNI_HEARTBEAT_DEAD:
        return tni_fail(-ETIMEDOUT, "the peer %s", reason);
    case TNI_HEARTBEAT_PING:
        size = tni_heartbeat_ping(&session->heartbeat, body, sizeof body);
        return size < 0 ? (int)size : tni_session_command(session, body, (size_t)size);
    default:
        return 0;
    }
}

static int transfer(struct tni_session *session, bool *out_again)
{
    int more_in = 0, more_out;
    int rc = 0;

    more_in = tni_session_receive(session);
    if (TNI_RARELY(more_in < 0))
        return more_in;
    if (TNI_RARELY(tni_heartbeat_deadline(&session->heartbeat) != TNI_HEARTBEAT_NEVER) &&
        session->state == TNI_SESSION_UP)
        rc = heartbeat(session);
    if (TNI_RARELY(rc < 0))
        return rc;
    more_out = tni_session_transmit(session);
    if (TNI_RARELY(more_out < 0))
        return more_out;
    *out_again = more_in > 0 || more_out > 0;
    tni_session_note_traffic(session);
    tni_session_schedule(session);
    return 0;
}

const struct tni_session_kind tni_stream_kind = {.has_handshake = true,
                                                 .start = tni_stream_start,
                                                 .established = tni_stream_established,
                                                 .transfer = transfer};

static int serve_connection(struct tni_session *session, bool *out_again)
{
    if (session->state == TNI_SESSION_CONNECTING)
        return session->resolution ? 0 : tni_session_advance(session);
    if (session->state < TNI_SESSION_HANDSHAKE)
        return 0;
    return session->kind->transfer(session, out_again);
}

bool tni_session_serve(struct tni_member *member)
{
    struct tni_session *session = (struct tni_session *)(void *)member;
    bool again = false;
    int rc;

    if (session->state == TNI_SESSION_ENDED)
        return false;
    rc = serve_connection(session, &again);
    if (rc < 0) {
        tni_session_lost(session, rc);
        return false;
    }
    if (session->state == TNI_SESSION_ENDED)
        return false;
    if (session->is_stopping && !tni_session_has_unsent(session) &&
        !tni_buffer_left(&session->commands) && !tni_session_has_unflushed(session)) {
        tni_session_end(session);
        return false;
    }
    return again;
}

/* With layers a descriptor may be readable and nothing to be read, or the other way round; and a
 * transport may read from something else than its descriptor, which then has to be edge triggered. */
int tni_session_plain_descriptor(struct tni_member *member)
{
    struct tni_session *session = (struct tni_session *)(void *)member;
    bool is_plain = session->kind == &tni_stream_kind && session->state == TNI_SESSION_UP &&
                    session->empty_reads < EMPTY_READS_MAX && session->stack.depth == 1 &&
                    session->tx_ready && !session->is_paused && !session->is_hung_up &&
                    !session->is_held && !session->question;

    return is_plain ? session->watched : -1;
}
