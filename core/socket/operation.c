#include "socket/operation.h"

#include <errno.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/expect.h"
#include "socket/ctx.h"
#include "socket/pace.h"
#include "socket/turn.h"
#include "socket/wait.h"

struct operation {
    struct tn_sock *sock;
    tni_try_fn try;
    void *arg;
    ssize_t result;
};

static int attempt(void *arg)
{
    struct operation *op = arg;
    int rc = tni_sock_reenter(op->sock);

    if (rc < 0)
        return rc;
    op->result = op->try(op->sock, op->arg);
    tni_sock_leave(op->sock);
    return op->result == -EAGAIN ? -EAGAIN : 0;
}

/* Called locked and pinned-to-be; returns unlocked. */
static ssize_t block(struct operation *op, int timeout)
{
    struct tn_sock *sock = op->sock;
    struct tni_wait wait = {.socks = &op->sock,
                            .sock_count = 1,
                            .timeout = timeout,
                            .spin_us = sock->options.spin_us,
                            .attempt = attempt,
                            .arg = op,
                            .was_tried = true,
                            .changes = atomic_load(&sock->changes)};
    int rc;

    tni_sock_pin(sock);
    tni_sock_leave(sock);
    rc = tni_wait(&wait);
    tni_sock_unpin(sock);
    if (rc == -ETIMEDOUT)
        return tni_fail_code(-EAGAIN);
    if (rc < 0)
        return rc == tni_error_code() ? rc : tni_fail_code(rc);
    return op->result;
}

/* Bytes of a message; the result of a batch is their number. */
static size_t size_sent(const struct operation *op)
{
    return op->sock->turn_bytes / (op->result > 1 ? (size_t)op->result : 1);
}

ssize_t tni_operation_run_in(struct tn_sock *sock, tni_try_fn try, void *arg, int flags,
                             bool is_send)
{
    struct operation op = {.sock = sock, .try = try, .arg = arg};
    int timeout;

    op.result = try(op.sock, arg);
    while (op.result == -EAGAIN && tni_sock_tell_change(op.sock))
        op.result = try(op.sock, arg);
    if (op.result != -EAGAIN) {
        if (is_send && op.result >= 0)
            tni_pace_leave(op.sock, size_sent(&op), flags);
        else
            tni_sock_leave(op.sock);
        return op.result;
    }
    timeout = is_send ? op.sock->options.sndtimeo : op.sock->options.rcvtimeo;
    if (flags & TN_DONTWAIT)
        timeout = 0;
    /* Without threads nobody else would ever make progress. */
    if (timeout == 0 && op.sock->ctx->io_threads != 0) {
        tni_sock_leave(op.sock);
        return tni_fail_code(-EAGAIN);
    }
    return block(&op, timeout);
}

static TNI_RARE struct tn_sock *enter_if_not_cancelled(struct tn_sock *sock, tn_socket_t *socket)
{
    sock->since_asked = 0;
    tni_lock_give(&sock->lock);
    pthread_testcancel();
    return tni_sock_enter(socket);
}

struct tn_sock *tni_operation_begin(struct tn_sock *sock, tn_socket_t *socket)
{
    if (!sock)
        return tni_sock_enter(socket);
    if (TNI_MAY_BE_CANCELLED && TNI_RARELY(++sock->since_asked >= TNI_ASKED_EVERY) &&
        !sock->sending.is_taken && !sock->receiving.is_taken)
        return enter_if_not_cancelled(sock, socket);
    tni_turn_go_on(sock);
    return sock;
}

ssize_t tni_operation_run(tn_socket_t *socket, tni_try_fn try, void *arg, int flags, bool is_send)
{
    struct tn_sock *sock = tni_operation_begin(tni_turn_begin(socket), socket);

    return sock ? tni_operation_run_in(sock, try, arg, flags, is_send) : tni_error_code();
}

bool tni_sock_take_in(struct tn_sock *sock)
{
    if (!tni_sock_has_news(sock))
        return false;
    if (TNI_IS_SMALL || !tni_sock_take_data(sock))
        tni_sock_drain(sock);
    tni_sock_settle(sock);
    return true;
}

void tni_claim_until_last(struct tn_sock *sock, struct tni_claim *claim, bool more)
{
    bool was_taken = claim->is_taken;

    if (more && !was_taken)
        claim->owner = pthread_self();
    claim->is_left = false;
    claim->is_taken = more;
    if (was_taken && !more)
        tni_sock_notify(sock); /* whoever waits for their turn */
}
