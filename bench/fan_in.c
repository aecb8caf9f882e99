/* Many senders into one PULL socket; the same with several I/O threads behind it. */
#include "stream.h"

static bool has_many(const struct bench_peer *peer)
{
    return !peer->is_single;
}

static bool has_threads(const struct bench_peer *peer)
{
    return !peer->is_single && peer->io_threads;
}

static int threads_near(struct bench_run *run)
{
    if (run->peer->io_threads(run->context, (int)run->what->peers))
        return -1;
    return bench_one_way_near(run);
}

void bench_add_fan_in(struct bench_table *table)
{
    struct bench_case one = {.values = {{NULL, "msg/s", true}},
                             .roles = 1U << BENCH_PUSH | 1U << BENCH_PULL,
                             .fits = has_many,
                             .size = 64,
                             .fars = 16,
                             .near = bench_one_way_near,
                             .far = bench_one_way_far};

    bench_case_add(table, &one, "fan-in/tcp/%zu-senders", one.fars);
    one.fits = has_threads;
    one.near = threads_near;
    one.fars = 4;
    for (one.peers = 1; one.peers <= 2; one.peers++)
        bench_case_add(table, &one, "io-threads/tcp/%zu", one.peers);
}
