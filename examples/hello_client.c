/* hello_client [ENDPOINT [COUNT]]: asks COUNT times, one question after the other. */
#include "example.h"

int main(int argc, char **argv)
{
    const char *endpoint = argument(argc, argv, 1, "tcp://localhost:5555");
    long count = argument_number(argc, argv, 2, 10);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *client = must_socket(ctx, "req");
    char reply[64];

    must(tn_connect(client, endpoint));
    for (long i = 1; i <= count; i++) {
        send_text(client, "Hello", 0);
        recv_text(client, reply, sizeof(reply));
        printf("reply %ld: %s\n", i, reply);
    }
    return finish(ctx, client);
}
