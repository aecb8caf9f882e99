#include "measure.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_COUNT = 100, LEAST_COUNT = 64, COUNT_MAX = 50 * 1000 * 1000, GROWTH_MAX = 10 };

/** 0 when the library fails. */
static size_t calibrate(const struct bench_peer *peer, const struct bench_case *what,
                        double seconds)
{
    size_t count = FIRST_COUNT;
    bool is_sure =
        what->fars == 1; /* many processes: one that starts late makes a short run long */

    if (what->fixed_count)
        return what->fixed_count;
    for (;;) {
        struct bench_outcome outcome;
        double growth;
        if (bench_run(peer, what, count, &outcome))
            return 0;
        growth = outcome.seconds > 0 ? seconds / outcome.seconds : GROWTH_MAX;
        if (growth <= 4 && !is_sure) {
            is_sure = true;
            continue;
        }
        if (growth <= 4 || count * 4 > COUNT_MAX) {
            count = (size_t)((double)count * growth);
            return count < LEAST_COUNT ? LEAST_COUNT : count;
        }
        count = (size_t)((double)count * (growth < GROWTH_MAX ? growth : GROWTH_MAX));
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void summarise(struct bench_summary *summary, size_t rounds)
{
    double sorted[BENCH_ROUNDS_MAX];

    if (!rounds)
        return;
    memcpy(sorted, summary->values, rounds * sizeof(*sorted));
    qsort(sorted, rounds, sizeof(*sorted), compare);
    summary->min = sorted[0];
    summary->max = sorted[rounds - 1];
    summary->median = (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
}

static void run_round(struct bench_entry *entry, const struct bench_case *what)
{
    struct bench_outcome outcome;

    if (!entry->count)
        return;
    if (bench_run(entry->peer, what, entry->count, &outcome)) {
        /* What hung once would cost its time limit again in each round. */
        entry->count = 0;
        return;
    }
    for (size_t i = 0; i < BENCH_VALUES_MAX; i++)
        entry->summaries[i].values[entry->rounds] = outcome.values[i];
    entry->cpu.values[entry->rounds] = outcome.cpu / (double)entry->count * 1e9;
    entry->rounds++;
}

void bench_measure(const struct bench_peer *const *peers, size_t peer_count,
                   const struct bench_case *what, size_t rounds, double seconds,
                   struct bench_result *out_result)
{
    memset(out_result, 0, sizeof(*out_result));
    out_result->what = what;
    out_result->peers = peer_count;
    out_result->rounds = rounds;
    for (size_t i = 0; i < peer_count; i++) {
        struct bench_entry *entry = &out_result->entries[i];
        entry->peer = peers[i];
        entry->is_there = bench_case_fits(what, peers[i]);
        if (entry->is_there)
            entry->count = calibrate(peers[i], what, seconds);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < peer_count; i++) {
            /* Who goes first alternates, so that a trend of the machine hits all alike. */
            size_t turn = round % 2 ? peer_count - 1 - i : i;
            run_round(&out_result->entries[turn], what);
        }
    }
    for (size_t i = 0; i < peer_count; i++) {
        struct bench_entry *entry = &out_result->entries[i];
        for (size_t value = 0; value < BENCH_VALUES_MAX; value++)
            summarise(&entry->summaries[value], entry->rounds);
        summarise(&entry->cpu, entry->rounds);
    }
}

static const struct bench_entry *find(const struct bench_result *result,
                                      const struct bench_peer *peer)
{
    for (size_t i = 0; i < result->peers; i++) {
        if (result->entries[i].peer == peer && result->entries[i].rounds)
            return &result->entries[i];
    }
    return NULL;
}

static double quotient(double above, double below)
{
    return above > 0 && below > 0 ? above / below : 0;
}

struct bench_comparison bench_compare(const struct bench_result *result, size_t n, size_t value)
{
    const struct bench_entry *one = &result->entries[n], *zmq = find(result, &bench_zmq);
    const struct bench_entry *raw = find(result, result->what->limit);
    bool is_more_better = result->what->values[value].is_more_better;
    double ours = one->summaries[value].median;
    struct bench_comparison comparison = {0};

    if (!one->rounds)
        return comparison;
    if (raw)
        comparison.of_raw = quotient(ours, raw->summaries[value].median);
    if (zmq) {
        const struct bench_summary *theirs = &zmq->summaries[value];
        double best = is_more_better ? theirs->max : theirs->min;
        comparison.to_libzmq =
            is_more_better ? quotient(ours, theirs->median) : quotient(theirs->median, ours);
        if (result->what->has_modes)
            comparison.to_best = is_more_better ? quotient(ours, best) : quotient(best, ours);
    }
    return comparison;
}
