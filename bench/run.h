/*
 * run.h: one run of one cell with one library.
 *
 * A cell is a test (one way or round trip), a transport and a size. Over tcp and ipc the other side is
 * a process of its own, this program started again; over inproc it is a thread.
 */
#ifndef TENON_BENCH_RUN_H
#define TENON_BENCH_RUN_H

#include <stddef.h>

#include "peer.h"

enum bench_test { BENCH_ONE_WAY, BENCH_ROUND_TRIP };
enum bench_transport { BENCH_TCP, BENCH_IPC, BENCH_INPROC };

struct bench_cell {
    enum bench_test test;
    enum bench_transport transport;
    size_t size;
};

/** Moves `count` messages, or makes as many round trips. `*out_value` is messages a second, from the
 *  first message received to the last, or the median round trip in microseconds; `*out_seconds` how
 *  long it took. -1 after a message. */
int bench_run(const struct bench_peer *peer, const struct bench_cell *cell, size_t count,
              double *out_value, double *out_seconds);

/** The other side, in its own process: `arguments` are those that bench_run gave it. Returns an exit
 *  code. */
int bench_child(int count, char **arguments);

/** "one-way", "round-trip"; "tcp", "ipc", "inproc". */
const char *bench_test_name(enum bench_test test);
const char *bench_transport_name(enum bench_transport transport);

#endif
