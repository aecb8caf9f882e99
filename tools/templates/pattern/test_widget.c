/* Two widget sockets talk, over inproc and over tcp; a third is refused.
 * usage: test_widget PLUGINS_D */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

enum { TIMEOUT = 10000 };

static void check(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "%s: %s\n", what, tn_last_error());
    exit(1);
}

static tn_socket_t *open_socket(tn_ctx_t *ctx)
{
    tn_socket_t *socket = tn_socket(ctx, "widget");

    check(socket && tn_set_int(socket, "rcvtimeo", TIMEOUT) == 0, "a socket");
    return socket;
}

static void say(tn_socket_t *from, tn_socket_t *to)
{
    char text[8];

    check(tn_send(from, "one", 3, TN_MORE) == 0 && tn_send(from, "two", 3, 0) == 0, "tn_send");
    check(tn_recv(to, text, sizeof text, 0) == 3 && memcmp(text, "one", 3) == 0, "frame 1");
    check(tn_recv(to, text, sizeof text, 0) == 3 && memcmp(text, "two", 3) == 0, "frame 2");
}

static void talk(tn_ctx_t *ctx, const char *where)
{
    tn_socket_t *server = open_socket(ctx), *client = open_socket(ctx), *late = open_socket(ctx);
    char endpoint[256];
    size_t size = sizeof endpoint;
    int64_t received = 0;

    check(tn_bind(server, where) == 0, where);
    check(tn_get_str(server, "last_endpoint", endpoint, &size) == 0, "last_endpoint");
    check(tn_connect(client, endpoint) == 0, endpoint);
    say(client, server);
    say(server, client);
    check(tn_get_int(server, "received", &received) == 0 && received == 1, "\"received\"");

    /* Whether it is refused at once, or when it has connected, the peers do not notice. */
    (void)tn_connect(late, endpoint);
    (void)tn_send(late, "x", 1, TN_DONTWAIT);
    say(client, server);
    check(tn_set_int(late, "linger", 0) == 0, "linger");
    check(tn_close(server) == 0 && tn_close(client) == 0 && tn_close(late) == 0, "tn_close");
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = tn_ctx_new();

    check(argc == 2 && ctx && tn_ctx_set_str(ctx, "plugins_d", argv[1]) == 0, "a context");
    talk(ctx, "inproc://widget");
    talk(ctx, "tcp://127.0.0.1:*");
    check(tn_ctx_term(ctx, TIMEOUT) == 0, "tn_ctx_term");
    return 0;
}
