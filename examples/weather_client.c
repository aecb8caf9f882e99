/*
 * weather_client [ENDPOINT [ZIP [COUNT]]]: the average temperature at ZIP over COUNT updates. The
 * publisher drops all others before they are sent: the subscription travels to it.
 */
#include "example.h"

int main(int argc, char **argv)
{
    const char *endpoint = argument(argc, argv, 1, "tcp://localhost:5556");
    const char *zip = argument(argc, argv, 2, "10001");
    long count = argument_number(argc, argv, 3, 100), sum = 0;
    tn_ctx_t *ctx = must_context();
    tn_socket_t *feed = must_socket(ctx, "sub");

    must(tn_subscribe(feed, zip, strlen(zip)));
    must(tn_connect(feed, endpoint));
    for (long i = 0; i < count; i++) {
        long temperature = 0;
        char update[64];
        recv_text(feed, update, sizeof(update));
        sscanf(update, "%*s %ld", &temperature);
        sum += temperature;
    }
    printf("average temperature at %s over %ld updates: %ld\n", zip, count,
           count ? sum / count : 0);
    return finish(ctx, feed);
}
