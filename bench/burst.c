/* What a burst leaves behind: a socket queues 200 MB that nobody receives yet, as many messages as its
 * high-water mark allows, and is drained; its process's memory before, at the peak and some time after. */
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "run.h"

enum { BURST_SIZE = 200 * 1000, SAMPLE_MS = 100, STILL = 5, SAMPLES_MAX = 80 };

static const double MB = 1e6;

static void pause_for(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/** Memory when it grows no more. */
static double settled_memory(void)
{
    double last = 0, memory = bench_memory();

    for (int still = 0, i = 0; still < STILL && i < SAMPLES_MAX; i++) {
        last = memory;
        pause_for(SAMPLE_MS);
        memory = bench_memory();
        still = memory - last < MB ? still + 1 : 0;
    }
    return memory;
}

static int drain(struct bench_run *run, void *socket, uint8_t *buffer)
{
    double start = bench_now();

    for (size_t i = 0; i < run->count; i++) {
        if (run->peer->recv(socket, buffer, BURST_SIZE) != BURST_SIZE)
            return -1;
    }
    run->seconds = bench_now() - start;
    return 0;
}

static int near(struct bench_run *run)
{
    void *socket = bench_bind(run, BENCH_PULL);
    uint8_t *buffer = calloc(1, BURST_SIZE);
    int code = socket && buffer && run->peer->recv(socket, buffer, BURST_SIZE) >= 0 ? 0 : -1;

    run->values[0] = bench_memory() / MB;
    if (!code && !bench_release(run)) {
        run->values[1] = settled_memory() / MB;
        code = drain(run, socket, buffer);
        pause_for(2500);
        run->values[2] = bench_memory() / MB;
    }
    code |= bench_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

static int far(struct bench_run *run)
{
    void *socket = bench_connect(run, BENCH_PUSH);
    uint8_t *buffer = calloc(1, BURST_SIZE);
    int code = socket && buffer && !run->peer->send(socket, buffer, BURST_SIZE) ? 0 : -1;

    if (!code)
        code = bench_await_release(run);
    for (size_t i = 0; i < run->count && !code; i++)
        code = run->peer->send(socket, buffer, BURST_SIZE);
    if (!code && run->peer->flush)
        code = run->peer->flush(socket);
    if (!code)
        code = bench_await_release(run);
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

void bench_add_burst(struct bench_table *table)
{
    struct bench_case one = {
        .values = {{"before", "MB", false}, {"peak", "MB", false}, {"after", "MB", false}},
        .roles = 1U << BENCH_PUSH | 1U << BENCH_PULL,
        .transport = BENCH_TCP,
        .size = BURST_SIZE,
        .fixed_count = BENCH_HWM,
        .quick = BENCH_QUICK_NOT,
        .fars = 1,
        .near = near,
        .far = far};

    bench_case_add(table, &one, "memory/burst");
}
