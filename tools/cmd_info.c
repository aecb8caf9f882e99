#include "cmd_info.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "json.h"
#include "load_all.h"
#include "missing.h"
#include "module_file.h"
#include "usage.h"

enum { CHECK_SECONDS = 10, CRASHED = 2 };

static const char help[] =
    "Usage: tenon info [OPTION...] [NAME]\n"
    "\n"
    "Lists the modules: what there is, from where, what is loaded, and why something is not.\n"
    "With NAME, \"tcp\" or \"transport:tcp\", the options of that feature and where their values\n"
    "come from; with NAME \"socket\" or \"context\" those of every socket, or context.\n"
    "\n"
    "      --failed         load everything and list what does not load; exit status 1 if any\n"
    "      --search-path    the directories that are searched, lowest first\n"
    "      --check FILE.so  probe a module in a child process\n"
    "      --manifest FILE.so  print the manifest that goes with a module, for plugins.d\n"
    "      --json           for programs\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0 good, 1 failed. --check: 0 good, 1 bad, with the reason, 2 it crashed.\n"
    "\n"
    "  tenon info\n"
    "  TENON_LOG=info,policy tenon info      what the deployment's policy decided\n"
    "  tenon info --check ./my_transport.so\n";

/* One listing on its way out. */
struct listing {
    bool is_json;
    bool only_failed;
    unsigned rows;
    int source_width;
};

/* ------------------------------------------------------------------ JSON */

static void begin_object(struct listing *listing)
{
    fputs(listing->rows++ ? ",\n {" : "[\n {", stdout);
}

static void member(const char *name, const char *value, const char *after)
{
    printf("\"%s\": ", name);
    json_write(stdout, value, strlen(value));
    fputs(after, stdout);
}

static void end_array(const struct listing *listing)
{
    if (listing->is_json)
        fputs(listing->rows ? "\n]\n" : "[]\n", stdout);
}

/* ------------------------------------------------------------------ modules */

static void print_module_json(struct listing *listing, const tn_module_info_t *info)
{
    begin_object(listing);
    member("kind", info->kind, ", ");
    member("name", info->name, ", ");
    member("module", info->module, ", ");
    member("version", info->version, ", ");
    printf("\"abi\": \"%d.%d\", \"priority\": %d, ", info->abi_major, info->abi_minor,
           info->priority);
    member("source", info->source, ", ");
    member("path", info->path, ", ");
    member("state", info->state, ", ");
    member("reason", info->reason, "}");
}

static void print_module_row(struct listing *listing, const tn_module_info_t *info)
{
    char abi[16] = "-";

    if (listing->rows++ == 0)
        printf("%-10s %-12s %-12s %-8s %-4s %4s  %-*s %s\n", "KIND", "NAME", "MODULE", "VER", "ABI",
               "PRIO", listing->source_width, "SOURCE", "STATE");
    if (info->version[0])
        snprintf(abi, sizeof abi, "%d.%d", info->abi_major, info->abi_minor);
    printf("%-10s %-12s %-12s %-8s %-4s %4d  %-*s %s%s%s\n", info->kind, info->name, info->module,
           info->version[0] ? info->version : "-", abi, info->priority, listing->source_width,
           info->source, info->state, info->reason[0] ? ": " : "", info->reason);
}

static int measure_source(const tn_module_info_t *info, void *arg)
{
    struct listing *listing = arg;
    int width = (int)strlen(info->source);

    if (width > listing->source_width)
        listing->source_width = width;
    return 0;
}

static int visit_module(const tn_module_info_t *info, void *arg)
{
    struct listing *listing = arg;

    if (listing->only_failed && strcmp(info->state, "failed") != 0)
        return 0;
    if (listing->is_json)
        print_module_json(listing, info);
    else
        print_module_row(listing, info);
    return 0;
}

static int list_modules(tn_ctx_t *ctx, struct listing *listing)
{
    int rc = listing->only_failed ? tool_load_all(ctx) : 0;

    if (rc == 0)
        rc = tn_modules(ctx, measure_source, listing);
    if (rc == 0)
        rc = tn_modules(ctx, visit_module, listing);
    if (rc < 0)
        return tool_library_error("info", "the modules");
    end_array(listing);
    if (!listing->is_json)
        tool_list_missing(stdout);
    if (listing->only_failed && !listing->is_json && listing->rows == 0)
        puts("Everything loads.");
    return listing->only_failed && listing->rows ? TOOL_FAILED : TOOL_OK;
}

/* ------------------------------------------------------------------ options */

static void print_option_json(struct listing *listing, const tn_option_info_t *info)
{
    begin_object(listing);
    member("kind", info->kind, ", ");
    member("feature", info->feature, ", ");
    member("name", info->name, ", ");
    member("type", info->type, ", ");
    member("unit", info->unit, ", ");
    member("range", info->range, ", ");
    member("default", info->default_value, ", ");
    member("value", info->value, ", ");
    member("source", info->source, ", ");
    member("help", info->help, "}");
}

static void print_option_row(struct listing *listing, const tn_option_info_t *info)
{
    if (listing->rows++ == 0)
        printf("%-24s %-5s %-12s %-12s %-28s %s\n", "OPTION", "TYPE", "VALUE", "DEFAULT", "RANGE",
               "FROM");
    printf("%-24s %-5s %-12s %-12s %-28s %s\n", info->name, info->type,
           info->value[0] ? info->value : "-", info->default_value[0] ? info->default_value : "-",
           info->range, info->source);
    printf("%4s%s%s%s%s\n", "", info->help, info->unit[0] ? " (" : "", info->unit,
           info->unit[0] ? ")" : "");
}

static int visit_option(const tn_option_info_t *info, void *arg)
{
    struct listing *listing = arg;

    if (listing->is_json)
        print_option_json(listing, info);
    else
        print_option_row(listing, info);
    return 0;
}

struct wanted {
    const char *name; /* without its kind */
    const char *kind; /* or NULL */
    size_t kind_size;
    bool is_transport;
};

static int visit_wanted(const tn_module_info_t *info, void *arg)
{
    struct wanted *wanted = arg;

    if (strcmp(info->name, wanted->name) != 0 ||
        (wanted->kind && (strncmp(info->kind, wanted->kind, wanted->kind_size) != 0 ||
                          info->kind[wanted->kind_size] != '\0')))
        return 0;
    wanted->is_transport = wanted->is_transport || strcmp(info->kind, "transport") == 0;
    printf("%s %s: module %s%s%s, %s", info->kind, info->name, info->module,
           info->version[0] ? " " : "", info->version, info->state);
    printf("%s%s\n  manifest  %s\n", info->reason[0] ? ", " : "", info->reason, info->source);
    if (info->path[0])
        printf("  file      %s\n", info->path);
    return 0;
}

/* What the program's own endpoints would reach, the deployment's policy applied. */
static void print_chain(tn_ctx_t *ctx, const char *name)
{
    char chain[256];

    if (tn_scheme_chain(ctx, name, chain, sizeof chain) == 0)
        printf("  %s:// is %s\n", name, chain);
    else
        printf("  %s:// cannot be used: %s\n", name, tn_last_error());
}

static int describe(tn_ctx_t *ctx, struct listing *listing, const char *name)
{
    const char *colon = strchr(name, ':');
    struct wanted wanted = {.name = colon ? colon + 1 : name,
                            .kind = colon ? name : NULL,
                            .kind_size = colon ? (size_t)(colon - name) : 0};

    if (tool_load(ctx, name) < 0)
        return tool_library_error("info", name);
    if (!listing->is_json) {
        if (tn_modules(ctx, visit_wanted, &wanted) < 0)
            return tool_library_error("info", "the modules");
        if (wanted.is_transport)
            print_chain(ctx, wanted.name);
        putchar('\n');
    }
    if (tn_feature_options(ctx, name, visit_option, listing) < 0)
        return tool_library_error("info", name);
    if (!listing->is_json && listing->rows == 0)
        puts("It has no options of its own.");
    end_array(listing);
    return TOOL_OK;
}

/* ------------------------------------------------------------------ directories */

static int visit_path(const tn_module_path_t *path, void *arg)
{
    struct listing *listing = arg;

    if (!listing->is_json) {
        printf("%-14s %s%s%s%s\n", path->kind, path->path, path->note[0] ? " (" : "", path->note,
               path->note[0] ? ")" : "");
        return 0;
    }
    begin_object(listing);
    member("kind", path->kind, ", ");
    member("path", path->path, ", ");
    member("note", path->note, "}");
    return 0;
}

static int list_paths(tn_ctx_t *ctx, struct listing *listing)
{
    if (tn_module_paths(ctx, visit_path, listing) < 0)
        return tool_library_error("info", "the directories");
    end_array(listing);
    return TOOL_OK;
}

/* ------------------------------------------------------------------ --check */

static void probe(const char *path)
{
    struct rlimit no_core = {0, 0};
    tn_ctx_t *ctx;

    setrlimit(RLIMIT_CORE, &no_core);
    alarm(CHECK_SECONDS);
    ctx = tn_ctx_new();
    if (!ctx || tn_module_probe(ctx, path) < 0) {
        tool_error("info", "%s", tn_last_error());
        _exit(TOOL_FAILED);
    }
    tn_ctx_term(ctx, 0);
    _exit(TOOL_OK);
}

static int judge(const char *path, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        tool_error("info", "%s: it did not come back within %d s", path, CHECK_SECONDS);
    else if (WIFSIGNALED(status))
        tool_error("info", "%s: it crashed: %s", path, strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) == TOOL_OK)
        printf("%s: good\n", path);
    else if (WEXITSTATUS(status) != TOOL_FAILED)
        tool_error("info", "%s: it ended the process with status %d", path, WEXITSTATUS(status));
    if (WIFSIGNALED(status) || WEXITSTATUS(status) > TOOL_FAILED)
        return CRASHED;
    return WEXITSTATUS(status);
}

static int check(const char *path)
{
    int status = 0, result;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0)
        probe(path);
    while (child > 0 && waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            child = -1;
    }
    result = child < 0 ? tool_error("info", "no child process: %s", strerror(errno))
                       : judge(path, status);
    return result;
}

/* `judge_file`: of the absolute path. */
static int look_at(const char *file, int (*judge_file)(const char *path))
{
    char *path = realpath(file, NULL);
    int status;

    if (!path)
        return tool_error("info", "%s: %s", file, strerror(errno));
    status = judge_file(path);
    free(path);
    return status;
}

/* ------------------------------------------------------------------ command line */

struct request {
    struct listing listing;
    bool wants_help, wants_paths;
    const char *file; /* of the next */
    int (*judge_file)(const char *path); /* --check, --manifest */
    const char *name;
};

static int parse(int argc, char **argv, struct request *request)
{
    static const struct option options[] = {{"failed", no_argument, NULL, 'f'},
                                            {"search-path", no_argument, NULL, 'p'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"check", required_argument, NULL, 'c'},
                                            {"manifest", required_argument, NULL, 'm'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int key;

    optind = 1;
    opterr = 0;
    while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        switch (key) {
        case 'f':
            request->listing.only_failed = true;
            break;
        case 'p':
            request->wants_paths = true;
            break;
        case 'j':
            request->listing.is_json = true;
            break;
        case 'c':
        case 'm':
            request->file = optarg;
            request->judge_file = key == 'c' ? check : module_file_manifest;
            break;
        case 'h':
            request->wants_help = true;
            break;
        case ':':
            return tool_usage_error("info", "%s needs a value", argv[optind - 1]);
        default:
            return tool_usage_error("info", "there is no option \"%s\"", argv[optind - 1]);
        }
    }
    if (optind < argc)
        request->name = argv[optind++];
    if (optind < argc)
        return tool_usage_error("info", "\"%s\" is one word too many", argv[optind]);
    return TOOL_OK;
}

static int answer(struct request *request)
{
    tn_ctx_t *ctx = tn_ctx_new();
    int status;

    if (!ctx)
        return tool_library_error("info", "a context");
    if (request->wants_paths)
        status = list_paths(ctx, &request->listing);
    else if (request->name)
        status = describe(ctx, &request->listing, request->name);
    else
        status = list_modules(ctx, &request->listing);
    tn_ctx_term(ctx, 0);
    return status;
}

int tni_cmd_info(int argc, char **argv)
{
    struct request request = {0};
    int status = parse(argc, argv, &request);

    if (status != TOOL_OK)
        return status;
    if (request.wants_help) {
        fputs(help, stdout);
        return TOOL_OK;
    }
    return request.file ? look_at(request.file, request.judge_file) : answer(&request);
}
