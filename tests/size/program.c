/*
 * The program that scripts/size measures: it opens a socket, sends one message, receives it, and ends.
 *
 * Compiled with SENDER, the pattern that connects and sends; RECEIVER, the one that binds and receives,
 * or without it: the other end is argv[1]; and ENDPOINT. Prints "hello" and the memory after the first
 * socket: KiB in all, and KiB of its own.
 */
#include <tenon/tenon.h>

#include "memory.h"

enum { TRIES = 500 };

static tn_socket_t *first_socket(tn_ctx_t *ctx, const char *pattern, struct memory *out_memory)
{
    tn_socket_t *socket = ctx ? tn_socket(ctx, pattern) : NULL;

    *out_memory = memory_now();
    return socket;
}

#ifdef RECEIVER
/* A subscriber may join late: what it missed is sent again. */
static int exchange(tn_socket_t *sender, tn_socket_t *receiver, char *text, size_t size)
{
    int is_subscriber = strcmp(RECEIVER, "sub") == 0;

    if (is_subscriber && tn_set_int(receiver, "rcvtimeo", 10) < 0)
        return 0;
    for (int i = 0; i < (is_subscriber ? TRIES : 1); i++) {
        if (tn_send(sender, "hello", 6, 0) == 0 && tn_recv(receiver, text, size, 0) >= 0)
            return 1;
    }
    return 0;
}

/* A router's first frame names the peer. */
static int receive_rest(tn_socket_t *receiver, char *text, size_t size)
{
    return strcmp(RECEIVER, "router") != 0 || tn_recv(receiver, text, size, 0) == 6;
}

static int run(tn_socket_t *receiver, tn_socket_t *sender, char *text, size_t size)
{
    char bound[128] = ENDPOINT;
    size_t length = sizeof bound;

    return tn_bind(receiver, ENDPOINT) == 0 &&
           (strcmp(RECEIVER, "sub") != 0 || tn_subscribe(receiver, "", 0) == 0) &&
           (!strchr(ENDPOINT, '*') || tn_get_str(receiver, "last_endpoint", bound, &length) == 0) &&
           tn_connect(sender, bound) == 0 && exchange(sender, receiver, text, size) &&
           receive_rest(receiver, text, size);
}
#else
static int run(tn_socket_t *sender, const char *endpoint, char *text, size_t size)
{
    return tn_connect(sender, endpoint) == 0 && tn_send(sender, "hello", 6, 0) == 0 &&
           tn_recv(sender, text, size, 0) == 6;
}
#endif

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = tn_ctx_new();
    struct memory memory;
    tn_socket_t *sender = first_socket(ctx, SENDER, &memory);
    char text[256];
    int ok;
#ifdef RECEIVER
    tn_socket_t *receiver = tn_socket(ctx, RECEIVER);

    (void)argc;
    (void)argv;
    ok = sender && receiver && run(receiver, sender, text, sizeof text);
#else
    ok = sender && argc == 2 && run(sender, argv[1], text, sizeof text);
#endif
    if (ok)
        printf("%s %ld %ld\n", text, memory.resident, memory.dirty);
    else
        puts(tn_last_error());
#ifdef RECEIVER
    if (receiver)
        tn_close(receiver);
#endif
    if (sender)
        tn_close(sender);
    if (ctx)
        tn_ctx_term(ctx, -1);
    return ok ? 0 : 1;
}
