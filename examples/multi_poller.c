/*
 * multi_poller [JOBS-ENDPOINT [FEED-ENDPOINT [MESSAGES]]]: sleeps until one of two sockets has
 * something.
 */
#include "example.h"

static void show(tn_socket_t *socket, const char *name)
{
    char text[128];

    recv_text(socket, text, sizeof(text));
    printf("%s: %s\n", name, text);
}

int main(int argc, char **argv)
{
    long messages = argument_number(argc, argv, 3, 10);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *jobs = must_socket(ctx, "pull"), *feed = must_socket(ctx, "sub");
    tn_pollitem_t items[] = {{jobs, -1, TN_POLLIN, 0}, {feed, -1, TN_POLLIN, 0}};

    must(tn_connect(jobs, argument(argc, argv, 1, "tcp://localhost:5557")));
    must(tn_subscribe(feed, "", 0));
    must(tn_connect(feed, argument(argc, argv, 2, "tcp://localhost:5556")));
    for (long count = 0; count < messages;) {
        count += must(tn_poll(items, 2, -1));
        if (items[0].revents)
            show(jobs, "job");
        if (items[1].revents)
            show(feed, "feed");
    }
    must(tn_close(jobs));
    return finish(ctx, feed);
}
