#include "peer.h"

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

static void *open_socket(void *context, enum bench_role role)
{
    static const char *const patterns[] = {"push", "pull", "req",    "rep",
                                           "xpub", "sub",  "router", "dealer"};
    tn_socket_t *socket = tn_socket(context, patterns[role]);

    if (!socket) {
        complain(patterns[role]);
        return NULL;
    }
    if (tn_set_int(socket, "sndhwm", BENCH_HWM) < 0 ||
        tn_set_int(socket, "rcvhwm", BENCH_HWM) < 0 ||
        tn_set_int(socket, "sndtimeo", BENCH_STALL_MS) < 0 ||
        tn_set_int(socket, "rcvtimeo", BENCH_STALL_MS) < 0 ||
        tn_set_int(socket, "linger", BENCH_STALL_MS) < 0) {
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
};
