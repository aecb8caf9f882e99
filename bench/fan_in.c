/* Many senders into one PULL socket. */
#include "stream.h"

static bool has_many(const struct bench_peer *peer)
{
    return !peer->is_single;
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
}
