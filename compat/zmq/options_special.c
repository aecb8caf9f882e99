#include "options_special.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ENDPOINT_MAX = 1024,
    TTL_STEP = 100,
    TTL_STEPS_MAX = 65535,
    LIST_MAX = 4096,
    FILTER_MAX = 255
};

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

/* ------------------------------------------------------------------ who may connect */

/* Each call adds one to the native list; nothing at all empties it. */
static int add_to_list(struct tnz_socket *socket, const char *native, const char *item)
{
    char list[LIST_MAX + 1];
    size_t size = sizeof list;
    int rc = item ? tn_get_str(socket->handle, native, list, &size) : 0;

    if (rc < 0)
        return tnz_option_errno(rc);
    if (!item)
        list[0] = '\0';
    else if (size + strlen(item) + 1 > sizeof list)
        return EINVAL;
    else
        snprintf(list + size - 1, sizeof list - size + 1, "%s%s", size > 1 ? "," : "", item);
    rc = tn_set_str(socket->handle, native, list);
    return rc < 0 ? tnz_option_errno(rc) : 0;
}

/* "10.0.0.0/8", "fd00::1": the transport looks at its list at the next bind only. */
static bool is_network(const char *text)
{
    const char *slash = strchr(text, '/');
    size_t size = slash ? (size_t)(slash - text) : strlen(text);
    char host[INET6_ADDRSTRLEN], *end = NULL;
    struct in6_addr address;
    unsigned long bits = 0;
    bool is_four;

    if (size >= sizeof host)
        return false;
    memcpy(host, text, size);
    host[size] = '\0';
    is_four = inet_pton(AF_INET, host, &address) == 1;
    if (!is_four && inet_pton(AF_INET6, host, &address) != 1)
        return false;
    if (slash && slash[1] >= '0' && slash[1] <= '9')
        bits = strtoul(slash + 1, &end, 10);
    return !slash || (end && !*end && bits <= (is_four ? 32 : 128));
}

int tnz_set_tcp_accept_filter(struct tnz_socket *socket, const void *data, size_t size)
{
    char text[FILTER_MAX + 1];

    if (!data && size == 0)
        return add_to_list(socket, "tcp.accept_filter", NULL);
    if (!data || size == 0 || size > FILTER_MAX)
        return EINVAL;
    memcpy(text, data, size);
    text[size] = '\0';
    if (!is_network(text))
        return EINVAL;
    return add_to_list(socket, "tcp.accept_filter", text);
}

/* Ids of processes, users and groups are 32 bits. */
static int set_ipc_filter(struct tnz_socket *socket, const char *native, const void *data,
                          size_t size)
{
    char text[16];
    int value = 0;

    if (!data && size == 0)
        return add_to_list(socket, native, NULL);
    if (tnz_take_int(data, size, &value))
        return EINVAL;
    snprintf(text, sizeof text, "%u", (unsigned)value);
    return add_to_list(socket, native, text);
}

int tnz_set_ipc_filter_pid(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_ipc_filter(socket, "ipc.filter_pid", data, size);
}

int tnz_set_ipc_filter_uid(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_ipc_filter(socket, "ipc.filter_uid", data, size);
}

int tnz_set_ipc_filter_gid(struct tnz_socket *socket, const void *data, size_t size)
{
    return set_ipc_filter(socket, "ipc.filter_gid", data, size);
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
