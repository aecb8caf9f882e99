/* What a program pays before its first message: the library's start, the modules it loads, a bind. */
#include "run.h"

static int near(struct bench_run *run)
{
    double start = bench_now(), memory = bench_memory();
    void *context = run->peer->context_new(), *socket;
    char endpoint[BENCH_ENDPOINT_MAX];
    int code;

    if (!context)
        return -1;
    socket = run->peer->open(context, BENCH_REP);
    code = socket ? run->peer->bind(socket, bench_wildcard(run->what->transport), endpoint) : -1;
    run->values[0] = (bench_now() - start) * 1e6;
    run->values[1] = (bench_memory() - memory) / 1024;
    if (socket)
        run->peer->close(socket);
    run->peer->context_end(context);
    return code;
}

void bench_add_first(struct bench_table *table)
{
    struct bench_case one = {.values = {{"time", "us", false}, {"memory", "KiB", false}},
                             .roles = 1U << BENCH_REP,
                             .fixed_count = 1,
                             .is_bare = true,
                             .near = near};

    for (int transport = BENCH_TCP; transport <= BENCH_INPROC; transport++) {
        one.transport = (enum bench_transport)transport;
        bench_case_add(table, &one, "first-socket/%s", bench_transport_name(one.transport));
    }
}
