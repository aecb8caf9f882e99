#include "session/session.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/expect.h"
#include "base/memory.h"
#include "message/peer_info.h"
#include "monitor/monitor.h"
#include "pipe/pipe.h"
#include "socket/ctx.h"
#include "socket/socket.h"

/* ------------------------------------------------------------------ making and references */

static void on_timer(struct tni_timer *timer)
{
    tni_session_post(tni_container(timer, struct tni_session, timer), TNI_SESSION_TIMER);
}

struct tni_session *tni_session_new(struct tni_reactor *reactor, struct tni_config *config)
{
    struct tni_session *session = tni_calloc_aligned(sizeof *session);

    /* A connection whose deadline could not be set would never come back. */
    if (!session || tni_timers_reserve(&reactor->thread->timers) < 0) {
        tni_free(session);
        tni_fail(-ENOMEM, "out of memory for a connection");
        return NULL;
    }
    session->member.reactor = reactor;
    session->member.on_events = tni_session_on_events;
    session->member.serve = tni_session_serve;
    session->member.plain_descriptor = tni_session_plain_descriptor;
    tni_link_init(&session->member.link);
    tni_link_init(&session->member.ready);
    tni_link_init(&session->place);
    tni_task_init(&session->task, tni_session_on_task);
    atomic_init(&session->refs, 1);
    session->config = tni_config_ref(config);
    session->kind =
        tni_config_bottom(config)->shape == TN_SHAPE_DATAGRAM ? tni_datagrams : &tni_stream_kind;
    session->timer.fire = on_timer;
    session->watched = -1;
    session->timer_at = UINT64_MAX;
    session->handshake_by = session->linger_by = session->retry_at = UINT64_MAX;
    session->stall_by = session->look_at = UINT64_MAX;
    session->shrink_at = session->wake_at = UINT64_MAX;
    session->connection = atomic_fetch_add(&config->sock->ctx->connections, 1) + 1;
    atomic_fetch_add(&config->sock->live, 1);
    atomic_fetch_add(&reactor->thread->load, 1);
    return session;
}

void tni_session_unref(void *pointer)
{
    struct tni_session *session = pointer;

    if (atomic_fetch_sub_explicit(&session->refs, 1, memory_order_acq_rel) != 1)
        return;
    tni_config_unref(session->config);
    tni_stack_forget(&session->stack);
    tni_free(session->datagrams);
    tni_free(session);
}

void tni_session_discard(struct tni_session *session)
{
    struct tn_sock *sock = session->config->sock;

    tni_stack_close(&session->stack);
    tni_timers_unreserve(&session->member.reactor->thread->timers);
    atomic_fetch_sub(&session->member.reactor->thread->load, 1);
    tni_session_unref(session);
    tni_sock_live_down(sock);
}

struct tn_pipe *tni_session_open_pipe(struct tni_session *session)
{
    const struct tni_config *config = session->config;
    const struct tni_options *options = &config->options;
    const uint64_t hwm[2] = {(uint64_t)options->sndhwm, (uint64_t)options->rcvhwm};
    bool conflates = options->conflate && (config->pattern->flags & TN_PATTERN_CONFLATES);
    const bool conflate[2] = {conflates && (config->pattern->flags & TN_PATTERN_SENDS),
                              conflates && (config->pattern->flags & TN_PATTERN_RECEIVES)};
    struct tn_pipe *pipe = tni_pipe_open(config->sock, config->text, options, hwm, conflate);

    if (!pipe)
        return NULL;
    pipe->has_session = true;
    pipe->is_deaf = session->kind == tni_datagrams;
    pipe->is_outgoing = config->role == TN_ROLE_CONNECT;
    session->duplex = pipe->duplex;
    atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
    tni_duplex_own(pipe->duplex, 1, &tni_session_side_ops, session);
    return pipe;
}

/* ------------------------------------------------------------------ announcing */

/* True: the task is to be pushed, with the reference that the inbox holds. */
static bool announce(struct tni_session *session, unsigned bits)
{
    if (atomic_load(&session->has_ended) || !tni_mpsc_announce(&session->task.item, bits))
        return false;
    atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
    return true;
}

void tni_session_post(struct tni_session *session, unsigned bits)
{
    if (announce(session, bits))
        tni_reactor_push(session->member.reactor, &session->task);
}

/* The other side is a pipe, so the socket's lock is held: calling the reactor can wait for the end of
 * the socket's turn. */
static void tell(struct tni_session *session, unsigned what)
{
    struct tn_sock *sock = session->config->sock;
    struct tni_reactor *reactor = session->member.reactor;

    if (!announce(session, what))
        return;
    tni_mpsc_push(&reactor->inbox, &session->task.item);
    if (sock->touched && sock->touched != reactor) {
        tni_reactor_call(reactor);
        return;
    }
    sock->touched = reactor;
    sock->is_urgent |= what != TNI_WAKE_DATA;
    sock->is_resumed |= what == TNI_WAKE_SPACE;
    sock->touched_items += what != TNI_WAKE_DATA || atomic_load(&session->is_congested) ? 2 : 1;
}

void tni_session_tell(struct tni_session *session)
{
    session->config->sock->untold = NULL;
    tell(session, TNI_WAKE_DATA);
}

static TNI_APART void tell_at_once(struct tni_session *session, unsigned what)
{
    struct tn_sock *sock = session->config->sock;

    if (sock->untold)
        tni_session_tell(sock->untold);
    tell(session, what);
}

/* While it is the only one that is written to, the end of the turn may send without telling it; unless it
 * is going to look anyway. */
static void wake(void *owner, unsigned what)
{
    struct tni_session *session = owner;
    struct tn_sock *sock = session->config->sock;

    sock->streaming = session->member.reactor;
    if (what == TNI_WAKE_DATA && !sock->touched && (!sock->untold || sock->untold == session) &&
        !tni_mpsc_is_queued(&session->task.item))
        sock->untold = session;
    else
        tell_at_once(session, what);
}

static struct tni_mpsc_item *item_of(void *owner)
{
    return &((struct tni_session *)owner)->task.item;
}

const struct tni_side_ops tni_session_side_ops = {
    .wake = wake, .item = item_of, .unref = tni_session_unref, .write = tni_session_write};

/* ------------------------------------------------------------------ events and deadlines */

void tni_session_event(struct tni_session *session, uint32_t kind, int code, int64_t value)
{
    struct tni_monitor_hub *hub = &session->config->sock->monitors;
    const struct tn_peer_info *peer = session->peer;
    tn_event_t event;

    if (!tni_monitor_wants(hub, kind))
        return;
    tni_event_init(&event, kind);
    event.error = code;
    event.value = value;
    event.connection = session->connection;
    if (session->stack.depth > 0)
        event.fd = tni_stack_fd(&session->stack);
    event.is_accepted = session->config->role == TN_ROLE_BIND;
    TNI_EVENT_TEXT(event.endpoint, session->config->text);
    TNI_EVENT_TEXT(event.local, session->stack.local);
    TNI_EVENT_TEXT(event.remote, session->stack.remote);
    if (code < 0)
        TNI_EVENT_TEXT(event.reason, tni_error_text());
    if (peer) {
        TNI_EVENT_TEXT(event.identity, peer->user_id);
        event.routing_id_size = (uint8_t)peer->identity_size;
        if (peer->identity_size)
            memcpy(event.routing_id, peer->identity, peer->identity_size);
    }
    tni_monitor_emit(hub, &event);
}

int tni_session_cut_to(struct iovec *iov, int count, size_t most)
{
    for (int i = 0; i < count; i++) {
        if (iov[i].iov_len >= most) {
            iov[i].iov_len = most;
            return i + 1;
        }
        most -= iov[i].iov_len;
    }
    return count;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static TNI_APART uint64_t nearest(const struct tni_session *session)
{
    uint64_t deadline = earlier(session->linger_by, session->retry_at);

    deadline = earlier(deadline, earlier(session->handshake_by, session->shrink_at));
    deadline = earlier(deadline, earlier(session->stall_by, session->look_at));
    deadline = earlier(deadline, session->wake_at);
    if (session->state == TNI_SESSION_UP)
        deadline = earlier(deadline, tni_heartbeat_deadline(&session->heartbeat));
    return deadline;
}

/* Of all but `shrink_at` most often none is running: UINT64_MAX, all bits. */
static bool has_others(const struct tni_session *session)
{
    const struct tni_heartbeat *heartbeat = &session->heartbeat;

    return (session->linger_by & session->retry_at & session->handshake_by & session->stall_by &
            session->look_at & session->wake_at & heartbeat->ping_at & heartbeat->answer_by &
            heartbeat->traffic_by) != UINT64_MAX;
}

void tni_session_schedule(struct tni_session *session)
{
    uint64_t deadline = TNI_RARELY(has_others(session)) ? nearest(session) : session->shrink_at;

    /* A timer that is too early finds nothing to do and is set again. */
    if (TNI_RARELY(deadline < session->timer_at) &&
        tni_iothread_timer(session->member.reactor->thread, &session->timer, deadline) == 0)
        session->timer_at = deadline;
}
