/*
 * message.c: messages. A zmq_msg_t is a tn_msg_t; one that was closed, or never made, is known by its
 * `type`, as libzmq knows it: such a message is EFAULT.
 */
#include <string.h>

#include "message.h"

int zmq_msg_init(zmq_msg_t *msg)
{
    tn_msg_clear(tnz_msg(msg));
    return 0;
}

int zmq_msg_init_size(zmq_msg_t *msg, size_t size)
{
    int rc = tn_msg_init_size(tnz_msg(msg), size);

    return rc < 0 ? tnz_fail(rc) : 0;
}

int zmq_msg_init_buffer(zmq_msg_t *msg, const void *data, size_t size)
{
    int rc = tn_msg_init_copy(tnz_msg(msg), data, size);

    return rc < 0 ? tnz_fail(rc) : 0;
}

int zmq_msg_init_data(zmq_msg_t *msg, void *data, size_t size, zmq_free_fn *free_fn, void *hint)
{
    int rc = tn_msg_init_data(tnz_msg(msg), data, size, free_fn, hint);

    return rc < 0 ? tnz_fail(rc) : 0;
}

int zmq_msg_close(zmq_msg_t *msg)
{
    if (!tnz_msg_is_valid(msg))
        return tnz_error(EFAULT);
    tn_msg_close(tnz_msg(msg));
    tnz_msg(msg)->type = 0;
    return 0;
}

int zmq_msg_move(zmq_msg_t *to, zmq_msg_t *from)
{
    if (!tnz_msg_is_valid(to) || !tnz_msg_is_valid(from))
        return tnz_error(EFAULT);
    tn_msg_move(tnz_msg(to), tnz_msg(from));
    return 0;
}

int zmq_msg_copy(zmq_msg_t *to, zmq_msg_t *from)
{
    int rc;

    if (!tnz_msg_is_valid(to) || !tnz_msg_is_valid(from))
        return tnz_error(EFAULT);
    rc = tn_msg_copy(tnz_msg(to), tnz_msg(from));
    return rc < 0 ? tnz_fail(rc) : 0;
}

void *zmq_msg_data(zmq_msg_t *msg)
{
    return tn_msg_data(tnz_msg(msg));
}

size_t zmq_msg_size(const zmq_msg_t *msg)
{
    return tn_msg_size(tnz_const_msg(msg));
}

int zmq_msg_more(const zmq_msg_t *msg)
{
    return tn_msg_more(tnz_const_msg(msg));
}

int zmq_msg_get(const zmq_msg_t *msg, int property)
{
    switch (property) {
    case ZMQ_MORE:
        return tn_msg_more(tnz_const_msg(msg));
    default:
        return tnz_error(EINVAL);
    }
}

/* There is nothing that can be set. */
int zmq_msg_set(zmq_msg_t *msg, int property, int value)
{
    (void)msg;
    (void)property;
    (void)value;
    return tnz_error(EINVAL);
}

const char *zmq_msg_gets(const zmq_msg_t *msg, const char *property)
{
    const char *value = tn_msg_property(tnz_const_msg(msg), property);

    if (!value)
        errno = EINVAL;
    return value;
}
