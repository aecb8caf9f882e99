/*
 * idle.c: a connection over which nothing passes any more gives memory back.
 *
 * Its chains have two users, the socket and the session, and can be made small only by both at once. So
 * the session, under its reactor's lock, tries the socket's: neither waits for the other.
 */
#include "reactor/iothread.h"
#include "session/codec.h"
#include "session/session.h"
#include "socket/socket.h"

enum { QUIET_MS = 1000 };

/* Grows with every message, either way. */
static uint64_t traffic_of(struct tni_session *session)
{
    return atomic_load_explicit(&tni_session_out(session)->produced, memory_order_relaxed) +
           atomic_load_explicit(&tni_session_in(session)->produced, memory_order_relaxed);
}

void tni_session_note_first_traffic(struct tni_session *session)
{
    if (!session->duplex || traffic_of(session) == session->traffic)
        return;
    session->traffic = traffic_of(session);
    session->shrink_at = tni_session_in_ms(QUIET_MS);
}

static bool shrink(struct tni_session *session)
{
    struct tn_sock *sock = session->config->sock;

    if (!tni_lock_try(&sock->lock))
        return false;
    tni_coder_shrink(session);
    tni_chain_shrink(tni_session_out(session));
    tni_chain_shrink(tni_session_in(session));
    tni_fan_out_shrink(&sock->fan);
    tni_lock_give(&sock->lock);
    return true;
}

void tni_session_on_quiet(struct tni_session *session)
{
    bool is_quiet = session->duplex && traffic_of(session) == session->traffic;

    session->shrink_at = UINT64_MAX;
    tni_sweep_begin(&session->member.reactor->thread->sweep);
    if (!session->duplex)
        return;
    if (is_quiet && shrink(session)) {
        tni_session_hear_room(session);
        return;
    }
    session->traffic = traffic_of(session);
    session->shrink_at = tni_session_in_ms(QUIET_MS);
}
