#include "cmd_conform.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conform/conform.h"
#include "conform/ends.h"
#include "conform/settings.h"
#include "module_file.h"
#include "usage.h"

enum { CASES_MAX = 64, RESULTS_MAX = 2048 };

static const char help[] =
    "Usage: tenon conform FILE.so [OPTION...]\n"
    "\n"
    "Tries the transports, patterns and mechanisms of a module as programs and their peers would,\n"
    "each case in a process of its own with a time limit, and watches that the rules of\n"
    "tenon/transport.h, tenon/pattern.h and tenon/mechanism.h are kept meanwhile. A failure says\n"
    "what was expected and why it matters.\n"
    "\n"
    "      --endpoint TEXT         a transport: where to bind; %d is a directory, %n a number of "
    "its\n"
    "                              own. Without it NAME://%d/%n, NAME://127.0.0.1:*, NAME://* and\n"
    "                              NAME://%n are tried\n"
    "      --connect-options TEXT  a transport: options of its connects, \"ca=cert.pem&verify=1\"\n"
    "      --ends pty|socketpair   a transport that makes no connections: two ends for each, "
    "which\n"
    "                              %a in --endpoint and %b in --connect name\n"
    "      --connect TEXT          with --ends: where a connect goes\n"
    "      --script FILE           a pattern: its state machine, to be followed\n"
    "      --option [SIDE:]NAME=VALUE  a mechanism: an option of its \"client\", its \"server\" or "
    "both;\n"
    "                              SIDE \"wrong\": what a client must not be let in with "
    "(repeatable)\n"
    "      --options FILE          the same, one a line\n"
    "      --feature NAME          that feature of the module alone\n"
    "      --case NAME             that case alone (repeatable)\n"
    "      --json                  the report as JSON\n"
    "      --list                  print the cases and what they expect\n"
    "  -h, --help                  this text\n"
    "\n"
    "tenon-conform(1) describes scripts, options and every case.\n"
    "\n"
    "Examples:\n"
    "  tenon conform ./carrier.so\n"
    "  tenon conform ./carrier.so --endpoint carrier://%d/%n --case exchange\n"
    "  tenon conform ./ballot.so --script ballot.script\n"
    "  tenon conform ./token.so --option token=right --option wrong:token=wrong\n"
    "\n"
    "Exit status: 0 nothing failed, 1 something failed, 2 wrong usage.\n";

static const struct conform_suite *const suites[] = {&conform_transports, &conform_patterns,
                                                     &conform_mechanisms};

struct request {
    const char *file, *feature;
    struct subject subject; /* what the command line says about every feature */
    struct settings settings;
    const char *cases[CASES_MAX];
    int case_count;
    bool json;
};

struct outcome {
    struct conform_result *results;
    size_t count;
    int tried, failed;
};

static void list_cases(void)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        for (const struct conform_case *what = suites[i]->cases; what->name; what++)
            printf("%-10s %-22s %s\n", suites[i]->kind, what->name, what->expects);
}

static bool is_case(const char *name)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        for (const struct conform_case *what = suites[i]->cases; what->name; what++)
            if (strcmp(what->name, name) == 0)
                return true;
    return false;
}

static bool is_wanted(const struct request *request, const char *name)
{
    for (int i = 0; i < request->case_count; i++) {
        if (strcmp(request->cases[i], name) == 0)
            return true;
    }
    return request->case_count == 0;
}

static const struct conform_suite *suite_of(const tn_feature_t *feature)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
        if (suites[i]->feature_kind == feature->kind)
            return suites[i];
    return NULL;
}

static void try_cases(const struct request *request, const struct conform_suite *suite,
                      const struct subject *subject, struct outcome *outcome)
{
    int count = 0, failed = 0;

    for (const struct conform_case *what = suite->cases; what->name; what++) {
        struct conform_result *result = &outcome->results[outcome->count];

        if (!is_wanted(request, what->name) || outcome->count == RESULTS_MAX)
            continue;
        conform_run(what, subject, result);
        result->suite = suite;
        result->feature = subject->feature;
        count++;
        outcome->count++;
        failed += result->verdict == CONFORM_FAILED;
        if (!request->json)
            conform_report_text(result);
    }
    if (!request->json)
        printf("%s: %d cases, %d failed\n", subject->feature->name, count, failed);
    outcome->failed += failed;
}

static void try_feature(const struct request *request, const tn_feature_t *feature,
                        struct outcome *outcome)
{
    const struct conform_suite *suite = suite_of(feature);
    struct subject subject = request->subject;
    char why[1024] = "";
    int rc;

    if (!suite || (request->feature && strcmp(request->feature, feature->name) != 0))
        return;
    subject.feature = feature;
    subject.watched = subject.module;
    rc = suite->prepare(&subject, why, sizeof why);
    if (rc != 0)
        fprintf(stderr, "tenon conform: %s %s: %s\n", suite->kind, feature->name, why);
    outcome->tried++;
    outcome->failed += rc < 0;
    if (rc == 0)
        try_cases(request, suite, &subject, outcome);
}

static int try_features(const struct request *request)
{
    static struct conform_result results[RESULTS_MAX];
    struct outcome outcome = {.results = results};
    const tn_module_t *module = request->subject.module;

    for (const tn_feature_t *const *feature = module->features; feature && *feature; feature++)
        try_feature(request, *feature, &outcome);
    if (outcome.tried == 0)
        return tool_error(
            "conform",
            "%s has no %s that the kit could try: it tries transports, patterns and mechanisms",
            request->file, request->feature ? request->feature : "feature");
    if (request->json)
        conform_report_json(module, results, outcome.count);
    return outcome.failed ? TOOL_FAILED : TOOL_OK;
}

static int try_module(struct request *request)
{
    char path[PATH_MAX], why[1024], directory[] = "/tmp/tenon-conform-XXXXXX";
    int status;

    if (!realpath(request->file, path))
        return tool_error("conform", "%s: %s", request->file, strerror(errno));
    request->subject.module = module_file_open(path, why, sizeof why);
    if (!request->subject.module)
        return tool_error("conform", "%s: %s", request->file, why);
    if (!mkdtemp(directory))
        return tool_error("conform", "no directory for its files: %s", strerror(errno));
    request->subject.directory = directory;
    request->subject.settings = &request->settings;
    status = try_features(request);
    request->subject.directory = NULL;
    rmdir(directory);
    return status;
}

static int take_settings(struct request *request, const char *text, bool is_file)
{
    char why[512];

    if (is_file ? settings_read(&request->settings, text, why, sizeof why) < 0
                : settings_add(&request->settings, text, why, sizeof why) < 0)
        return tool_usage_error("conform", "%s", why);
    return TOOL_OK;
}

static int take_case(struct request *request, const char *name)
{
    if (!is_case(name) || request->case_count == CASES_MAX)
        return tool_usage_error("conform", "there is no case \"%s\"; --list has them", name);
    request->cases[request->case_count++] = name;
    return TOOL_OK;
}

/* TOOL_OK: go on. */
static int take_option(struct request *request, int option)
{
    switch (option) {
    case 'e':
        request->subject.endpoint = optarg;
        return TOOL_OK;
    case 'o':
        request->subject.connect_options = optarg;
        return TOOL_OK;
    case 'E':
        if (!ends_are_known(optarg))
            return tool_usage_error("conform", "ends are \"pty\" or \"socketpair\"");
        request->subject.ends = optarg;
        return TOOL_OK;
    case 'C':
        request->subject.connect_endpoint = optarg;
        return TOOL_OK;
    case 's':
        request->subject.script = optarg;
        return TOOL_OK;
    case 'O':
    case 'F':
        return take_settings(request, optarg, option == 'F');
    case 'f':
        request->feature = optarg;
        return TOOL_OK;
    case 'c':
        return take_case(request, optarg);
    case 'j':
        request->json = true;
        return TOOL_OK;
    default:
        return tool_usage_error("conform", "the option is not known, or lacks its value");
    }
}

int cmd_conform(int argc, char **argv)
{
    static const struct option options[] = {{"endpoint", required_argument, NULL, 'e'},
                                            {"connect-options", required_argument, NULL, 'o'},
                                            {"ends", required_argument, NULL, 'E'},
                                            {"connect", required_argument, NULL, 'C'},
                                            {"script", required_argument, NULL, 's'},
                                            {"option", required_argument, NULL, 'O'},
                                            {"options", required_argument, NULL, 'F'},
                                            {"feature", required_argument, NULL, 'f'},
                                            {"case", required_argument, NULL, 'c'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    static struct request request = {.subject = {.connect_options = ""}};
    int option, status;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (option == 'l') {
            list_cases();
            return TOOL_OK;
        }
        if (option == 'h') {
            fputs(help, stdout);
            return TOOL_OK;
        }
        status = take_option(&request, option);
        if (status != TOOL_OK)
            return status;
    }
    if (optind + 1 != argc)
        return tool_usage_error("conform", "one FILE.so is needed");
    if (!request.subject.ends != !request.subject.connect_endpoint ||
        (request.subject.ends && !request.subject.endpoint))
        return tool_usage_error("conform", "--ends, --endpoint and --connect go together");
    request.file = argv[optind];
    setenv("TENON_LOG", "error", 0); /* cases provoke warnings */
    return try_module(&request);
}
