#include "socket/hand_over.h"

#include "base/clock.h"
#include "base/expect.h"
#include "socket/network.h"
#include "socket/socket.h"
#include "socket/turn.h"

enum {
    DIRECT_WRITE_PAUSE_NS = 50 * 1000,
    LARGE_TURN = 32 * 1024, /* one that another thread had better write at once */
};

/* In place of the time of the last write. */
#define UNDER_WAY UINT64_MAX

/* The only connection that was written to, on a socket that is not streaming, is this thread's to write
 * to: waking another one would cost more. */
static bool is_isolated(struct tn_sock *sock)
{
    uint64_t now;

    if (!sock->untold || sock->touched)
        return false;
    if (atomic_load_explicit(&sock->has_waited, memory_order_relaxed)) {
        atomic_store_explicit(&sock->has_waited, false, memory_order_relaxed);
        return true;
    }
    now = tni_clock_ns();
    if (sock->last_direct_ns == UNDER_WAY || now - sock->last_direct_ns < DIRECT_WRITE_PAUSE_NS)
        return false;
    sock->last_direct_ns = now;
    return true;
}

/* So is a stream to one peer, when enough of it has gathered; what comes next is no isolated message. */
static bool has_gathered(struct tn_sock *sock, size_t turn_bytes)
{
    if (turn_bytes >= LARGE_TURN || sock->touched_items > 1 ||
        (sock->streamed_turns < TNI_STREAM_TURNS && sock->streamed_bytes < TNI_STREAM_BYTES))
        return false;
    sock->last_direct_ns = UNDER_WAY;
    return true;
}

void tni_sock_note_served(struct tn_sock *sock)
{
    if (sock->last_direct_ns == UNDER_WAY)
        sock->last_direct_ns = tni_clock_ns();
}

static void note_direct(struct tn_sock *sock)
{
    sock->streamed_turns = 0;
    sock->streamed_bytes = 0;
}

void tni_sock_tell(struct tn_sock *sock)
{
    if (tni_network && sock->untold)
        tni_network->tell(sock->untold);
}

static void forget_turn(struct tn_sock *sock)
{
    sock->streaming = sock->touched = NULL;
    sock->touched_items = 0;
    sock->turn_bytes = 0;
    sock->is_urgent = sock->is_resumed = sock->is_pacing = false;
}

/* What was not written yet: who is told of it, or is to be served by the caller. */
static TNI_APART struct tni_reactor *tell_turn(struct tn_sock *sock, bool is_direct)
{
    struct tni_reactor *streaming = sock->streaming, *touched;
    size_t turn_bytes = sock->turn_bytes;
    bool is_urgent = sock->is_urgent || turn_bytes >= LARGE_TURN;

    tni_sock_tell(sock);
    touched = sock->touched;
    sock->streamed_turns++;
    sock->streamed_bytes += turn_bytes;
    is_direct = is_direct || (sock->is_resumed && touched) || sock->is_pacing ||
                has_gathered(sock, turn_bytes);
    forget_turn(sock);
    if (is_direct) {
        note_direct(sock);
        return touched ? touched : streaming;
    }
    if (touched && is_urgent)
        tni_network->call(touched);
    else if (touched)
        tni_network->call_later(touched);
    return NULL;
}

struct tni_reactor *tni_sock_hand_over(struct tn_sock *sock)
{
    bool is_direct = is_isolated(sock);

    if (!is_direct || sock->turn_bytes >= LARGE_TURN || !tni_network->send_now(sock->untold))
        return tell_turn(sock, is_direct);
    sock->untold = NULL;
    note_direct(sock);
    forget_turn(sock);
    return NULL;
}

/* Counts as two items: what is gathered is for several connections, which this thread does not serve. */
void tni_sock_note_gathered(struct tn_sock *sock)
{
    struct tni_reactor *home = atomic_load_explicit(&sock->home, memory_order_relaxed);

    sock->is_gathering = true;
    if (atomic_load_explicit(&sock->fan.gathered, memory_order_relaxed) != 1)
        return;
    if (!home) {
        tni_fan_out_flush(&sock->fan);
        return;
    }
    sock->streaming = home;
    if (!sock->touched)
        sock->touched = home;
    else if (sock->touched != home)
        tni_network->call_later(home);
    sock->touched_items += 2;
}

void tni_sock_give_gathered(struct tn_sock *sock, struct tni_reactor *reactor)
{
    if (!atomic_load_explicit(&sock->fan.gathered, memory_order_relaxed))
        return;
    if (!tni_lock_try(&sock->lock)) {
        tni_network->call_later(reactor);
        return;
    }
    tni_fan_out_flush(&sock->fan);
    tni_sock_tell(sock);
    if (sock->touched && sock->touched != reactor)
        tni_network->call(sock->touched);
    forget_turn(sock);
    tni_lock_give(&sock->lock);
}
