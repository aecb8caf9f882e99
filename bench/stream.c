/* One way (PUSH to PULL), with buffers and with message objects, and round trips (REQ to REP), in calls
 * that wait and in an epoll loop. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "stream.h"

static bool has_objects(const struct bench_peer *peer)
{
    return peer->send_object && peer->recv_object;
}

static bool has_descriptor(const struct bench_peer *peer)
{
    return peer->descriptor && peer->try_recv;
}

static int pull(const struct bench_run *run, void *socket, void *buffer)
{
    size_t size = run->what->size;
    ssize_t got = run->what->fits == has_objects ? run->peer->recv_object(socket)
                                                 : run->peer->recv(socket, buffer, size);

    return got == (ssize_t)size ? 0 : -1;
}

static int push(const struct bench_run *run, void *socket, void *buffer)
{
    if (run->what->fits == has_objects)
        return run->peer->send_object(socket, run->what->size);
    return run->peer->send(socket, buffer, run->what->size);
}

static int pull_many(const struct bench_run *run, void *socket, void *buffer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pull(run, socket, buffer))
            return -1;
    }
    return 0;
}

static int push_many(const struct bench_run *run, void *socket, void *buffer, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (push(run, socket, buffer))
            return -1;
    }
    return run->peer->flush ? run->peer->flush(socket) : 0;
}

/* One message of each sender first, so that all are connected when the time begins. */
int bench_one_way_near(struct bench_run *run)
{
    void *socket = bench_bind(run, BENCH_PULL);
    uint8_t *buffer = malloc(run->what->size);
    size_t fars = run->what->fars, count = run->count / fars * fars;
    double start = 0;
    int code = socket && buffer ? pull_many(run, socket, buffer, fars) : -1;

    if (!code) {
        start = bench_now();
        code = bench_release(run) || pull_many(run, socket, buffer, count) ? -1 : 0;
    }
    run->seconds = bench_now() - start;
    run->values[0] = (double)count / run->seconds;
    code |= bench_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

int bench_one_way_far(struct bench_run *run)
{
    void *socket = bench_connect(run, BENCH_PUSH);
    uint8_t *buffer = calloc(1, run->what->size);
    int code = socket && buffer ? push_many(run, socket, buffer, 1) : -1;

    if (!code &&
        (bench_await_release(run) || push_many(run, socket, buffer, run->count / run->what->fars)))
        code = -1;
    if (!code)
        code = bench_await_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

/** Receives as a program does whose loop watches other descriptors, too. */
static int pull_in_loop(const struct bench_run *run, void *socket, void *buffer, int epoll)
{
    ssize_t size = run->peer->try_recv(socket, buffer, run->what->size);
    struct epoll_event event;

    while (size == BENCH_AGAIN) {
        if (epoll_wait(epoll, &event, 1, BENCH_STALL_MS) != 1)
            return -1;
        size = run->peer->try_recv(socket, buffer, run->what->size);
    }
    return size == (ssize_t)run->what->size ? 0 : -1;
}

/** `epoll` is -1 where the calls wait. */
static int pull_reply(const struct bench_run *run, void *socket, void *buffer, int epoll)
{
    return epoll < 0 ? pull(run, socket, buffer) : pull_in_loop(run, socket, buffer, epoll);
}

/** 0 and -1 where the case has no epoll loop. */
static int watch(const struct bench_run *run, void *socket, int *out_epoll)
{
    struct epoll_event event = {.events = EPOLLIN};

    *out_epoll = -1;
    if (run->what->fits != has_descriptor)
        return 0;
    *out_epoll = epoll_create1(EPOLL_CLOEXEC);
    return *out_epoll < 0
               ? -1
               : epoll_ctl(*out_epoll, EPOLL_CTL_ADD, run->peer->descriptor(socket), &event);
}

static void unwatch(int epoll)
{
    if (epoll >= 0)
        close(epoll);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static int round_trips(const struct bench_run *run, void *socket, void *buffer, double *times)
{
    double before = bench_now();
    int epoll, code = watch(run, socket, &epoll);

    for (size_t i = 0; i < run->count && !code; i++) {
        double after;
        code = push(run, socket, buffer) || pull_reply(run, socket, buffer, epoll) ? -1 : 0;
        after = bench_now();
        times[i] = after - before;
        before = after;
    }
    unwatch(epoll);
    return code;
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

static int answers(const struct bench_run *run, void *socket, void *buffer)
{
    int epoll, code = watch(run, socket, &epoll);

    for (size_t i = 0; i < run->count && !code; i++)
        code = pull_reply(run, socket, buffer, epoll) || push(run, socket, buffer) ? -1 : 0;
    unwatch(epoll);
    return code;
}

static int round_trip_far(struct bench_run *run)
{
    void *socket = bench_connect(run, BENCH_REP);
    uint8_t *buffer = calloc(1, run->what->size);
    int code = socket && buffer ? answers(run, socket, buffer) : -1;

    if (!code)
        code = bench_await_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

static void add(struct bench_table *table, struct bench_case *one, const char *test)
{
    static const struct {
        size_t size;
        enum bench_quick quick;
    } sizes[] = {
        {8, BENCH_QUICK_NOT},    {64, BENCH_QUICK_ROUNDS},    {1024, BENCH_QUICK_ROUNDS},
        {8192, BENCH_QUICK_NOT}, {65536, BENCH_QUICK_ROUNDS}, {1048576, BENCH_QUICK_NOT},
    };

    for (int transport = BENCH_TCP; transport <= BENCH_INPROC; transport++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
            one->transport = (enum bench_transport)transport;
            one->size = sizes[i].size;
            one->quick = sizes[i].quick;
            one->has_modes = one->values->is_more_better && one->transport == BENCH_INPROC &&
                             (one->size == 64 || one->size == 65536);
            bench_case_add(table, one, "%s/%s/%zu", test, bench_transport_name(one->transport),
                           one->size);
        }
    }
}

static void add_loops(struct bench_table *table, struct bench_case *one, const char *test)
{
    one->size = 64;
    one->quick = BENCH_QUICK_ROUNDS;
    for (int transport = BENCH_TCP; transport <= BENCH_IPC; transport++) {
        one->transport = (enum bench_transport)transport;
        bench_case_add(table, one, "%s/%s/%zu", test, bench_transport_name(one->transport),
                       one->size);
    }
}

void bench_add_streams(struct bench_table *table)
{
    struct bench_case one_way = {.values = {{NULL, "msg/s", true}},
                                 .roles = 1U << BENCH_PUSH | 1U << BENCH_PULL,
                                 .fars = 1,
                                 .near = bench_one_way_near,
                                 .far = bench_one_way_far};
    struct bench_case round_trip = {.values = {{NULL, "us", false}},
                                    .roles = 1U << BENCH_REQ | 1U << BENCH_REP,
                                    .fars = 1,
                                    .near = round_trip_near,
                                    .far = round_trip_far};

    add(table, &one_way, "one-way");
    one_way.fits = has_objects;
    add(table, &one_way, "one-way-objects");
    add(table, &round_trip, "round-trip");
    round_trip.spin_us = 200;
    round_trip.limit = &bench_raw_spin;
    add_loops(table, &round_trip, "round-trip-spin");
    round_trip.spin_us = 0;
    round_trip.limit = NULL;
    round_trip.fits = has_descriptor;
    add_loops(table, &round_trip, "round-trip-epoll");
}
