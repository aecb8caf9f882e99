/*
 * message.c: messages. A zmq_msg_t is a tn_msg_t; one that was closed, or never made, is known by its
 * `type`, as libzmq knows it: such a message is EFAULT.
 */
#include <strings.h>

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

    if (rc < 0)
        return tnz_fail(rc);
    if (!free_fn)
        tnz_msg(msg)->mark = TNZ_SHARED;
    return 0;
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
    if (tnz_msg(from)->type == TN_MSG_COUNTED)
        tnz_msg(from)->mark = TNZ_SHARED;
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
    int fd;

    switch (property) {
    case ZMQ_MORE:
        return tn_msg_more(tnz_const_msg(msg));
    case ZMQ_SRCFD:
        fd = tn_msg_fd(tnz_const_msg(msg));
        return fd < 0 ? tnz_error(EINVAL) : fd;
    case ZMQ_SHARED:
        return tnz_const_msg(msg)->mark == TNZ_SHARED;
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

/* Within the process libzmq knows nothing of the peer; and an address is a host to it. */
const char *zmq_msg_gets(const zmq_msg_t *zmq_msg, const char *property)
{
    const tn_msg_t *msg = tnz_const_msg(zmq_msg);
    const char *value = NULL;

    if (property && strcasecmp(property, ZMQ_MSG_PROPERTY_PEER_ADDRESS) == 0)
        value = tn_msg_property(msg, "Peer-Host");
    else if (tn_msg_fd(msg) >= 0)
        value = tn_msg_property(msg, property);
    if (!value)
        errno = EINVAL;
    return value;
}

/* ------------------------------------------------------------------ peers and groups */

int zmq_msg_set_routing_id(zmq_msg_t *msg, uint32_t routing_id)
{
    int rc = tn_msg_set_routing_id(tnz_msg(msg), routing_id);

    return rc < 0 ? tnz_fail(rc) : 0;
}

uint32_t zmq_msg_routing_id(zmq_msg_t *msg)
{
    return tn_msg_routing_id(tnz_msg(msg));
}

int zmq_msg_set_group(zmq_msg_t *msg, const char *group)
{
    int rc = tn_msg_set_group(tnz_msg(msg), group);

    return rc < 0 ? tnz_fail(rc) : 0;
}

const char *zmq_msg_group(zmq_msg_t *msg)
{
    return tn_msg_group(tnz_msg(msg));
}
