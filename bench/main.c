#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "html.h"
#include "measure.h"
#include "report.h"

enum { USAGE = 2, FILTERS_MAX = 64 };

struct options {
    size_t rounds;
    double seconds;
    bool is_quick, is_list;
    const char *json;
    const char *html;
    const char *filters[FILTERS_MAX];
    size_t filter_count;
    bool is_only[BENCH_PEERS_MAX]; /* as bench_peers; none: all */
    bool has_only;
};

static const char help[] =
    "Usage: tenon-bench [OPTION...]\n"
    "\n"
    "Runs Tenon, its drop-in for libzmq, nanomsg, nng, bare sockets (raw, and raw-spin, which\n"
    "never sleeps) and libzmq in turn and compares them with the last: one way and round trips,\n"
    "many senders, subscribers, connections and subscriptions, a proxy, the first socket.\n"
    "Libraries that the machine does not have are left out.\n"
    "\n"
    "  --rounds N       rounds of each case, 1 to 101 (default 5)\n"
    "  --seconds S      about how long a round takes (default 1)\n"
    "  --quick          3 rounds of 0.05 seconds, one where a round takes longer by itself, and\n"
    "                   not the longest cases; under two minutes\n"
    "  --case FILTERS   only cases whose name contains one of FILTERS, e.g. tcp, /64 or\n"
    "                   one-way/ipc,pub; names are like one-way/tcp/1024. May be given again\n"
    "  --only LIBRARIES only these, e.g. tenon,raw,libzmq, of tenon, drop-in, nanomsg, nng, raw,\n"
    "                   raw-spin and libzmq\n"
    "  --json FILE      write all figures to FILE as well\n"
    "  --html FILE      write a page with plots of them to FILE as well\n"
    "  --list           print the names of the cases and end\n"
    "  --help           this text\n"
    "\n"
    "Examples:\n"
    "  tenon-bench --quick\n"
    "  tenon-bench --case round-trip --rounds 11 --json results.json\n"
    "\n"
    "Exit status: 0 Tenon went through all cases, 1 it failed in one, 2 wrong usage.\n";

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "tenon-bench: %s%s\nTry `tenon-bench --help`.\n", what, value);
    return USAGE;
}

static int parse_rounds(const char *text, struct options *options)
{
    char *end;
    unsigned long rounds = strtoul(text, &end, 10);

    if (*end || rounds < 1 || rounds > BENCH_ROUNDS_MAX)
        return usage_error("--rounds takes a number from 1 to 101, not ", text);
    options->rounds = rounds;
    return 0;
}

static int parse_seconds(const char *text, struct options *options)
{
    char *end;
    double seconds = strtod(text, &end);

    if (*end || !(seconds > 0 && seconds <= 3600))
        return usage_error("--seconds takes a number above 0 and up to 3600, not ", text);
    options->seconds = seconds;
    return 0;
}

static int parse_only(const char *text, struct options *options)
{
    char names[128], *rest = names, *name;

    snprintf(names, sizeof(names), "%s", text);
    while ((name = strsep(&rest, ","))) {
        int place = bench_peer_place(name);
        if (place < 0)
            return usage_error("--only takes a list of tenon, drop-in, nanomsg, nng, raw, "
                               "raw-spin and libzmq with commas between, not ",
                               text);
        options->is_only[place] = options->has_only = true;
    }
    return 0;
}

/** The filters lie in `text` from then on. */
static int parse_filters(char *text, struct options *options)
{
    char *filter;

    while ((filter = strsep(&text, ","))) {
        if (!*filter)
            return usage_error("--case takes parts of names with commas between", "");
        if (options->filter_count == FILTERS_MAX)
            return usage_error("--case takes 64 filters, and one too many is ", filter);
        options->filters[options->filter_count++] = filter;
    }
    return 0;
}

/** 0, or USAGE after it said why. */
static int parse(int argc, char **argv, struct options *options)
{
    static const struct option long_options[] = {
        {"rounds", required_argument, NULL, 'r'}, {"seconds", required_argument, NULL, 's'},
        {"quick", no_argument, NULL, 'q'},        {"case", required_argument, NULL, 'c'},
        {"only", required_argument, NULL, 'o'},   {"json", required_argument, NULL, 'j'},
        {"html", required_argument, NULL, 'w'},   {"help", no_argument, NULL, 'h'},
        {"list", no_argument, NULL, 'l'},         {NULL, 0, NULL, 0},
    };
    int key, status = 0;

    while (!status && (key = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (key == 'h') {
            fputs(help, stdout);
            exit(EXIT_SUCCESS);
        } else if (key == 'r') {
            status = parse_rounds(optarg, options);
        } else if (key == 's') {
            status = parse_seconds(optarg, options);
        } else if (key == 'o') {
            status = parse_only(optarg, options);
        } else if (key == 'q') {
            options->is_quick = true;
            options->rounds = 3;
            options->seconds = 0.05;
        } else if (key == 'l') {
            options->is_list = true;
        } else if (key == 'c') {
            status = parse_filters(optarg, options);
        } else if (key == 'j') {
            options->json = optarg;
        } else if (key == 'w') {
            options->html = optarg;
        } else {
            return USAGE;
        }
    }
    if (!status && optind < argc)
        return usage_error("one word too many: ", argv[optind]);
    return status;
}

static bool is_wanted(const struct options *options, const struct bench_case *one)
{
    for (size_t i = 0; i < options->filter_count; i++) {
        if (strstr(one->name, options->filters[i]))
            return true;
    }
    return !options->filter_count && (!options->is_quick || one->quick != BENCH_QUICK_NOT);
}

static int check_filters(const struct options *options, const struct bench_table *table)
{
    for (size_t i = 0; i < options->filter_count; i++) {
        size_t place = 0;
        while (place < table->count && !strstr(table->cases[place].name, options->filters[i]))
            place++;
        if (place == table->count)
            return usage_error("no case has that in its name: ", options->filters[i]);
    }
    return 0;
}

static size_t rounds_of(const struct options *options, const struct bench_case *one)
{
    return options->is_quick && one->quick != BENCH_QUICK_ROUNDS ? 1 : options->rounds;
}

static size_t load_peers(const struct options *options, const struct bench_peer **out_peers)
{
    bool is_there[BENCH_PEERS_MAX] = {false};
    size_t count = 0, last = 0;

    while (bench_peers[last])
        last++;
    /* The system's libzmq first: once the drop-in is there, the bare name stands for that one. */
    for (size_t i = last; i-- > 0;) {
        if (options->has_only && !options->is_only[i])
            continue;
        is_there[i] = bench_peers[i]->load() == 0;
        if (!is_there[i])
            printf("%s is not there: the others are measured without it.\n", bench_peers[i]->name);
    }
    for (size_t i = 0; i < last; i++) {
        if (is_there[i])
            out_peers[count++] = bench_peers[i];
    }
    return count;
}

/* A round that another library did not finish shows in the table; it is no failure of ours. */
static bool is_complete(const struct bench_result *result)
{
    for (size_t i = 0; i < result->peers; i++) {
        const struct bench_entry *entry = &result->entries[i];
        bool is_ours = entry->peer == &bench_tenon || entry->peer == &bench_dropin;
        if (is_ours && entry->is_there && entry->rounds != result->rounds)
            return false;
    }
    return true;
}

static int run_cases(const struct options *options, const struct bench_table *table,
                     struct bench_result *results)
{
    const struct bench_peer *peers[BENCH_PEERS_MAX];
    size_t peer_count = load_peers(options, peers), count = 0;
    int status = EXIT_SUCCESS;

    report_head(peers, peer_count);
    for (size_t i = 0; i < table->count; i++) {
        const struct bench_case *one = &table->cases[i];
        if (!is_wanted(options, one))
            continue;
        bench_measure(peers, peer_count, one, rounds_of(options, one), options->seconds,
                      &results[count]);
        report_result(&results[count]);
        if (!is_complete(&results[count]))
            status = EXIT_FAILURE;
        count++;
    }
    if (options->json && report_json(options->json, results, count))
        return EXIT_FAILURE;
    if (options->html && report_html(options->html, results, count))
        return EXIT_FAILURE;
    return status;
}

/* Two descriptors for a connection, thousands of connections. */
static void raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int list_cases(const struct options *options, const struct bench_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        if (is_wanted(options, &table->cases[i]))
            puts(table->cases[i].name);
    }
    return EXIT_SUCCESS;
}

static void add_families(struct bench_table *table)
{
    bench_add_streams(table);
    bench_add_fan_in(table);
    bench_add_io_threads(table);
    bench_add_fan_out(table);
    bench_add_connections(table);
    bench_add_idle(table);
    bench_add_subscriptions(table);
    bench_add_proxy(table);
    bench_add_burst(table);
    bench_add_first(table);
    bench_add_curve(table);
#ifdef BENCH_TLS
    bench_add_tls(table);
#endif
}

int main(int argc, char **argv)
{
    struct options options = {.rounds = 5, .seconds = 1};
    struct bench_table *table = calloc(1, sizeof(*table));
    struct bench_result *results = calloc(BENCH_CASES_MAX, sizeof(*results));
    int status = parse(argc, argv, &options);

    if (!table || !results)
        status = EXIT_FAILURE;
    if (!status) {
        raise_limit();
        add_families(table);
        status = check_filters(&options, table);
    }
    if (!status)
        status =
            options.is_list ? list_cases(&options, table) : run_cases(&options, table, results);
    free(results);
    free(table);
    return status;
}
