/* envelope_subscriber [ENDPOINT [COUNT]]: prints COUNT messages of topic B. */
#include "example.h"

int main(int argc, char **argv)
{
    long count = argument_number(argc, argv, 2, 3);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *feed = must_socket(ctx, "sub");
    char topic[16], text[64];

    must(tn_subscribe(feed, "B", 1));
    must(tn_connect(feed, argument(argc, argv, 1, "tcp://localhost:5563")));
    for (long i = 0; i < count; i++) {
        recv_text(feed, topic, sizeof(topic));
        recv_text(feed, text, sizeof(text));
        printf("[%s] %s\n", topic, text);
    }
    return finish(ctx, feed);
}
