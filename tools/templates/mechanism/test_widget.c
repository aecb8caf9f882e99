/* The right token is let in; the wrong one and a peer without the mechanism are not.
 * usage: test_widget PLUGINS_D */
#include <errno.h>
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

static tn_socket_t *open_socket(tn_ctx_t *ctx, const char *pattern, const char *token)
{
    tn_socket_t *socket = tn_socket(ctx, pattern);

    check(socket && tn_set_int(socket, "rcvtimeo", TIMEOUT) == 0 &&
              tn_set_int(socket, "sndtimeo", TIMEOUT) == 0,
          "a socket");
    check(tn_set_int(socket, "linger", 0) == 0, "linger");
    if (token)
        check(tn_set_str(socket, "mechanism", "widget") == 0 &&
                  tn_set_str(socket, "widget.token", token) == 0,
              "the mechanism");
    return socket;
}

/* Whoever is let in announces itself with what it sends; whoever was refused by then has nobody to send to. */
static tn_socket_t *knock(tn_ctx_t *ctx, const char *endpoint, const char *token, const char *text)
{
    tn_socket_t *client = open_socket(ctx, "push", token);
    int sent;

    check(tn_connect(client, endpoint) == 0, endpoint);
    sent = tn_send(client, text, strlen(text), TN_DONTWAIT);
    check(sent == 0 || sent == -EAGAIN, "tn_send");
    return client;
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *server, *none, *wrong, *right;
    char endpoint[256], text[16];
    size_t size = sizeof endpoint;

    check(argc == 2 && ctx && tn_ctx_set_str(ctx, "plugins_d", argv[1]) == 0, "a context");
    server = open_socket(ctx, "pull", "secret");
    check(tn_set_int(server, "widget.server", 1) == 0, "widget.server");
    check(tn_bind(server, "tcp://127.0.0.1:*") == 0, "tn_bind");
    check(tn_get_str(server, "last_endpoint", endpoint, &size) == 0, "last_endpoint");

    none = knock(ctx, endpoint, NULL, "none");
    wrong = knock(ctx, endpoint, "public", "wrong");
    right = knock(ctx, endpoint, "secret", "right");
    for (int i = 0; i < 3; i++) {
        check(tn_recv(server, text, sizeof text, 0) == 5 && memcmp(text, "right", 5) == 0,
              "the right peer, and no other");
        check(tn_send(right, "right", 5, 0) == 0, "tn_send");
    }

    check(tn_close(none) == 0 && tn_close(wrong) == 0 && tn_close(right) == 0, "tn_close");
    check(tn_close(server) == 0 && tn_ctx_term(ctx, TIMEOUT) == 0, "the end");
    return 0;
}
