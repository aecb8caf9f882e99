/*
 * service_worker [ENDPOINT [NAME]]: answers the questions that a broker passes on, until the
 * question is "stop".
 */
#include "example.h"

int main(int argc, char **argv)
{
    const char *name = argument(argc, argv, 2, "worker");
    tn_ctx_t *ctx = must_context();
    tn_socket_t *service = must_socket(ctx, "rep");
    char question[32], answer[96];

    must(tn_connect(service, argument(argc, argv, 1, "tcp://localhost:5560")));
    for (;;) {
        recv_text(service, question, sizeof(question));
        snprintf(answer, sizeof(answer), "%s from %s", question, name);
        send_text(service, answer, 0);
        if (strcmp(question, "stop") == 0)
            return finish(ctx, service);
    }
}
