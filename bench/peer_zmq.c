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
    ZMQ_SUBSCRIBE = 6,
    ZMQ_FD = 14,
    ZMQ_LINGER = 17,
    ZMQ_BACKLOG = 19,
    ZMQ_SNDHWM = 23,
    ZMQ_RCVHWM = 24,
    ZMQ_RCVTIMEO = 27,
    ZMQ_SNDTIMEO = 28,
    ZMQ_LAST_ENDPOINT = 32,
    ZMQ_XPUB_VERBOSE = 40,
    ZMQ_CURVE_SERVER = 47,
    ZMQ_CURVE_PUBLICKEY = 48,
    ZMQ_CURVE_SECRETKEY = 49,
    ZMQ_CURVE_SERVERKEY = 50,
    ZMQ_XPUB_NODROP = 69,
    ZMQ_IO_THREADS = 1,
    ZMQ_MAX_SOCKETS = 2,
    ZMQ_DONTWAIT = 1,
    ZMQ_SNDMORE = 2,
};

enum { KEY = 41 }; /* characters of a key in Z85, with its NUL */

/* As the public header has it. */
typedef union {
    unsigned char bytes[64];
    void *pointer;
} zmq_object;

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
    int (*ctx_set)(void *, int, int);
    int (*msg_init)(zmq_object *);
    int (*msg_init_size)(zmq_object *, size_t);
    int (*msg_send)(zmq_object *, void *, int);
    int (*msg_recv)(zmq_object *, void *, int);
    int (*msg_close)(zmq_object *);
    int (*proxy)(void *, void *, void *);
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
        {"zmq_ctx_set", &zmq.ctx_set},
        {"zmq_msg_init", &zmq.msg_init},
        {"zmq_msg_init_size", &zmq.msg_init_size},
        {"zmq_msg_send", &zmq.msg_send},
        {"zmq_msg_recv", &zmq.msg_recv},
        {"zmq_msg_close", &zmq.msg_close},
        {"zmq_proxy", &zmq.proxy},
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

static int context_set(void *context, int option, int value)
{
    return zmq.ctx_set(context, option, value) ? complain("context") : 0;
}

static int io_threads(void *context, int count)
{
    return context_set(context, ZMQ_IO_THREADS, count);
}

static int max_sockets(void *context, int count)
{
    return context_set(context, ZMQ_MAX_SOCKETS, count);
}

static int set(void *socket, int option, int value)
{
    return zmq.setsockopt(socket, option, &value, sizeof(value));
}

/** What a role needs beside the limits that all have. */
static int set_up(void *socket, enum bench_role role)
{
    if (role == BENCH_XPUB || role == BENCH_DROPPING_XPUB)
        return set(socket, ZMQ_XPUB_NODROP, role == BENCH_XPUB) ||
               set(socket, ZMQ_XPUB_VERBOSE, 1) || set(socket, ZMQ_LINGER, 0);
    if (role == BENCH_SUB)
        return set(socket, ZMQ_SNDHWM, 0) || set(socket, ZMQ_LINGER, 0);
    return role == BENCH_ROUTER && set(socket, ZMQ_BACKLOG, BENCH_BACKLOG);
}

static void *open_socket(void *context, enum bench_role role)
{
    static const int types[] = {ZMQ_PUSH, ZMQ_PULL,   ZMQ_REQ,    ZMQ_REP, ZMQ_XPUB,
                                ZMQ_SUB,  ZMQ_ROUTER, ZMQ_DEALER, ZMQ_XPUB};
    void *socket = zmq.socket(context, types[role]);

    if (!socket) {
        complain("socket");
        return NULL;
    }
    if (set(socket, ZMQ_SNDHWM, BENCH_HWM) || set(socket, ZMQ_RCVHWM, BENCH_HWM) ||
        set(socket, ZMQ_SNDTIMEO, BENCH_STALL_MS) || set(socket, ZMQ_RCVTIMEO, BENCH_STALL_MS) ||
        set(socket, ZMQ_LINGER, BENCH_STALL_MS) || set_up(socket, role)) {
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

static int send_object(void *socket, size_t size)
{
    zmq_object msg;

    if (zmq.msg_init_size(&msg, size))
        return complain("message");
    if (zmq.msg_send(&msg, socket, 0) >= 0)
        return 0;
    zmq.msg_close(&msg);
    return complain("send");
}

static ssize_t recv_object(void *socket)
{
    zmq_object msg;
    int size;

    zmq.msg_init(&msg);
    size = zmq.msg_recv(&msg, socket, 0);
    zmq.msg_close(&msg);
    return size < 0 ? complain("receive") : size;
}

static int subscribe(void *socket, const void *prefix, size_t size)
{
    return zmq.setsockopt(socket, ZMQ_SUBSCRIBE, prefix, size) ? complain("subscribe") : 0;
}

static int echo(void *socket)
{
    uint8_t id[BENCH_ID_ROOM], body[BENCH_ECHO_ROOM];
    int id_size = zmq.recv(socket, id, sizeof(id), 0);
    int size = id_size < 0 ? id_size : zmq.recv(socket, body, sizeof(body), 0);

    if (size < 0)
        return complain("receive");
    if (zmq.send(socket, id, (size_t)id_size, ZMQ_SNDMORE) < 0 ||
        zmq.send(socket, body, (size_t)size, 0) < 0)
        return complain("send");
    return 0;
}

static void proxy(void *front, void *back)
{
    zmq.proxy(front, back, NULL);
}

static int descriptor(void *socket)
{
    int fd;
    size_t size = sizeof(fd);

    return zmq.getsockopt(socket, ZMQ_FD, &fd, &size) ? complain("descriptor") : fd;
}

static ssize_t try_recv(void *socket, void *buffer, size_t room)
{
    int size = zmq.recv(socket, buffer, room, ZMQ_DONTWAIT);

    if (size < 0 && errno == EAGAIN)
        return BENCH_AGAIN;
    return size < 0 ? complain("receive") : size;
}

static int secure(void *socket, bool is_server)
{
    int yes = 1;

    if (is_server)
        return zmq.setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof(yes)) ||
                       zmq.setsockopt(socket, ZMQ_CURVE_SECRETKEY, bench_server_secret, KEY)
                   ? complain("curve")
                   : 0;
    return zmq.setsockopt(socket, ZMQ_CURVE_PUBLICKEY, bench_client_public, KEY) ||
                   zmq.setsockopt(socket, ZMQ_CURVE_SECRETKEY, bench_client_secret, KEY) ||
                   zmq.setsockopt(socket, ZMQ_CURVE_SERVERKEY, bench_server_public, KEY)
               ? complain("curve")
               : 0;
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
