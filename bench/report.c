#include "report.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { NAME_ROOM = 80 };

void report_name(const struct bench_result *result, size_t value, char *out_name, size_t room)
{
    const char *part = result->what->values[value].name;

    snprintf(out_name, room, "%s%s%s", result->what->name, part ? "/" : "", part ? part : "");
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
    puts("\nMedian (minimum to maximum) of the rounds; ratio: how many times better than libzmq; "
         "best:\n"
         "than its best round, where it has two modes; / raw: the median divided by that of bare\n"
         "sockets (by raw-spin's where the sockets spin); CPU time of both sides for a message, "
         "from\n"
         "the start of the processes to their end.\n");
    printf("%-32s %-10s %12s %-6s %26s %7s %7s %7s %10s\n", "case", "library", "median", "", "",
           "ratio", "best", "/ raw", "CPU ns");
    fflush(stdout);
}

static int digits(double number)
{
    return number < 100 ? 2 : number < 1000 ? 1 : 0;
}

static void print_ratio(double ratio)
{
    if (ratio > 0)
        printf(" %7.2f", ratio);
    else
        printf(" %7s", "");
}

static void print_entry(const struct bench_result *result, size_t n, size_t value)
{
    const struct bench_entry *entry = &result->entries[n];
    const struct bench_summary *summary = &entry->summaries[value];
    struct bench_comparison to = bench_compare(result, n, value);
    char range[64], name[NAME_ROOM];

    report_name(result, value, name, sizeof(name));
    printf("%-32s %-10s", name, entry->peer->name);
    if (!entry->rounds) {
        printf(" %12s\n", "failed");
        return;
    }
    snprintf(range, sizeof(range), "(%.*f to %.*f)", digits(summary->min), summary->min,
             digits(summary->max), summary->max);
    printf(" %12.*f %-6s %26s", digits(summary->median), summary->median,
           result->what->values[value].unit, range);
    print_ratio(to.to_libzmq);
    print_ratio(to.to_best);
    print_ratio(to.of_raw);
    if (value == 0 && !result->what->fixed_count)
        printf(" %10.0f", entry->cpu.median);
    putchar('\n');
}

void report_result(const struct bench_result *result)
{
    for (size_t value = 0; value < BENCH_VALUES_MAX; value++) {
        if (!result->what->values[value].unit)
            break;
        for (size_t i = 0; i < result->peers; i++) {
            if (result->entries[i].is_there)
                print_entry(result, i, value);
        }
    }
    fflush(stdout);
}

static void write_summary(FILE *out, const char *name, const struct bench_summary *summary,
                          size_t rounds)
{
    fprintf(out, "\"%s\": {\"median\": %.4f, \"min\": %.4f, \"max\": %.4f, \"values\": [", name,
            summary->median, summary->min, summary->max);
    for (size_t i = 0; i < rounds; i++)
        fprintf(out, "%s%.4f", i ? ", " : "", summary->values[i]);
    fputs("]}", out);
}

static void write_value(FILE *out, const struct bench_result *result, size_t value)
{
    const struct bench_value *what = &result->what->values[value];
    char name[NAME_ROOM];

    report_name(result, value, name, sizeof(name));
    fprintf(out,
            "    {\"case\": \"%s\", \"unit\": \"%s\", \"more_is_better\": %s,\n"
            "     \"size\": %zu, \"libraries\": {",
            name, what->unit, what->is_more_better ? "true" : "false", result->what->size);
    for (size_t i = 0, written = 0; i < result->peers; i++) {
        const struct bench_entry *entry = &result->entries[i];
        struct bench_comparison to = bench_compare(result, i, value);
        if (!entry->is_there)
            continue;
        fprintf(out,
                "%s\n      \"%s\": {\"messages\": %zu, \"rounds\": %zu,\n       "
                "\"ratio\": %.4f, \"ratio_to_best\": %.4f, \"of_raw\": %.4f,\n       ",
                written++ ? "," : "", entry->peer->name, entry->count, entry->rounds, to.to_libzmq,
                to.to_best, to.of_raw);
        write_summary(out, "value", &entry->summaries[value], entry->rounds);
        fputs(",\n       ", out);
        write_summary(out, "cpu_ns", &entry->cpu, entry->rounds);
        fputc('}', out);
    }
    fputs("}}", out);
}

int report_json(const char *path, const struct bench_result *results, size_t count)
{
    FILE *out = fopen(path, "w");
    size_t written = 0;

    if (!out)
        goto fail_open;
    fprintf(out, "{\"cores\": %ld,\n  \"results\": [\n", sysconf(_SC_NPROCESSORS_ONLN));
    for (size_t i = 0; i < count; i++) {
        for (size_t value = 0; value < BENCH_VALUES_MAX; value++) {
            if (!results[i].what->values[value].unit)
                break;
            fputs(written++ ? ",\n" : "", out);
            write_value(out, &results[i], value);
        }
    }
    fputs("\n  ]\n}\n", out);
    if (fclose(out) == 0)
        return 0;
fail_open:
    fprintf(stderr, "tenon-bench: %s: %s\n", path, strerror(errno));
    return -1;
}
