/*
 * weather_server [ENDPOINT [UPDATES [SUBSCRIBERS]]]: publishes "ZIP TEMPERATURE HUMIDITY" for places
 * picked at random, after SUBSCRIBERS subscriptions have come (0: at once). UPDATES 0: for ever.
 */
#include "example.h"

enum { FIRST_ZIP = 10000, ZIPS = 10 };

int main(int argc, char **argv)
{
    const char *endpoint = argument(argc, argv, 1, "tcp://*:5556");
    long updates = argument_number(argc, argv, 2, 0);
    long subscribers = argument_number(argc, argv, 3, 0);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *feed = must_socket(ctx, "pub");

    must(tn_bind(feed, endpoint));
    must(tn_wait_subscribers(feed, (size_t)subscribers, -1));
    srandom(1);
    for (long i = 0; updates == 0 || i < updates; i++) {
        long zip = FIRST_ZIP + random() % ZIPS;
        long temperature = random() % 60 - 20;
        long humidity = random() % 60 + 30;
        char update[64];
        snprintf(update, sizeof(update), "%05ld %ld %ld", zip, temperature, humidity);
        send_text(feed, update, 0);
    }
    return finish(ctx, feed);
}
