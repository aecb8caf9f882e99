/* For scripts/size: answers one request after the other with the same; prints where. */
#include <tenon/tenon.h>

#include <stdio.h>

int main(void)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *rep = ctx ? tn_socket(ctx, "rep") : NULL;
    char text[256];
    size_t size = sizeof text;
    ssize_t got;

    if (!rep || tn_bind(rep, "tcp://127.0.0.1:*") < 0 ||
        tn_get_str(rep, "last_endpoint", text, &size) < 0) {
        fprintf(stderr, "%s\n", tn_last_error());
        return 1;
    }
    puts(text);
    fflush(stdout);
    while ((got = tn_recv(rep, text, sizeof text, 0)) >= 0) {
        if (tn_send(rep, text, (size_t)got, 0) < 0)
            break;
    }
    return 1;
}
