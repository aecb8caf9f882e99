#include "measure.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_COUNT = 500, COUNT_MAX = 50 * 1000 * 1000, GROWTH_MAX = 10 };

/** 0 when the library fails. */
static size_t calibrate(const struct bench_peer *peer, const struct bench_cell *cell,
                        double seconds)
{
    size_t count = FIRST_COUNT;

    for (;;) {
        double value, taken, growth;
        if (bench_run(peer, cell, count, &value, &taken))
            return 0;
        growth = taken > 0 ? seconds / taken : GROWTH_MAX;
        if (growth <= 4 || count * 4 > COUNT_MAX) {
            count = (size_t)((double)count * growth);
            return count < FIRST_COUNT / 5 ? FIRST_COUNT / 5 : count;
        }
        count = (size_t)((double)count * (growth < GROWTH_MAX ? growth : GROWTH_MAX));
    }
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void summarise(struct bench_summary *summary)
{
    double sorted[BENCH_ROUNDS_MAX];
    size_t rounds = summary->rounds;

    if (!rounds)
        return;
    memcpy(sorted, summary->values, rounds * sizeof(*sorted));
    qsort(sorted, rounds, sizeof(*sorted), compare);
    summary->min = sorted[0];
    summary->max = sorted[rounds - 1];
    summary->median = (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
}

void bench_measure(const struct bench_peer *const *peers, size_t peer_count,
                   const struct bench_cell *cell, size_t rounds, double seconds,
                   struct bench_result *out_result)
{
    memset(out_result, 0, sizeof(*out_result));
    out_result->cell = *cell;
    out_result->peers = peer_count;
    for (size_t i = 0; i < peer_count; i++) {
        out_result->summaries[i].peer = peers[i];
        out_result->summaries[i].count = calibrate(peers[i], cell, seconds);
    }
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < peer_count; i++) {
            /* Who goes first alternates, so that a trend of the machine hits all alike. */
            size_t turn = round % 2 ? peer_count - 1 - i : i;
            struct bench_summary *summary = &out_result->summaries[turn];
            double taken;
            if (summary->count && bench_run(summary->peer, cell, summary->count,
                                            &summary->values[summary->rounds], &taken) == 0)
                summary->rounds++;
        }
    }
    for (size_t i = 0; i < peer_count; i++)
        summarise(&out_result->summaries[i]);
}

double bench_ratio(const struct bench_result *result, size_t n)
{
    const struct bench_summary *one = &result->summaries[n];
    const struct bench_summary *last = &result->summaries[result->peers - 1];

    if (!one->rounds || !last->rounds)
        return 0;
    if (result->cell.test == BENCH_ONE_WAY)
        return one->median / last->median;
    return last->median / one->median;
}
