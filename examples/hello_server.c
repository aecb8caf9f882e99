/* hello_server [ENDPOINT [COUNT]]: answers COUNT requests with "World". Pairs with hello_client. */
#include "example.h"

int main(int argc, char **argv)
{
    const char *endpoint = argument(argc, argv, 1, "tcp://*:5555");
    long count = argument_number(argc, argv, 2, 10);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *service = must_socket(ctx, "rep");
    char request[64];

    must(tn_bind(service, endpoint));
    for (long i = 0; i < count; i++) {
        recv_text(service, request, sizeof(request));
        printf("request: %s\n", request);
        send_text(service, "World", 0);
    }
    return finish(ctx, service);
}
