#include "report.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *unit(const struct bench_result *result)
{
    return result->cell.test == BENCH_ONE_WAY ? "msg/s" : "us";
}

void report_head(const struct bench_peer *const *peers, size_t peer_count)
{
    struct utsname machine;
    char version[32];

    if (uname(&machine) == 0)
        printf("%s, %ld cores, %s %s\n", machine.machine, sysconf(_SC_NPROCESSORS_ONLN),
               machine.sysname, machine.release);
    for (size_t i = 0; i < peer_count; i++) {
        peers[i]->version(version, sizeof(version));
        printf("%s %s\n", peers[i]->name, version);
    }
    printf("\nMedian (min to max); one-way: messages a second, round-trip: microseconds.\n"
           "Behind it: how many times better than %s.\n\n%-10s %-7s %7s",
           peer_count ? peers[peer_count - 1]->name : "", "test", "over", "bytes");
    for (size_t i = 0; i < peer_count; i++)
        printf("  %-32s%7s", peers[i]->name, i + 1 < peer_count ? "" : "\n");
    fflush(stdout);
}

static void print_summary(const struct bench_result *result, const struct bench_summary *summary)
{
    int digits = result->cell.test == BENCH_ONE_WAY ? 0 : 1;
    char text[96];

    if (!summary->rounds)
        snprintf(text, sizeof(text), "failed");
    else
        snprintf(text, sizeof(text), "%.*f (%.*f to %.*f)", digits, summary->median, digits,
                 summary->min, digits, summary->max);
    printf("  %-32s", text);
}

void report_row(const struct bench_result *result)
{
    const struct bench_cell *cell = &result->cell;

    printf("%-10s %-7s %7zu", bench_test_name(cell->test), bench_transport_name(cell->transport),
           cell->size);
    for (size_t i = 0; i < result->peers; i++) {
        print_summary(result, &result->summaries[i]);
        if (i + 1 < result->peers)
            printf("  %5.2f", bench_ratio(result, i));
    }
    putchar('\n');
    fflush(stdout);
}

static void write_summary(FILE *out, const struct bench_summary *summary)
{
    fprintf(out,
            "{\"messages\": %zu, \"rounds\": %zu, \"median\": %.3f, \"min\": %.3f, \"max\": %.3f, "
            "\"values\": [",
            summary->count, summary->rounds, summary->median, summary->min, summary->max);
    for (size_t i = 0; i < summary->rounds; i++)
        fprintf(out, "%s%.3f", i ? ", " : "", summary->values[i]);
    fputs("]}", out);
}

static void write_result(FILE *out, const struct bench_result *result)
{
    fprintf(out, "    {\"test\": \"%s\", \"transport\": \"%s\", \"size\": %zu, \"unit\": \"%s\"",
            bench_test_name(result->cell.test), bench_transport_name(result->cell.transport),
            result->cell.size, unit(result));
    for (size_t i = 0; i < result->peers; i++) {
        fprintf(out, ",\n     \"%s\": ", result->summaries[i].peer->name);
        write_summary(out, &result->summaries[i]);
    }
    for (size_t i = 0; i + 1 < result->peers; i++)
        fprintf(out, ",\n     \"ratio_%s\": %.3f", result->summaries[i].peer->name,
                bench_ratio(result, i));
    fputs("}", out);
}

int report_json(const char *path, const struct bench_result *results, size_t count)
{
    FILE *out = fopen(path, "w");

    if (!out) {
        fprintf(stderr, "tenon-bench: %s: %s\n", path, strerror(errno));
        return -1;
    }
    fprintf(out, "{\"cores\": %ld,\n  \"results\": [\n", sysconf(_SC_NPROCESSORS_ONLN));
    for (size_t i = 0; i < count; i++) {
        write_result(out, &results[i]);
        fputs(i + 1 < count ? ",\n" : "\n", out);
    }
    fputs("  ]\n}\n", out);
    if (fclose(out)) {
        fprintf(stderr, "tenon-bench: %s: %s\n", path, strerror(errno));
        return -1;
    }
    return 0;
}
