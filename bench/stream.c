/* One way (PUSH to PULL) and round trips (REQ to REP), with buffers. */
#include <stdint.h>
#include <stdlib.h>

#include "run.h"

static int pull(const struct bench_run *run, void *socket, void *buffer)
{
    size_t size = run->what->size;

    return run->peer->recv(socket, buffer, size) == (ssize_t)size ? 0 : -1;
}

static int push(const struct bench_run *run, void *socket, void *buffer)
{
    return run->peer->send(socket, buffer, run->what->size);
}

static int one_way_near(struct bench_run *run)
{
    void *socket = bench_bind(run, BENCH_PULL);
    uint8_t *buffer = malloc(run->what->size);
    double start = 0;
    int code = socket && buffer ? 0 : -1;

    for (size_t i = 0; i < run->count && !code; i++) {
        code = pull(run, socket, buffer);
        if (i == 0)
            start = bench_now();
    }
    run->seconds = bench_now() - start;
    run->values[0] = (double)(run->count - 1) / run->seconds;
    code |= bench_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

static int one_way_far(struct bench_run *run)
{
    void *socket = bench_connect(run, BENCH_PUSH);
    uint8_t *buffer = calloc(1, run->what->size);
    int code = socket && buffer ? 0 : -1;

    for (size_t i = 0; i < run->count && !code; i++)
        code = push(run, socket, buffer);
    if (!code && run->peer->flush)
        code = run->peer->flush(socket);
    if (!code)
        code = bench_await_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int round_trips(const struct bench_run *run, void *socket, void *buffer, double *times)
{
    double before = bench_now();

    for (size_t i = 0; i < run->count; i++) {
        double after;
        if (push(run, socket, buffer) || pull(run, socket, buffer))
            return -1;
        after = bench_now();
        times[i] = after - before;
        before = after;
    }
    return 0;
}

static int round_trip_near(struct bench_run *run)
{
    void *socket = bench_bind(run, BENCH_REQ);
    double *times = calloc(run->count, sizeof(*times));
    uint8_t *buffer = calloc(1, run->what->size);
    int code = socket && times && buffer ? round_trips(run, socket, buffer, times) : -1;

    /* The first one waited for the connection. */
    for (size_t i = 1; i < run->count && !code; i++)
        run->seconds += times[i];
    if (!code) {
        qsort(times, run->count, sizeof(*times), compare);
        run->values[0] = times[run->count / 2] * 1e6;
    }
    code |= bench_release(run);
    if (socket)
        run->peer->close(socket);
    free(times);
    free(buffer);
    return code;
}

static int round_trip_far(struct bench_run *run)
{
    void *socket = bench_connect(run, BENCH_REP);
    uint8_t *buffer = calloc(1, run->what->size);
    int code = socket && buffer ? 0 : -1;

    for (size_t i = 0; i < run->count && !code; i++)
        code = pull(run, socket, buffer) || push(run, socket, buffer) ? -1 : 0;
    if (!code)
        code = bench_await_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

static void add(struct bench_table *table, struct bench_case *one, const char *test)
{
    static const size_t sizes[] = {64, 1024, 65536};

    for (int transport = BENCH_TCP; transport <= BENCH_INPROC; transport++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
            one->transport = (enum bench_transport)transport;
            one->size = sizes[i];
            bench_case_add(table, one, "%s/%s/%zu", test, bench_transport_name(one->transport),
                           one->size);
        }
    }
}

void bench_add_streams(struct bench_table *table)
{
    struct bench_case one_way = {.values = {{NULL, "msg/s", true}},
                                 .roles = 1U << BENCH_PUSH | 1U << BENCH_PULL,
                                 .fars = 1,
                                 .near = one_way_near,
                                 .far = one_way_far};
    struct bench_case round_trip = {.values = {{NULL, "us", false}},
                                    .roles = 1U << BENCH_REQ | 1U << BENCH_REP,
                                    .fars = 1,
                                    .near = round_trip_near,
                                    .far = round_trip_far};

    add(table, &one_way, "one-way");
    add(table, &round_trip, "round-trip");
}
