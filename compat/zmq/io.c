/*
 * io.c: sending and receiving: the native calls with errno.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "cancel.h"
#include "message.h"

/* Lengths are ints here. */
static int length(size_t size)
{
    return size < INT_MAX ? (int)size : INT_MAX;
}

int zmq_send(void *socket, const void *data, size_t size, int flags)
{
    int rc = tn_send(socket, data, size, flags);

    return __builtin_expect(rc < 0, 0) ? tnz_fail(rc) : length(size);
}

/* Of a thread that is cancelled. */
static void close_message(void *msg)
{
    tn_msg_close(msg);
}

int zmq_send_const(void *socket, const void *data, size_t size, int flags)
{
    tn_msg_t msg;
    int rc = tn_msg_init_data(&msg, (void *)(uintptr_t)data, size, NULL, NULL);

    if (rc < 0)
        return tnz_fail(rc);
    pthread_cleanup_push(close_message, &msg);
    rc = tn_msg_send(socket, &msg, flags);
    pthread_cleanup_pop(0);
    if (rc < 0) {
        tn_msg_close(&msg);
        return tnz_fail(rc);
    }
    return length(size);
}

int zmq_recv(void *socket, void *buffer, size_t capacity, int flags)
{
    ssize_t rc = tn_recv(socket, buffer, capacity, flags);

    return __builtin_expect(rc < 0, 0) ? tnz_fail((int)rc) : length((size_t)rc);
}

int zmq_msg_send(zmq_msg_t *zmq_msg, void *socket, int flags)
{
    tn_msg_t *msg = tnz_msg(zmq_msg);
    size_t size;
    int rc;

    if (!tnz_msg_is_valid(zmq_msg))
        return tnz_error(EFAULT);
    size = tn_msg_length(msg);
    msg->flags &= (uint8_t)~TN_MSG_MORE; /* of a message that was received */
    rc = tn_msg_send(socket, msg, flags);
    return rc < 0 ? tnz_fail(rc) : length(size);
}

int zmq_msg_recv(zmq_msg_t *msg, void *socket, int flags)
{
    ssize_t rc;

    if (!tnz_msg_is_valid(msg))
        return tnz_error(EFAULT);
    rc = tn_msg_recv(socket, tnz_msg(msg), flags);
    return rc < 0 ? tnz_fail((int)rc) : length((size_t)rc);
}

int zmq_sendmsg(void *socket, zmq_msg_t *msg, int flags)
{
    return zmq_msg_send(msg, socket, flags);
}

int zmq_recvmsg(void *socket, zmq_msg_t *msg, int flags)
{
    return zmq_msg_recv(msg, socket, flags);
}

/* ------------------------------------------------------------------ arrays */

/* ZMQ_SNDMORE makes one message of the parts; without it each is a message. */
int zmq_sendiov(void *socket, struct iovec *parts, size_t count, int flags)
{
    int rc = 0;

    if (count == 0 || !parts)
        return tnz_error(EINVAL);
    for (size_t i = 0; i < count && rc >= 0; i++) {
        int is_last = i + 1 == count;
        rc = zmq_send(socket, parts[i].iov_base, parts[i].iov_len,
                      is_last ? flags & ~ZMQ_SNDMORE : flags);
    }
    return rc;
}

/* The program frees each part with free(). */
static int recv_part(void *socket, struct iovec *part, int flags, bool *out_more)
{
    zmq_msg_t msg;

    zmq_msg_init(&msg);
    if (zmq_msg_recv(&msg, socket, flags) < 0)
        return -1;
    part->iov_len = zmq_msg_size(&msg);
    part->iov_base = malloc(part->iov_len ? part->iov_len : 1);
    *out_more = zmq_msg_more(&msg);
    if (part->iov_base)
        memcpy(part->iov_base, zmq_msg_data(&msg), part->iov_len);
    zmq_msg_close(&msg);
    return part->iov_base ? 0 : tnz_error(ENOMEM);
}

int zmq_recviov(void *socket, struct iovec *parts, size_t *io_count, int flags)
{
    bool more = true;
    size_t done;
    int rc, cancel_state;

    if (!io_count || *io_count == 0 || !parts)
        return tnz_error(EINVAL);
    rc = recv_part(socket, &parts[0], flags, &more);
    done = rc == 0;
    cancel_state = tnz_cancel_forbid(); /* the rest is there */
    while (more && done < *io_count && rc == 0) {
        rc = recv_part(socket, &parts[done], flags, &more);
        done += rc == 0;
    }
    tnz_cancel_leave_scope(&cancel_state);
    *io_count = done;
    return rc < 0 ? -1 : (int)done;
}
