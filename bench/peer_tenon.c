#include "peer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include <tenon/tenon.h>

static int complain(const char *what)
{
    fprintf(stderr, "tenon: %s: %s\n", what, tn_last_error());
    return -1;
}

static int load(void)
{
    return 0;
}

static void version(char *out_text, size_t room)
{
    int major, minor, patch;

    tn_version(&major, &minor, &patch);
    snprintf(out_text, room, "%d.%d.%d", major, minor, patch);
}

static void *context_new(void)
{
    tn_ctx_t *ctx = tn_ctx_new();

    if (!ctx)
        complain("context");
    return ctx;
}

static void context_end(void *context)
{
    if (tn_ctx_term(context, BENCH_STALL_MS) < 0)
        complain("end of the context");
}

static int io_threads(void *context, int count)
{
    return tn_ctx_set_int(context, "io_threads", count) < 0 ? complain("io_threads") : 0;
}

static int max_sockets(void *context, int count)
{
    return tn_ctx_set_int(context, "max_sockets", count) < 0 ? complain("max_sockets") : 0;
}

/** What a role needs beside the limits that all have. */
static int set_up(tn_socket_t *socket, enum bench_role role)
{
    if (role == BENCH_XPUB || role == BENCH_DROPPING_XPUB)
        return tn_set_int(socket, "xpub_nodrop", role == BENCH_XPUB) < 0 ||
                       tn_set_int(socket, "xpub_verbose", 1) < 0 ||
                       tn_set_int(socket, "linger", 0) < 0
                   ? -1
                   : 0;
    if (role == BENCH_SUB)
        return tn_set_int(socket, "sndhwm", 0) < 0 || tn_set_int(socket, "linger", 0) < 0 ? -1 : 0;
    return role == BENCH_ROUTER && tn_set_int(socket, "backlog", BENCH_BACKLOG) < 0 ? -1 : 0;
}

/** All clients have one address here. */
static int lift_limits(tn_socket_t *socket)
{
    return tn_set_int(socket, "max_connections_per_address", 0) < 0 ||
                   tn_set_int(socket, "max_subscriptions", 0) < 0
               ? -1
               : 0;
}

static void *open_socket(void *context, enum bench_role role)
{
    static const char *const patterns[] = {"push", "pull",   "req",    "rep", "xpub",
                                           "sub",  "router", "dealer", "xpub"};
    tn_socket_t *socket = tn_socket(context, patterns[role]);

    if (!socket) {
        complain(patterns[role]);
        return NULL;
    }
    if (tn_set_int(socket, "sndhwm", BENCH_HWM) < 0 ||
        tn_set_int(socket, "rcvhwm", BENCH_HWM) < 0 ||
        tn_set_int(socket, "sndtimeo", BENCH_STALL_MS) < 0 ||
        tn_set_int(socket, "rcvtimeo", BENCH_STALL_MS) < 0 ||
        tn_set_int(socket, "linger", BENCH_STALL_MS) < 0 || lift_limits(socket) ||
        set_up(socket, role)) {
        complain("option");
        tn_close(socket);
        return NULL;
    }
    return socket;
}

static int bind_socket(void *socket, const char *endpoint, char *out_endpoint)
{
    size_t size = BENCH_ENDPOINT_MAX;

    if (tn_bind(socket, endpoint) < 0 ||
        tn_get_str(socket, "last_endpoint", out_endpoint, &size) < 0)
        return complain(endpoint);
    return 0;
}

static int connect_socket(void *socket, const char *endpoint)
{
    return tn_connect(socket, endpoint) < 0 ? complain(endpoint) : 0;
}

static int send_buffer(void *socket, const void *data, size_t size)
{
    return tn_send(socket, data, size, 0) < 0 ? complain("send") : 0;
}

static ssize_t recv_buffer(void *socket, void *buffer, size_t room)
{
    ssize_t size = tn_recv(socket, buffer, room, 0);

    return size < 0 ? complain("receive") : size;
}

static void close_socket(void *socket)
{
    tn_close(socket);
}

static int send_object(void *socket, size_t size)
{
    tn_msg_t msg;

    if (tn_msg_init_size(&msg, size) < 0)
        return complain("message");
    if (tn_msg_send(socket, &msg, 0) >= 0)
        return 0;
    tn_msg_close(&msg);
    return complain("send");
}

static ssize_t recv_object(void *socket)
{
    tn_msg_t msg;
    ssize_t size;

    tn_msg_init(&msg);
    size = tn_msg_recv(socket, &msg, 0);
    tn_msg_close(&msg);
    return size < 0 ? complain("receive") : size;
}

static int subscribe(void *socket, const void *prefix, size_t size)
{
    return tn_subscribe(socket, prefix, size) < 0 ? complain("subscribe") : 0;
}

static int echo(void *socket)
{
    uint8_t id[BENCH_ID_ROOM], body[BENCH_ECHO_ROOM];
    ssize_t id_size = tn_recv(socket, id, sizeof(id), 0);
    ssize_t size = id_size < 0 ? id_size : tn_recv(socket, body, sizeof(body), 0);

    if (size < 0)
        return complain("receive");
    if (tn_send(socket, id, (size_t)id_size, TN_MORE) < 0 ||
        tn_send(socket, body, (size_t)size, 0) < 0)
        return complain("send");
    return 0;
}

static void proxy(void *front, void *back)
{
    tn_proxy(front, back, NULL, NULL);
}

static int descriptor(void *socket)
{
    return tn_fd(socket, TN_POLLIN);
}

static ssize_t try_recv(void *socket, void *buffer, size_t room)
{
    ssize_t size = tn_recv(socket, buffer, room, TN_DONTWAIT);

    if (size == -EAGAIN)
        return BENCH_AGAIN;
    return size < 0 ? complain("receive") : size;
}

static int secure(void *socket, bool is_server)
{
    if (tn_set_str(socket, "mechanism", "curve") < 0 ||
        tn_set_int(socket, "curve.server", is_server) < 0 ||
        tn_set_str(socket, "curve.secretkey",
                   is_server ? bench_server_secret : bench_client_secret) < 0)
        return complain("curve");
    if (!is_server && (tn_set_str(socket, "curve.publickey", bench_client_public) < 0 ||
                       tn_set_str(socket, "curve.serverkey", bench_server_public) < 0))
        return complain("curve");
    return 0;
}

const struct bench_peer bench_tenon = {
    .name = "tenon",
    .roles = BENCH_ALL_ROLES,
    .transports = BENCH_ALL_TRANSPORTS,
    .load = load,
    .version = version,
    .context_new = context_new,
    .context_end = context_end,
    .open = open_socket,
    .bind = bind_socket,
    .connect = connect_socket,
    .send = send_buffer,
    .recv = recv_buffer,
    .close = close_socket,
    .io_threads = io_threads,
    .max_sockets = max_sockets,
    .send_object = send_object,
    .recv_object = recv_object,
    .subscribe = subscribe,
    .echo = echo,
    .proxy = proxy,
    .descriptor = descriptor,
    .try_recv = try_recv,
    .secure = secure,
};
