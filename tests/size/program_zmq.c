/* program.c for libzmq: SENDER and RECEIVER are its socket types. */
#include <zmq.h>

#include "memory.h"

enum { TRIES = 500 };

static int exchange(void *sender, void *receiver, char *text, size_t size)
{
    int timeout = 10;

    zmq_setsockopt(receiver, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    for (int i = 0; i < TRIES; i++) {
        if (zmq_send(sender, "hello", 6, 0) == 6 && zmq_recv(receiver, text, size, 0) >= 0)
            return 1;
    }
    return 0;
}

int main(void)
{
    void *ctx = zmq_ctx_new();
    void *sender = zmq_socket(ctx, SENDER);
    struct memory memory = memory_now();
    void *receiver = zmq_socket(ctx, RECEIVER);
    char text[256] = "", bound[128];
    size_t length = sizeof bound;
    int linger = 0, ok;

    zmq_setsockopt(sender, ZMQ_LINGER, &linger, sizeof linger);
    if (RECEIVER == ZMQ_SUB)
        zmq_setsockopt(receiver, ZMQ_SUBSCRIBE, "", 0);
    ok = zmq_bind(receiver, ENDPOINT) == 0 &&
         zmq_getsockopt(receiver, ZMQ_LAST_ENDPOINT, bound, &length) == 0 &&
         zmq_connect(sender, bound) == 0 && exchange(sender, receiver, text, sizeof text);
    if (ok && RECEIVER == ZMQ_ROUTER)
        ok = zmq_recv(receiver, text, sizeof text, 0) == 6;
    printf("%s %ld %ld\n", ok ? text : "failed", memory.resident, memory.dirty);
    zmq_close(receiver);
    zmq_close(sender);
    zmq_ctx_term(ctx);
    return ok ? 0 : 1;
}
