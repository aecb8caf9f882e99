/* Binds the endpoint that it is given; over a transport that delivers, sends itself a message. */
#include <tenon/tenon.h>

#include <stdio.h>
#include <string.h>

static int exchange(tn_ctx_t *ctx, tn_socket_t *bound, const char *endpoint)
{
    tn_socket_t *peer = tn_socket(ctx, "pair");
    char text[8];
    int ok = peer && tn_connect(peer, endpoint) == 0 && tn_send(peer, "hello", 5, 0) == 0 &&
             tn_recv(bound, text, sizeof text, 0) == 5 && memcmp(text, "hello", 5) == 0;

    if (peer)
        tn_close(peer);
    return ok;
}

int main(int argc, char **argv)
{
    const char *endpoint = argc > 1 ? argv[1] : "";
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *bound = ctx ? tn_socket(ctx, "pair") : NULL;
    int ok = bound && tn_bind(bound, endpoint) == 0;

    if (ok && strncmp(endpoint, "inproc:", 7) == 0)
        ok = exchange(ctx, bound, endpoint);
    if (!ok)
        fprintf(stderr, "%s: %s\n", endpoint, tn_last_error());
    if (bound)
        tn_close(bound);
    if (ctx)
        tn_ctx_term(ctx, -1);
    return ok ? 0 : 1;
}
