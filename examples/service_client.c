/* service_client [ENDPOINT [COUNT]]: asks COUNT questions through a broker. */
#include "example.h"

int main(int argc, char **argv)
{
    long count = argument_number(argc, argv, 2, 10);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *client = must_socket(ctx, "req");
    char question[32], answer[64];

    must(tn_connect(client, argument(argc, argv, 1, "tcp://localhost:5559")));
    for (long i = 1; i <= count; i++) {
        snprintf(question, sizeof(question), "%ld", i);
        send_text(client, question, 0);
        recv_text(client, answer, sizeof(answer));
        printf("%s -> %s\n", question, answer);
    }
    return finish(ctx, client);
}
