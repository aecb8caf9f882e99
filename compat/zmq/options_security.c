/*
 * options_security.c: libzmq has no option that chooses the mechanism: each of a mechanism's options
 * chooses it, and the role that it implies.
 */
#include <string.h>

#include "options_special.h"

enum { KEY_SIZE = 32, KEY_TEXT = 40, NAME_MAX_SIZE = 255, VALUE_MAX = 256 };

static int result(int rc)
{
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

static bool is_mechanism(struct tnz_socket *socket, const char *name)
{
    char text[64];
    size_t size = sizeof text;

    return tn_get_str(socket->handle, "mechanism", text, &size) == 0 && strcmp(text, name) == 0;
}

int tnz_get_mechanism(struct tnz_socket *socket, void *data, size_t *io_size)
{
    int value = is_mechanism(socket, "plain")   ? ZMQ_PLAIN
                : is_mechanism(socket, "curve") ? ZMQ_CURVE
                                                : ZMQ_NULL;

    return *io_size == sizeof value ? tnz_put_int(value, data, io_size) : EINVAL;
}

/* ------------------------------------------------------------------ roles */

static int set_server(struct tnz_socket *socket, const char *mechanism, const char *option,
                      const void *data, size_t size)
{
    int value = 0;
    int rc;

    if (tnz_take_int(data, size, &value) || (value != 0 && value != 1))
        return EINVAL;
    rc = tn_set_int(socket->handle, option, value);
    if (rc == 0)
        rc = tn_set_str(socket->handle, "mechanism", value ? mechanism : "null");
    return result(rc);
}

static int get_server(struct tnz_socket *socket, const char *mechanism, const char *option,
                      void *data, size_t *io_size)
{
    int64_t value = 0;
    int rc = 0;

    if (*io_size != sizeof(int))
        return EINVAL;
    if (is_mechanism(socket, mechanism))
        rc = tn_get_int(socket->handle, option, &value);
    return rc < 0 ? tnz_option_errno(rc) : tnz_put_int((int)value, data, io_size);
}

int tnz_set_plain_server(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_server(socket, "plain", "plain.server", data, size);
}

int tnz_get_plain_server(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_server(socket, "plain", "plain.server", data, io_size);
}

int tnz_set_curve_server(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_server(socket, "curve", "curve.server", data, size);
}

int tnz_get_curve_server(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_server(socket, "curve", "curve.server", data, io_size);
}

/* ------------------------------------------------------------------ PLAIN */

static int set_name(struct tnz_socket *socket, const char *option, const void *data, size_t size)
{
    char text[VALUE_MAX];
    int rc;

    if (!data && size == 0)
        return result(tn_set_str(socket->handle, "mechanism", "null"));
    if (!data || size == 0 || size > NAME_MAX_SIZE)
        return EINVAL;
    memcpy(text, data, size);
    text[size] = '\0';
    rc = tn_set_str(socket->handle, option, text);
    if (rc == 0)
        rc = tn_set_int(socket->handle, "plain.server", 0);
    if (rc == 0)
        rc = tn_set_str(socket->handle, "mechanism", "plain");
    explicit_bzero(text, sizeof text);
    return result(rc);
}

/* Straight into the program's memory: a copy of a password would have to be wiped. */
static int get_name(struct tnz_socket *socket, const char *option, void *data, size_t *io_size)
{
    size_t size = *io_size;
    int rc = data ? tn_get_str(socket->handle, option, data, &size) : -EINVAL;

    if (rc < 0)
        return tnz_option_errno(rc);
    memset((char *)data + size, 0, *io_size - size);
    *io_size = size;
    return 0;
}

int tnz_set_plain_username(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_name(socket, "plain.username", data, size);
}

int tnz_get_plain_username(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_name(socket, "plain.username", data, io_size);
}

int tnz_set_plain_password(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_name(socket, "plain.password", data, size);
}

int tnz_get_plain_password(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_name(socket, "plain.password", data, io_size);
}

/* ------------------------------------------------------------------ CURVE */

/* 32 bytes, or 40 characters of Z85, with or without their NUL, which must be one. */
static int set_key(struct tnz_socket *socket, const char *option, const void *data, size_t size)
{
    char text[KEY_TEXT + 1];
    uint8_t key[KEY_SIZE];
    int rc = -EINVAL;

    if (!data)
        return EINVAL;
    if (size == KEY_SIZE) {
        rc = tn_set_blob(socket->handle, option, data, size);
    } else if (size == KEY_TEXT ||
               (size == KEY_TEXT + 1 && ((const char *)data)[KEY_TEXT] == '\0')) {
        memcpy(text, data, KEY_TEXT);
        text[KEY_TEXT] = '\0';
        if (zmq_z85_decode(key, text))
            rc = tn_set_blob(socket->handle, option, key, sizeof key);
        explicit_bzero(key, sizeof key);
        explicit_bzero(text, sizeof text);
    }
    if (rc == 0)
        rc = tn_set_str(socket->handle, "mechanism", "curve");
    return result(rc);
}

static int get_key(struct tnz_socket *socket, const char *option, void *data, size_t *io_size)
{
    uint8_t key[KEY_SIZE] = {0};
    size_t size = sizeof key;
    int rc;

    if (!data || (*io_size != KEY_SIZE && *io_size != KEY_TEXT + 1))
        return EINVAL;
    if (*io_size == KEY_SIZE) {
        memset(data, 0, KEY_SIZE);
        rc = tn_get_blob(socket->handle, option, data, &size);
        return rc < 0 ? tnz_option_errno(rc) : 0;
    }
    rc = tn_get_blob(socket->handle, option, key, &size);
    if (rc == 0)
        zmq_z85_encode(data, key, sizeof key);
    explicit_bzero(key, sizeof key);
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

int tnz_set_curve_publickey(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_key(socket, "curve.publickey", data, size);
}

int tnz_get_curve_publickey(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_key(socket, "curve.publickey", data, io_size);
}

int tnz_set_curve_secretkey(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_key(socket, "curve.secretkey", data, size);
}

int tnz_get_curve_secretkey(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_key(socket, "curve.secretkey", data, io_size);
}

/* Who knows the server's key is its client. */
int tnz_set_curve_serverkey(struct tnz_socket *socket, const void *data, size_t size)
{
    int number = set_key(socket, "curve.serverkey", data, size);

    return number ? number : result(tn_set_int(socket->handle, "curve.server", 0));
}

int tnz_get_curve_serverkey(struct tnz_socket *socket, void *data, size_t *io_size)
{
    return get_key(socket, "curve.serverkey", data, io_size);
}
