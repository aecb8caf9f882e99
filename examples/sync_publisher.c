/*
 * sync_publisher [FEED [READY [SUBSCRIBERS [UPDATES]]]]: publishes once all subscribers have said
 * over a second pair of sockets that they listen, so that nobody misses the beginning.
 */
#include "example.h"

int main(int argc, char **argv)
{
    long subscribers = argument_number(argc, argv, 3, 1);
    long updates = argument_number(argc, argv, 4, 10000);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *feed = must_socket(ctx, "pub"), *ready = must_socket(ctx, "rep");
    char text[16];

    /* Nothing may be dropped: room for all of it, however slow a subscriber is. */
    must(tn_set_int(feed, "sndhwm", 0));
    must(tn_bind(feed, argument(argc, argv, 1, "tcp://*:5561")));
    must(tn_bind(ready, argument(argc, argv, 2, "tcp://*:5562")));
    for (long i = 0; i < subscribers; i++) {
        recv_text(ready, text, sizeof(text));
        send_text(ready, "", 0);
    }
    /* What a subscriber says here can overtake its subscription, which goes another way. */
    must(tn_wait_subscribers(feed, (size_t)subscribers, -1));
    for (long i = 0; i < updates; i++)
        send_text(feed, "update", 0);
    send_text(feed, "END", 0);
    printf("publisher: %ld updates sent\n", updates);
    must(tn_close(ready));
    return finish(ctx, feed);
}
