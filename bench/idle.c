/* One pair that goes on talking through a ROUTER to which many more are connected that say nothing. */
#include <stdint.h>
#include <stdlib.h>

#include "run.h"

enum { ROUND_TRIPS = 10000, SIZE = 32, SPARE_SOCKETS = 16 };

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

static int near(struct bench_run *run)
{
    void *socket = bench_bind(run, BENCH_ROUTER);
    int code = socket ? echo(run, socket, run->what->peers + 1) : -1;

    if (!code)
        code = bench_release(run) || echo(run, socket, run->count) ||
                       bench_hear(run->fars[0], &run->seconds, sizeof(run->seconds))
                   ? -1
                   : 0;
    run->values[0] = run->seconds / (double)run->count * 1e6;
    if (!code)
        code = bench_release(run);
    if (socket)
        run->peer->close(socket);
    return code;
}

static int round_trip(struct bench_run *run, void *socket)
{
    uint8_t buffer[SIZE] = {0};

    return run->peer->send(socket, buffer, SIZE) || run->peer->recv(socket, buffer, SIZE) != SIZE
               ? -1
               : 0;
}

/** Each has one request answered, so that it stands. */
static int connect_all(struct bench_run *run, void **sockets)
{
    char endpoint[BENCH_ENDPOINT_MAX];

    if (bench_hear_endpoint(run, endpoint))
        return -1;
    for (size_t i = 0; i <= run->what->peers; i++) {
        sockets[i] = run->peer->open(run->context, BENCH_DEALER);
        if (!sockets[i] || run->peer->connect(sockets[i], endpoint) || round_trip(run, sockets[i]))
            return -1;
    }
    return bench_await_release(run);
}

static int talk(struct bench_run *run, void *socket)
{
    double start = bench_now(), seconds;

    for (size_t i = 0; i < run->count; i++) {
        if (round_trip(run, socket))
            return -1;
    }
    seconds = bench_now() - start;
    return bench_tell(run->near, &seconds, sizeof(seconds)) || bench_await_release(run) ? -1 : 0;
}

static int far(struct bench_run *run)
{
    size_t count = run->what->peers + 1;
    void **sockets = calloc(count, sizeof(*sockets));
    int code = sockets ? 0 : -1;

    if (!code && run->peer->max_sockets)
        code = run->peer->max_sockets(run->context, (int)count + SPARE_SOCKETS);
    if (!code)
        code = connect_all(run, sockets) || talk(run, sockets[count - 1]) ? -1 : 0;
    for (size_t i = 0; sockets && i < count; i++) {
        if (sockets[i])
            run->peer->close(sockets[i]);
    }
    free(sockets);
    return code;
}

void bench_add_idle(struct bench_table *table)
{
    static const size_t idle[] = {0, 1000, 5000};
    struct bench_case one = {.values = {{NULL, "us", false}},
                             .roles = 1U << BENCH_ROUTER | 1U << BENCH_DEALER,
                             .fits = can_echo,
                             .size = SIZE,
                             .fixed_count = ROUND_TRIPS,
                             .fars = 1,
                             .quick = BENCH_QUICK_NOT,
                             .near = near,
                             .far = far};

    for (size_t i = 0; i < sizeof(idle) / sizeof(*idle); i++) {
        one.peers = idle[i];
        bench_case_add(table, &one, "idle/tcp/%zu", one.peers);
    }
}
