/*
 * io.c: sending and receiving.
 *
 * Every call is the same: enter the socket, let the pattern try, leave; when it would block, pin the
 * socket, wait, and let it try again each time something was announced.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "message/message.h"
#include "pipe/chain_short.h"
#include "pipe/pipe.h"
#include "socket/ctx.h"
#include "socket/network.h"
#include "socket/socket.h"

/** A try at something, under the socket's lock: -EAGAIN, or what the call returns. */
typedef ssize_t (*try_fn)(struct tn_sock *sock, void *arg);

struct operation {
    struct tn_sock *sock;
    try_fn try;
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
    struct tni_wait wait = {
        .socks = &op->sock, .sock_count = 1, .timeout = timeout, .attempt = attempt, .arg = op};
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

/* In a socket that was entered; returns unlocked. */
static ssize_t run_in(struct tn_sock *sock, try_fn try, void *arg, int flags, bool is_send)
{
    struct operation op = {.sock = sock, .try = try, .arg = arg};
    int timeout;

    op.result = try(op.sock, arg);
    while (op.result == -EAGAIN && tni_sock_tell_change(op.sock))
        op.result = try(op.sock, arg);
    if (op.result != -EAGAIN) {
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

static ssize_t run(tn_socket_t *socket, try_fn try, void *arg, int flags, bool is_send)
{
    struct tn_sock *sock = tni_sock_enter(socket);

    return sock ? run_in(sock, try, arg, flags, is_send) : tni_error_code();
}

static bool take_in(struct tn_sock *sock)
{
    if (tni_mpsc_is_empty(&sock->events))
        return false;
    tni_sock_drain(sock);
    tni_sock_settle(sock);
    return true;
}

enum { UNLOOKED_MAX = 32 };

/* While there is something to receive, news can wait a little: each look at them takes a cache line
 * from whoever sends to us. */
static void take_in_now_and_then(struct tn_sock *sock)
{
    if (++sock->unlooked < UNLOOKED_MAX)
        return;
    sock->unlooked = 0;
    take_in(sock);
}

static bool is_claimed(const struct tn_sock *sock, const struct tni_claim *claim)
{
    return claim->is_taken && sock->options.claim_parts &&
           !pthread_equal(claim->owner, pthread_self());
}

static void claim_until_last(struct tn_sock *sock, struct tni_claim *claim, bool more)
{
    bool was_taken = claim->is_taken;

    if (more && !was_taken)
        claim->owner = pthread_self();
    claim->is_taken = more;
    if (was_taken && !more)
        tni_sock_notify(sock); /* whoever waits for their turn */
}

/* ------------------------------------------------------------------ sending */

static int send_frame(struct tn_sock *sock, tn_msg_t *msg)
{
    bool more = msg->flags & TN_MSG_MORE;
    size_t size = tn_msg_length(msg);
    int rc;

    if (is_claimed(sock, &sock->sending))
        return -EAGAIN;
    if (more && (sock->ops->flags & TN_PATTERN_SINGLE_FRAMES))
        return tni_fail(-EINVAL, "messages of a socket of pattern '%s' have one frame",
                        sock->pattern->name);
    do
        rc = sock->ops->send(sock->pattern_state, msg);
    while (rc == -EAGAIN && tni_sock_settle(sock));
    if (rc < 0)
        return rc == -EAGAIN ? rc : (tni_error_code() == rc ? rc : tni_fail_code(rc));
    more = more && rc == 0;
    if (more != sock->sending.is_taken)
        claim_until_last(sock, &sock->sending, more);
    if (!more)
        tni_count_owned(&sock->counters.messages_sent, 1);
    sock->turn_bytes += size;
    return 0;
}

static int can_send(struct tn_sock *sock)
{
    if (!(sock->ops->flags & TN_PATTERN_SENDS))
        return tni_fail(-ENOTSUP, "a socket of pattern '%s' does not send", sock->pattern->name);
    return 0;
}

static ssize_t try_send(struct tn_sock *sock, void *arg)
{
    int rc = can_send(sock);

    if (rc < 0)
        return rc;
    take_in(sock);
    return send_frame(sock, arg);
}

/* A small message to the only pipe there is. False: nothing was done. */
static bool send_short(struct tn_sock *sock, const void *data, size_t size)
{
    struct tn_pipe *pipe;

    if (!(sock->ops->flags & TN_PATTERN_BALANCES) || sock->sending.is_taken ||
        !tni_mpsc_is_empty(&sock->events))
        return false;
    pipe = tni_load_balancer_only(&sock->balance);
    if (!pipe || tni_pipe_out(pipe)->slot ||
        tni_duplex_other_is_closing(pipe->duplex, pipe->side) ||
        !tni_chain_put(tni_pipe_out(pipe), data, size))
        return false;
    pipe->sent++;
    sock->turn_bytes += size;
    tni_count_owned(&sock->counters.messages_sent, 1);
    tni_count_owned(&sock->counters.bytes_sent, size);
    tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_DATA);
    return true;
}

int tn_send(tn_socket_t *socket, const void *data, size_t size, int flags)
{
    struct tn_sock *sock;
    tn_msg_t msg;

    if (!data && size)
        return tni_fail(-EINVAL, "tn_send: the data is NULL, its size %zu", size);
    sock = tni_sock_enter(socket);
    if (!sock)
        return tni_error_code();
    if (!(flags & TN_MORE) && send_short(sock, data ? data : "", size)) {
        tni_sock_leave(sock);
        return 0;
    }
    tn_msg_borrow(&msg, data ? data : "", size);
    if (flags & TN_MORE)
        msg.flags = TN_MSG_MORE;
    return (int)run_in(sock, try_send, &msg, flags, true);
}

/* A longer body may be cheaper to hand on than to copy. */
enum { SHORT_MAX = 256 };

int tn_msg_send(tn_socket_t *socket, tn_msg_t *msg, int flags)
{
    struct tn_sock *sock;
    uint8_t before;
    int rc;

    if (!msg)
        return tni_fail(-EINVAL, "tn_msg_send: the message is NULL");
    sock = tni_sock_enter(socket);
    if (!sock)
        return tni_error_code();
    before = msg->flags;
    if (flags & TN_MORE)
        msg->flags |= TN_MSG_MORE;
    if (!msg->flags && tn_msg_length(msg) <= SHORT_MAX &&
        send_short(sock, tn_msg_bytes(msg), tn_msg_length(msg))) {
        tni_sock_leave(sock);
        tn_msg_close(msg);
        return 0;
    }
    rc = (int)run_in(sock, try_send, msg, flags, true);
    if (rc < 0)
        msg->flags = before;
    else
        tn_msg_close(msg);
    return rc;
}

struct frames {
    tn_msg_t *msgs;
    size_t count;
    size_t done;
    bool is_one_message;
};

/* The first frame may be refused; what follows of its message is not. */
static int send_message(struct tn_sock *sock, struct frames *frames)
{
    bool more;
    int rc;

    do {
        tn_msg_t *msg = &frames->msgs[frames->done];
        bool is_end = frames->done + 1 == frames->count;
        more = frames->is_one_message ? !is_end : (msg->flags & TN_MSG_MORE) && !is_end;
        msg->flags = (uint8_t)(more ? msg->flags | TN_MSG_MORE : msg->flags & ~TN_MSG_MORE);
        rc = send_frame(sock, msg);
        if (rc < 0)
            return rc;
        tn_msg_close(msg);
        frames->done++;
    } while (more);
    return 0;
}

static ssize_t try_send_parts(struct tn_sock *sock, void *arg)
{
    struct frames *frames = arg;
    int rc = can_send(sock);

    if (rc < 0)
        return rc;
    take_in(sock);
    return send_message(sock, frames);
}

int tn_send_parts(tn_socket_t *socket, tn_msg_t *parts, size_t count, int flags)
{
    struct frames frames = {.msgs = parts, .count = count, .is_one_message = true};

    if (count == 0 || !parts)
        return tni_fail(-EINVAL, "tn_send_parts: a message has at least one frame");
    return (int)run(socket, try_send_parts, &frames, flags, true);
}

static ssize_t try_send_batch(struct tn_sock *sock, void *arg)
{
    struct frames *frames = arg;
    int rc = can_send(sock);

    if (rc < 0)
        return rc;
    take_in(sock);
    while (rc == 0 && frames->done < frames->count)
        rc = send_message(sock, frames);
    return frames->done ? (ssize_t)frames->done : rc;
}

int tn_send_batch(tn_socket_t *socket, tn_msg_t *msgs, size_t count, int flags)
{
    struct frames frames = {.msgs = msgs, .count = count};

    if (!msgs && count)
        return tni_fail(-EINVAL, "tn_send_batch: the messages are NULL");
    if (count == 0)
        return 0;
    if (msgs[count - 1].flags & TN_MSG_MORE)
        return tni_fail(-EINVAL, "tn_send_batch: the last frame says that another follows");
    return (int)run(socket, try_send_batch, &frames, flags, true);
}

/* ------------------------------------------------------------------ receiving */

static int can_recv(struct tn_sock *sock)
{
    if (!(sock->ops->flags & TN_PATTERN_RECEIVES))
        return tni_fail(-ENOTSUP, "a socket of pattern '%s' does not receive", sock->pattern->name);
    return 0;
}

/* The next frame, perhaps borrowed from its pipe. */
static int recv_frame(struct tn_sock *sock, tn_msg_t *msg)
{
    bool more;
    int rc;

    if (is_claimed(sock, &sock->receiving))
        return -EAGAIN;
    do
        rc = sock->ops->recv(sock->pattern_state, msg);
    while (rc == -EAGAIN && (tni_sock_settle(sock) || take_in(sock)));
    if (rc < 0)
        return rc == -EAGAIN ? rc : (tni_error_code() == rc ? rc : tni_fail_code(rc));
    more = msg->flags & TN_MSG_MORE;
    sock->rcvmore = more;
    if (more != sock->receiving.is_taken)
        claim_until_last(sock, &sock->receiving, more);
    if (!more)
        tni_count_owned(&sock->counters.messages_received, 1);
    tni_count_owned(&sock->counters.bytes_received, tn_msg_length(msg));
    /* An answer may go out without waking another thread. */
    atomic_store_explicit(&sock->has_waited, true, memory_order_relaxed);
    return 0;
}

/* The frame was copied, or its body is shared by now: its pipe need not keep it any longer. */
static void let_go(struct tn_sock *sock)
{
    if (sock->reading)
        tni_chain_let_go(tni_pipe_in(sock->reading));
}

struct buffer {
    void *data;
    size_t capacity;
};

static ssize_t try_recv(struct tn_sock *sock, void *arg)
{
    struct buffer *buffer = arg;
    tn_msg_t msg;
    size_t size;
    int rc = can_recv(sock);

    if (rc < 0)
        return rc;
    take_in_now_and_then(sock);
    rc = recv_frame(sock, &msg);
    if (rc < 0)
        return rc;
    size = tn_msg_length(&msg);
    if (size && buffer->capacity)
        memcpy(buffer->data, tn_msg_bytes(&msg), size < buffer->capacity ? size : buffer->capacity);
    if (msg.type != TN_MSG_BORROWED || msg.group)
        tn_msg_close(&msg);
    let_go(sock);
    return (ssize_t)size;
}

/* The only pipe that a small message can come from, or NULL. */
static struct tn_pipe *only_source(const struct tn_sock *sock)
{
    struct tn_pipe *pipe;

    if (!(sock->ops->flags & TN_PATTERN_TAKES_TURNS) || sock->receiving.is_taken ||
        sock->unlooked + 1 >= UNLOOKED_MAX)
        return NULL;
    pipe = tni_fair_queue_only(&sock->fair);
    return pipe && !tni_pipe_in(pipe)->slot ? pipe : NULL;
}

static ssize_t received_short(struct tn_sock *sock, struct tn_pipe *pipe, size_t size)
{
    sock->unlooked++;
    sock->rcvmore = false;
    pipe->received++;
    if (tni_chain_has_released(tni_pipe_in(pipe)))
        tni_pipe_release(pipe);
    tni_count_owned(&sock->counters.messages_received, 1);
    tni_count_owned(&sock->counters.bytes_received, size);
    atomic_store_explicit(&sock->has_waited, true, memory_order_relaxed);
    return (ssize_t)size;
}

/* A small message from the only pipe there is. Negative: nothing was done. */
static ssize_t recv_short(struct tn_sock *sock, const struct buffer *to)
{
    struct tn_pipe *pipe = only_source(sock);
    const uint8_t *body;
    size_t size;

    body = pipe ? tni_chain_get(tni_pipe_in(pipe), &size) : NULL;
    if (!body)
        return -1;
    if (to->capacity)
        memcpy(to->data, body, size < to->capacity ? size : to->capacity);
    return received_short(sock, pipe, size);
}

ssize_t tn_recv(tn_socket_t *socket, void *buffer, size_t capacity, int flags)
{
    struct buffer to = {.data = buffer, .capacity = capacity};
    struct tn_sock *sock;
    ssize_t size;

    if (!buffer && capacity)
        return tni_fail(-EINVAL, "tn_recv: the buffer is NULL, its capacity %zu", capacity);
    sock = tni_sock_enter(socket);
    if (!sock)
        return tni_error_code();
    size = recv_short(sock, &to);
    if (size >= 0) {
        tni_sock_leave(sock);
        return size;
    }
    return run_in(sock, try_recv, &to, flags, false);
}

/* Puts the next frame into `to`, which is initialised, with its connection. */
static ssize_t recv_into(struct tn_sock *sock, tn_msg_t *to)
{
    tn_msg_t msg;
    int rc = recv_frame(sock, &msg);

    if (rc < 0)
        return rc;
    rc = tni_msg_own(&msg);
    if (rc < 0) {
        tni_fail(rc, "receiving a frame of %zu bytes: out of memory", tn_msg_length(&msg));
        tn_msg_close(&msg);
        return rc;
    }
    /* What the pattern made itself, such as a routing id, came with what it read. */
    if (!msg.peer && sock->reading)
        tni_msg_set_peer(&msg, sock->reading->peer);
    let_go(sock);
    tn_msg_close(to);
    *to = msg;
    return (ssize_t)tn_msg_length(to);
}

static ssize_t try_msg_recv(struct tn_sock *sock, void *arg)
{
    int rc = can_recv(sock);

    if (rc < 0)
        return rc;
    take_in_now_and_then(sock);
    return recv_into(sock, arg);
}

/* As recv_short. */
static ssize_t msg_recv_short(struct tn_sock *sock, tn_msg_t *to)
{
    struct tn_pipe *pipe = only_source(sock);
    const uint8_t *body;
    tn_msg_t msg;
    size_t size;

    body = pipe ? tni_chain_get(tni_pipe_in(pipe), &size) : NULL;
    if (!body)
        return -1;
    tn_msg_borrow(&msg, body, size);
    msg.peer = pipe->peer;
    if (tni_msg_own(&msg) < 0) {
        tni_chain_unget(tni_pipe_in(pipe), size);
        return -1;
    }
    tn_msg_close(to);
    *to = msg;
    return received_short(sock, pipe, size);
}

ssize_t tn_msg_recv(tn_socket_t *socket, tn_msg_t *msg, int flags)
{
    struct tn_sock *sock;
    ssize_t size;

    if (!msg)
        return tni_fail(-EINVAL, "tn_msg_recv: the message is NULL");
    sock = tni_sock_enter(socket);
    if (!sock)
        return tni_error_code();
    size = msg_recv_short(sock, msg);
    if (size >= 0) {
        tni_sock_leave(sock);
        return size;
    }
    return run_in(sock, try_msg_recv, msg, flags, false);
}

static void drop_rest(struct tn_sock *sock)
{
    tn_msg_t msg;

    while (sock->rcvmore && recv_frame(sock, &msg) == 0)
        if (msg.type != TN_MSG_BORROWED || msg.group)
            tn_msg_close(&msg);
    let_go(sock);
}

static ssize_t try_recv_parts(struct tn_sock *sock, void *arg)
{
    struct frames *frames = arg;
    ssize_t rc = can_recv(sock);

    if (rc < 0)
        return rc;
    take_in_now_and_then(sock);
    do {
        if (frames->done == frames->count) {
            drop_rest(sock);
            return tni_fail(-EMSGSIZE, "the message has more than %zu frames", frames->count);
        }
        rc = recv_into(sock, &frames->msgs[frames->done]);
        if (rc < 0) {
            if (frames->done)
                drop_rest(sock);
            return rc;
        }
        frames->done++;
    } while (sock->rcvmore);
    return (ssize_t)frames->done;
}

int tn_recv_parts(tn_socket_t *socket, tn_msg_t *parts, size_t max, int flags)
{
    struct frames frames = {.msgs = parts, .count = max};

    if (max == 0 || !parts)
        return tni_fail(-EINVAL, "tn_recv_parts: no room for a frame");
    return (int)run(socket, try_recv_parts, &frames, flags, false);
}

static ssize_t try_recv_batch(struct tn_sock *sock, void *arg)
{
    struct frames *frames = arg;
    ssize_t rc = can_recv(sock);

    if (rc < 0)
        return rc;
    take_in_now_and_then(sock);
    while (frames->done < frames->count && rc >= 0) {
        rc = recv_into(sock, &frames->msgs[frames->done]);
        if (rc >= 0)
            frames->done++;
    }
    return frames->done ? (ssize_t)frames->done : rc;
}

int tn_recv_batch(tn_socket_t *socket, tn_msg_t *msgs, size_t max, int flags)
{
    struct frames frames = {.msgs = msgs, .count = max};

    if (max == 0 || !msgs)
        return tni_fail(-EINVAL, "tn_recv_batch: no room for a frame");
    return (int)run(socket, try_recv_batch, &frames, flags, false);
}
