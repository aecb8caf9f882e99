#include "session/session.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "message/peer_info.h"
#include "monitor/monitor.h"
#include "pipe/pipe.h"
#include "reactor/poller.h"
#include "session/resolve.h"
#include "socket/ctx.h"
#include "socket/socket.h"

static void on_task(struct tni_task *task, unsigned bits);
static void on_events(struct tni_member *member, unsigned events);
static bool serve(struct tni_member *member);
static void end(struct tni_session *session);

/* ------------------------------------------------------------------ making and references */

static void on_timer(struct tni_timer *timer)
{
    tni_session_post(tni_container(timer, struct tni_session, timer), TNI_SESSION_TIMER);
}

struct tni_session *tni_session_new(struct tni_reactor *reactor, struct tni_config *config)
{
    struct tni_session *session = tni_calloc(1, sizeof *session);

    if (!session) {
        tni_fail(-ENOMEM, "out of memory for a connection");
        return NULL;
    }
    session->member.reactor = reactor;
    session->member.on_events = on_events;
    session->member.serve = serve;
    tni_link_init(&session->member.link);
    tni_link_init(&session->member.ready);
    tni_task_init(&session->task, on_task);
    atomic_init(&session->refs, 1);
    session->config = tni_config_ref(config);
    session->timer.fire = on_timer;
    session->watched = -1;
    session->timer_at = UINT64_MAX;
    session->handshake_by = session->linger_by = session->retry_at = UINT64_MAX;
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
    tni_free(session);
}

void tni_session_discard(struct tni_session *session)
{
    struct tn_sock *sock = session->config->sock;

    tni_stack_close(&session->stack);
    atomic_fetch_sub(&session->member.reactor->thread->load, 1);
    tni_session_unref(session);
    tni_sock_live_down(sock);
}

void tni_session_own(struct tni_session *session, struct tni_duplex *duplex)
{
    session->duplex = duplex;
    atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
    tni_duplex_own(duplex, 1, &tni_session_side_ops, session);
}

struct tni_duplex *tni_session_duplex(const struct tni_config *config)
{
    const struct tni_options *options = &config->options;
    const uint64_t hwm[2] = {(uint64_t)options->sndhwm, (uint64_t)options->rcvhwm};
    bool conflates = options->conflate && (config->pattern->flags & TN_PATTERN_CONFLATES);
    const bool conflate[2] = {conflates && (config->pattern->flags & TN_PATTERN_SENDS),
                              conflates && (config->pattern->flags & TN_PATTERN_RECEIVES)};

    return tni_duplex_new(hwm, conflate);
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
 * the socket's turn, which may write to a single idle connection itself. */
static void wake(void *owner, unsigned what)
{
    struct tni_session *session = owner;
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
    sock->touched_items += what != TNI_WAKE_DATA || atomic_load(&session->is_congested) ? 2 : 1;
}

const struct tni_side_ops tni_session_side_ops = {.wake = wake, .unref = tni_session_unref};

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

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

void tni_session_schedule(struct tni_session *session)
{
    struct tni_iothread *thread = session->member.reactor->thread;
    uint64_t deadline = earlier(session->linger_by, session->retry_at);

    deadline = earlier(deadline, session->handshake_by);
    if (session->state == TNI_SESSION_UP)
        deadline = earlier(deadline, tni_heartbeat_deadline(&session->heartbeat));
    /* A timer that is too early finds nothing to do and is set again. */
    if (deadline < session->timer_at &&
        tni_iothread_timer(thread, &session->timer, deadline) == 0)
        session->timer_at = deadline;
}

static uint64_t in_ms(int64_t delay)
{
    return tni_clock_ms() + (uint64_t)delay;
}

/* ------------------------------------------------------------------ connecting */

static void set_handshake_deadline(struct tni_session *session, int milliseconds)
{
    session->handshake_by = milliseconds > 0 ? in_ms(milliseconds) : UINT64_MAX;
    tni_session_schedule(session);
}

/* All streams stand: the protocol begins. */
static int established(struct tni_session *session)
{
    const struct tni_options *options = &session->config->options;

    session->state = TNI_SESSION_HANDSHAKE;
    if (session->config->role == TN_ROLE_CONNECT)
        tni_session_event(session, TN_EVENT_CONNECTED, 0, tni_stack_fd(&session->stack));
    set_handshake_deadline(session, options->handshake_ivl);
    tni_reactor_make_ready(&session->member);
    session->rx_ready = session->tx_ready = true;
    return tni_handshake_begin(session);
}

/* A transport that tries one address after the other changes its descriptor meanwhile; while a name
 * is being looked up it has none. */
static int watch(struct tni_session *session)
{
    int fd = tni_stack_fd(&session->stack);
    int rc;

    if (fd < 0 || fd == session->watched)
        return 0;
    rc = tni_poller_add_edge(session->member.reactor->set, fd, &session->member);
    if (rc < 0)
        return tni_fail(rc, "the connection cannot be watched: %s", tni_error_name(rc));
    session->watched = fd;
    return 0;
}

/* `rc`: what the transport said last. */
static int go_on(struct tni_session *session, int rc)
{
    int watched;

    if (rc < 0 && rc != -EINPROGRESS)
        return rc;
    watched = watch(session);
    if (watched < 0)
        return watched;
    if (rc == 0)
        rc = tni_stack_advance(&session->stack);
    if (rc == 0)
        return established(session);
    if (rc != -EINPROGRESS)
        return rc;
    return watch(session);
}

static int advance(struct tni_session *session)
{
    return go_on(session, tni_stack_advance(&session->stack));
}

static void dial(struct tni_session *session)
{
    int rc = tni_stack_open(&session->stack, session, session->config);

    session->state = TNI_SESSION_CONNECTING;
    session->retry_at = UINT64_MAX;
    session->is_hung_up = false;
    set_handshake_deadline(session, session->config->options.connect_timeout);
    if (rc == 0)
        rc = tni_stack_dial(&session->stack, session->config->address);
    if (rc == -EINPROGRESS)
        tni_session_event(session, TN_EVENT_CONNECT_DELAYED, 0, 0);
    rc = go_on(session, rc);
    if (rc < 0)
        tni_session_lost(session, rc);
}

static void on_resolved(struct tni_session *session)
{
    int rc;

    if (session->state != TNI_SESSION_CONNECTING || !session->resolution)
        return;
    rc = go_on(session, tni_session_take_answer(session));
    if (rc < 0)
        tni_session_lost(session, rc);
}

static void start_accepted(struct tni_session *session)
{
    int rc;

    tni_stack_bottom(&session->stack)->is_ready = true;
    session->state = TNI_SESSION_CONNECTING;
    tni_session_event(session, TN_EVENT_ACCEPTED, 0, tni_stack_fd(&session->stack));
    set_handshake_deadline(session, session->config->options.handshake_ivl);
    rc = go_on(session, 0);
    if (rc < 0)
        tni_session_lost(session, rc);
}

static void start(struct tni_session *session)
{
    tni_list_append(&session->member.reactor->sessions, &session->member.link);
    if (session->member.reactor->is_stopping && !session->duplex)
        end(session);
    else if (session->config->role == TN_ROLE_BIND)
        start_accepted(session);
    else
        dial(session);
}

/* ------------------------------------------------------------------ up and down */

/* A pipe that the socket has not seen yet, for a connection that gets one only now. */
static int make_pipe(struct tni_session *session)
{
    struct tni_duplex *duplex = tni_session_duplex(session->config);
    struct tn_pipe *pipe = duplex ? tni_pipe_new(session->config->sock, duplex, 0) : NULL;

    if (!pipe) {
        if (duplex) {
            tni_duplex_close(duplex, 0);
            tni_duplex_close(duplex, 1);
        }
        return tni_fail(-ENOMEM, "out of memory for a connection's pipe");
    }
    pipe->has_session = true;
    tni_event_text(pipe->endpoint, sizeof pipe->endpoint, session->config->text);
    pipe->next_routing_id = session->config->options.connect_routing_id;
    atomic_store(&pipe->refs, 2); /* the socket, the duplex */
    tni_duplex_own(duplex, 0, &tni_pipe_side_ops, pipe);
    tni_session_own(session, duplex);
    return 0;
}

static void tell_pipe(struct tni_session *session, enum tni_attachment_kind kind, void *object)
{
    /* Without memory for the record the pipe cannot follow: it ends. */
    if (tni_chain_control(tni_session_in(session), kind, object) < 0) {
        session->is_stopping = true;
        session->linger_by = 0;
        if (object)
            tni_peer_info_unref(object);
    }
}

void tni_session_is_up(struct tni_session *session, struct tn_peer_info *peer)
{
    const struct tni_options *options = &session->config->options;
    bool is_new = !session->duplex;

    tni_peer_info_unref(session->peer);
    session->peer = peer;
    if (is_new && make_pipe(session) < 0) {
        tni_session_lost(session, -ENOMEM);
        return;
    }
    session->state = TNI_SESSION_UP;
    session->connections++;
    session->retry_delay = 0;
    session->handshake_by = UINT64_MAX;
    session->is_paused = false;
    tni_heartbeat_init(&session->heartbeat, options->heartbeat_ivl, options->heartbeat_ttl,
                       options->heartbeat_timeout, tni_clock_ms());
    tni_session_schedule(session);
    tni_session_event(session, TN_EVENT_HANDSHAKE_SUCCEEDED, 0, 0);
    tell_pipe(session, TNI_ATTACH_CONNECTED, tni_peer_info_ref(peer));
    tni_duplex_wake_other(session->duplex, 1, is_new ? TNI_WAKE_NEW : TNI_WAKE_DATA);
    tni_reactor_make_ready(&session->member);
}

static void close_stack(struct tni_session *session)
{
    tni_session_forget_question(session);
    tni_handshake_end(session);
    tni_stack_close(&session->stack);
    session->watched = -1;
    tni_receive_reset(session);
    tni_buffer_clear(&session->commands);
    session->rx_ready = session->tx_ready = false;
    atomic_store(&session->is_congested, false);
    session->handshake_by = UINT64_MAX;
    tni_link_remove(&session->member.ready);
}

static void give_up_pipe(struct tni_session *session)
{
    if (session->duplex)
        tni_duplex_close(session->duplex, 1);
    session->duplex = NULL;
}

static void end(struct tni_session *session)
{
    struct tni_reactor *reactor = session->member.reactor;

    if (session->state == TNI_SESSION_ENDED)
        return;
    close_stack(session);
    session->state = TNI_SESSION_ENDED;
    atomic_store(&session->has_ended, true);
    tni_timer_cancel(&reactor->thread->timers, &session->timer);
    tni_link_remove(&session->member.link);
    atomic_fetch_sub(&reactor->thread->load, 1);
    tni_peer_info_unref(session->peer);
    session->peer = NULL;
    give_up_pipe(session);
    reactor->ended++;
    tni_session_unref(session);
}

/* The socket's side closed: what it committed is still to be sent, as long as "linger" allows. */
static bool has_unsent(struct tni_session *session)
{
    return session->duplex && !tni_chain_is_empty(tni_session_out(session));
}

static void count_lingered(struct tni_session *session)
{
    if (session->duplex)
        tni_count_drop(&session->config->sock->counters, TN_DROP_LINGER,
                       tni_chain_length(tni_session_out(session)));
}

static void stop(struct tni_session *session)
{
    int linger = session->config->options.linger;

    if (session->member.reactor->is_stopping ||
        atomic_load(&session->config->sock->state) != TNI_SOCK_OPEN)
        linger = atomic_load(&session->config->sock->linger_ms);
    session->is_stopping = true;
    if (!session->duplex || !has_unsent(session) || linger == 0) {
        count_lingered(session);
        end(session);
        return;
    }
    session->linger_by = linger < 0 ? UINT64_MAX : in_ms(linger);
    tni_session_schedule(session);
    tni_reactor_make_ready(&session->member);
}

static bool returns_after(struct tni_session *session, int code)
{
    /* A peer that breaks the protocol would do so again. */
    return session->config->role == TN_ROLE_CONNECT && code != -EPROTO &&
           code != -TN_ENOCOMPAT && code != -EMSGSIZE &&
           session->config->options.reconnect_ivl > 0 &&
           (!session->is_stopping || has_unsent(session));
}

static void retry(struct tni_session *session, int code)
{
    const struct tni_options *options = &session->config->options;
    uint64_t base = (uint64_t)options->reconnect_ivl;
    uint64_t delay;

    if (options->reconnect_ivl_max > 0) {
        delay = session->retry_delay ? session->retry_delay * 2 : base;
        if (delay > (uint64_t)options->reconnect_ivl_max)
            delay = (uint64_t)options->reconnect_ivl_max;
        session->retry_delay = delay;
    } else {
        delay = base + tni_host_functions.random() % base;
    }
    session->state = TNI_SESSION_IDLE;
    session->retry_at = in_ms((int64_t)delay);
    tni_session_event(session, TN_EVENT_CONNECT_RETRIED, code, (int64_t)delay);
    tni_session_schedule(session);
}

static void tell_loss(struct tni_session *session, int code)
{
    if (session->state == TNI_SESSION_UP) {
        tni_count(&session->config->sock->counters.connections_lost, 1);
        tni_session_event(session, TN_EVENT_DISCONNECTED, code, 0);
    } else if (session->state == TNI_SESSION_HANDSHAKE) {
        tni_count(&session->config->sock->counters.handshakes_failed, 1);
        tni_session_event(session, TN_EVENT_HANDSHAKE_FAILED, code, 0);
    }
}

/* The pipe outlives the connection: what was cut starts again at its first byte. */
static void rewind_pipe(struct tni_session *session)
{
    tni_chain_rollback(tni_session_in(session));
    tni_chain_rewind(tni_session_out(session));
    if (session->state != TNI_SESSION_UP)
        return;
    tell_pipe(session, TNI_ATTACH_DISCONNECTED, NULL);
    tni_duplex_wake_other(session->duplex, 1, TNI_WAKE_DATA);
}

void tni_session_lost(struct tni_session *session, int code)
{
    bool returns = returns_after(session, code);

    if (session->duplex)
        rewind_pipe(session);
    if (!returns || session->config->options.immediate)
        give_up_pipe(session);
    /* Whoever hears of it finds the socket in its new state. */
    tell_loss(session, code);
    if (!returns) {
        end(session);
        return;
    }
    close_stack(session);
    retry(session, code);
}

/* ------------------------------------------------------------------ being served */

static void on_deadline(struct tni_session *session)
{
    uint64_t now = tni_clock_ms();

    if (session->linger_by <= now) {
        count_lingered(session);
        end(session);
    } else if (session->handshake_by <= now) {
        tni_session_lost(session,
                         session->state == TNI_SESSION_CONNECTING
                             ? tni_fail(-ETIMEDOUT, "no connection within 'connect_timeout'")
                             : tni_fail(-ETIMEDOUT, "the peer did not finish the handshake "
                                                    "within 'handshake_ivl', %d ms",
                                        session->config->options.handshake_ivl));
    } else if (session->retry_at <= now) {
        dial(session);
    } else if (session->state == TNI_SESSION_UP) {
        session->rx_ready = true; /* what has arrived counts as a sign of life */
        tni_reactor_make_ready(&session->member);
    } else {
        tni_session_schedule(session);
    }
}

static void on_task(struct tni_task *task, unsigned bits)
{
    struct tni_session *session = tni_container(task, struct tni_session, task);

    if (session->state == TNI_SESSION_ENDED)
        goto done;
    if (bits & TNI_SESSION_START)
        start(session);
    if (bits & TNI_SESSION_RESOLVED)
        on_resolved(session);
    if (bits & TNI_SESSION_TIMER) {
        session->timer_at = UINT64_MAX;
        if (session->state != TNI_SESSION_ENDED)
            on_deadline(session);
    }
    if (bits & TNI_SESSION_RX)
        session->rx_ready = true;
    if (bits & TNI_SESSION_TX)
        session->tx_ready = true;
    if (bits & TNI_WAKE_SPACE)
        session->is_paused = false;
    if (session->state != TNI_SESSION_ENDED && !session->is_stopping &&
        (bits & (TNI_SESSION_STOP | TNI_SESSION_CLOSE | TNI_WAKE_CLOSED)))
        stop(session);
    if (session->state != TNI_SESSION_ENDED)
        tni_reactor_make_ready(&session->member);
done:
    tni_session_unref(session); /* the inbox's */
}

static void on_events(struct tni_member *member, unsigned events)
{
    struct tni_session *session = (struct tni_session *)(void *)member;

    if (events & (TNI_POLL_IN | TNI_POLL_HANGUP))
        session->rx_ready = true;
    if (events & TNI_POLL_OUT)
        session->tx_ready = true;
    if (events & TNI_POLL_HANGUP)
        session->is_hung_up = true;
    tni_reactor_make_ready(member);
}

static int heartbeat(struct tni_session *session)
{
    uint8_t body[TNI_PING_SIZE_MAX];
    const char *reason = "";
    uint64_t now;
    ssize_t size;

    if (tni_heartbeat_deadline(&session->heartbeat) == TNI_HEARTBEAT_NEVER)
        return 0;
    now = tni_clock_ms();
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

static int serve_connection(struct tni_session *session, bool *out_again)
{
    int more_in = 0, more_out;
    int rc = 0;

    if (session->state == TNI_SESSION_CONNECTING)
        return session->resolution ? 0 : advance(session);
    if (session->state < TNI_SESSION_HANDSHAKE)
        return 0;
    more_in = tni_session_receive(session);
    if (more_in < 0)
        return more_in;
    if (session->state == TNI_SESSION_UP)
        rc = heartbeat(session);
    if (rc < 0)
        return rc;
    more_out = tni_session_transmit(session);
    if (more_out < 0)
        return more_out;
    *out_again = more_in > 0 || more_out > 0;
    tni_session_schedule(session);
    return 0;
}

static bool serve(struct tni_member *member)
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
    if (session->is_stopping && !has_unsent(session) && !tni_buffer_left(&session->commands)) {
        end(session);
        return false;
    }
    return again;
}
