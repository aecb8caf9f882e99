/* libnng.so.1, opened at run time. PUSH and PULL are PAIR sockets, which are much faster; they join two
 * sockets only. ROUTER and DEALER are REP and REQ, which each have one request under way. */
#include "peer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "endpoint.h"
#include "library.h"

/* As the library's header has it; passed by value. */
typedef struct {
    uint32_t id;
} nng_id;

static struct {
    int (*pair0_open)(nng_id *);
    int (*req0_open)(nng_id *);
    int (*rep0_open)(nng_id *);
    int (*set_ms)(nng_id, const char *, int32_t);
    int (*set_int)(nng_id, const char *, int);
    int (*listen)(nng_id, const char *, void *, int);
    int (*dial)(nng_id, const char *, void *, int);
    int (*send)(nng_id, void *, size_t, int);
    int (*recv)(nng_id, void *, size_t *, int);
    int (*sendmsg)(nng_id, void *, int);
    int (*recvmsg)(nng_id, void **, int);
    int (*msg_alloc)(void **, size_t);
    void (*msg_free)(void *);
    size_t (*msg_len)(const void *);
    int (*close)(nng_id);
    const char *(*strerror)(int);
    const char *(*version)(void);
} nng;

static int load(void)
{
    const struct bench_symbol symbols[] = {
        {"nng_pair0_open", &nng.pair0_open},
        {"nng_req0_open", &nng.req0_open},
        {"nng_rep0_open", &nng.rep0_open},
        {"nng_socket_set_ms", &nng.set_ms},
        {"nng_socket_set_int", &nng.set_int},
        {"nng_listen", &nng.listen},
        {"nng_dial", &nng.dial},
        {"nng_send", &nng.send},
        {"nng_recv", &nng.recv},
        {"nng_sendmsg", &nng.sendmsg},
        {"nng_recvmsg", &nng.recvmsg},
        {"nng_msg_alloc", &nng.msg_alloc},
        {"nng_msg_free", &nng.msg_free},
        {"nng_msg_len", &nng.msg_len},
        {"nng_close", &nng.close},
        {"nng_strerror", &nng.strerror},
        {"nng_version", &nng.version},
    };

    return bench_library("libnng.so.1", symbols, sizeof(symbols) / sizeof(*symbols));
}

static int complain(const char *what, int code)
{
    fprintf(stderr, "nng: %s: %s\n", what, nng.strerror(code));
    return -1;
}

static void version(char *out_text, size_t room)
{
    snprintf(out_text, room, "%s", nng.version());
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

static void *open_socket(void *context, enum bench_role role)
{
    nng_id *id = calloc(1, sizeof(*id));
    int code;

    (void)context;
    if (!id)
        return NULL;
    if (role == BENCH_PUSH || role == BENCH_PULL)
        code = nng.pair0_open(id);
    else
        code = role == BENCH_REQ || role == BENCH_DEALER ? nng.req0_open(id) : nng.rep0_open(id);
    if (code) {
        complain("socket", code);
        free(id);
        return NULL;
    }
    nng.set_ms(*id, "send-timeout", BENCH_STALL_MS);
    nng.set_ms(*id, "recv-timeout", BENCH_STALL_MS);
    /* Only PAIR has queues. */
    nng.set_int(*id, "send-buffer", BENCH_HWM);
    nng.set_int(*id, "recv-buffer", BENCH_HWM);
    return id;
}

static int bind_socket(void *socket, const char *endpoint, char *out_endpoint)
{
    int code;

    if (bench_endpoint_fill(endpoint, out_endpoint))
        return -1;
    code = nng.listen(*(nng_id *)socket, out_endpoint, NULL, 0);
    return code ? complain(out_endpoint, code) : 0;
}

static int connect_socket(void *socket, const char *endpoint)
{
    int code = nng.dial(*(nng_id *)socket, endpoint, NULL, 0);

    return code ? complain(endpoint, code) : 0;
}

static int send_buffer(void *socket, const void *data, size_t size)
{
    int code = nng.send(*(nng_id *)socket, (void *)data, size, 0);

    return code ? complain("send", code) : 0;
}

static ssize_t recv_buffer(void *socket, void *buffer, size_t room)
{
    int code = nng.recv(*(nng_id *)socket, buffer, &room, 0);

    return code ? complain("receive", code) : (ssize_t)room;
}

static int send_object(void *socket, size_t size)
{
    void *message;
    int code = nng.msg_alloc(&message, size);

    if (code)
        return complain("message", code);
    code = nng.sendmsg(*(nng_id *)socket, message, 0);
    if (!code)
        return 0;
    nng.msg_free(message);
    return complain("send", code);
}

static ssize_t recv_object(void *socket)
{
    void *message;
    int code = nng.recvmsg(*(nng_id *)socket, &message, 0);
    size_t size;

    if (code)
        return complain("receive", code);
    size = nng.msg_len(message);
    nng.msg_free(message);
    return (ssize_t)size;
}

static int echo(void *socket)
{
    void *message;
    int code = nng.recvmsg(*(nng_id *)socket, &message, 0);

    if (code)
        return complain("receive", code);
    code = nng.sendmsg(*(nng_id *)socket, message, 0);
    if (!code)
        return 0;
    nng.msg_free(message);
    return complain("send", code);
}

static void close_socket(void *socket)
{
    nng.close(*(nng_id *)socket);
    free(socket);
}

const struct bench_peer bench_nng = {
    .name = "nng",
    .roles = 1 << BENCH_PUSH | 1 << BENCH_PULL | 1 << BENCH_REQ | 1 << BENCH_REP |
             1 << BENCH_ROUTER | 1 << BENCH_DEALER,
    .transports = BENCH_ALL_TRANSPORTS,
    .is_single = true,
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
    .echo = echo,
    .close = close_socket,
};
