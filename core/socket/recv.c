/*
 * recv.c: the calls that receive.
 */
#include <errno.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/expect.h"
#include "message/message.h"
#include "message/spare.h"
#include "pipe/chain_body.h"
#include "pipe/pipe.h"
#include "socket/operation.h"
#include "socket/turn.h"

enum { UNLOOKED_MAX = 32 };

/* While there is something to receive, news can wait a little: each look at them takes a cache line
 * from whoever sends to us. */
static void take_in_now_and_then(struct tn_sock *sock)
{
    if (++sock->unlooked < UNLOOKED_MAX && !tni_list_is_empty(&sock->fair.active))
        return;
    sock->unlooked = 0;
    tni_sock_take_in(sock);
}

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

    if (TNI_RARELY(tni_claim_holds(sock, &sock->receiving)))
        return -EAGAIN;
    do
        rc = sock->ops->recv(sock->pattern_state, msg);
    while (rc == -EAGAIN && (tni_sock_settle(sock) || tni_sock_take_in(sock)));
    if (rc < 0)
        return rc == -EAGAIN ? rc : (tni_error_code() == rc ? rc : tni_fail_code(rc));
    more = msg->flags & TN_MSG_MORE;
    sock->rcvmore = more;
    if (TNI_RARELY(more != sock->receiving.is_taken))
        tni_claim_until_last(sock, &sock->receiving, more);
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

/* The only pipe that a small message can come from, or NULL. */
static inline struct tn_pipe *only_source(struct tn_sock *sock)
{
    if (sock->receiving.is_taken)
        return NULL;
    if (sock->unlooked + 1 >= UNLOOKED_MAX) {
        if (tni_sock_has_news(sock) ||
            (TNI_MAY_BE_CANCELLED && ++sock->since_asked >= TNI_ASKED_EVERY))
            return NULL;
        sock->unlooked = 0;
    }
    return tni_fair_queue_only(&sock->fair);
}

struct small {
    struct tn_pipe *pipe; /* it came from */
    uint64_t before; /* position in its chain */
    const uint8_t *body;
    size_t size;
    bool is_delimited;
};

static inline void received_short(struct tn_sock *sock, const struct small *msg)
{
    struct tn_pipe *pipe = msg->pipe;

    if (!TNI_IS_SMALL && msg->is_delimited)
        sock->ops->delimited_done(sock->pattern_state, pipe, false);
    sock->unlooked++;
    sock->rcvmore = false;
    pipe->received++;
    if (tni_chain_has_released(tni_pipe_in(pipe)))
        tni_pipe_release(pipe);
    tni_count_owned(&sock->counters.messages_received, 1);
    tni_count_owned(&sock->counters.bytes_received, msg->size);
    atomic_store_explicit(&sock->has_waited, true, memory_order_relaxed);
}

static inline void put_back(const struct small *msg)
{
    tni_chain_unget(tni_pipe_in(msg->pipe), msg->before);
}

/* A small message behind a delimiter from the only pipe there is. False: nothing was done. */
static TNI_APART bool take_delimited(struct tn_sock *sock, struct small *out_msg)
{
    out_msg->pipe = only_source(sock);
    if (!out_msg->pipe || !sock->ops->delimited_from(sock->pattern_state, out_msg->pipe))
        return false;
    out_msg->before = tni_pipe_in(out_msg->pipe)->r.sent.position;
    out_msg->body = tni_chain_get_delimited(tni_pipe_in(out_msg->pipe), &out_msg->size);
    return out_msg->body;
}

/* A small message from the only pipe there is. False: nothing was done. */
static inline bool take_short(struct tn_sock *sock, struct small *out_msg)
{
    const tn_pattern_ops_t *ops = sock->ops;

    out_msg->is_delimited = !(ops->flags & TN_PATTERN_TAKES_TURNS);
    if (out_msg->is_delimited)
        return !TNI_IS_SMALL && ops->delimited_done && take_delimited(sock, out_msg);
    out_msg->pipe = only_source(sock);
    if (!out_msg->pipe)
        return false;
    out_msg->before = tni_pipe_in(out_msg->pipe)->r.sent.position;
    out_msg->body = tni_chain_get(tni_pipe_in(out_msg->pipe), &out_msg->size);
    if (!out_msg->body)
        return false;
    if (!ops->wants || ops->wants(sock->pattern_state, out_msg->body, out_msg->size))
        return true;
    put_back(out_msg);
    return false;
}

/* Negative: nothing was done. */
static inline ssize_t recv_short(struct tn_sock *sock, const struct buffer *to)
{
    struct small msg;

    if (!take_short(sock, &msg))
        return -1;
    if (to->capacity)
        memcpy(to->data, msg.body, msg.size < to->capacity ? msg.size : to->capacity);
    received_short(sock, &msg);
    return (ssize_t)msg.size;
}

static ssize_t try_recv(struct tn_sock *sock, void *arg)
{
    struct buffer *buffer = arg;
    tn_msg_t msg;
    ssize_t taken;
    size_t size;
    int rc = can_recv(sock);

    if (TNI_RARELY(rc < 0))
        return rc;
    take_in_now_and_then(sock);
    taken = recv_short(sock, buffer); /* often just this has come in */
    if (taken >= 0)
        return taken;
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

ssize_t tn_recv(tn_socket_t *socket, void *buffer, size_t capacity, int flags)
{
    struct buffer to = {.data = buffer, .capacity = capacity};
    struct tn_sock *sock;
    ssize_t size;

    if (!buffer && capacity)
        return tni_fail(-EINVAL, "tn_recv: the buffer is NULL, its capacity %zu", capacity);
    sock = tni_turn_begin(socket);
    size = sock ? recv_short(sock, &to) : -1;
    if (size >= 0) {
        tni_turn_end(sock);
        return size;
    }
    sock = tni_operation_begin(sock, socket);
    if (!sock)
        return tni_error_code();
    return tni_operation_run_in(sock, try_recv, &to, flags, false);
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

/* As recv_short; `out_msg` is not set before. */
static inline ssize_t msg_recv_short(struct tn_sock *sock, tn_msg_t *out_msg)
{
    struct small msg;

    if (!take_short(sock, &msg))
        return -1;
    tn_msg_borrow(out_msg, msg.body, msg.size);
    out_msg->peer = msg.pipe->peer;
    if (tni_msg_own(out_msg) < 0) {
        put_back(&msg);
        return -1;
    }
    received_short(sock, &msg);
    return (ssize_t)msg.size;
}

/* As msg_recv_short, a message with a body of its own. */
static TNI_APART ssize_t msg_recv_body(struct tn_sock *sock, tn_msg_t *out_msg)
{
    const tn_pattern_ops_t *ops = sock->ops;
    struct tni_attachment *body;
    struct small msg = {.is_delimited = false};

    if (!(ops->flags & TN_PATTERN_TAKES_TURNS))
        return -1;
    msg.pipe = only_source(sock);
    body = msg.pipe ? tni_chain_find_body(tni_pipe_in(msg.pipe)) : NULL;
    if (!body || (ops->wants && !ops->wants(sock->pattern_state, body->data, body->size)))
        return -1;
    msg.size = (size_t)body->size;
    tni_msg_take_body(out_msg, body->object, body->data, msg.size);
    out_msg->peer = msg.pipe->peer;
    if (out_msg->peer)
        tni_peer_take(out_msg->peer);
    tni_chain_take_body(tni_pipe_in(msg.pipe));
    received_short(sock, &msg);
    return (ssize_t)msg.size;
}

static ssize_t try_msg_recv(struct tn_sock *sock, void *arg)
{
    tn_msg_t *msg = arg;
    tn_msg_t got;
    ssize_t size;
    int rc = can_recv(sock);

    if (TNI_RARELY(rc < 0))
        return rc;
    take_in_now_and_then(sock);
    size = msg_recv_short(sock, &got);
    if (size < 0)
        return recv_into(sock, msg);
    tn_msg_close(msg);
    *msg = got;
    return size;
}

ssize_t tn_msg_recv(tn_socket_t *socket, tn_msg_t *msg, int flags)
{
    struct tn_sock *sock;
    tn_msg_t got;
    ssize_t size;

    if (!msg)
        return tni_fail(-EINVAL, "tn_msg_recv: the message is NULL");
    sock = tni_turn_begin(socket);
    size = sock ? msg_recv_short(sock, &got) : -1;
    if (!TNI_IS_SMALL && sock && size < 0)
        size = msg_recv_body(sock, &got);
    if (size >= 0) {
        tni_turn_end(sock);
        tn_msg_close(msg);
        *msg = got;
        return size;
    }
    sock = tni_operation_begin(sock, socket);
    if (!sock)
        return tni_error_code();
    return tni_operation_run_in(sock, try_msg_recv, msg, flags, false);
}

struct frames {
    tn_msg_t *msgs;
    size_t count;
    size_t done;
};

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
    return (int)tni_operation_run(socket, try_recv_parts, &frames, flags, false);
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
    return (int)tni_operation_run(socket, try_recv_batch, &frames, flags, false);
}
