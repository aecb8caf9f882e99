/* Many connections to one ROUTER: the time to make them, what each costs while it is idle, and requests
 * over all of them, some under way at a time. */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "run.h"

enum { REQUESTS = 20000, WINDOW = 64, SPARE_SOCKETS = 16 };

/* What libraries give back some time after the traffic is not held against them. */
static const struct timespec QUIET = {.tv_sec = 2, .tv_nsec = 500 * 1000 * 1000};

static bool can_echo(const struct bench_peer *peer)
{
    return peer->echo;
}

static int echo(struct bench_run *run, void *socket, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (run->peer->echo(socket))
            return -1;
    }
    return 0;
}

static int serve(struct bench_run *run, void *socket, double memory)
{
    double connections = (double)run->what->peers, far_values[2], cpu;

    if (echo(run, socket, run->what->peers) ||
        bench_hear(run->fars[0], far_values, sizeof(far_values)))
        return -1;
    run->values[0] = far_values[0] * 1e3;
    run->values[1] = (bench_memory() - memory) / 1024 / connections;
    run->values[2] = far_values[1] / 1024 / connections;
    cpu = bench_cpu();
    if (bench_release(run) || echo(run, socket, run->count) ||
        bench_hear(run->fars[0], &run->seconds, sizeof(run->seconds)))
        return -1;
    run->values[3] = (double)run->count / run->seconds;
    run->values[4] = (bench_cpu() - cpu) / (double)run->count * 1e6;
    return bench_release(run) || bench_hear(run->fars[0], far_values, 1) ? -1 : 0;
}

static int near(struct bench_run *run)
{
    double memory = bench_memory();
    void *socket = bench_bind(run, BENCH_ROUTER);
    int code = socket ? serve(run, socket, memory) : -1;

    if (socket)
        run->peer->close(socket);
    return code;
}

/** Each of `count` sockets, from the `first` on, has one request answered. */
static int ask(struct bench_run *run, void **sockets, size_t first, size_t count)
{
    uint8_t buffer[64] = {0};

    for (size_t i = first; i < first + count; i++) {
        if (run->peer->send(sockets[i % run->what->peers], buffer, run->what->size))
            return -1;
    }
    for (size_t i = first; i < first + count; i++) {
        if (run->peer->recv(sockets[i % run->what->peers], buffer, sizeof(buffer)) < 0)
            return -1;
    }
    return 0;
}

static int connect_all(struct bench_run *run, void **sockets)
{
    double start = bench_now(), memory = bench_memory(), values[2];
    char endpoint[BENCH_ENDPOINT_MAX];

    if (bench_hear_endpoint(run, endpoint))
        return -1;
    for (size_t i = 0; i < run->what->peers; i++) {
        sockets[i] = run->peer->open(run->context, BENCH_DEALER);
        if (!sockets[i] || run->peer->connect(sockets[i], endpoint))
            return -1;
    }
    if (ask(run, sockets, 0, run->what->peers))
        return -1;
    values[0] = bench_now() - start;
    nanosleep(&QUIET, NULL);
    values[1] = bench_memory() - memory;
    return bench_tell(run->near, values, sizeof(values)) || bench_await_release(run) ? -1 : 0;
}

static int ask_all(struct bench_run *run, void **sockets)
{
    double start = bench_now(), seconds;

    for (size_t i = 0; i < run->count; i += WINDOW) {
        size_t left = run->count - i;
        if (ask(run, sockets, i, left < WINDOW ? left : WINDOW))
            return -1;
    }
    seconds = bench_now() - start;
    return bench_tell(run->near, &seconds, sizeof(seconds)) || bench_await_release(run) ? -1 : 0;
}

static int far(struct bench_run *run)
{
    void **sockets = calloc(run->what->peers, sizeof(*sockets));
    int code = sockets ? 0 : -1;

    if (!code && run->peer->max_sockets)
        code = run->peer->max_sockets(run->context, (int)run->what->peers + SPARE_SOCKETS);
    if (!code)
        code = connect_all(run, sockets) || ask_all(run, sockets) ? -1 : 0;
    for (size_t i = 0; sockets && i < run->what->peers; i++) {
        if (sockets[i])
            run->peer->close(sockets[i]);
    }
    free(sockets);
    /* The server goes last: clients of which none could connect any more may take minutes to end (nng). */
    return code || bench_tell(run->near, "", 1) ? -1 : 0;
}

void bench_add_connections(struct bench_table *table)
{
    struct bench_case one = {.values = {{"connect", "ms", false},
                                        {"server-memory", "KiB", false},
                                        {"client-memory", "KiB", false},
                                        {"echo", "req/s", true},
                                        {"server-cpu", "us", false}},
                             .roles = 1U << BENCH_ROUTER | 1U << BENCH_DEALER,
                             .fits = can_echo,
                             .size = 32,
                             .fixed_count = REQUESTS,
                             .fars = 1,
                             .near = near,
                             .far = far};

    one.quick = BENCH_QUICK_ONCE;
    one.peers = 1000;
    bench_case_add(table, &one, "connections/tcp/%zu", one.peers);
    one.quick = BENCH_QUICK_NOT;
    one.peers = 5000;
    bench_case_add(table, &one, "connections/tcp/%zu", one.peers);
}
