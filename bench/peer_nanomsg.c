/* libnanomsg.so.5, opened at run time. The numbers are those of its public interface. Its limit of
 * messages under way is one of bytes, which stays at its default. */
#include "peer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "endpoint.h"
#include "library.h"

enum nn_number {
    AF_SP = 1,
    NN_PUSH = 80,
    NN_PULL = 81,
    NN_REQ = 48,
    NN_REP = 49,
    NN_SOL_SOCKET = 0,
    NN_SNDTIMEO = 4,
    NN_RCVTIMEO = 5,
    NN_RCVMAXSIZE = 16,
    NN_TCP = -3,
    NN_TCP_NODELAY = 1,
};

static const size_t NN_MSG = (size_t)-1;

struct nano {
    int socket;
    char endpoint[BENCH_ENDPOINT_MAX]; /* bound at */
};

static struct {
    int (*socket)(int, int);
    int (*setsockopt)(int, int, int, const void *, size_t);
    int (*bind)(int, const char *);
    int (*connect)(int, const char *);
    int (*send)(int, const void *, size_t, int);
    int (*recv)(int, void *, size_t, int);
    void *(*allocmsg)(size_t, int);
    int (*freemsg)(void *);
    int (*close)(int);
    int (*get_errno)(void);
    const char *(*strerror)(int);
} nn;

static int load(void)
{
    const struct bench_symbol symbols[] = {
        {"nn_socket", &nn.socket},     {"nn_setsockopt", &nn.setsockopt},
        {"nn_bind", &nn.bind},         {"nn_connect", &nn.connect},
        {"nn_send", &nn.send},         {"nn_recv", &nn.recv},
        {"nn_allocmsg", &nn.allocmsg}, {"nn_freemsg", &nn.freemsg},
        {"nn_close", &nn.close},       {"nn_errno", &nn.get_errno},
        {"nn_strerror", &nn.strerror},
    };

    return bench_library("libnanomsg.so.5", symbols, sizeof(symbols) / sizeof(*symbols));
}

static int complain(const char *what)
{
    fprintf(stderr, "nanomsg: %s: %s\n", what, nn.strerror(nn.get_errno()));
    return -1;
}

static void version(char *out_text, size_t room)
{
    snprintf(out_text, room, "ABI 5");
}

/* There are none; the caller wants something that is not NULL. */
static void *context_new(void)
{
    static char none;

    return &none;
}

static void context_end(void *context)
{
    (void)context;
}

static void set(int socket, int level, int option, int value)
{
    nn.setsockopt(socket, level, option, &value, sizeof(value));
}

static void *open_socket(void *context, enum bench_role role)
{
    static const int protocols[] = {NN_PUSH, NN_PULL, NN_REQ, NN_REP};
    struct nano *nano = calloc(1, sizeof(*nano));

    (void)context;
    if (!nano)
        return NULL;
    nano->socket = nn.socket(AF_SP, protocols[role]);
    if (nano->socket < 0) {
        complain("socket");
        free(nano);
        return NULL;
    }
    set(nano->socket, NN_SOL_SOCKET, NN_SNDTIMEO, BENCH_STALL_MS);
    set(nano->socket, NN_SOL_SOCKET, NN_RCVTIMEO, BENCH_STALL_MS);
    set(nano->socket, NN_SOL_SOCKET, NN_RCVMAXSIZE, -1);
    set(nano->socket, NN_TCP, NN_TCP_NODELAY, 1);
    return nano;
}

static int bind_socket(void *socket, const char *endpoint, char *out_endpoint)
{
    struct nano *nano = socket;

    if (bench_endpoint_fill(endpoint, out_endpoint))
        return -1;
    snprintf(nano->endpoint, sizeof(nano->endpoint), "%s", out_endpoint);
    return nn.bind(nano->socket, out_endpoint) < 0 ? complain(out_endpoint) : 0;
}

static int connect_socket(void *socket, const char *endpoint)
{
    struct nano *nano = socket;

    return nn.connect(nano->socket, endpoint) < 0 ? complain(endpoint) : 0;
}

static int send_buffer(void *socket, const void *data, size_t size)
{
    struct nano *nano = socket;

    return nn.send(nano->socket, data, size, 0) < 0 ? complain("send") : 0;
}

static ssize_t recv_buffer(void *socket, void *buffer, size_t room)
{
    struct nano *nano = socket;
    int size = nn.recv(nano->socket, buffer, room, 0);

    return size < 0 ? complain("receive") : size;
}

static int send_object(void *socket, size_t size)
{
    struct nano *nano = socket;
    void *body = nn.allocmsg(size, 0);

    if (body && nn.send(nano->socket, &body, NN_MSG, 0) >= 0)
        return 0;
    if (body)
        nn.freemsg(body);
    return complain("send");
}

static ssize_t recv_object(void *socket)
{
    struct nano *nano = socket;
    void *body;
    int size = nn.recv(nano->socket, &body, NN_MSG, 0);

    if (size < 0)
        return complain("receive");
    nn.freemsg(body);
    return size;
}

static void close_socket(void *socket)
{
    struct nano *nano = socket;

    nn.close(nano->socket);
    bench_endpoint_remove(nano->endpoint);
    free(nano);
}

const struct bench_peer bench_nanomsg = {
    .name = "nanomsg",
    .roles = 1 << BENCH_PUSH | 1 << BENCH_PULL | 1 << BENCH_REQ | 1 << BENCH_REP,
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
    .send_object = send_object,
    .recv_object = recv_object,
    .close = close_socket,
};
