/* sync_subscriber [FEED [READY]]: counts what sync_publisher sends, up to its END. */
#include "example.h"

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = must_context();
    tn_socket_t *feed = must_socket(ctx, "sub"), *ready = must_socket(ctx, "req");
    char text[16];
    long count = 0;

    must(tn_set_int(feed, "rcvhwm", 0));
    must(tn_subscribe(feed, "", 0));
    must(tn_connect(feed, argument(argc, argv, 1, "tcp://localhost:5561")));
    must(tn_connect(ready, argument(argc, argv, 2, "tcp://localhost:5562")));
    must(tn_wait_peers(feed, 1, -1));
    send_text(ready, "", 0);
    recv_text(ready, text, sizeof(text));
    for (;;) {
        recv_text(feed, text, sizeof(text));
        if (strcmp(text, "END") == 0)
            break;
        count++;
    }
    printf("subscriber: %ld updates received\n", count);
    must(tn_close(ready));
    return finish(ctx, feed);
}
