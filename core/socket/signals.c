#include "socket/signals.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/expect.h"
#include "socket/ctx.h"

static void signal_write(struct tni_signal *signal)
{
    static const uint64_t one = 1;
    TNI_UNCANCELLED;

    if (write(signal->fd, &one, sizeof one) < 0) {
        /* Full: it is readable already. */
    }
}

static void signal_raise(struct tni_signal *signal)
{
    if (signal->fd >= 0 && !atomic_exchange(&signal->is_raised, true))
        signal_write(signal);
}

/* Takes the signal back; what comes from now on raises it again. Who raised it and has not written yet
 * leaves it readable, and it stays raised. */
static bool signal_drain(struct tni_signal *signal)
{
    uint64_t drained;
    TNI_UNCANCELLED;

    if (read(signal->fd, &drained, sizeof drained) != sizeof drained)
        return false;
    atomic_store(&signal->is_raised, false);
    return true;
}

static bool signal_lower(struct tni_signal *signal)
{
    return signal->fd >= 0 && atomic_load(&signal->is_raised) && signal_drain(signal);
}

/* After a signal was lowered: what came between the look at the events and that is not lost. */
static bool has_news(struct tn_sock *sock)
{
    return tni_sock_has_news(sock) || atomic_load(&sock->ctx->is_shut_down);
}

static void level_update(struct tn_sock *sock, struct tni_signal *signal, bool holds)
{
    if (!holds)
        signal_lower(signal);
    if (holds || has_news(sock))
        signal_raise(signal);
}

void tni_signals_update(struct tn_sock *sock)
{
    unsigned events = tni_sock_events(sock);

    level_update(sock, &sock->signal_in, events & TN_POLLIN);
    level_update(sock, &sock->signal_out, events & TN_POLLOUT);
}

bool tni_sock_tell_change(struct tn_sock *sock)
{
    if (!signal_lower(&sock->signal_any))
        return false;
    if (!atomic_load(&sock->ctx->is_shut_down))
        return true;
    signal_raise(&sock->signal_any);
    return false;
}

unsigned tni_sock_show_events(struct tn_sock *sock)
{
    unsigned events;

    /* Taking in what came may be a change in itself. */
    do
        events = tni_sock_events(sock);
    while (tni_sock_tell_change(sock));
    return events;
}

static struct tni_signal *signal_of(struct tn_sock *sock, int event)
{
    switch (event) {
    case TN_POLLIN:
        return &sock->signal_in;
    case TN_POLLOUT:
        return &sock->signal_out;
    case TN_POLLIN | TN_POLLOUT:
        return &sock->signal_any;
    default:
        return NULL;
    }
}

/* A change that nobody was told of yet is one for the new descriptor. */
static void signal_begin(struct tn_sock *sock, struct tni_signal *signal)
{
    atomic_store(&sock->has_signals, true);
    atomic_store(&sock->ctx->has_descriptors, true);
    if (signal != &sock->signal_any)
        sock->has_levels = true;
    else if (has_news(sock) || (tni_sock_events(sock) & TN_POLLIN))
        signal_raise(signal);
}

int tni_sock_descriptor(struct tn_sock *sock, int event)
{
    struct tni_signal *signal = signal_of(sock, event);

    if (!signal)
        return tni_fail(-EINVAL, "tn_fd: event %d is none of TN_POLLIN and TN_POLLOUT", event);
    if (signal->fd < 0) {
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd < 0)
            return tni_fail(-errno, "tn_fd: cannot make a descriptor: %s", strerror(errno));
        pthread_mutex_lock(&sock->waitq.lock);
        signal->fd = fd;
        pthread_mutex_unlock(&sock->waitq.lock);
        signal_begin(sock, signal);
    }
    return signal->fd;
}

/* The socket may be closing, and the numbers somebody else's soon. */
static void raise_all(struct tn_sock *sock)
{
    pthread_mutex_lock(&sock->waitq.lock);
    signal_raise(&sock->signal_in);
    signal_raise(&sock->signal_out);
    signal_raise(&sock->signal_any);
    pthread_mutex_unlock(&sock->waitq.lock);
}

/* Of the thread. */
static _Thread_local struct tn_sock *held;
static _Thread_local bool must_raise;

bool tni_sock_hold_signals(struct tn_sock *sock)
{
    if (!atomic_load_explicit(&sock->has_signals, memory_order_relaxed) || held)
        return false;
    held = sock;
    must_raise = false;
    return true;
}

void tni_sock_release_signals(void)
{
    struct tn_sock *sock = held;

    held = NULL;
    if (must_raise)
        raise_all(sock);
}

static TNI_RARE void raise_or_hold(struct tn_sock *sock)
{
    if (held == sock)
        must_raise = true;
    else
        raise_all(sock);
}

void tni_sock_notify_event(struct tn_sock *sock)
{
    tni_waitq_wake(&sock->waitq);
    if (TNI_RARELY(atomic_load(&sock->has_signals)))
        raise_or_hold(sock);
}

void tni_sock_notify(struct tn_sock *sock)
{
    atomic_fetch_add(&sock->changes, 1);
    tni_sock_notify_event(sock);
}

void tni_signals_close(struct tn_sock *sock)
{
    struct tni_signal *const signals[] = {&sock->signal_in, &sock->signal_out, &sock->signal_any};

    atomic_store(&sock->has_signals, false);
    sock->has_levels = false;
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        if (signals[i]->fd >= 0)
            close(signals[i]->fd);
        signals[i]->fd = -1;
    }
}

void tni_signals_end(struct tn_sock *sock)
{
    if (!atomic_load(&sock->has_signals))
        return;
    pthread_mutex_lock(&sock->waitq.lock);
    tni_signals_close(sock);
    pthread_mutex_unlock(&sock->waitq.lock);
}
