/* A libzmq.so.5, the system's or ours: this file is compiled once for each, with BENCH_PEER, BENCH_NAME
 * and BENCH_LIBRARY. It is opened at run time, so that neither the build nor a machine without libzmq
 * needs it. The numbers are those of its public interface. */
#include "peer.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "library.h"

enum zmq_number {
    ZMQ_SUB = 2,
    ZMQ_REQ = 3,
    ZMQ_REP = 4,
    ZMQ_DEALER = 5,
    ZMQ_ROUTER = 6,
    ZMQ_PULL = 7,
    ZMQ_PUSH = 8,
    ZMQ_XPUB = 9,
    ZMQ_LINGER = 17,
    ZMQ_SNDHWM = 23,
    ZMQ_RCVHWM = 24,
    ZMQ_RCVTIMEO = 27,
    ZMQ_SNDTIMEO = 28,
    ZMQ_LAST_ENDPOINT = 32,
};

static struct {
    void *(*ctx_new)(void);
    int (*ctx_term)(void *);
    void *(*socket)(void *, int);
    int (*setsockopt)(void *, int, const void *, size_t);
    int (*getsockopt)(void *, int, void *, size_t *);
    int (*bind)(void *, const char *);
    int (*connect)(void *, const char *);
    int (*send)(void *, const void *, size_t, int);
    int (*recv)(void *, void *, size_t, int);
    int (*close)(void *);
    const char *(*strerror)(int);
    void (*version)(int *, int *, int *);
} zmq;

static int load(void)
{
    const struct bench_symbol symbols[] = {
        {"zmq_ctx_new", &zmq.ctx_new},
        {"zmq_ctx_term", &zmq.ctx_term},
        {"zmq_socket", &zmq.socket},
        {"zmq_setsockopt", &zmq.setsockopt},
        {"zmq_getsockopt", &zmq.getsockopt},
        {"zmq_bind", &zmq.bind},
        {"zmq_connect", &zmq.connect},
        {"zmq_send", &zmq.send},
        {"zmq_recv", &zmq.recv},
        {"zmq_close", &zmq.close},
        {"zmq_strerror", &zmq.strerror},
        {"zmq_version", &zmq.version},
    };

    return bench_library(BENCH_LIBRARY, symbols, sizeof(symbols) / sizeof(*symbols));
}

static int complain(const char *what)
{
    fprintf(stderr, BENCH_NAME ": %s: %s\n", what, zmq.strerror(errno));
    return -1;
}

static void version(char *out_text, size_t room)
{
    int major, minor, patch;

    zmq.version(&major, &minor, &patch);
    snprintf(out_text, room, "%d.%d.%d", major, minor, patch);
}

static void *context_new(void)
{
    void *context = zmq.ctx_new();

    if (!context)
        complain("context");
    return context;
}

static void context_end(void *context)
{
    while (zmq.ctx_term(context) && errno == EINTR)
        continue;
}

static int set(void *socket, int option, int value)
{
    return zmq.setsockopt(socket, option, &value, sizeof(value));
}

static void *open_socket(void *context, enum bench_role role)
{
    static const int types[] = {ZMQ_PUSH, ZMQ_PULL, ZMQ_REQ,    ZMQ_REP,
                                ZMQ_XPUB, ZMQ_SUB,  ZMQ_ROUTER, ZMQ_DEALER};
    void *socket = zmq.socket(context, types[role]);

    if (!socket) {
        complain("socket");
        return NULL;
    }
    if (set(socket, ZMQ_SNDHWM, BENCH_HWM) || set(socket, ZMQ_RCVHWM, BENCH_HWM) ||
        set(socket, ZMQ_SNDTIMEO, BENCH_STALL_MS) || set(socket, ZMQ_RCVTIMEO, BENCH_STALL_MS) ||
        set(socket, ZMQ_LINGER, BENCH_STALL_MS)) {
        complain("option");
        zmq.close(socket);
        return NULL;
    }
    return socket;
}

static int bind_socket(void *socket, const char *endpoint, char *out_endpoint)
{
    size_t size = BENCH_ENDPOINT_MAX;

    if (zmq.bind(socket, endpoint) ||
        zmq.getsockopt(socket, ZMQ_LAST_ENDPOINT, out_endpoint, &size))
        return complain(endpoint);
    return 0;
}

static int connect_socket(void *socket, const char *endpoint)
{
    return zmq.connect(socket, endpoint) ? complain(endpoint) : 0;
}

static int send_buffer(void *socket, const void *data, size_t size)
{
    return zmq.send(socket, data, size, 0) < 0 ? complain("send") : 0;
}

static ssize_t recv_buffer(void *socket, void *buffer, size_t room)
{
    int size = zmq.recv(socket, buffer, room, 0);

    return size < 0 ? complain("receive") : size;
}

static void close_socket(void *socket)
{
    zmq.close(socket);
}

const struct bench_peer BENCH_PEER = {
    .name = BENCH_NAME,
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
