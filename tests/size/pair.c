/* The program that scripts/size measures: two sockets of one process, one message. */
#include <tenon/tenon.h>

#include <stdio.h>

int main(void)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *left = ctx ? tn_socket(ctx, "pair") : NULL;
    tn_socket_t *right = ctx ? tn_socket(ctx, "pair") : NULL;
    char text[16];
    int ok = left && right && tn_bind(left, "inproc://a") == 0 &&
             tn_connect(right, "inproc://a") == 0 && tn_send(right, "hello", 6, 0) == 0 &&
             tn_recv(left, text, sizeof text, 0) == 6;

    puts(ok ? text : tn_last_error());
    if (left)
        tn_close(left);
    if (right)
        tn_close(right);
    if (ctx)
        tn_ctx_term(ctx, -1);
    return ok ? 0 : 1;
}
