/*
 * broker_proxy [FRONTEND [BACKEND [CONTROL]]]: the broker in one call. Ends when somebody sends
 * TERMINATE to CONTROL (`tenon req --connect CONTROL --data TERMINATE --count 1`).
 */
#include "example.h"

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = must_context();
    tn_socket_t *clients = must_socket(ctx, "router"), *workers = must_socket(ctx, "dealer");
    tn_socket_t *control = must_socket(ctx, "rep");

    must(tn_bind(clients, argument(argc, argv, 1, "tcp://*:5559")));
    must(tn_bind(workers, argument(argc, argv, 2, "tcp://*:5560")));
    must(tn_bind(control, argument(argc, argv, 3, "tcp://127.0.0.1:5561")));
    must(tn_proxy(clients, workers, NULL, control));
    printf("broker: told to stop\n");
    must(tn_close(clients));
    must(tn_close(workers));
    return finish(ctx, control);
}
