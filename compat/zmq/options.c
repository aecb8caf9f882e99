#include "options.h"

#include <string.h>

enum { TEXT_MAX = 4096 };

/* ------------------------------------------------------------------ values and errors */

int tnz_option_errno(int code)
{
    switch (code) {
    case -EACCES:
    case -ENOTSUP:
    case -EMSGSIZE:
    case -TN_EMODULE:
        return EINVAL;
    default:
        return tnz_errno(code);
    }
}

static int result(int rc)
{
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

int tnz_take_int(const void *data, size_t size, int *out_value)
{
    if (!data || size != sizeof *out_value)
        return EINVAL;
    memcpy(out_value, data, sizeof *out_value);
    return 0;
}

int tnz_put_bytes(const void *bytes, size_t size, void *data, size_t *io_size)
{
    if (!data || !io_size || *io_size < size)
        return EINVAL;
    if (size)
        memcpy(data, bytes, size);
    memset((char *)data + size, 0, *io_size - size);
    *io_size = size;
    return 0;
}

int tnz_put_int(int value, void *data, size_t *io_size)
{
    return tnz_put_bytes(&value, sizeof value, data, io_size);
}

/* ------------------------------------------------------------------ setting */

static bool is_allowed(const struct tnz_option *option, int value)
{
    switch (option->kind) {
    case TNZ_BOOL:
        return value == 0 || value == 1;
    case TNZ_TRUTH:
        return true;
    case TNZ_FLAG:
        return value >= 0;
    default:
        return value >= option->min && value <= option->max;
    }
}

static int set_int(struct tnz_socket *socket, const struct tnz_option *option, const void *data,
                   size_t size)
{
    int value;
    int number = tnz_take_int(data, size, &value);

    if (number)
        return number;
    if (!is_allowed(option, value))
        return EINVAL;
    if (option->kind == TNZ_TRUTH || option->kind == TNZ_FLAG ||
        option->slot == TNZ_INVERT_MATCHING)
        value = value != 0;
    if (option->kind == TNZ_VALUE) {
        socket->values[option->slot] = value;
        return 0;
    }
    return result(tn_set_int(socket->handle, option->native, value));
}

static int set_int64(struct tnz_socket *socket, const struct tnz_option *option, const void *data,
                     size_t size)
{
    int64_t value;

    if (!data || size != sizeof value)
        return EINVAL;
    memcpy(&value, data, sizeof value);
    return result(tn_set_int(socket->handle, option->native, value));
}

static int set_bytes(struct tnz_socket *socket, const struct tnz_option *option, const void *data,
                     size_t size)
{
    char text[TEXT_MAX + 1];

    if ((!data && size) || size > (size_t)option->max || size < (size_t)option->min)
        return EINVAL;
    if (option->kind == TNZ_BLOB)
        return result(tn_set_blob(socket->handle, option->native, data, size));
    if (size)
        memcpy(text, data, size);
    text[size] = '\0';
    return result(tn_set_str(socket->handle, option->native, text));
}

static int set_option(struct tnz_socket *socket, const struct tnz_option *option, const void *data,
                      size_t size)
{
    switch (option->kind) {
    case TNZ_SPECIAL:
        return option->set(socket, data, size);
    case TNZ_INT64:
        return set_int64(socket, option, data, size);
    case TNZ_BLOB:
    case TNZ_TEXT:
        return set_bytes(socket, option, data, size);
    default:
        return set_int(socket, option, data, size);
    }
}

/* ------------------------------------------------------------------ getting */

static int get_int(struct tnz_socket *socket, const struct tnz_option *option, void *data,
                   size_t *io_size)
{
    int64_t value;
    int rc;

    if (*io_size != sizeof(int))
        return EINVAL;
    if (option->kind == TNZ_VALUE)
        return tnz_put_int(socket->values[option->slot], data, io_size);
    rc = tn_get_int(socket->handle, option->native, &value);
    if (rc < 0)
        return tnz_option_errno(rc);
    return tnz_put_int(value ? (int)value : option->unset, data, io_size);
}

static int get_int64(struct tnz_socket *socket, const struct tnz_option *option, void *data,
                     size_t *io_size)
{
    int64_t value;
    int rc;

    if (*io_size != sizeof value)
        return EINVAL;
    rc = tn_get_int(socket->handle, option->native, &value);
    return rc < 0 ? tnz_option_errno(rc) : tnz_put_bytes(&value, sizeof value, data, io_size);
}

static int get_bytes(struct tnz_socket *socket, const struct tnz_option *option, void *data,
                     size_t *io_size)
{
    char value[TEXT_MAX + 1];
    size_t size = sizeof value;
    int rc = option->kind == TNZ_BLOB ? tn_get_blob(socket->handle, option->native, value, &size)
                                      : tn_get_str(socket->handle, option->native, value, &size);

    return rc < 0 ? tnz_option_errno(rc) : tnz_put_bytes(value, size, data, io_size);
}

static int get_option(struct tnz_socket *socket, const struct tnz_option *option, void *data,
                      size_t *io_size)
{
    switch (option->kind) {
    case TNZ_SPECIAL:
        return option->get(socket, data, io_size);
    case TNZ_INT64:
        return get_int64(socket, option, data, io_size);
    case TNZ_BLOB:
    case TNZ_TEXT:
        return get_bytes(socket, option, data, io_size);
    default:
        return get_int(socket, option, data, io_size);
    }
}

/* ------------------------------------------------------------------ the calls */

/* The socket, when its context still lives: options that are kept here must not outlive it either. */
static struct tnz_socket *enter(void *handle)
{
    struct tnz_socket *socket = tnz_registry_find(handle);
    int64_t unused;
    int rc = socket ? tn_get_int(socket->handle, "linger", &unused) : 0;

    if (rc < 0)
        tnz_fail(rc);
    return rc < 0 ? NULL : socket;
}

int zmq_setsockopt(void *handle, int number, const void *data, size_t size)
{
    struct tnz_socket *socket = enter(handle);
    const struct tnz_option *option;
    int error = EINVAL;

    if (!socket)
        return -1;
    option = tnz_option_find(number, socket->type);
    if (option && (option->access & TNZ_SET || option->set))
        error = set_option(socket, option, data, size);
    return error ? tnz_error(error) : 0;
}

/* What programs ask for after each message, by the shortest way. */
static int get_moment(void *handle, const char *native, void *data, size_t *io_size)
{
    int64_t value;
    int rc = tn_get_int(handle, native, &value);
    int error = rc < 0 ? tnz_errno(rc) : tnz_put_int((int)value, data, io_size);

    return error ? tnz_error(error) : 0;
}

int zmq_getsockopt(void *handle, int number, void *data, size_t *io_size)
{
    const struct tnz_option *option;
    struct tnz_socket *socket;
    int error = EINVAL;

    if (number == ZMQ_RCVMORE)
        return get_moment(handle, "rcvmore", data, io_size);
    if (number == ZMQ_EVENTS)
        return get_moment(handle, "events", data, io_size);
    socket = enter(handle);
    if (!socket)
        return -1;
    option = tnz_option_find(number, socket->type);
    if (option && io_size && (option->access & TNZ_GET || option->get))
        error = get_option(socket, option, data, io_size);
    return error ? tnz_error(error) : 0;
}
