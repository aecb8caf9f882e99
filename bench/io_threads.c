/* One busy PULL socket with 1 and 2 I/O threads behind it, where their work is what counts: eight
 * connections whose bytes are in the boxes of CURVE, from peers that have sealed them before the time begins
 * and cost this machine no more than their writes. */
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>

#include "run.h"
#include "sealed.h"

enum { CONNECTIONS = 8, SIZE = 8192, MESSAGES = 16000 };

static bool has_threads(const struct bench_peer *peer)
{
    return !peer->is_single && peer->io_threads && peer->secure && bench_sealed_is_there();
}

static int receive(struct bench_run *run, void *socket, uint8_t *buffer)
{
    double start = bench_now();

    for (size_t i = 0; i < run->count; i++) {
        if (run->peer->recv(socket, buffer, SIZE) != SIZE)
            return -1;
    }
    run->seconds = bench_now() - start;
    run->values[0] = (double)run->count / run->seconds;
    return 0;
}

static int near(struct bench_run *run)
{
    int code = run->peer->io_threads(run->context, (int)run->what->peers);
    void *socket = code ? NULL : bench_bind(run, BENCH_PULL);
    uint8_t *buffer = malloc(SIZE);
    char is_sealed;

    code = socket && buffer && !bench_hear(run->fars[0], &is_sealed, 1) && !bench_release(run) &&
                   !receive(run, socket, buffer)
               ? bench_release(run)
               : -1;
    if (socket)
        run->peer->close(socket);
    free(buffer);
    return code;
}

/** Until all of each has been written. */
static int write_all(struct bench_sealed *peers)
{
    struct pollfd polls[CONNECTIONS];
    size_t left = CONNECTIONS;

    for (size_t i = 0; i < CONNECTIONS; i++)
        polls[i] = (struct pollfd){.fd = peers[i].fd, .events = POLLOUT};
    while (left) {
        if (poll(polls, CONNECTIONS, BENCH_STALL_MS) <= 0)
            return -1;
        for (size_t i = 0; i < CONNECTIONS; i++) {
            if (!polls[i].revents)
                continue;
            if (bench_sealed_write(&peers[i]))
                return -1;
            if (peers[i].done == peers[i].size) {
                polls[i].fd = -1;
                left--;
            }
        }
    }
    return 0;
}

static int far(struct bench_run *run)
{
    struct bench_sealed peers[CONNECTIONS];
    char endpoint[BENCH_ENDPOINT_MAX];
    size_t opened = 0;
    int code = bench_hear_endpoint(run, endpoint);

    for (; opened < CONNECTIONS && !code; opened++)
        code = bench_sealed_open(&peers[opened], endpoint, run->count / CONNECTIONS, SIZE);
    if (!code)
        code = bench_tell(run->near, "", 1) || bench_await_release(run) || write_all(peers) ||
                       bench_await_release(run)
                   ? -1
                   : 0;
    while (opened > 0)
        bench_sealed_close(&peers[--opened]);
    return code;
}

void bench_add_io_threads(struct bench_table *table)
{
    struct bench_case one = {.values = {{NULL, "msg/s", true}},
                             .roles = 1U << BENCH_PULL,
                             .fits = has_threads,
                             .size = SIZE,
                             .fixed_count = MESSAGES,
                             .is_secure = true,
                             .fars = 1,
                             .near = near,
                             .far = far};

    for (one.peers = 1; one.peers <= 2; one.peers++)
        bench_case_add(table, &one, "io-threads/curve/%zu", one.peers);
}
