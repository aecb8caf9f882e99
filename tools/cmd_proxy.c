#include "cmd_proxy.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "help.h"
#include "interrupt.h"
#include "options.h"
#include "usage.h"
#include "watch.h"

enum { SIDES = 3, PATTERN_MAX = 32, ENDPOINT_MAX = 512, MAX_WORDS = 64, TERM_MS = 2000 };
enum side_key { KEY_FRONTEND, KEY_BACKEND, KEY_CAPTURE };

struct side {
    const char *name;
    char pattern[PATTERN_MAX];
    tn_socket_t *socket;
    struct watch watch;
};

struct proxy {
    struct side sides[SIDES];
    const char *words[MAX_WORDS]; /* PATTERN:ENDPOINT as given, with its side */
    int word_sides[MAX_WORDS];
    int word_count;
    const char *settings[MAX_WORDS];
    int setting_count;
    bool verbose;
    tn_ctx_t *ctx;
};

static int parse_side(struct proxy *proxy, int key, const char *word)
{
    struct side *side = &proxy->sides[key];
    const char *colon = strchr(word, ':');
    size_t length = colon ? (size_t)(colon - word) : 0;

    if (!length || length >= PATTERN_MAX || !strstr(colon, "://"))
        return tool_usage_error("proxy",
                                "--%s takes PATTERN:ENDPOINT, as router:tcp://*:5559, "
                                "not \"%s\"",
                                side->name, word);
    if (side->pattern[0] &&
        (strlen(side->pattern) != length || strncmp(side->pattern, word, length) != 0))
        return tool_usage_error("proxy", "--%s was given with two patterns, \"%s\" and \"%.*s\"",
                                side->name, side->pattern, (int)length, word);
    if (proxy->word_count == MAX_WORDS)
        return tool_usage_error("proxy", "more than %d endpoints", MAX_WORDS);
    memcpy(side->pattern, word, length);
    proxy->word_sides[proxy->word_count] = key;
    proxy->words[proxy->word_count++] = colon + 1;
    return TOOL_OK;
}

static int parse_setting(struct proxy *proxy, const char *setting)
{
    if (!strchr(setting, '=') || setting[0] == '=')
        return tool_usage_error("proxy", "--opt takes name=value, not \"%s\"", setting);
    if (proxy->setting_count == MAX_WORDS)
        return tool_usage_error("proxy", "more than %d options", MAX_WORDS);
    proxy->settings[proxy->setting_count++] = setting;
    return TOOL_OK;
}

/** TOOL_OK, or TOOL_USAGE after it said why; `*out_help` asks for the help text. */
static int parse(struct proxy *proxy, int argc, char **argv, bool *out_help)
{
    static const struct option long_options[] = {
        {"frontend", required_argument, NULL, KEY_FRONTEND},
        {"backend", required_argument, NULL, KEY_BACKEND},
        {"capture", required_argument, NULL, KEY_CAPTURE},
        {"opt", required_argument, NULL, 'o'},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int key, status = TOOL_OK;

    *out_help = false;
    optind = 1;
    while (!status && (key = getopt_long(argc, argv, ":o:vh", long_options, NULL)) != -1) {
        if (key == 'v')
            proxy->verbose = true;
        else if (key == 'h')
            *out_help = true;
        else if (key == 'o')
            status = parse_setting(proxy, optarg);
        else if (key < SIDES)
            status = parse_side(proxy, key, optarg);
        else
            status = tool_usage_error("proxy", "\"%s\" is no option, or lacks its value",
                                      argv[optind - 1]);
    }
    if (status || *out_help)
        return status;
    if (optind < argc)
        return tool_usage_error("proxy", "\"%s\" is one word too many", argv[optind]);
    if (!proxy->sides[KEY_FRONTEND].pattern[0] || !proxy->sides[KEY_BACKEND].pattern[0])
        return tool_usage_error("proxy", "--frontend and --backend are both needed");
    return TOOL_OK;
}

static int open_side(struct proxy *proxy, struct side *side)
{
    if (!side->pattern[0])
        return TOOL_OK;
    side->socket = tn_socket(proxy->ctx, side->pattern);
    if (!side->socket)
        return tool_library_error("proxy", side->name);
    for (int i = 0; i < proxy->setting_count; i++) {
        if (peer_option_apply(side->socket, proxy->settings[i]) < 0)
            return tool_library_error("proxy", proxy->settings[i]);
    }
    /* A fixed XSUB forwards what the other side's subscribers ask for; a SUB has to ask itself. */
    if (strcmp(side->pattern, "sub") == 0 && tn_subscribe(side->socket, "", 0) < 0)
        return tool_library_error("proxy", "subscribing");
    if (proxy->verbose && watch_start(&side->watch, side->socket, side->name) < 0)
        return tool_library_error("proxy", "no monitor");
    return TOOL_OK;
}

static int attach(struct proxy *proxy, int word)
{
    static const char connect_mark[] = "connect:", bind_mark[] = "bind:";
    struct side *side = &proxy->sides[proxy->word_sides[word]];
    const char *endpoint = proxy->words[word];
    char bound[ENDPOINT_MAX];
    size_t size = sizeof(bound);

    if (strncmp(endpoint, connect_mark, sizeof(connect_mark) - 1) == 0) {
        endpoint += sizeof(connect_mark) - 1;
        return tn_connect(side->socket, endpoint) < 0 ? tool_library_error("proxy", endpoint)
                                                      : TOOL_OK;
    }
    if (strncmp(endpoint, bind_mark, sizeof(bind_mark) - 1) == 0)
        endpoint += sizeof(bind_mark) - 1;
    if (tn_bind(side->socket, endpoint) < 0)
        return tool_library_error("proxy", endpoint);
    if (tn_get_str(side->socket, "last_endpoint", bound, &size) == 0)
        fprintf(stderr, "tenon proxy: %s listening at %s\n", side->name, bound);
    return TOOL_OK;
}

static int run(struct proxy *proxy)
{
    int code;

    do {
        code = tn_proxy(proxy->sides[KEY_FRONTEND].socket, proxy->sides[KEY_BACKEND].socket,
                        proxy->sides[KEY_CAPTURE].socket, NULL);
    } while (code == -EINTR);
    if (code == 0 || interrupt_came())
        return TOOL_OK;
    return tool_library_error("proxy", "passing messages on");
}

static int open_and_run(struct proxy *proxy)
{
    int status = TOOL_OK;

    interrupt_block();
    proxy->ctx = tn_ctx_new();
    if (!proxy->ctx)
        return tool_library_error("proxy", "no context");
    if (interrupt_watch(proxy->ctx) < 0)
        return tool_error("proxy", "no thread for signals");
    for (int i = 0; i < SIDES && !status; i++)
        status = open_side(proxy, &proxy->sides[i]);
    for (int i = 0; i < proxy->word_count && !status; i++)
        status = attach(proxy, i);
    return status ? status : run(proxy);
}

static void close_all(struct proxy *proxy)
{
    for (int i = 0; i < SIDES; i++) {
        struct side *side = &proxy->sides[i];
        if (side->socket)
            tn_close(side->socket);
        watch_stop(&side->watch);
    }
    interrupt_forget();
    if (proxy->ctx)
        tn_ctx_term(proxy->ctx, TERM_MS);
}

int cmd_proxy(int argc, char **argv)
{
    struct proxy proxy;
    bool wants_help;
    int status;

    memset(&proxy, 0, sizeof(proxy));
    proxy.sides[KEY_FRONTEND].name = "frontend";
    proxy.sides[KEY_BACKEND].name = "backend";
    proxy.sides[KEY_CAPTURE].name = "capture";
    status = parse(&proxy, argc, argv, &wants_help);
    if (status)
        return status;
    if (wants_help) {
        help_proxy();
        return TOOL_OK;
    }
    status = open_and_run(&proxy);
    close_all(&proxy);
    return status;
}
