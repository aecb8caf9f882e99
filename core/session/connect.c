/*
 * connect.c: from nothing to streams that stand: dialling, names, layers; for accepted ones, layers.
 */
#include <errno.h>

#include <tenon/tenon.h>

#include "base/clock.h"
#include "base/error.h"
#include "reactor/poller.h"
#include "session/raw.h"
#include "session/resolve.h"
#include "session/session.h"

static void set_handshake_deadline(struct tni_session *session, int milliseconds)
{
    session->handshake_by = milliseconds > 0 ? tni_session_in_ms(milliseconds) : UINT64_MAX;
    tni_session_schedule(session);
}

/* Once the transport stands, the layers' handshakes and ours have one deadline together. */
static void note_connected(struct tni_session *session)
{
    if (session->is_connected || !tni_stack_is_connected(&session->stack))
        return;
    session->is_connected = true;
    tni_session_event(session, TN_EVENT_CONNECTED, 0, tni_stack_fd(&session->stack));
    set_handshake_deadline(session, session->config->options.handshake_ivl);
}

/* The protocol begins. */
int tni_stream_established(struct tni_session *session)
{
    session->state = TNI_SESSION_HANDSHAKE;
    tni_reactor_make_ready(&session->member);
    session->rx_ready = session->tx_ready = true;
    /* Whoever is asked about the peer may judge it by its address. */
    if (session->stack.lacks_address)
        return tni_fail(-ENOMEM, "out of memory for the address of a peer");
    return session->config->is_raw ? tni_raw_begin(session) : tni_handshake_begin(session);
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
    session->hears_room = true;
    session->tx_ready = false;
    return 0;
}

/* `rc`: what the transport said last. */
static int go_on(struct tni_session *session, int rc)
{
    int watched;

    note_connected(session);
    if (rc < 0 && rc != -EINPROGRESS)
        return rc;
    watched = watch(session);
    if (watched < 0)
        return watched;
    if (rc == 0)
        rc = tni_stack_advance(&session->stack);
    note_connected(session);
    if (rc == 0)
        return session->kind->established(session);
    if (rc != -EINPROGRESS)
        return rc;
    return watch(session);
}

int tni_session_advance(struct tni_session *session)
{
    int before = session->watched;
    int rc = go_on(session, tni_stack_advance(&session->stack));

    /* The descriptor is writable, but the transport does not stand: it talks to a proxy. */
    if (rc == 0 && session->state == TNI_SESSION_CONNECTING && !session->is_connected &&
        session->tx_ready && session->watched == before && session->handshake_by == UINT64_MAX)
        set_handshake_deadline(session, session->config->options.handshake_ivl);
    return rc;
}

/* While a name is being looked up nobody connects yet. */
static void tell_delay(struct tni_session *session, int rc)
{
    if (rc == -EINPROGRESS && !session->resolution)
        tni_session_event(session, TN_EVENT_CONNECT_DELAYED, 0, 0);
}

void tni_session_dial(struct tni_session *session)
{
    int rc = tni_stack_open(&session->stack, session, session->config);

    session->state = TNI_SESSION_CONNECTING;
    session->retry_at = UINT64_MAX;
    session->is_hung_up = session->is_connected = false;
    set_handshake_deadline(session, session->config->options.connect_timeout);
    if (rc == 0)
        rc = tni_stack_dial(&session->stack, session->config->address);
    tell_delay(session, rc);
    rc = go_on(session, rc);
    if (rc < 0)
        tni_session_lost(session, rc);
}

void tni_session_on_resolved(struct tni_session *session)
{
    int rc;

    if (session->state != TNI_SESSION_CONNECTING || !session->resolution)
        return;
    rc = tni_session_take_answer(session);
    tell_delay(session, rc);
    rc = go_on(session, rc);
    if (rc < 0)
        tni_session_lost(session, rc);
}

/* `rc`: what the limits say. In line it stays idle: nobody looks at what comes from it. */
static void begin_accepted(struct tni_session *session, int rc)
{
    if (rc == 0) {
        session->state = TNI_SESSION_CONNECTING;
        set_handshake_deadline(session, session->config->options.handshake_ivl);
        rc = go_on(session, 0);
    }
    if (rc < 0)
        tni_session_lost(session, rc);
}

static void start_accepted(struct tni_session *session)
{
    tni_stack_bottom(&session->stack)->is_ready = session->is_connected = true;
    tni_session_event(session, TN_EVENT_ACCEPTED, 0, tni_stack_fd(&session->stack));
    begin_accepted(session, tni_limit_admit(session));
}

void tni_session_on_called(struct tni_session *session)
{
    if (session->waits_at)
        begin_accepted(session, tni_limit_called(session));
}

void tni_stream_start(struct tni_session *session)
{
    if (session->config->role == TN_ROLE_BIND)
        start_accepted(session);
    else
        tni_session_dial(session);
}

void tni_session_start(struct tni_session *session)
{
    tni_list_append(&session->member.reactor->sessions, &session->member.link);
    if (session->member.reactor->is_stopping && !session->duplex)
        tni_session_end(session);
    else
        session->kind->start(session);
    /* What its streams have asked for before. */
    if (session->state != TNI_SESSION_ENDED)
        tni_session_schedule(session);
}
