#include "cmd_check.h"

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "load_all.h"
#include "usage.h"

enum { NAME_SIZE = 64, CHAIN_SIZE = 256 };

static const char help[] =
    "Usage: tenon check [--bind] [--pattern NAME] [ENDPOINT...]\n"
    "\n"
    "Without ENDPOINT: loads every module that a manifest names, checks every option and every "
    "rule\n"
    "of policy, and prints what is wrong, with file and line.\n"
    "\n"
    "With ENDPOINT: what it would become here: which transport and layers, of which modules, by "
    "which\n"
    "rules, and each option of theirs with its value and where that comes from. Nothing is bound "
    "and\n"
    "nobody is connected.\n"
    "\n"
    "      --bind           check the endpoints for tn_bind; else for tn_connect\n"
    "      --pattern NAME   for sockets of this pattern (default: pair)\n"
    "  -h, --help           this text\n"
    "\n"
    "What a deployment may do by itself is told in log lines: TENON_LOG=info,policy tenon check\n"
    "\n"
    "Exit status: 0 good, 1 something is wrong, 2 wrong usage.\n"
    "\n"
    "  tenon check && systemctl restart my-service\n"
    "  tenon check tls://example.org:5555 'tcp://10.0.0.1:5555?mechanism=curve'\n";

struct check {
    tn_ctx_t *ctx;
    bool is_bind;
    const char *pattern;
    unsigned features, rules, errors;
};

static void complain(struct check *check, const char *where, const char *what)
{
    check->errors++;
    printf("error: %s: %s\n", where, what);
}

/* The manifest, and the line of it that names the module. */
static const char *place_of(const tn_module_info_t *info, char *out, size_t size)
{
    if (info->line == 0)
        return info->source;
    snprintf(out, size, "%s:%u", info->source, info->line);
    return out;
}

/* ------------------------------------------------------------------ everything */

static int judge_feature(const tn_module_info_t *info, void *arg)
{
    struct check *check = arg;
    char what[1200];

    char where[PATH_MAX + 16];

    check->features += strcmp(info->state, "loaded") == 0;
    if (strcmp(info->state, "failed") != 0)
        return 0;
    snprintf(what, sizeof what, "%s %s: %s", info->kind, info->name, info->reason);
    complain(check, place_of(info, where, sizeof where), what);
    return 0;
}

/* Loading tells of each option that a manifest gives; what does not load becomes "failed". */
static int check_modules(struct check *check)
{
    int rc = tool_load_all(check->ctx);

    return rc < 0 ? rc : tn_modules(check->ctx, judge_feature, check);
}

struct wanted {
    const char *name;
    bool is_there;
};

static int is_wanted(const tn_module_info_t *info, void *arg)
{
    struct wanted *wanted = arg;

    wanted->is_there = wanted->is_there || strcmp(info->name, wanted->name) == 0;
    return wanted->is_there;
}

static const char *bare(const char *subject)
{
    const char *colon = strchr(subject, ':');

    return colon ? colon + 1 : subject;
}

/* An alias has to lead somewhere; a rule about what is not here may be meant for another machine. */
static int judge_rule(const tn_policy_info_t *info, void *arg)
{
    struct check *check = arg;
    struct wanted wanted = {.name = bare(info->subject)};
    char where[4200], chain[CHAIN_SIZE];

    check->rules++;
    snprintf(where, sizeof where, "%s:%d", info->file, info->line);
    if (strcmp(info->kind, "alias") == 0) {
        if (tn_scheme_chain(check->ctx, wanted.name, chain, sizeof chain) < 0)
            complain(check, where, tn_last_error());
        else
            printf("%s: %s:// becomes %s\n", where, wanted.name, chain);
    } else if (strcmp(info->kind, "deny") == 0) {
        (void)tn_modules(check->ctx, is_wanted, &wanted);
        printf("%s: %s is denied%s\n", where, info->subject,
               wanted.is_there ? "" : " (nothing here has this name)");
    } else {
        printf("%s: %s is required\n", where, info->subject);
    }
    return 0;
}

static int check_all(struct check *check)
{
    int rc = check_modules(check);

    if (rc == 0)
        rc = tn_policies(check->ctx, judge_rule, check);
    if (rc < 0)
        return tool_library_error("check", "the configuration");
    if (check->errors) {
        printf("%u errors\n", check->errors);
        return TOOL_FAILED;
    }
    printf("good: %u features, %u rules of policy\n", check->features, check->rules);
    return TOOL_OK;
}

/* ------------------------------------------------------------------ an endpoint */

struct layer {
    const char *name; /* "tls" */
    const char *query; /* of the endpoint, or NULL */
    bool is_found;
};

static int print_module(const tn_module_info_t *info, void *arg)
{
    struct layer *layer = arg;
    char where[PATH_MAX + 16];

    if (strcmp(info->kind, "transport") != 0 || strcmp(info->name, layer->name) != 0 ||
        strcmp(info->state, "loaded") != 0 || layer->is_found)
        return 0;
    layer->is_found = true;
    printf("  %s: module %s %s%s%s, by %s\n", layer->name, info->module, info->version,
           info->path[0] ? ", " : "", info->path, place_of(info, where, sizeof where));
    return 0;
}

/* The value of a key in "key=value&key=value", as written; NULL: it is not there. */
static const char *in_query(const char *query, const char *key, int *out_size)
{
    size_t length = strlen(key);

    while (query && *query) {
        size_t size = strcspn(query, "&");

        if (size > length && strncmp(query, key, length) == 0 && query[length] == '=') {
            *out_size = (int)(size - length - 1);
            return query + length + 1;
        }
        query += size + (query[size] == '&');
    }
    return NULL;
}

static int print_option(const tn_option_info_t *info, void *arg)
{
    struct layer *layer = arg;
    int size = 0;
    const char *given = in_query(layer->query, info->name, &size);
    const char *value = given ? given : info->value;

    if (!given)
        size = (int)strlen(value);
    printf("    %s.%s = %.*s (%s)\n", layer->name, info->name, size, value,
           given ? "the endpoint" : info->source);
    return 0;
}

struct rules {
    const char *scheme, *chain; /* as written; what it became */
};

/* Whether "name" is one of the elements of "a+b". */
static bool has_element(const char *chain, const char *name)
{
    size_t length = strlen(name);

    for (; *chain; chain += strcspn(chain, "+"), chain += *chain == '+') {
        if (strcspn(chain, "+") == length && strncmp(chain, name, length) == 0)
            return true;
    }
    return false;
}

static int print_rule(const tn_policy_info_t *info, void *arg)
{
    const struct rules *rules = arg;
    const char *name = bare(info->subject);
    size_t first = strcspn(rules->scheme, "+");
    bool moves = strcmp(info->kind, "alias") == 0 && strlen(name) == first &&
                 strncmp(rules->scheme, name, first) == 0;

    if (moves)
        printf("  %s:%d: %s:// becomes %s\n", info->file, info->line, name, info->target);
    if (strcmp(info->kind, "deny") == 0 && has_element(rules->chain, name))
        printf("  %s:%d: %s is denied, unless it is protected\n", info->file, info->line,
               info->subject);
    return 0;
}

static void print_layers(struct check *check, char *chain, const char *query)
{
    for (char *rest, *name = strtok_r(chain, "+", &rest); name; name = strtok_r(NULL, "+", &rest)) {
        struct layer layer = {.name = name, .query = query};
        char full[NAME_SIZE];

        snprintf(full, sizeof full, "transport:%s", name);
        (void)tn_modules(check->ctx, print_module, &layer);
        (void)tn_feature_options(check->ctx, full, print_option, &layer);
    }
}

static void try_endpoint(struct check *check, const char *endpoint)
{
    tn_socket_t *socket = tn_socket(check->ctx, check->pattern);

    if (!socket || tn_check_endpoint(socket, endpoint, check->is_bind) < 0)
        complain(check, endpoint, tn_last_error());
    if (socket)
        tn_close(socket);
}

static void check_endpoint(struct check *check, const char *endpoint)
{
    const char *query = strchr(endpoint, '?');
    char scheme[NAME_SIZE], chain[CHAIN_SIZE];
    struct rules rules = {.scheme = scheme, .chain = chain};

    snprintf(scheme, sizeof scheme, "%.*s", (int)strcspn(endpoint, ":"), endpoint);
    if (tn_scheme_chain(check->ctx, scheme, chain, sizeof chain) == 0) {
        printf("%s: %s\n", endpoint, chain);
        (void)tn_policies(check->ctx, print_rule, &rules);
        print_layers(check, chain, query ? query + 1 : NULL);
    }
    try_endpoint(check, endpoint);
}

/* ------------------------------------------------------------------ command line */

static int parse(int argc, char **argv, struct check *check, bool *out_wants_help)
{
    static const struct option options[] = {{"bind", no_argument, NULL, 'b'},
                                            {"pattern", required_argument, NULL, 'p'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int key;

    optind = 1;
    opterr = 0;
    while ((key = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (key == 'b')
            check->is_bind = true;
        else if (key == 'p')
            check->pattern = optarg;
        else if (key == 'h')
            *out_wants_help = true;
        else if (key == ':')
            return tool_usage_error("check", "%s needs a value", argv[optind - 1]);
        else
            return tool_usage_error("check", "there is no option \"%s\"", argv[optind - 1]);
    }
    return TOOL_OK;
}

int cmd_check(int argc, char **argv)
{
    struct check check = {.pattern = "pair"};
    bool wants_help = false;
    int status = parse(argc, argv, &check, &wants_help);

    if (status != TOOL_OK)
        return status;
    if (wants_help) {
        fputs(help, stdout);
        return TOOL_OK;
    }
    check.ctx = tn_ctx_new();
    if (!check.ctx)
        return tool_library_error("check", "the configuration");
    for (int i = optind; i < argc; i++)
        check_endpoint(&check, argv[i]);
    status = check.errors ? TOOL_FAILED : TOOL_OK;
    if (optind == argc)
        status = check_all(&check);
    tn_ctx_term(check.ctx, 0);
    return status;
}
