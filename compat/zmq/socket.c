/*
 * socket.c: opening and closing sockets, and their endpoints.
 */
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "dropin.h"
#include "monitor.h"

enum { ADDRESS_MAX = 1024 };

/* What the context says of its sockets. */
static int set_defaults(tn_socket_t *socket, const struct tnz_socket_defaults *defaults)
{
    int rc = 0;

    if (defaults->ipv6)
        rc = tn_set_int(socket, "ipv6", 1);
    if (rc == 0 && !defaults->blocky)
        rc = tn_set_int(socket, "linger", 0);
    return rc < 0 ? tnz_fail(rc) : 0;
}

void *zmq_socket(void *handle, int number)
{
    struct tnz_context *context = tnz_context_of(handle);
    const struct tnz_type *type = tnz_type_of_number(number);
    struct tnz_socket_defaults defaults;
    tn_socket_t *socket;

    if (!context)
        return NULL;
    if (!type) {
        errno = EINVAL;
        return NULL;
    }
    socket = tnz_context_open(context, type->pattern, &defaults);
    if (!socket)
        return NULL;
    if (set_defaults(socket, &defaults) < 0 || tnz_registry_add(context, socket, type) < 0) {
        int why = errno;
        tn_close(socket);
        errno = why;
        return NULL;
    }
    return socket;
}

int zmq_close(void *handle)
{
    struct tnz_socket *socket = tnz_registry_remove(handle);
    int rc;
    TNZ_UNCANCELLED;

    rc = tn_close(handle);
    if (socket)
        tnz_monitor_end(socket);
    free(socket);
    return rc < 0 ? tnz_fail(rc) : 0;
}

/* ------------------------------------------------------------------ endpoints */

/* In a native endpoint a '?' begins options; libzmq has none, so it belongs to the address. */
static int escape(const char *address, char out[ADDRESS_MAX])
{
    size_t used = 0;

    if (!address)
        return tnz_error(EINVAL);
    for (; *address; address++) {
        const char one[2] = {*address, '\0'};
        const char *text = *address == '?' ? "%3F" : one;
        size_t size = strlen(text);
        if (used + size >= ADDRESS_MAX)
            return tnz_error(EINVAL);
        memcpy(out + used, text, size);
        used += size;
    }
    out[used] = '\0';
    return 0;
}

/* A context without I/O threads has nobody to serve a connection. */
static int check_threads(void *handle, const char *address)
{
    struct tnz_socket *socket = tnz_registry_find(handle);

    if (!socket)
        return -1;
    if (strncmp(address, "inproc://", 9) != 0 && tnz_context_is_threadless(socket->context))
        return tnz_error(EMTHREAD);
    return 0;
}

static int open_endpoint(void *handle, const char *address,
                         int (*act)(tn_socket_t *, const char *endpoint))
{
    char endpoint[ADDRESS_MAX];
    int rc;

    if (escape(address, endpoint) < 0 || check_threads(handle, address) < 0)
        return -1;
    rc = act(handle, endpoint);
    return rc < 0 ? tnz_fail(rc) : 0;
}

int zmq_bind(void *handle, const char *address)
{
    int rc = open_endpoint(handle, address, tn_bind);
    int number = errno;
    struct tnz_socket *socket = tnz_registry_find(handle);

    if (socket)
        tnz_monitor_flush(socket);
    errno = number;
    return rc;
}

int zmq_connect(void *socket, const char *address)
{
    return open_endpoint(socket, address, tn_connect);
}

uint32_t zmq_connect_peer(void *handle, const char *address)
{
    char endpoint[ADDRESS_MAX];
    uint32_t routing_id = 0;
    int rc;

    if (escape(address, endpoint) < 0 || check_threads(handle, address) < 0)
        return 0;
    rc = tn_connect_peer(handle, endpoint, &routing_id);
    if (rc < 0)
        tnz_fail(rc);
    return rc < 0 ? 0 : routing_id;
}

int zmq_disconnect_peer(void *handle, uint32_t routing_id)
{
    int rc = tn_disconnect_peer(handle, routing_id);

    return rc < 0 ? tnz_fail(rc) : 0;
}

int zmq_socket_get_peer_state(void *handle, const void *routing_id, size_t size)
{
    int rc = tn_peer_events(handle, routing_id, size);

    return rc < 0 ? tnz_fail(rc) : rc;
}

/* Ends all that were opened with the address, however often. */
static int close_endpoint(void *handle, const char *address,
                          int (*act)(tn_socket_t *, const char *endpoint))
{
    char endpoint[ADDRESS_MAX];
    int rc;

    if (escape(address, endpoint) < 0)
        return -1;
    rc = act(handle, endpoint);
    if (rc == -ENOENT && !strstr(address, "://"))
        rc = -EINVAL;
    if (rc < 0)
        return tnz_fail(rc);
    while (act(handle, endpoint) == 0)
        continue;
    return 0;
}

int zmq_unbind(void *socket, const char *address)
{
    return close_endpoint(socket, address, tn_unbind);
}

int zmq_disconnect(void *socket, const char *address)
{
    return close_endpoint(socket, address, tn_disconnect);
}

/* ------------------------------------------------------------------ groups */

int zmq_join(void *socket, const char *group)
{
    int rc = tn_join(socket, group);

    return rc < 0 ? tnz_fail(rc) : 0;
}

int zmq_leave(void *socket, const char *group)
{
    int rc = tn_leave(socket, group);

    return rc < 0 ? tnz_fail(rc) : 0;
}
