/* Sends a message of 64 bytes to a socket of the same thread and receives it, again and again, through one
 * of the two interfaces: for counting what the drop-in adds to a call (instructions.py). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "zmq.h"

enum { SIZE = 64 };

static const char endpoint[] = "inproc://calls";

static void check(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "calls: %s: %s\n", what, tn_last_error());
    exit(EXIT_FAILURE);
}

static void native_buffers(void *from, void *to)
{
    char buffer[SIZE] = {0};

    check(tn_send(from, buffer, SIZE, 0) == 0, "tn_send");
    check(tn_recv(to, buffer, SIZE, 0) == SIZE, "tn_recv");
}

static void zmq_buffers(void *from, void *to)
{
    char buffer[SIZE] = {0};

    check(zmq_send(from, buffer, SIZE, 0) == SIZE, "zmq_send");
    check(zmq_recv(to, buffer, SIZE, 0) == SIZE, "zmq_recv");
}

static void native_messages(void *from, void *to)
{
    tn_msg_t msg;

    check(tn_msg_init_size(&msg, SIZE) == 0, "tn_msg_init_size");
    check(tn_msg_send(from, &msg, 0) == 0, "tn_msg_send");
    tn_msg_init(&msg);
    check(tn_msg_recv(to, &msg, 0) == SIZE, "tn_msg_recv");
    tn_msg_close(&msg);
}

static void zmq_messages(void *from, void *to)
{
    zmq_msg_t msg;

    check(zmq_msg_init_size(&msg, SIZE) == 0, "zmq_msg_init_size");
    check(zmq_msg_send(&msg, from, 0) == SIZE, "zmq_msg_send");
    zmq_msg_init(&msg);
    check(zmq_msg_recv(&msg, to, 0) == SIZE, "zmq_msg_recv");
    zmq_msg_close(&msg);
}

static const struct {
    const char *name;
    void (*exchange)(void *from, void *to);
} ways[] = {{"native-buffers", native_buffers},
            {"zmq-buffers", zmq_buffers},
            {"native-messages", native_messages},
            {"zmq-messages", zmq_messages}};

/* The same sockets for both: a handle of the drop-in's is a native one. */
int main(int argc, char **argv)
{
    void *ctx = zmq_ctx_new(), *from = zmq_socket(ctx, ZMQ_PUSH), *to = zmq_socket(ctx, ZMQ_PULL);
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;
    size_t way = 0;

    check(from && to && zmq_bind(to, endpoint) == 0 && zmq_connect(from, endpoint) == 0, "sockets");
    while (argc == 3 && way < sizeof ways / sizeof *ways && strcmp(ways[way].name, argv[1]) != 0)
        way++;
    check(argc == 3 && way < sizeof ways / sizeof *ways, "usage: calls WAY COUNT");
    for (long i = 0; i < count; i++)
        ways[way].exchange(from, to);
    zmq_close(from);
    zmq_close(to);
    return zmq_ctx_term(ctx);
}
