/* One publisher, many subscribers, nothing lost: the publisher waits for the slowest. */
#include <stdint.h>
#include <stdlib.h>

#include "run.h"

/* Read from one subscriber before the next one has its turn; well below the high-water mark. */
enum { CHUNK = 100 };

static bool can_subscribe(const struct bench_peer *peer)
{
    return peer->subscribe;
}

/** Waits until all subscriptions are there; each shows as a message. */
static int await_subscribers(const struct bench_run *run, void *socket)
{
    uint8_t subscription[16];

    for (size_t i = 0; i < run->what->peers; i++) {
        if (run->peer->recv(socket, subscription, sizeof(subscription)) < 0)
            return -1;
    }
    return 0;
}

static int near(struct bench_run *run)
{
    void *socket = bench_bind(run, BENCH_XPUB);
    uint8_t *buffer = calloc(1, run->what->size);
    double deliveries = (double)run->count * (double)run->what->peers, cpu = 0;
    int code = socket && buffer ? await_subscribers(run, socket) : -1;

    if (!code)
        cpu = bench_cpu();
    for (size_t i = 0; i < run->count && !code; i++)
        code = run->peer->send(socket, buffer, run->what->size);
    if (!code)
        code = bench_hear(run->fars[0], &run->seconds, sizeof(run->seconds));
    run->values[0] = deliveries / run->seconds;
    run->values[1] = (bench_cpu() - cpu) / deliveries * 1e9;
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

static int receive_chunk(const struct bench_run *run, void *socket, void *buffer, size_t count)
{
    size_t size = run->what->size;

    for (size_t i = 0; i < count; i++) {
        if (run->peer->recv(socket, buffer, size) != (ssize_t)size)
            return -1;
    }
    return 0;
}

static int receive(struct bench_run *run, void **sockets, void *buffer)
{
    double start = 0, seconds;

    for (size_t done = 0; done < run->count;) {
        size_t left = run->count - done, chunk = !done ? 1 : left < CHUNK ? left : CHUNK;
        for (size_t i = 0; i < run->what->peers; i++) {
            if (receive_chunk(run, sockets[i], buffer, chunk))
                return -1;
        }
        if (!done)
            start = bench_now();
        done += chunk;
    }
    seconds = bench_now() - start;
    return bench_tell(run->near, &seconds, sizeof(seconds));
}

static int far(struct bench_run *run)
{
    void **sockets = calloc(run->what->peers, sizeof(*sockets));
    uint8_t *buffer = malloc(run->what->size);
    char endpoint[BENCH_ENDPOINT_MAX];
    size_t opened = 0;
    int code = sockets && buffer ? bench_hear_endpoint(run, endpoint) : -1;

    for (; opened < run->what->peers && !code; opened++) {
        sockets[opened] = run->peer->open(run->context, BENCH_SUB);
        if (!sockets[opened])
            code = -1;
        else if (run->peer->connect(sockets[opened], endpoint) ||
                 run->peer->subscribe(sockets[opened], "", 0))
            code = -1;
    }
    if (!code)
        code = receive(run, sockets, buffer);
    while (opened > 0) {
        if (sockets[--opened])
            run->peer->close(sockets[opened]);
    }
    free(sockets);
    free(buffer);
    return code;
}

void bench_add_fan_out(struct bench_table *table)
{
    static const size_t subscribers[] = {1, 10, 100}, sizes[] = {64, 1024};
    struct bench_case one = {
        .values = {{"delivered", "msg/s", true}, {"publisher-cpu", "ns", false}},
        .roles = 1U << BENCH_XPUB | 1U << BENCH_SUB,
        .fits = can_subscribe,
        .fars = 1,
        .near = near,
        .far = far};

    for (size_t i = 0; i < sizeof(subscribers) / sizeof(*subscribers); i++) {
        for (size_t j = 0; j < sizeof(sizes) / sizeof(*sizes); j++) {
            one.peers = subscribers[i];
            one.size = sizes[j];
            bench_case_add(table, &one, "pub/tcp/%zu/%zu", one.peers, one.size);
        }
    }
}
