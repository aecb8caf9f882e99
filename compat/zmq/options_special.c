#include "options_special.h"

#include <string.h>

enum { ENDPOINT_MAX = 1024, TTL_STEP = 100, TTL_STEPS_MAX = 65535, BATCH_DEFAULT = 8192 };

/* ------------------------------------------------------------------ subscriptions */

static int subscription(struct tnz_socket *socket, const void *data, size_t size,
                        int (*act)(tn_socket_t *, const void *, size_t))
{
    int64_t is_manual = 1;
    int rc = 0;

    if (!data && size)
        return EINVAL;
    /* XPUB speaks for its peers only when it was told to. */
    if (socket->type->number == ZMQ_XPUB)
        rc = tn_get_int(socket->handle, "xpub_manual", &is_manual);
    if (rc == 0 && !is_manual)
        return EINVAL;
    if (rc == 0)
        rc = act(socket->handle, data ? data : "", size);
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

int tnz_set_subscribe(struct tnz_socket *socket, const void *data, size_t size)
{
    return subscription(socket, data, size, tn_subscribe);
}

int tnz_set_unsubscribe(struct tnz_socket *socket, const void *data, size_t size)
{
    int number = subscription(socket, data, size, tn_unsubscribe);

    return number == ENOENT ? 0 : number;
}

/* ------------------------------------------------------------------ numbers */

int tnz_set_ipv4only(struct tnz_socket *socket, const void *data, size_t size)
{
    int value = 0;
    int number = tnz_take_int(data, size, &value);
    int rc;

    if (number || (value != 0 && value != 1))
        return EINVAL;
    rc = tn_set_int(socket->handle, "ipv6", !value);
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

int tnz_get_ipv4only(struct tnz_socket *socket, void *data, size_t *io_size)
{
    int64_t value;
    int rc;

    if (*io_size != sizeof(int))
        return EINVAL;
    rc = tn_get_int(socket->handle, "ipv6", &value);
    return rc < 0 ? tnz_option_errno(rc) : tnz_put_int(!value, data, io_size);
}

/* Kept in tenths of a second, rounded towards 0. */
int tnz_set_heartbeat_ttl(struct tnz_socket *socket, const void *data, size_t size)
{
    int value = 0;
    int number = tnz_take_int(data, size, &value);
    int rc;

    value /= TTL_STEP;
    if (number || value < 0 || value > TTL_STEPS_MAX)
        return EINVAL;
    rc = tn_set_int(socket->handle, "heartbeat_ttl", value * TTL_STEP);
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

int tnz_get_heartbeat_ttl(struct tnz_socket *socket, void *data, size_t *io_size)
{
    int64_t value;
    int rc;

    if (*io_size != sizeof(int))
        return EINVAL;
    rc = tn_get_int(socket->handle, "heartbeat_ttl", &value);
    return rc < 0 ? tnz_option_errno(rc) : tnz_put_int((int)value, data, io_size);
}

/* The native 0, "our choice", reads as libzmq's default. */
static int get_batch_size(struct tnz_socket *socket, const char *native, void *data,
                          size_t *io_size)
{
    int64_t value;
    int rc;

    if (*io_size != sizeof(int))
        return EINVAL;
    rc = tn_get_int(socket->handle, native, &value);
    if (rc < 0)
        return tnz_option_errno(rc);
    return tnz_put_int(value ? (int)value : BATCH_DEFAULT, data, io_size);
}

static int set_batch_size(struct tnz_socket *socket, const char *native, const void *data,
                          size_t size)
{
    int value = 0;
    int number = tnz_take_int(data, size, &value);
    int rc;

    if (number || value < 1)
        return EINVAL;
    rc = tn_set_int(socket->handle, native, value);
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

int tnz_set_in_batch_size(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_batch_size(socket, "in_batch_size", data, size);
}

int tnz_get_in_batch_size(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_batch_size(socket, "in_batch_size", data, io_size);
}

int tnz_set_out_batch_size(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_batch_size(socket, "out_batch_size", data, size);
}

int tnz_get_out_batch_size(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_batch_size(socket, "out_batch_size", data, io_size);
}

/* ------------------------------------------------------------------ state */

int tnz_get_type(struct tnz_socket *socket, void *data, size_t *io_size)
{
    if (*io_size != sizeof(int))
        return EINVAL;
    return tnz_put_int(socket->type->number, data, io_size);
}

int tnz_get_thread_safe(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return tnz_put_int(socket->type->is_thread_safe, data, io_size);
}

/* As the program wrote it: zmq_bind() and zmq_connect() wrote %3F for '?'. */
int tnz_get_last_endpoint(struct tnz_socket *socket, void *data, size_t *io_size)
{
    char text[ENDPOINT_MAX];
    size_t size = sizeof text;
    int rc = tn_get_str(socket->handle, "last_endpoint", text, &size);

    if (rc < 0)
        return tnz_option_errno(rc);
    for (char *at = strstr(text, "%3F"); at; at = strstr(at, "%3F")) {
        *at = '?';
        memmove(at + 1, at + 3, strlen(at + 3) + 1);
        size -= 2;
    }
    return tnz_put_bytes(text, size, data, io_size);
}
