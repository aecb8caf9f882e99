#include "cmd_conform.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tenon/transport.h>

#include "conform/conform.h"
#include "conform/rules.h"
#include "module_file.h"
#include "usage.h"

enum { CASES_MAX = 64, ENDPOINT = 512 };

static const char help[] =
    "Usage: tenon conform FILE.so [OPTION...]\n"
    "\n"
    "Tries the transports of a module as programs and their peers would, each case in a process of "
    "its own\n"
    "with a time limit, and watches that the rules of tenon/transport.h are kept meanwhile. A "
    "failure says\n"
    "what was expected and why it matters.\n"
    "\n"
    "      --endpoint TEXT         where to bind; %d is a directory, %n a number of its own. "
    "Without "
    "it\n"
    "                              NAME://%d/%n, NAME://127.0.0.1:*, NAME://* and NAME://%n are "
    "tried\n"
    "      --connect-options TEXT  options that a connect needs, as \"ca=cert.pem&verify=1\"\n"
    "      --case NAME             that case alone (repeatable)\n"
    "      --json                  the report as JSON\n"
    "      --list                  print the cases and what they expect\n"
    "  -h, --help                  this text\n"
    "\n"
    "Examples:\n"
    "  tenon conform ./carrier.so\n"
    "  tenon conform ./serial.so --endpoint serial:///dev/pts/%n --case exchange\n"
    "\n"
    "Exit status: 0 nothing failed, 1 something failed, 2 wrong usage.\n";

struct request {
    const char *file, *endpoint, *connect_options;
    const char *cases[CASES_MAX];
    int case_count;
    bool json;
};

static void list_cases(void)
{
    for (const struct conform_case *what = conform_transport_cases; what->name; what++)
        printf("transport  %-18s %s\n", what->name, what->expects);
}

static bool is_wanted(const struct request *request, const char *name)
{
    for (int i = 0; i < request->case_count; i++) {
        if (strcmp(request->cases[i], name) == 0)
            return true;
    }
    return request->case_count == 0;
}

static void try_bind(const struct subject *subject)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *socket;
    char endpoint[ENDPOINT];

    CONFORM(ctx && tn_ctx_add_module(ctx, subject->watched) == 0, "%s", tn_last_error());
    socket = tn_socket(ctx, "pair");
    conform_fill_in(subject, endpoint, sizeof endpoint);
    CONFORM(socket && tn_bind(socket, endpoint) == 0, "%s", tn_last_error());
    tn_close(socket);
    tn_ctx_term(ctx, 1000);
}

/* The first form of endpoint that a bind takes. False: none, and `why` is what the last one said. */
static bool find_endpoint(struct subject *subject, char *endpoint, struct conform_result *why)
{
    static const char *const forms[] = {"%d/%n", "127.0.0.1:*", "*", "%n"};
    static const struct conform_case bind = {.name = "bind", .seconds = 10, .run = try_bind};

    subject->endpoint = endpoint;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        snprintf(endpoint, ENDPOINT, "%s://%s", subject->feature->name, forms[i]);
        conform_run(&bind, subject, why);
        if (why->verdict == CONFORM_PASSED)
            return true;
    }
    return false;
}

/* Tries one transport; returns how many cases failed. */
static int try_transport(const struct request *request, struct subject *subject)
{
    static struct conform_result results[CASES_MAX];
    const tn_transport_ops_t *ops = subject->feature->ops;
    char endpoint[ENDPOINT];
    int count = 0, failed = 0;

    if (ops->shape == TN_SHAPE_DATAGRAM) {
        fprintf(stderr, "tenon conform: %s carries datagrams, for which the kit has no cases\n",
                subject->feature->name);
        return 0;
    }
    subject->watched = rules_watch(subject->module, subject->feature);
    subject->endpoint = request->endpoint;
    if (!request->endpoint && !find_endpoint(subject, endpoint, &results[0])) {
        fprintf(
            stderr,
            "tenon conform: %s binds to no address that was tried; say one by --endpoint (%s)\n",
            subject->feature->name, results[0].reason);
        return 1;
    }
    for (const struct conform_case *what = conform_transport_cases; what->name; what++) {
        if (!is_wanted(request, what->name))
            continue;
        conform_run(what, subject, &results[count]);
        failed += results[count].verdict == CONFORM_FAILED;
        if (!request->json)
            conform_report_text(subject, &results[count]);
        count++;
    }
    if (request->json)
        conform_report_json(subject, results, (size_t)count);
    else
        printf("%s: %d cases, %d failed\n", subject->feature->name, count, failed);
    return failed;
}

static int try_module(const struct request *request)
{
    char path[PATH_MAX], why[1024], directory[] = "/tmp/tenon-conform-XXXXXX";
    struct subject subject = {.directory = directory, .connect_options = request->connect_options};
    int failed = 0, tried = 0;

    if (!realpath(request->file, path))
        return tool_error("conform", "%s: %s", request->file, strerror(errno));
    subject.module = module_file_open(path, why, sizeof why);
    if (!subject.module)
        return tool_error("conform", "%s: %s", request->file, why);
    if (!mkdtemp(directory))
        return tool_error("conform", "no directory for its files: %s", strerror(errno));
    for (const tn_feature_t *const *feature = subject.module->features; *feature; feature++) {
        if ((*feature)->kind != TN_TRANSPORT)
            continue;
        subject.feature = *feature;
        failed += try_transport(request, &subject);
        tried++;
    }
    rmdir(directory);
    if (tried == 0)
        return tool_error("conform", "%s has no transport; the kit tries transports alone so far",
                          request->file);
    return failed ? TOOL_FAILED : TOOL_OK;
}

static bool is_case(const char *name)
{
    for (const struct conform_case *what = conform_transport_cases; what->name; what++) {
        if (strcmp(what->name, name) == 0)
            return true;
    }
    return false;
}

int cmd_conform(int argc, char **argv)
{
    static const struct option options[] = {{"endpoint", required_argument, NULL, 'e'},
                                            {"connect-options", required_argument, NULL, 'o'},
                                            {"case", required_argument, NULL, 'c'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"list", no_argument, NULL, 'l'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct request request = {.connect_options = ""};
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'e':
            request.endpoint = optarg;
            break;
        case 'o':
            request.connect_options = optarg;
            break;
        case 'c':
            if (!is_case(optarg) || request.case_count == CASES_MAX)
                return tool_usage_error("conform", "there is no case \"%s\"; --list has them",
                                        optarg);
            request.cases[request.case_count++] = optarg;
            break;
        case 'j':
            request.json = true;
            break;
        case 'l':
            list_cases();
            return TOOL_OK;
        case 'h':
            fputs(help, stdout);
            return TOOL_OK;
        default:
            return tool_usage_error("conform", "the option is not known, or lacks its value");
        }
    }
    if (optind + 1 != argc)
        return tool_usage_error("conform", "one FILE.so is needed");
    request.file = argv[optind];
    setenv("TENON_LOG", "error", 0); /* cases provoke warnings */
    return try_module(&request);
}
