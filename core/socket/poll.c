/*
 * poll.c: waiting for several sockets and descriptors, for peers, for subscribers, for the queues to
 * drain. All of it is tni_wait with another question.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "pipe/pipe.h"
#include "socket/ctx.h"
#include "socket/socket.h"
#include "socket/wait.h"

/* ------------------------------------------------------------------ tn_poll */

enum { FEW = 8 };

struct polling {
    int spin_us;
    tn_pollitem_t *items;
    size_t count;
    struct tn_sock **of_item; /* of each item; NULL: a descriptor, or a closed socket */
    struct tn_sock **socks; /* those that are open */
    struct pollfd *fds; /* of the descriptors, in order */
    size_t sock_count, fd_count;
    int ready;
};

static short to_poll(short events)
{
    return (short)((events & TN_POLLIN ? POLLIN : 0) | (events & TN_POLLOUT ? POLLOUT : 0) |
                   (events & TN_POLLPRI ? POLLPRI : 0));
}

static short from_poll(short revents)
{
    return (short)((revents & POLLIN ? TN_POLLIN : 0) | (revents & POLLOUT ? TN_POLLOUT : 0) |
                   (revents & POLLPRI ? TN_POLLPRI : 0) |
                   (revents & (POLLERR | POLLHUP | POLLNVAL) ? TN_POLLERR : 0));
}

/* `sock`: NULL when it was closed before we came. */
static int look_at_socket(struct tn_sock *sock, tn_pollitem_t *item)
{
    int rc = sock ? tni_sock_reenter(sock) : -TN_ECLOSED;

    if (rc == -TN_ECLOSED) {
        item->revents = TN_POLLERR;
        return 0;
    }
    if (rc < 0)
        return rc;
    item->revents = (short)(tni_sock_show_events(sock) & (unsigned)item->events);
    tni_sock_leave(sock);
    return 0;
}

static int poll_descriptors(struct polling *polling)
{
    TNI_UNCANCELLED;

    return poll(polling->fds, polling->fd_count, 0);
}

static int look(void *arg)
{
    struct polling *polling = arg;
    size_t fd = 0;
    int rc = 0;

    if (polling->fd_count && poll_descriptors(polling) < 0)
        return -errno;
    polling->ready = 0;
    for (size_t i = 0; i < polling->count && rc == 0; i++) {
        tn_pollitem_t *item = &polling->items[i];
        if (item->socket)
            rc = look_at_socket(polling->of_item[i], item);
        else
            item->revents = from_poll(polling->fds[fd++].revents);
        polling->ready += item->revents != 0;
    }
    if (rc < 0)
        return rc;
    return polling->ready ? 0 : -EAGAIN;
}

static void release(struct polling *polling)
{
    for (size_t i = 0; i < polling->sock_count; i++)
        tni_sock_unpin(polling->socks[i]);
}

/* Pins the sockets: what is closed meanwhile stays valid until we are through. */
static int collect(struct polling *polling)
{
    for (size_t i = 0; i < polling->count; i++) {
        tn_pollitem_t *item = &polling->items[i];
        struct tn_sock *sock;
        item->revents = 0;
        polling->of_item[i] = NULL;
        if (!item->socket) {
            polling->fds[polling->fd_count++] =
                (struct pollfd){.fd = item->fd, .events = to_poll(item->events)};
            continue;
        }
        sock = tni_sock_enter(item->socket);
        if (!sock && tni_error_code() == -TN_ECLOSED)
            continue;
        if (!sock)
            return tni_error_code();
        tni_sock_pin(sock);
        if (sock->options.spin_us > polling->spin_us)
            polling->spin_us = sock->options.spin_us;
        tni_sock_leave(sock);
        polling->of_item[i] = polling->socks[polling->sock_count++] = sock;
    }
    return 0;
}

/* What is there already is told without asking the system for more; as a receive that finds a message. With a
 * mask its signals must have had their chance, and without threads nobody else serves the connections. */
static bool may_look_first(const struct polling *polling, const sigset_t *mask)
{
    bool may = !mask;

    for (size_t i = 0; may && i < polling->sock_count; i++)
        may = polling->socks[i]->ctx->io_threads != 0;
    return may;
}

static int wait_for(struct polling *polling, int timeout, const sigset_t *mask)
{
    struct tni_wait wait = {.socks = polling->socks,
                            .sock_count = polling->sock_count,
                            .fds = polling->fds,
                            .fd_count = polling->fd_count,
                            .timeout = timeout,
                            .spin_us = polling->spin_us,
                            .mask = mask,
                            .attempt = look,
                            .arg = polling};
    int rc = may_look_first(polling, mask) ? look(polling) : -EAGAIN;

    if (rc == -EAGAIN)
        rc = tni_wait(&wait);
    if (rc == -ETIMEDOUT)
        return 0;
    if (rc < 0)
        return rc == tni_error_code() ? rc : tni_fail_code(rc);
    return polling->ready;
}

static int wait_in_lent(struct polling *polling, void *lent, int timeout, const sigset_t *mask)
{
    int rc;

    pthread_cleanup_push(tni_waiter_take_back, lent);
    rc = wait_for(polling, timeout, mask);
    pthread_cleanup_pop(0);
    return rc;
}

/* The three arrays lie one after the other. */
static int make_room(struct polling *polling, void **out_lent)
{
    size_t size =
        2 * sizeof *polling->socks + sizeof *polling->fds; /* pointers first: they are aligned */

    *out_lent = polling->count < SIZE_MAX / size ? tni_waiter_lend(polling->count * size) : NULL;
    if (!*out_lent)
        return tni_fail(-ENOMEM, "tn_poll: out of memory for %zu items", polling->count);
    polling->of_item = *out_lent;
    polling->socks = polling->of_item + polling->count;
    polling->fds = (struct pollfd *)(void *)(polling->socks + polling->count);
    return 0;
}

int tn_ppoll(tn_pollitem_t *items, size_t count, int timeout, const sigset_t *mask)
{
    struct tn_sock *few_items[FEW], *few_socks[FEW];
    struct pollfd few_fds[FEW];
    struct polling polling = {
        .items = items, .count = count, .of_item = few_items, .socks = few_socks, .fds = few_fds};
    void *lent = NULL;
    int rc = 0;

    if (count && !items)
        return tni_fail(-EINVAL, "tn_poll: the items are NULL");
    if (count > FEW)
        rc = make_room(&polling, &lent);
    if (rc == 0)
        rc = collect(&polling);
    if (rc == 0)
        rc = lent ? wait_in_lent(&polling, lent, timeout, mask) : wait_for(&polling, timeout, mask);
    release(&polling);
    tni_waiter_take_back(lent);
    return rc;
}

int tn_poll(tn_pollitem_t *items, size_t count, int timeout)
{
    return tn_ppoll(items, count, timeout, NULL);
}

/* ------------------------------------------------------------------ questions about one socket */

struct question {
    struct tn_sock *sock;
    size_t wanted;
    size_t answer;
    bool (*ask)(struct question *question);
};

static int ask(void *arg)
{
    struct question *question = arg;
    int rc = tni_sock_reenter(question->sock);
    bool is_answered;

    if (rc < 0)
        return rc;
    tni_sock_events(question->sock);
    is_answered = question->ask(question);
    tni_sock_leave(question->sock);
    return is_answered ? 0 : -EAGAIN;
}

static int wait_until(tn_socket_t *socket, struct question *question, int timeout)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    struct tni_wait wait = {
        .socks = &sock, .sock_count = 1, .timeout = timeout, .attempt = ask, .arg = question};
    int rc;

    if (!sock)
        return tni_error_code();
    question->sock = sock;
    tni_sock_pin(sock);
    tni_sock_leave(sock);
    rc = tni_wait(&wait);
    tni_sock_unpin(sock);
    if (rc < 0)
        return rc == tni_error_code() ? rc : tni_fail_code(rc);
    return (int)question->answer;
}

static bool count_peers(struct question *question)
{
    question->answer = atomic_load(&question->sock->counters.peers);
    return question->answer >= question->wanted;
}

int tn_wait_peers(tn_socket_t *socket, size_t count, int timeout)
{
    struct question question = {.wanted = count, .ask = count_peers};
    int rc = wait_until(socket, &question, timeout);

    if (rc == -ETIMEDOUT)
        return tni_fail(rc, "%zu peers were waited for, %zu are connected", count, question.answer);
    return rc;
}

static bool count_subscriptions(struct question *question)
{
    question->answer = atomic_load(&question->sock->counters.subscriptions);
    return question->answer >= question->wanted;
}

int tn_wait_subscribers(tn_socket_t *socket, size_t count, int timeout)
{
    struct question question = {.wanted = count, .ask = count_subscriptions};
    int rc = wait_until(socket, &question, timeout);

    if (rc == -ETIMEDOUT)
        return tni_fail(rc, "%zu subscriptions were waited for, %zu have come", count,
                        question.answer);
    return rc;
}

/* Over inproc a message lies in the other socket's queue as soon as that is there. */
static bool is_handed_over(struct tn_pipe *pipe)
{
    return !pipe->has_session && atomic_load(&pipe->duplex->side[!pipe->side].owner);
}

/* Space in a queue is announced only to a sender that was refused: ask for it. */
static bool count_queued(struct question *question)
{
    question->wanted = 0;
    tni_fan_out_flush(&question->sock->fan);
    tni_list_each (link, &question->sock->pipes) {
        struct tn_pipe *pipe = tni_container(link, struct tn_pipe, link);
        if (is_handed_over(pipe))
            continue;
        atomic_store(&tni_pipe_out(pipe)->blocked, 1);
        question->wanted += tni_chain_length(tni_pipe_out(pipe));
    }
    return question->wanted == 0;
}

int tn_drain(tn_socket_t *socket, int timeout)
{
    struct question question = {.ask = count_queued};
    int rc = wait_until(socket, &question, timeout);

    if (rc == -ETIMEDOUT)
        return tni_fail(rc, "%zu messages are still queued", question.wanted);
    return rc;
}
