/*
 * threaded_service [ENDPOINT [REQUESTS [THREADS]]]: one endpoint, several threads that answer. The
 * threads are peers over inproc; no lock, no shared state. Ends after REQUESTS requests.
 */
#include <pthread.h>

#include "example.h"

enum { THREADS_MAX = 64 };

static void *serve(void *ctx)
{
    tn_socket_t *service = must_socket(ctx, "rep");
    char request[64];

    must(tn_connect(service, "inproc://workers"));
    for (;;) {
        ssize_t size = tn_recv(service, request, sizeof(request), 0);
        if (size == -TN_ETERM)
            break;
        must(size);
        send_text(service, "World", 0);
    }
    tn_close(service);
    return NULL;
}

static void pass(tn_socket_t *from, tn_socket_t *to)
{
    tn_msg_t frames[4];
    int count;

    for (int i = 0; i < 4; i++)
        tn_msg_init(&frames[i]);
    count = (int)must(tn_recv_parts(from, frames, 4, 0));
    must(tn_send_parts(to, frames, (size_t)count, 0));
}

static void pass_requests(tn_socket_t *clients, tn_socket_t *workers, long requests)
{
    tn_pollitem_t items[] = {{clients, -1, TN_POLLIN, 0}, {workers, -1, TN_POLLIN, 0}};

    for (long answered = 0; answered < requests;) {
        must(tn_poll(items, 2, -1));
        if (items[0].revents)
            pass(clients, workers);
        if (items[1].revents) {
            pass(workers, clients);
            answered++;
        }
    }
}

int main(int argc, char **argv)
{
    long requests = argument_number(argc, argv, 2, 10);
    long threads = argument_number(argc, argv, 3, 5);
    tn_ctx_t *ctx = must_context();
    tn_socket_t *clients = must_socket(ctx, "router"), *workers = must_socket(ctx, "dealer");
    pthread_t ids[THREADS_MAX];

    must(tn_bind(clients, argument(argc, argv, 1, "tcp://*:5555")));
    must(tn_bind(workers, "inproc://workers"));
    if (threads < 1 || threads > THREADS_MAX)
        threads = 1;
    for (long i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, serve, ctx) != 0)
            return EXIT_FAILURE;
    }
    pass_requests(clients, workers, requests);
    printf("service: %ld requests answered\n", requests);
    must(tn_drain(clients, -1));
    must(tn_ctx_shutdown(ctx));
    for (long i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    must(tn_close(workers));
    return finish(ctx, clients);
}
