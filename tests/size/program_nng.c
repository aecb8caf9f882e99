/* program.c for nng: SENDER and RECEIVER are its protocols, OPEN_SENDER and OPEN_RECEIVER their functions. */
#include <nng/nng.h>
#include <nng/protocol/pair0/pair.h>
#include <nng/protocol/pubsub0/pub.h>
#include <nng/protocol/pubsub0/sub.h>
#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>

#include "memory.h"

enum { TRIES = 500 };

static int exchange(nng_socket sender, nng_socket receiver, char *text, size_t size)
{
    nng_socket_set_ms(receiver, NNG_OPT_RECVTIMEO, 10);
    for (int i = 0; i < TRIES; i++) {
        size_t got = size;

        if (nng_send(sender, "hello", 6, 0) == 0 && nng_recv(receiver, text, &got, 0) == 0)
            return 1;
    }
    return 0;
}

int main(void)
{
    nng_socket sender, receiver;
    nng_listener listener;
    struct memory memory;
    char text[256] = "", bound[64];
    int port = 0, ok = OPEN_SENDER(&sender) == 0;

    memory = memory_now();
    ok = ok && OPEN_RECEIVER(&receiver) == 0;
#ifdef SUBSCRIBES
    ok = ok && nng_socket_set(receiver, NNG_OPT_SUB_SUBSCRIBE, "", 0) == 0;
#endif
    ok = ok && nng_listen(receiver, ENDPOINT, &listener, 0) == 0;
    snprintf(bound, sizeof bound, "%s", ENDPOINT);
    if (ok && nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0)
        snprintf(bound, sizeof bound, "tcp://127.0.0.1:%d", port);
    ok = ok && nng_dial(sender, bound, NULL, 0) == 0 &&
         exchange(sender, receiver, text, sizeof text);
    printf("%s %ld %ld\n", ok ? text : "failed", memory.resident, memory.dirty);
    nng_close(sender);
    nng_close(receiver);
    return ok ? 0 : 1;
}
