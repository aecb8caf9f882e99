#include "html.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "report.h"

enum { ROW = 24, BAR = 14, LEFT = 90, WIDTH = 480, RIGHT = 420, NAME_ROOM = 80 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>tenon-bench</title>\n"
    "<style>body{font:14px sans-serif;margin:2em auto;max-width:72em;color:#222}"
    "h2{font-size:1em;margin:1.6em 0 0}text{font:12px sans-serif;fill:#222}"
    ".bar{fill:#9ab}.ours{fill:#2a7}.whisker{stroke:#222}"
    "p{color:#555;margin:.2em 0}</style></head><body>\n<h1>tenon-bench</h1>\n";

static double largest(const struct bench_result *result, size_t value)
{
    double top = 0;

    for (size_t i = 0; i < result->peers; i++) {
        const struct bench_entry *entry = &result->entries[i];
        if (entry->rounds && entry->summaries[value].max > top)
            top = entry->summaries[value].max;
    }
    return top > 0 ? top : 1;
}

static void write_bar(FILE *out, const struct bench_entry *entry, size_t value, double scale, int y)
{
    const struct bench_summary *summary = &entry->summaries[value];
    bool is_ours = entry->peer == &bench_tenon || entry->peer == &bench_dropin;
    double from = LEFT + summary->min * scale, to = LEFT + summary->max * scale;
    double middle = y + BAR / 2.0;

    fprintf(out, "<text x=\"0\" y=\"%d\">%s</text>", y + BAR - 2, entry->peer->name);
    if (!entry->rounds) {
        fprintf(out, "<text x=\"%d\" y=\"%d\">failed</text>\n", LEFT, y + BAR - 2);
        return;
    }
    fprintf(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>",
            is_ours ? "ours" : "bar", LEFT, y, summary->median * scale, BAR);
    fprintf(out, "<path class=\"whisker\" d=\"M%.1f %.1fH%.1fM%.1f %.1fv6M%.1f %.1fv6\"/>", from,
            middle, to, from, middle - 3, to, middle - 3);
}

static void write_figures(FILE *out, const struct bench_result *result, size_t n, size_t value,
                          int y)
{
    const struct bench_summary *summary = &result->entries[n].summaries[value];
    struct bench_comparison to = bench_compare(result, n, value);

    if (!result->entries[n].rounds)
        return;
    fprintf(out, "<text x=\"%d\" y=\"%d\">%.6g (%.6g to %.6g)", LEFT + WIDTH + 8, y + BAR - 2,
            summary->median, summary->min, summary->max);
    if (to.to_libzmq > 0)
        fprintf(out, ", %.2f x", to.to_libzmq);
    if (to.to_best > 0)
        fprintf(out, " (best round: %.2f x)", to.to_best);
    if (to.of_raw > 0)
        fprintf(out, ", %.2f of raw", to.of_raw);
    fputs("</text>\n", out);
}

static void write_plot(FILE *out, const struct bench_result *result, size_t value)
{
    const struct bench_value *what = &result->what->values[value];
    double scale = WIDTH / largest(result, value);
    char name[NAME_ROOM];
    int rows = 0;

    for (size_t i = 0; i < result->peers; i++)
        rows += result->entries[i].is_there;
    report_name(result, value, name, sizeof(name));
    fprintf(out,
            "<h2>%s</h2><p>%s, %s is better</p>\n<svg width=\"%d\" height=\"%d\" role=\"img\">\n",
            name, what->unit, what->is_more_better ? "more" : "less", LEFT + WIDTH + RIGHT,
            rows * ROW + 4);
    rows = 0;
    for (size_t i = 0; i < result->peers; i++) {
        if (!result->entries[i].is_there)
            continue;
        write_bar(out, &result->entries[i], value, scale, rows * ROW + 4);
        write_figures(out, result, i, value, rows * ROW + 4);
        rows++;
    }
    fputs("</svg>\n", out);
}

static void write_machine(FILE *out)
{
    struct utsname machine;

    if (uname(&machine) == 0)
        fprintf(out, "<p>%s, %ld cores, %s %s.</p>\n", machine.machine,
                sysconf(_SC_NPROCESSORS_ONLN), machine.sysname, machine.release);
    fputs(
        "<p>A bar is the median of the rounds, its whisker goes from the minimum to the maximum. "
        "\"3 x\" is three times better than libzmq in the same run, and \"best round\" than the "
        "best of libzmq's rounds, where it has two modes; \"1.2 of raw\" is the median divided by "
        "that of bare sockets, those that spin where the library's do.</p>\n",
        out);
}

int report_html(const char *path, const struct bench_result *results, size_t count)
{
    FILE *out = fopen(path, "w");

    if (!out)
        goto fail;
    fputs(head, out);
    if (count && results->peers)
        write_machine(out);
    for (size_t i = 0; i < count; i++) {
        for (size_t value = 0; value < BENCH_VALUES_MAX && results[i].what->values[value].unit;
             value++)
            write_plot(out, &results[i], value);
    }
    fputs("</body></html>\n", out);
    if (fclose(out) == 0)
        return 0;
fail:
    fprintf(stderr, "tenon-bench: %s: %s\n", path, strerror(errno));
    return -1;
}
