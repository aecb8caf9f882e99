/*
 * envelope_publisher [ENDPOINT [ROUNDS]]: messages of two frames, of which the first is the topic.
 * Subscriptions look at the first frame only.
 */
#include "example.h"

int main(int argc, char **argv)
{
    long rounds = argument_number(argc, argv, 2, 3);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *feed = must_socket(ctx, "pub");

    must(tn_bind(feed, argument(argc, argv, 1, "tcp://*:5563")));
    must(tn_wait_subscribers(feed, 1, -1));
    for (long i = 0; i < rounds; i++) {
        send_text(feed, "A", TN_MORE);
        send_text(feed, "We do not want to see this", 0);
        send_text(feed, "B", TN_MORE);
        send_text(feed, "We would like to see this", 0);
    }
    return finish(ctx, feed);
}
