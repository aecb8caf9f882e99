#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "usage.h"

enum option_key {
    KEY_BIND = 'b',
    KEY_CONNECT = 'c',
    KEY_COUNT = 'n',
    KEY_FORMAT = 'f',
    KEY_HELP = 'h',
    KEY_OPT = 'o',
    KEY_SUBSCRIBE = 's',
    KEY_VERBOSE = 'v',
    KEY_DATA = 256,
    KEY_DELIMITER,
    KEY_ECHO,
    KEY_EXEC,
    KEY_INTERVAL,
    KEY_REPLY,
    KEY_TIMEOUT,
    KEY_TOPIC,
    KEY_WAIT_PEERS,
};

static const struct option long_options[] = {
    {"bind", required_argument, NULL, KEY_BIND},
    {"connect", required_argument, NULL, KEY_CONNECT},
    {"count", required_argument, NULL, KEY_COUNT},
    {"data", required_argument, NULL, KEY_DATA},
    {"delimiter", required_argument, NULL, KEY_DELIMITER},
    {"echo", no_argument, NULL, KEY_ECHO},
    {"exec", required_argument, NULL, KEY_EXEC},
    {"format", required_argument, NULL, KEY_FORMAT},
    {"help", no_argument, NULL, KEY_HELP},
    {"interval", required_argument, NULL, KEY_INTERVAL},
    {"opt", required_argument, NULL, KEY_OPT},
    {"reply", required_argument, NULL, KEY_REPLY},
    {"subscribe", required_argument, NULL, KEY_SUBSCRIBE},
    {"timeout", required_argument, NULL, KEY_TIMEOUT},
    {"topic", required_argument, NULL, KEY_TOPIC},
    {"verbose", no_argument, NULL, KEY_VERBOSE},
    {"wait-peers", required_argument, NULL, KEY_WAIT_PEERS},
    {NULL, 0, NULL, 0},
};

static int list_append(const char *command, struct text_list *list, const char *text)
{
    const char **items = realloc(list->items, (list->count + 1) * sizeof(*items));

    if (!items)
        return tool_error(command, "out of memory");
    items[list->count++] = text;
    list->items = items;
    return TOOL_OK;
}

static int parse_number(const char *command, const char *option, const char *text, int64_t *out)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < 0 || value > INT_MAX)
        return tool_usage_error(command, "--%s takes a number from 0 to %d, not \"%s\"", option,
                                INT_MAX, text);
    *out = value;
    return TOOL_OK;
}

static int parse_format(const char *command, const char *text, struct format *format)
{
    if (format_parse_kind(text, &format->kind) == 0)
        return TOOL_OK;
    return tool_usage_error(command, "--format takes text, raw, hex or json, not \"%s\"", text);
}

static int parse_setting(const char *command, struct text_list *settings, const char *text)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text)
        return tool_usage_error(command, "--opt takes name=value, not \"%s\"", text);
    return list_append(command, settings, text);
}

static int parse_delimiter(const char *command, const char *text, struct format *format)
{
    if (!*text)
        return tool_usage_error(command, "--delimiter takes at least one character");
    format->delimiter = text;
    return TOOL_OK;
}

static int apply_flag(struct peer_options *options, int key)
{
    switch (key) {
    case KEY_ECHO:
        options->echo = true;
        break;
    case KEY_VERBOSE:
        options->verbose = true;
        break;
    default:
        options->help = true;
        break;
    }
    return TOOL_OK;
}

static int apply_text(struct peer_options *options, int key, const char *value)
{
    switch (key) {
    case KEY_DATA:
        options->data = value;
        break;
    case KEY_EXEC:
        options->exec = value;
        break;
    case KEY_REPLY:
        options->reply = value;
        break;
    default:
        options->topic = value;
        break;
    }
    return TOOL_OK;
}

static int apply(const char *command, struct peer_options *options, int key, const char *value)
{
    switch (key) {
    case KEY_BIND:
        return list_append(command, &options->binds, value);
    case KEY_CONNECT:
        return list_append(command, &options->connects, value);
    case KEY_SUBSCRIBE:
        return list_append(command, &options->subscriptions, value);
    case KEY_OPT:
        return parse_setting(command, &options->settings, value);
    case KEY_COUNT:
        return parse_number(command, "count", value, &options->count);
    case KEY_INTERVAL:
        return parse_number(command, "interval", value, &options->interval);
    case KEY_TIMEOUT:
        return parse_number(command, "timeout", value, &options->timeout);
    case KEY_WAIT_PEERS:
        return parse_number(command, "wait-peers", value, &options->wait_peers);
    case KEY_FORMAT:
        return parse_format(command, value, &options->format);
    case KEY_DELIMITER:
        return parse_delimiter(command, value, &options->format);
    case KEY_DATA:
    case KEY_EXEC:
    case KEY_REPLY:
    case KEY_TOPIC:
        return apply_text(options, key, value);
    default:
        return apply_flag(options, key);
    }
}

static int reject(const char *command, int key, int argc, char **argv)
{
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

    if (key == ':')
        return tool_usage_error(command, "%s needs a value", word);
    return tool_usage_error(command, "there is no option \"%s\"", word);
}

int peer_options_parse(struct peer_options *out_options, int argc, char **argv)
{
    const char *command = argv[0];
    int key, code;

    memset(out_options, 0, sizeof(*out_options));
    out_options->count = -1;
    out_options->timeout = -1;
    optind = 1;
    while ((key = getopt_long(argc, argv, ":b:c:n:f:ho:s:v", long_options, NULL)) != -1) {
        if (key == '?' || key == ':')
            return reject(command, key, argc, argv);
        code = apply(command, out_options, key, optarg);
        if (code)
            return code;
    }
    if (optind < argc)
        return tool_usage_error(command,
                                "\"%s\" is one word too many; endpoints go after --bind or "
                                "--connect",
                                argv[optind]);
    return TOOL_OK;
}

void peer_options_fini(struct peer_options *options)
{
    free(options->binds.items);
    free(options->connects.items);
    free(options->settings.items);
    free(options->subscriptions.items);
}

static int apply_value(tn_socket_t *socket, const char *name, const char *value)
{
    char *end;
    long long number;
    int code;

    errno = 0;
    number = strtoll(value, &end, 10);
    if (errno || end == value || *end) {
        code = tn_set_str(socket, name, value);
        return code == -EINVAL ? tn_set_blob(socket, name, value, strlen(value)) : code;
    }
    code = tn_set_int(socket, name, number);
    if (code != -EINVAL || tn_set_str(socket, name, value) == 0 ||
        tn_set_blob(socket, name, value, strlen(value)) == 0)
        return code == -EINVAL ? 0 : code;
    /* Again, for its sentence: the option takes a number and this one is out of range. */
    return tn_set_int(socket, name, number);
}

int peer_option_apply(tn_socket_t *socket, const char *setting)
{
    const char *equals = strchr(setting, '=');
    char *name;
    int code;

    name = strndup(setting, (size_t)(equals - setting));
    if (!name)
        return -ENOMEM;
    code = apply_value(socket, name, equals + 1);
    free(name);
    return code;
}
