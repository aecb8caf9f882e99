/*
 * life.c: a connection comes up, is lost, comes back; and how a session ends.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "message/peer_info.h"
#include "monitor/monitor.h"
#include "pipe/pipe.h"
#include "reactor/poller.h"
#include "session/codec.h"
#include "session/resolve.h"
#include "session/session.h"
#include "socket/host.h"
#include "socket/socket.h"

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

int tni_session_is_up(struct tni_session *session, struct tn_peer_info *peer)
{
    const struct tni_options *options = &session->config->options;
    bool is_new = !session->duplex;

    tni_limit_not_half_open(session, true);
    tni_peer_info_unref(session->peer);
    session->peer = peer;
    /* Accepted, or "immediate": the socket sees its pipe only now. */
    if (is_new && !tni_session_open_pipe(session))
        return -ENOMEM;
    session->state = TNI_SESSION_UP;
    session->connections++;
    session->retry_delay = 0;
    session->handshake_by = UINT64_MAX;
    session->is_paused = false;
    /* Without PING nothing can be asked of a silent peer. */
    tni_heartbeat_init(&session->heartbeat, session->has_commands ? options->heartbeat_ivl : 0,
                       options->heartbeat_ttl, options->heartbeat_timeout, tni_clock_ms());
    tni_session_schedule(session);
    tni_session_hear_room(session);
    tell_pipe(session, TNI_ATTACH_CONNECTED, tni_peer_info_ref(peer));
    tni_duplex_wake_other(session->duplex, 1, is_new ? TNI_WAKE_NEW : TNI_WAKE_DATA);
    /* Whoever hears of it finds the socket in its new state. */
    if (session->kind->has_handshake && !session->config->is_raw)
        tni_session_event(session, TN_EVENT_HANDSHAKE_SUCCEEDED, 0, 0);
    tni_reactor_make_ready(&session->member);
    return 0;
}

/* The descriptor may live on in a child process, and its place in the set with it: an event of it would
 * name a session that is gone. One that the stream has closed itself may be somebody else's by now. */
static void unwatch(struct tni_session *session)
{
    if (session->watched >= 0 && tni_stack_is_open(&session->stack) &&
        tni_stack_fd(&session->stack) == session->watched)
        tni_poller_remove(session->member.reactor->set, session->watched);
    session->watched = -1;
}

static void close_stack(struct tni_session *session)
{
    unwatch(session);
    tni_session_forget_question(session);
    tni_handshake_end(session);
    tni_coder_end(session);
    tni_stack_close(&session->stack);
    tni_receive_reset(session);
    tni_buffer_clear(&session->commands);
    session->rx_ready = session->tx_ready = false;
    atomic_store(&session->is_congested, false);
    session->handshake_by = session->stall_by = session->look_at = UINT64_MAX;
    session->wake_at = UINT64_MAX;
    session->is_held = false;
    tni_link_remove(&session->member.ready);
}

static void give_up_pipe(struct tni_session *session)
{
    if (session->duplex)
        tni_duplex_close(session->duplex, 1);
    session->duplex = NULL;
}

void tni_session_end(struct tni_session *session)
{
    struct tni_reactor *reactor = session->member.reactor;

    if (session->state == TNI_SESSION_ENDED)
        return;
    tni_limit_forget(session);
    close_stack(session);
    session->state = TNI_SESSION_ENDED;
    atomic_store(&session->has_ended, true);
    tni_timer_cancel(&reactor->thread->timers, &session->timer);
    tni_timers_unreserve(&reactor->thread->timers);
    tni_link_remove(&session->member.link);
    atomic_fetch_sub(&reactor->thread->load, 1);
    tni_peer_info_unref(session->peer);
    session->peer = NULL;
    give_up_pipe(session);
    reactor->ended++;
    tni_session_unref(session);
}

/* The socket's side closed: what it committed is still to be sent, as long as "linger" allows. */
bool tni_session_has_unsent(struct tni_session *session)
{
    size_t encoded = 0;

    if (session->coder)
        tni_coder_bytes(session, &encoded);
    return encoded || (session->duplex && !tni_chain_is_empty(tni_session_out(session)));
}

bool tni_session_has_unflushed(struct tni_session *session)
{
    return session->state == TNI_SESSION_UP && session->stack.may_hold;
}

void tni_session_count_lingered(struct tni_session *session)
{
    if (session->duplex)
        tni_count_drop(&session->config->sock->counters, TN_DROP_LINGER,
                       tni_chain_length(tni_session_out(session)));
}

/* Subscriptions are for the connection they were queued under, or for none: nobody waits for a peer to
 * tell it of them. */
static bool is_rebuilt(const struct tni_session *session)
{
    return session->config->pattern->flags & TN_PATTERN_REBUILDS;
}

/* A raw peer that the pattern let go gets everything that was sent to it, as long as the socket is
 * there: closing is how such a program says that its message is complete. */
static int linger_of(const struct tni_session *session, bool is_let_go)
{
    if (session->member.reactor->is_stopping ||
        atomic_load(&session->config->sock->state) != TNI_SOCK_OPEN)
        return atomic_load(&session->config->sock->linger_ms);
    return session->config->is_raw && is_let_go ? -1 : session->config->options.linger;
}

/* It is disconnected, not closed, and waits for the next attempt. */
static bool stops_waiting(const struct tni_session *session)
{
    return session->state == TNI_SESSION_IDLE &&
           (session->config->options.reconnect_stop & TNI_STOP_AFTER_DISCONNECT) &&
           atomic_load(&session->config->sock->state) == TNI_SOCK_OPEN;
}

void tni_session_stop(struct tni_session *session, bool is_let_go)
{
    int linger = linger_of(session, is_let_go);

    bool gives_up = is_rebuilt(session) && session->state != TNI_SESSION_UP;

    session->is_stopping = true;
    if (gives_up || stops_waiting(session)) {
        if (!is_rebuilt(session))
            tni_session_count_lingered(session);
        tni_session_end(session);
        return;
    }
    if (!session->duplex || linger == 0 ||
        (!tni_session_has_unsent(session) && !tni_session_has_unflushed(session))) {
        tni_session_count_lingered(session);
        tni_session_end(session);
        return;
    }
    session->linger_by = linger < 0 ? UINT64_MAX : tni_session_in_ms(linger);
    tni_session_schedule(session);
    tni_reactor_make_ready(&session->member);
}

/* What is left for a raw peer is for that connection alone. */
static bool is_still_to_reach(struct tni_session *session)
{
    if (session->config->is_raw && session->connections > 0)
        return false;
    return tni_session_has_unsent(session) && !is_rebuilt(session);
}

/* The layers' handshakes, or ours. */
static bool is_in_handshake(const struct tni_session *session)
{
    return session->state < TNI_SESSION_UP && session->is_connected;
}

/* A peer that breaks the protocol, or has refused us for good, would do so again. */
static bool is_final(const struct tni_session *session, int code)
{
    int stop = session->config->options.reconnect_stop;

    if (code == -EPROTO || code == -TN_ENOCOMPAT || code == -EMSGSIZE ||
        (code == -EACCES && session->is_connected))
        return true;
    if (session->is_stopping && (stop & TNI_STOP_AFTER_DISCONNECT))
        return true;
    if (is_in_handshake(session))
        return code == -ECONNREFUSED || (stop & TNI_STOP_HANDSHAKE_FAILED);
    return session->state == TNI_SESSION_CONNECTING && code == -ECONNREFUSED &&
           (stop & TNI_STOP_REFUSED);
}

static bool returns_after(struct tni_session *session, int code)
{
    return session->config->role == TN_ROLE_CONNECT && !is_final(session, code) &&
           session->config->options.reconnect_ivl > 0 &&
           (!session->is_stopping || is_still_to_reach(session));
}

/* Twice as long each time. */
static uint64_t back_off(struct tni_session *session, uint64_t base, uint64_t most)
{
    uint64_t delay = session->retry_delay ? session->retry_delay * 2 : base;

    session->retry_delay = delay < most ? delay : most;
    return session->retry_delay;
}

/* Peers that were let in by the kernel and then turned away come back more and more seldom, whatever the
 * options say: together they could keep a server busy with turning them away. */
static void retry(struct tni_session *session, int code, bool was_turned_away)
{
    enum { TURNED_AWAY = 16 }; /* times "reconnect_ivl" */
    const struct tni_options *options = &session->config->options;
    uint64_t base = (uint64_t)options->reconnect_ivl;
    uint64_t delay;

    if (options->reconnect_ivl_max > 0) {
        delay = back_off(session, base, (uint64_t)options->reconnect_ivl_max);
    } else {
        if (was_turned_away)
            base = back_off(session, base, base * TURNED_AWAY);
        else
            session->retry_delay = 0;
        delay = base + tni_host_random() % base;
    }
    session->state = TNI_SESSION_IDLE;
    session->retry_at = tni_session_in_ms((int64_t)delay);
    tni_session_event(session, TN_EVENT_CONNECT_RETRIED, code, (int64_t)delay);
    tni_session_schedule(session);
}

static void tell_loss(struct tni_session *session, int code)
{
    if (session->state == TNI_SESSION_UP) {
        tni_count(&session->config->sock->counters.connections_lost, 1);
        tni_session_event(session, TN_EVENT_DISCONNECTED, code, session->fault);
    } else if (session->state == TNI_SESSION_HANDSHAKE || session->is_connected) {
        tni_count(&session->config->sock->counters.handshakes_failed, 1);
        tni_session_event(session, TN_EVENT_HANDSHAKE_FAILED, code, session->fault);
    } else {
        tni_session_event(session, TN_EVENT_CONNECT_FAILED, code, 0);
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
    bool was_turned_away = is_in_handshake(session);

    /* A transport that has nothing to add leaves the sentence of something else. */
    if (tni_error_code() != code)
        tni_fail_code(code);

    if (session->duplex)
        rewind_pipe(session);
    if (!returns || session->config->options.immediate)
        give_up_pipe(session);
    /* Whoever hears of it finds the socket in its new state. */
    tell_loss(session, code);
    if (!returns) {
        tni_session_end(session);
        return;
    }
    close_stack(session);
    retry(session, code, was_turned_away);
}
