/*
 * multi_reader [JOBS-ENDPOINT [FEED-ENDPOINT [MESSAGES]]]: reads two sockets in turn without
 * waiting, and rests when there was nothing. It works, and multi_poller shows the better way.
 */
#include <errno.h>

#include "example.h"

static long drain(tn_socket_t *socket, const char *name)
{
    char text[128];
    long count = 0;

    for (;;) {
        ssize_t size = tn_recv(socket, text, sizeof(text), TN_DONTWAIT);
        if (size == -EAGAIN)
            return count;
        must(size);
        printf("%s: %.*s\n", name, (int)size, text);
        count++;
    }
}

int main(int argc, char **argv)
{
    long messages = argument_number(argc, argv, 3, 10), count = 0;
    tn_ctx_t *ctx = must_context();
    tn_socket_t *jobs = must_socket(ctx, "pull"), *feed = must_socket(ctx, "sub");

    must(tn_connect(jobs, argument(argc, argv, 1, "tcp://localhost:5557")));
    must(tn_subscribe(feed, "", 0));
    must(tn_connect(feed, argument(argc, argv, 2, "tcp://localhost:5556")));
    while (count < messages) {
        long now = drain(jobs, "job") + drain(feed, "feed");
        count += now;
        if (!now)
            must(tn_poll(NULL, 0, 1));
    }
    must(tn_close(jobs));
    return finish(ctx, feed);
}
