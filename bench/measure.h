/*
 * measure.h: all rounds of one case with all libraries, and what they come to.
 */
#ifndef TENON_BENCH_MEASURE_H
#define TENON_BENCH_MEASURE_H

#include <stdbool.h>

#include "run.h"

enum { BENCH_PEERS_MAX = 8, BENCH_ROUNDS_MAX = 101 };

/** One value of one library. */
struct bench_summary {
    double values[BENCH_ROUNDS_MAX];
    double median, min, max;
};

struct bench_entry {
    const struct bench_peer *peer;
    bool is_there; /* the library can do the case */
    size_t count; /* messages a round */
    size_t rounds; /* that succeeded */
    struct bench_summary summaries[BENCH_VALUES_MAX];
    struct bench_summary cpu; /* nanoseconds a message, all processes of the run from their start */
};

struct bench_result {
    const struct bench_case *what;
    size_t rounds; /* that were wanted */
    struct bench_entry entries[BENCH_PEERS_MAX];
    size_t peers;
};

/** Finds for each library how many messages take about `seconds`, in a warm-up; then `rounds` rounds,
 *  in each of which every library runs once. A library that fails has fewer rounds. */
void bench_measure(const struct bench_peer *const *peers, size_t peer_count,
                   const struct bench_case *what, size_t rounds, double seconds,
                   struct bench_result *out_result);

/** How the n-th library compares in one value; 0 where one of the two has none. */
struct bench_comparison {
    double to_libzmq; /* how many times better, median to median */
    double to_best; /* the same to libzmq's best round, where it has two modes */
    double of_raw; /* the median divided by that of bare sockets: 1.2 is a fifth more */
};

struct bench_comparison bench_compare(const struct bench_result *result, size_t n, size_t value);

#endif
