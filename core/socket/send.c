/*
 * send.c: the calls that send.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/expect.h"
#include "message/message.h"
#include "pipe/chain_body.h"
#include "pipe/pipe.h"
#include "socket/operation.h"
#include "socket/pace.h"
#include "socket/turn.h"

static int send_frame(struct tn_sock *sock, tn_msg_t *msg)
{
    bool more = msg->flags & TN_MSG_MORE;
    size_t size = tn_msg_length(msg);
    int rc;

    if (TNI_RARELY(tni_claim_holds(sock, &sock->sending)))
        return -EAGAIN;
    if (TNI_RARELY(more && (sock->ops->flags & TN_PATTERN_SINGLE_FRAMES)))
        return tni_fail(-EINVAL, "messages of a socket of pattern '%s' have one frame",
                        sock->pattern->name);
    do
        rc = sock->ops->send(sock->pattern_state, msg);
    while (rc == -EAGAIN && tni_sock_settle(sock));
    if (TNI_RARELY(rc < 0))
        return rc == -EAGAIN ? rc : (tni_error_code() == rc ? rc : tni_fail_code(rc));
    more = more && rc == 0;
    if (TNI_RARELY(more != sock->sending.is_taken))
        tni_claim_until_last(sock, &sock->sending, more);
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
    tni_sock_take_in(sock);
    return send_frame(sock, arg);
}

/* Whether the connection is to be told of this message: it was not told before, or so much has gathered
 * that this thread writes itself. */
static inline bool must_tell(struct tn_sock *sock, struct tn_pipe *pipe, size_t size)
{
    if (!tni_side_is_told(pipe->other))
        return true;
    if (!pipe->has_session)
        return false;
    if (sock->streamed_turns + 1 >= TNI_STREAM_TURNS ||
        sock->streamed_bytes + size >= TNI_STREAM_BYTES)
        return true;
    sock->streamed_turns++;
    sock->streamed_bytes += size;
    return false;
}

static inline bool may_begin(struct tn_sock *sock)
{
    return !sock->sending.is_taken && sock->since_asked < TNI_ASKED_EVERY &&
           !tni_sock_has_news(sock);
}

static inline void note_sent(struct tn_sock *sock, struct tn_pipe *pipe, size_t size)
{
    pipe->sent++;
    tni_count_owned(&sock->counters.messages_sent, 1);
    tni_count_owned(&sock->counters.bytes_sent, size);
}

/* False: nothing was done; NULL: there is no such pipe. */
static inline bool send_to(struct tn_sock *sock, struct tn_pipe *pipe, bool is_delimited,
                           const void *data, size_t size)
{
    if (!pipe || atomic_load(&pipe->other->is_closing) ||
        !tni_chain_put(tni_pipe_out(pipe), is_delimited, data, size))
        return false;
    if (is_delimited)
        sock->ops->delimited_done(sock->pattern_state, pipe, true);
    note_sent(sock, pipe, size);
    if (must_tell(sock, pipe, size)) {
        sock->since_asked++;
        sock->turn_bytes += size;
        tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_DATA);
    }
    return true;
}

/* For certain: nothing can be received. */
static inline bool has_received_all(const struct tn_sock *sock)
{
    struct tn_pipe *pipe = tni_fair_queue_only(&sock->fair);

    return pipe && tni_chain_is_drained(tni_pipe_in(pipe));
}

/* Likewise behind a delimiter, to the pipe that the pattern says. */
static TNI_APART bool send_delimited(struct tn_sock *sock, const void *data, size_t size)
{
    struct tn_pipe *next;

    if (!may_begin(sock))
        return false;
    next = tni_load_balancer_only(&sock->balance);
    if (next && !has_received_all(sock))
        next = NULL;
    return send_to(sock, sock->ops->delimited_to(sock->pattern_state, next), true, data, size);
}

/* A small message to the only pipe there is. False: nothing was done. */
static inline bool send_short(struct tn_sock *sock, const void *data, size_t size)
{
    if (!(sock->ops->flags & TN_PATTERN_BALANCES))
        return !TNI_IS_SMALL && sock->ops->delimited_done && send_delimited(sock, data, size);
    return may_begin(sock) &&
           send_to(sock, tni_load_balancer_only(&sock->balance), false, data, size);
}

/* A large object to the only pipe there is, which leads to a socket of this process. False: nothing was
 * done. */
static TNI_APART bool send_body(struct tn_sock *sock, tn_msg_t *msg)
{
    size_t size = tn_msg_length(msg);
    struct tn_pipe *pipe;

    if (msg->type != TN_MSG_COUNTED || msg->group || !(sock->ops->flags & TN_PATTERN_BALANCES) ||
        !may_begin(sock))
        return false;
    pipe = tni_load_balancer_only(&sock->balance);
    if (!pipe || pipe->has_session || atomic_load(&pipe->other->is_closing) ||
        !tni_chain_put_body(tni_pipe_out(pipe), msg->u.ref.owner, msg->u.ref.data, size))
        return false;
    msg->type = TN_MSG_SHORT;
    msg->size = 0;
    note_sent(sock, pipe, size);
    if (must_tell(sock, pipe, size))
        tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_DATA);
    return true;
}

/* A large message to the only pipe there is, which has nothing queued. False: nothing was done. */
static TNI_RARE bool send_straight(struct tn_sock *sock, const void *data, size_t size)
{
    struct tn_pipe *pipe;
    void *owner;

    if (!(sock->ops->flags & TN_PATTERN_BALANCES) || sock->sending.is_taken ||
        tni_sock_has_news(sock))
        return false;
    pipe = tni_load_balancer_only(&sock->balance);
    owner = pipe ? atomic_load(&pipe->other->owner) : NULL;
    if (!owner || !pipe->other->ops->write || atomic_load(&pipe->other->is_closing) ||
        tni_chain_has_backlog(tni_pipe_out(pipe), 1) || !pipe->other->ops->write(owner, data, size))
        return false;
    note_sent(sock, pipe, size);
    return true;
}

int tn_send(tn_socket_t *socket, const void *data, size_t size, int flags)
{
    struct tn_sock *sock;
    tn_msg_t msg;

    if (!data) {
        if (size)
            return tni_fail(-EINVAL, "tn_send: the data is NULL, its size %zu", size);
        data = "";
    }
    sock = tni_turn_begin(socket);
    if (sock && !(flags & TN_MORE) && send_short(sock, data, size)) {
        if (size < TNI_PACED_FROM) {
            tni_turn_end(sock);
        } else {
            tni_turn_go_on(sock);
            tni_pace_leave(sock, size, flags);
        }
        return 0;
    }
    sock = tni_operation_begin(sock, socket);
    if (!sock)
        return tni_error_code();
    sock->pace.is_copied = true;
    if (TNI_RARELY(tni_pace_is_straight(sock, size, flags)) && !(flags & TN_MORE) &&
        send_straight(sock, data, size)) {
        tni_pace_leave(sock, size, flags);
        return 0;
    }
    tn_msg_borrow(&msg, data, size);
    if (flags & TN_MORE)
        msg.flags = TN_MSG_MORE;
    return (int)tni_operation_run_in(sock, try_send, &msg, flags, true);
}

/* A longer body is cheaper to hand on than to copy; of a shorter one the allocator costs more than the copy,
 * where one thread allocates it and another frees it. */
enum { SHORT_MAX = TNI_PACED_FROM - 1 };

static inline bool send_object(struct tn_sock *sock, tn_msg_t *msg)
{
    size_t size = tn_msg_length(msg);

    return size <= SHORT_MAX ? send_short(sock, tn_msg_bytes(msg), size)
                             : !TNI_IS_SMALL && send_body(sock, msg);
}

int tn_msg_send(tn_socket_t *socket, tn_msg_t *msg, int flags)
{
    struct tn_sock *sock;
    uint8_t before;
    int rc;

    if (!msg)
        return tni_fail(-EINVAL, "tn_msg_send: the message is NULL");
    before = msg->flags;
    sock = tni_turn_begin(socket);
    if (sock && !(flags & TN_MORE) && !before && send_object(sock, msg)) {
        tni_turn_end(sock);
        tn_msg_close(msg);
        return 0;
    }
    sock = tni_operation_begin(sock, socket);
    if (!sock)
        return tni_error_code();
    sock->pace.is_copied = false;
    if (flags & TN_MORE)
        msg->flags |= TN_MSG_MORE;
    rc = (int)tni_operation_run_in(sock, try_send, msg, flags, true);
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
    tni_sock_take_in(sock);
    return send_message(sock, frames);
}

int tn_send_parts(tn_socket_t *socket, tn_msg_t *parts, size_t count, int flags)
{
    struct frames frames = {.msgs = parts, .count = count, .is_one_message = true};

    if (count == 0 || !parts)
        return tni_fail(-EINVAL, "tn_send_parts: a message has at least one frame");
    return (int)tni_operation_run(socket, try_send_parts, &frames, flags, true);
}

static ssize_t try_send_batch(struct tn_sock *sock, void *arg)
{
    struct frames *frames = arg;
    int rc = can_send(sock);

    if (rc < 0)
        return rc;
    tni_sock_take_in(sock);
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
    return (int)tni_operation_run(socket, try_send_batch, &frames, flags, true);
}
