/* Requests through a proxy, ROUTER to DEALER, between clients and workers, each a process of its own.
 * The proxy and the workers never end by themselves: they are threads whose process ends. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "run.h"

enum { CLIENTS = 8, WORKERS = 4, SIZE = 64 };

struct proxy {
    const struct bench_peer *peer;
    void *front, *back;
};

static bool has_proxy(const struct bench_peer *peer)
{
    return peer->proxy;
}

static void *proxy_main(void *argument)
{
    struct proxy *proxy = argument;

    proxy->peer->proxy(proxy->front, proxy->back);
    return NULL;
}

static int near(struct bench_run *run)
{
    static struct proxy proxy;
    pthread_t thread;
    double start;
    char ready;

    proxy.peer = run->peer;
    proxy.front = bench_bind(run, BENCH_ROUTER);
    proxy.back = proxy.front ? bench_bind(run, BENCH_DEALER) : NULL;
    if (!proxy.back || pthread_create(&thread, NULL, proxy_main, &proxy))
        return -1;
    run->context = NULL;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (bench_hear(run->fars[i], &ready, 1))
            return -1;
    }
    start = bench_now();
    for (size_t i = 0; i < CLIENTS; i++) {
        if (bench_tell(run->fars[i], "", 1))
            return -1;
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        if (bench_hear(run->fars[i], &ready, 1))
            return -1;
    }
    run->seconds = bench_now() - start;
    run->values[0] = (double)(run->count / CLIENTS * CLIENTS) / run->seconds;
    return bench_release(run);
}

static int request(struct bench_run *run, void *socket, size_t count)
{
    uint8_t buffer[SIZE] = {0};

    for (size_t i = 0; i < count; i++) {
        if (run->peer->send(socket, buffer, SIZE) || run->peer->recv(socket, buffer, SIZE) != SIZE)
            return -1;
    }
    return 0;
}

static int client(struct bench_run *run, void *socket)
{
    if (request(run, socket, 1) || bench_tell(run->near, "", 1) || bench_await_release(run) ||
        request(run, socket, run->count / CLIENTS) || bench_tell(run->near, "", 1))
        return -1;
    return bench_await_release(run);
}

static void *worker_main(void *argument)
{
    struct proxy *worker = argument;
    uint8_t buffer[SIZE];
    ssize_t size;

    do {
        size = worker->peer->recv(worker->back, buffer, SIZE);
    } while (size >= 0 && worker->peer->send(worker->back, buffer, (size_t)size) == 0);
    return NULL;
}

static int work(struct bench_run *run, void *socket)
{
    static struct proxy worker;
    pthread_t thread;

    worker.peer = run->peer;
    worker.back = socket;
    if (pthread_create(&thread, NULL, worker_main, &worker))
        return -1;
    run->context = NULL;
    return bench_await_release(run);
}

static int far(struct bench_run *run)
{
    bool is_client = run->index < CLIENTS;
    char front[BENCH_ENDPOINT_MAX], back[BENCH_ENDPOINT_MAX];
    void *socket = run->peer->open(run->context, is_client ? BENCH_REQ : BENCH_REP);
    int code;

    if (!socket)
        return -1;
    code = bench_hear_endpoint(run, front) || bench_hear_endpoint(run, back) ||
                   run->peer->connect(socket, is_client ? front : back)
               ? -1
               : 0;
    if (!code && !is_client)
        return work(run, socket);
    if (!code)
        code = client(run, socket);
    run->peer->close(socket);
    return code;
}

void bench_add_proxy(struct bench_table *table)
{
    struct bench_case one = {.values = {{NULL, "req/s", true}},
                             .roles = 1U << BENCH_ROUTER | 1U << BENCH_DEALER | 1U << BENCH_REQ |
                                      1U << BENCH_REP,
                             .fits = has_proxy,
                             .size = SIZE,
                             .fars = CLIENTS + WORKERS,
                             .near = near,
                             .far = far};

    bench_case_add(table, &one, "proxy/tcp/%d-to-%d", CLIENTS, WORKERS);
}
