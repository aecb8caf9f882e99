/*
 * measure.h: all rounds of one cell with all libraries, and what they come to.
 */
#ifndef TENON_BENCH_MEASURE_H
#define TENON_BENCH_MEASURE_H

#include <stdbool.h>

#include "run.h"

enum { BENCH_PEERS_MAX = 8, BENCH_ROUNDS_MAX = 101 };

struct bench_summary {
    const struct bench_peer *peer;
    size_t count; /* messages a round */
    size_t rounds; /* that succeeded */
    double values[BENCH_ROUNDS_MAX];
    double median, min, max;
};

struct bench_result {
    struct bench_cell cell;
    struct bench_summary summaries[BENCH_PEERS_MAX];
    size_t peers;
};

/** Finds for each library how many messages take about `seconds`, in a warm-up; then `rounds` rounds,
 *  in each of which every library runs once. A library that fails has fewer rounds. */
void bench_measure(const struct bench_peer *const *peers, size_t peer_count,
                   const struct bench_cell *cell, size_t rounds, double seconds,
                   struct bench_result *out_result);

/** How many times better the n-th library is than the last; 0 when either has no result. */
double bench_ratio(const struct bench_result *result, size_t n);

#endif
