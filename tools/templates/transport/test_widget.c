/* Two sockets talk over widget://, in order, with a message of a megabyte, and after a reconnect.
 * usage: test_widget PLUGINS_D */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tenon/tenon.h>

enum { BIG = 1 << 20, TIMEOUT = 10000 };

static void check(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "%s: %s\n", what, tn_last_error());
    exit(1);
}

static tn_socket_t *open_socket(tn_ctx_t *ctx)
{
    tn_socket_t *socket = tn_socket(ctx, "dealer");

    check(socket && tn_set_int(socket, "rcvtimeo", TIMEOUT) == 0, "a socket");
    return socket;
}

static void exchange(tn_socket_t *from, tn_socket_t *to)
{
    char *big = calloc(1, BIG), text[16];

    check(big && tn_send(from, big, BIG, 0) == 0 && tn_recv(to, big, BIG, 0) == BIG, "1 MiB");
    for (int i = 0; i < 1000; i++) {
        int size = snprintf(text, sizeof text, "%d", i);

        check(tn_send(from, text, (size_t)size, 0) == 0, "a send");
    }
    for (int i = 0; i < 1000; i++) {
        ssize_t size = tn_recv(to, text, sizeof text - 1, 0);

        check(size > 0, "a receive");
        text[size] = '\0';
        check(atoi(text) == i, "the order");
    }
    free(big);
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *server, *client;
    char endpoint[64];

    check(argc == 2 && ctx && tn_ctx_set_str(ctx, "plugins_d", argv[1]) == 0, "a context");
    snprintf(endpoint, sizeof endpoint, "widget:///tmp/widget-test-%d", (int)getpid());
    server = open_socket(ctx);
    client = open_socket(ctx);
    check(tn_bind(server, endpoint) == 0, endpoint);
    check(tn_connect(client, endpoint) == 0, endpoint);
    exchange(client, server);
    exchange(server, client);

    check(tn_close(server) == 0, "tn_close");
    server = open_socket(ctx);
    check(tn_bind(server, endpoint) == 0, "the bind after a close");
    exchange(client, server);

    check(tn_close(server) == 0 && tn_close(client) == 0, "tn_close");
    check(tn_ctx_term(ctx, TIMEOUT) == 0, "tn_ctx_term");
    return 0;
}
