/*
 * forwarder [FEED [OUT [CONTROL]]]: subscribes to a feed inside one network and publishes it in
 * another. What the outer subscribers ask for travels through it to the publisher. Ends when somebody
 * sends TERMINATE to CONTROL.
 */
#include "example.h"

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = must_context();
    tn_socket_t *feed = must_socket(ctx, "xsub"), *out = must_socket(ctx, "xpub");
    tn_socket_t *control = must_socket(ctx, "rep");

    must(tn_bind(out, argument(argc, argv, 2, "tcp://*:8100")));
    must(tn_bind(control, argument(argc, argv, 3, "tcp://127.0.0.1:8101")));
    must(tn_connect(feed, argument(argc, argv, 1, "tcp://localhost:5556")));
    must(tn_proxy(feed, out, NULL, control));
    printf("forwarder: told to stop\n");
    must(tn_close(feed));
    must(tn_close(out));
    return finish(ctx, control);
}
