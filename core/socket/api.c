/*
 * api.c: the public functions on sockets that are neither input nor output nor waiting: endpoints,
 * options, subscriptions, monitors, statistics.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cancel.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/uri.h"
#include "message/peer_info.h"
#include "options/value.h"
#include "pipe/pipe.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/pattern_options.h"
#include "socket/socket.h"

void tn_version(int *major, int *minor, int *patch)
{
    if (major)
        *major = TN_VERSION_MAJOR;
    if (minor)
        *minor = TN_VERSION_MINOR;
    if (patch)
        *patch = TN_VERSION_PATCH;
}

const char *tn_strerror(int code)
{
    return tni_error_name(code);
}

const char *tn_last_error(void)
{
    return tni_error_text();
}

int tn_last_code(void)
{
    return tni_error_code();
}

/* ------------------------------------------------------------------ endpoints */

static int with_endpoint(tn_socket_t *socket, const char *endpoint, unsigned role,
                         int (*act)(struct tn_sock *, const char *, unsigned))
{
    struct tn_sock *sock = tni_sock_enter(socket);
    int rc;
    TNI_UNCANCELLED;

    if (!sock)
        return tni_error_code();
    rc = act(sock, endpoint, role);
    tni_sock_leave(sock);
    return rc;
}

int tn_bind(tn_socket_t *socket, const char *endpoint)
{
    return with_endpoint(socket, endpoint, TN_ROLE_BIND, tni_endpoint_open);
}

int tn_connect(tn_socket_t *socket, const char *endpoint)
{
    return with_endpoint(socket, endpoint, TN_ROLE_CONNECT, tni_endpoint_open);
}

int tn_unbind(tn_socket_t *socket, const char *endpoint)
{
    return with_endpoint(socket, endpoint, TN_ROLE_BIND, tni_endpoint_close);
}

int tn_check_endpoint(tn_socket_t *socket, const char *endpoint, bool is_bind)
{
    return with_endpoint(socket, endpoint, is_bind ? TN_ROLE_BIND : TN_ROLE_CONNECT,
                         tni_endpoint_check);
}

int tn_disconnect(tn_socket_t *socket, const char *endpoint)
{
    return with_endpoint(socket, endpoint, TN_ROLE_CONNECT, tni_endpoint_close);
}

int tn_connect_peer(tn_socket_t *socket, const char *endpoint, uint32_t *out_routing_id)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    int rc;
    TNI_UNCANCELLED;

    if (!sock)
        return tni_error_code();
    rc = out_routing_id ? tni_endpoint_connect_peer(sock, endpoint, out_routing_id)
                        : tni_fail(-EINVAL, "tn_connect_peer: out_routing_id is NULL");
    tni_sock_leave(sock);
    return rc;
}

int tn_peer_events(tn_socket_t *socket, const void *routing_id, size_t size)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    int rc;

    if (!sock)
        return tni_error_code();
    tni_sock_drain(sock);
    tni_sock_settle(sock);
    rc = routing_id || !size ? sock->ops->peer_events(sock->pattern_state, routing_id, size)
                             : -EINVAL;
    if (rc < 0)
        tni_fail(rc, "the state of a peer of a '%s' socket: %s", sock->pattern->name,
                 tni_error_name(rc));
    tni_sock_leave(sock);
    return rc;
}

int tn_disconnect_peer(tn_socket_t *socket, uint32_t routing_id)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    int rc;

    if (!sock)
        return tni_error_code();
    tni_sock_drain(sock);
    tni_sock_settle(sock);
    rc = sock->ops->flags & TN_PATTERN_NUMBERS_PEERS
             ? sock->ops->disconnect_peer(sock->pattern_state, routing_id)
             : tni_fail(-ENOTSUP, "the peers of a socket of pattern '%s' have no numbers",
                        sock->pattern->name);
    tni_sock_leave(sock);
    return rc;
}

/* ------------------------------------------------------------------ options */

/* "tcp.keepalive": an option of that transport, for later endpoints; likewise those of mechanisms and
 * authenticators. */
static int module_option(struct tn_sock *sock, const char *name, const tn_option_desc_t **out_desc,
                         const struct tni_feature **out_feature)
{
    char feature[TNI_URI_SCHEME_MAX + 1];
    const char *dot = strchr(name, '.');
    int rc;
    TNI_UNCANCELLED; /* a module may be loaded */

    if ((size_t)(dot - name) >= sizeof feature)
        return tni_options_unknown(name, NULL);
    snprintf(feature, sizeof feature, "%.*s", (int)(dot - name), name);
    rc = tni_registry_owner(sock->ctx->registry, feature, out_feature);
    if (rc < 0)
        return tni_fail_context(rc, "option '%s'", name);
    *out_desc = tni_option_find((*out_feature)->options, dot + 1);
    return *out_desc ? 0 : tni_options_unknown(name, (*out_feature)->options);
}

/* Whoever was refused may have room now, and tries again. */
static void apply_mark_to(struct tn_pipe *pipe, bool is_out, uint64_t hwm)
{
    struct tn_sock *sock = pipe->sock;
    struct tni_chain *chain = is_out ? tni_pipe_out(pipe) : tni_pipe_in(pipe);

    atomic_store(&chain->hwm, hwm);
    if (!atomic_exchange(&chain->blocked, 0))
        return;
    if (is_out)
        sock->ops->writable(sock->pattern_state, pipe, pipe->state);
    else
        tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_SPACE);
}

/* A mark that changes holds for the peers that are there. Those of this process have a sum. */
static void apply_mark(struct tn_sock *sock, const char *name)
{
    bool is_out = strcmp(name, "sndhwm") == 0;
    int hwm = is_out ? sock->options.sndhwm : sock->options.rcvhwm;

    if (!is_out && strcmp(name, "rcvhwm") != 0)
        return;
    tni_list_each_safe (link, &sock->pipes) {
        struct tn_pipe *pipe = tni_container(link, struct tn_pipe, link);
        if (!pipe->introduced && pipe->has_session && !pipe->is_closed)
            apply_mark_to(pipe, is_out, (uint64_t)hwm);
    }
    tni_sock_notify(sock);
}

static int set_option(struct tn_sock *sock, const char *name, const tn_value_t *value)
{
    const struct tni_feature *feature;
    const tn_option_desc_t *desc;
    int index = tni_pattern_option(sock, name);
    int rc;

    if (index >= 0)
        return tni_pattern_option_set(sock, index, value);
    if (!strchr(name, '.')) {
        if (!tni_options_find(name))
            return tni_options_unknown(name, sock->pattern->options);
        rc = tni_options_set(&sock->options, name, value);
        if (rc == 0)
            apply_mark(sock, name);
        return rc;
    }
    rc = module_option(sock, name, &desc, &feature);
    if (rc < 0)
        return rc;
    rc = tni_value_check(desc, value);
    return rc < 0 ? rc : tni_store_set(&sock->module_options, name, value);
}

static int set_value(tn_socket_t *socket, const char *name, const tn_value_t *value)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    int rc;
    TNI_UNCANCELLED;

    if (!sock)
        return tni_error_code();
    rc = name ? set_option(sock, name, value) : tni_fail(-EINVAL, "the name of the option is NULL");
    tni_sock_leave(sock);
    if (value->data) /* which may be a secret */
        tni_wipe_stack();
    return rc;
}

int tn_set_int(tn_socket_t *socket, const char *name, int64_t number)
{
    tn_value_t value = tni_value_int(number);

    return set_value(socket, name, &value);
}

int tn_set_str(tn_socket_t *socket, const char *name, const char *text)
{
    tn_value_t value = tni_value_bytes(TN_OPTION_STR, text, text ? strlen(text) : 0);

    if (!text)
        return tni_fail(-EINVAL, "option '%s': the value is NULL", name ? name : "");
    return set_value(socket, name, &value);
}

int tn_set_blob(tn_socket_t *socket, const char *name, const void *data, size_t size)
{
    tn_value_t value = tni_value_bytes(TN_OPTION_BLOB, data, size);

    return set_value(socket, name, &value);
}

/* What programs read after each message comes first. */
static bool get_moment(struct tn_sock *sock, const char *name, tn_value_t *out_value)
{
    if (strcmp(name, "rcvmore") == 0)
        *out_value = tni_value_int(sock->rcvmore);
    else if (strcmp(name, "events") == 0)
        *out_value = tni_value_int(tni_sock_show_events(sock));
    else
        return false;
    return true;
}

static int get_state(struct tn_sock *sock, const char *name, tn_value_t *out_value)
{
    if (strcmp(name, "type") == 0)
        *out_value =
            tni_value_bytes(TN_OPTION_STR, sock->pattern->name, strlen(sock->pattern->name));
    else if (strcmp(name, "last_endpoint") == 0)
        *out_value =
            tni_value_bytes(TN_OPTION_STR, sock->last_endpoint, strlen(sock->last_endpoint));
    else
        return tni_fail(-EACCES, "option '%s' can only be set", name);
    return 0;
}

static int get_option(struct tn_sock *sock, const char *name, tn_value_t *out_value)
{
    const struct tni_feature *feature;
    const tn_option_desc_t *desc;
    int index;
    int rc;

    if (get_moment(sock, name, out_value))
        return 0;
    index = tni_pattern_option(sock, name);
    if (index >= 0)
        return tni_pattern_option_get(sock, index, out_value);
    if (!strchr(name, '.')) {
        if (!tni_options_find(name))
            return tni_options_unknown(name, sock->pattern->options);
        rc = tni_options_get(&sock->options, name, out_value);
        return rc == -ENOTSUP ? get_state(sock, name, out_value) : rc;
    }
    rc = module_option(sock, name, &desc, &feature);
    if (rc == 0 && (desc->flags & TN_OPTION_NO_GET))
        rc = tni_fail(-EACCES, "option '%s' can only be set", name);
    return rc < 0 ? rc
                  : tni_endpoint_option(&sock->options, &sock->module_options, sock->ctx->registry,
                                        feature, desc->name, out_value);
}

int tn_get_int(tn_socket_t *socket, const char *name, int64_t *out_value)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    tn_value_t value;
    int rc;

    if (!sock)
        return tni_error_code();
    rc =
        name ? get_option(sock, name, &value) : tni_fail(-EINVAL, "the name of the option is NULL");
    if (rc == 0 && value.type != TN_OPTION_INT && value.type != TN_OPTION_BOOL)
        rc = tni_fail(-EINVAL,
                      "option '%s' is not a number: read it with tn_get_str() or "
                      "tn_get_blob()",
                      name);
    if (rc == 0)
        *out_value = value.number;
    tni_sock_leave(sock);
    return rc;
}

static int get_bytes(tn_socket_t *socket, const char *name, void *buffer, size_t *io_size,
                     bool is_text)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    size_t room = *io_size;
    tn_value_t value;
    int rc;

    if (!sock)
        return tni_error_code();
    rc =
        name ? get_option(sock, name, &value) : tni_fail(-EINVAL, "the name of the option is NULL");
    if (rc == 0 && value.type != TN_OPTION_STR && value.type != TN_OPTION_BLOB)
        rc = tni_fail(-EINVAL, "option '%s' is a number: read it with tn_get_int()", name);
    if (rc == 0) {
        *io_size = (value.data ? value.size : 0) + (is_text ? 1 : 0);
        if (*io_size > room)
            rc = tni_fail(-EMSGSIZE, "option '%s' needs %zu bytes, not %zu", name, *io_size, room);
    }
    if (rc == 0 && value.data && value.size)
        memcpy(buffer, value.data, value.size);
    if (rc == 0 && is_text)
        ((char *)buffer)[*io_size - 1] = '\0';
    tni_sock_leave(sock);
    tni_wipe_stack();
    return rc;
}

int tn_get_str(tn_socket_t *socket, const char *name, char *buffer, size_t *io_size)
{
    return get_bytes(socket, name, buffer, io_size, true);
}

int tn_get_blob(tn_socket_t *socket, const char *name, void *buffer, size_t *io_size)
{
    return get_bytes(socket, name, buffer, io_size, false);
}

int tn_set_authenticator(tn_socket_t *socket, tn_ask_fn ask, void *arg)
{
    struct tn_sock *sock = tni_sock_enter(socket);

    if (!sock)
        return tni_error_code();
    sock->ask = ask;
    sock->ask_arg = arg;
    tni_sock_leave(sock);
    return 0;
}

enum { TOPIC_MAX = 1024 * 1024 };

static int subscription(tn_socket_t *socket, const void *prefix, size_t size, int add)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    int rc;

    if (!sock)
        return tni_error_code();
    if (!(sock->ops->flags & TN_PATTERN_SUBSCRIBES))
        rc = tni_fail(-ENOTSUP, "a socket of pattern '%s' does not subscribe", sock->pattern->name);
    else if (size > TOPIC_MAX)
        rc = tni_fail(-EINVAL, "a topic of %zu bytes is too long: %d are allowed", size, TOPIC_MAX);
    else {
        tni_sock_drain(sock);
        tni_sock_settle(sock);
        rc = sock->ops->subscribe(sock->pattern_state, prefix, size, add);
    }
    tni_sock_leave(sock);
    return rc;
}

int tn_subscribe(tn_socket_t *socket, const void *prefix, size_t size)
{
    return subscription(socket, prefix, size, 1);
}

int tn_unsubscribe(tn_socket_t *socket, const void *prefix, size_t size)
{
    return subscription(socket, prefix, size, 0);
}

static int membership(tn_socket_t *socket, const char *group, int add)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    size_t size = group ? strnlen(group, TN_GROUP_MAX + 1) : 0;
    int rc;

    if (!sock)
        return tni_error_code();
    if (!(sock->ops->flags & TN_PATTERN_JOINS))
        rc = tni_fail(-ENOTSUP, "a socket of pattern '%s' joins no groups", sock->pattern->name);
    else if (!group || size > TN_GROUP_MAX)
        rc = tni_fail(-EINVAL, "the group is %s",
                      group ? "too long: 255 bytes are allowed" : "NULL");
    else {
        tni_sock_drain(sock);
        tni_sock_settle(sock);
        rc = sock->ops->join(sock->pattern_state, group, size, add);
    }
    tni_sock_leave(sock);
    return rc;
}

int tn_join(tn_socket_t *socket, const char *group)
{
    return membership(socket, group, 1);
}

int tn_leave(tn_socket_t *socket, const char *group)
{
    return membership(socket, group, 0);
}

/* ------------------------------------------------------------------ descriptors and monitors */

int tn_fd(tn_socket_t *socket, int event)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    int fd;

    if (!sock)
        return tni_error_code();
    fd = tni_sock_descriptor(sock, event);
    tni_sock_leave(sock);
    return fd;
}

tn_monitor_t *tn_monitor(tn_socket_t *socket, uint32_t mask)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    tn_monitor_t *monitor;

    if (!sock)
        return NULL;
    monitor = tni_monitor_new(&sock->monitors, mask);
    tni_sock_leave(sock);
    return monitor;
}

/* ------------------------------------------------------------------ statistics */

int tn_stats(tn_socket_t *socket, tn_stats_t *out_stats)
{
    struct tn_sock *sock = tni_sock_enter(socket);

    if (!sock)
        return tni_error_code();
    tni_sock_events(sock);
    tni_counters_read(&sock->counters, out_stats);
    tni_sock_leave(sock);
    return 0;
}

int tn_peers(tn_socket_t *socket, tn_peer_t *out_peers, size_t max)
{
    struct tn_sock *sock = tni_sock_enter(socket);
    size_t count = 0;

    if (!sock)
        return tni_error_code();
    tni_sock_events(sock);
    tni_list_each (link, &sock->pipes) {
        if (count < max)
            tni_pipe_describe(tni_container(link, struct tn_pipe, link), &out_peers[count]);
        count++;
    }
    tni_sock_leave(sock);
    return (int)count;
}
