#include "peer.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "help.h"
#include "interrupt.h"
#include "usage.h"

enum { TERM_SLICE_MS = 100, ENDPOINT_MAX = 512 };

static const struct peer_kind kinds[] = {
    {"pub", exchange_send},     {"sub", exchange_receive}, {"push", exchange_send},
    {"pull", exchange_receive}, {"pair", exchange_both},   {"req", exchange_request},
    {"rep", exchange_reply},    {"dealer", exchange_both}, {"router", exchange_both},
};

const struct peer_kind *peer_kind_find(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    }
    return NULL;
}

static bool is_kind(const struct peer *peer, const char *name)
{
    return strcmp(peer->kind->name, name) == 0;
}

static int check_options(const struct peer *peer)
{
    const struct peer_options *options = &peer->options;
    const char *name = peer->kind->name;

    if (!options->binds.count && !options->connects.count)
        return tool_usage_error(name, "an endpoint is missing: give --bind or --connect");
    if (options->subscriptions.count && !is_kind(peer, "sub"))
        return tool_usage_error(name, "--subscribe goes with `tenon sub` only");
    if (options->topic && !is_kind(peer, "pub"))
        return tool_usage_error(name, "--topic goes with `tenon pub` only");
    if ((options->reply || options->echo || options->exec) && !is_kind(peer, "rep"))
        return tool_usage_error(name, "--reply, --echo and --exec go with `tenon rep` only");
    if ((options->reply != NULL) + options->echo + (options->exec != NULL) > 1)
        return tool_usage_error(name, "only one of --reply, --echo and --exec can be given");
    return TOOL_OK;
}

static int apply_settings(struct peer *peer)
{
    const struct peer_options *options = &peer->options;
    int code = 0;

    if (options->timeout >= 0) {
        tn_set_int(peer->socket, "sndtimeo", options->timeout);
        tn_set_int(peer->socket, "rcvtimeo", options->timeout);
    }
    for (size_t i = 0; i < options->settings.count; i++) {
        if (peer_option_apply(peer->socket, options->settings.items[i]) < 0)
            return tool_library_error(peer->kind->name, options->settings.items[i]);
    }
    if (is_kind(peer, "sub") && !options->subscriptions.count)
        code = tn_subscribe(peer->socket, "", 0);
    for (size_t i = 0; i < options->subscriptions.count && code == 0; i++) {
        const char *prefix = options->subscriptions.items[i];
        code = tn_subscribe(peer->socket, prefix, strlen(prefix));
    }
    return code < 0 ? tool_library_error(peer->kind->name, "subscribing") : TOOL_OK;
}

/** Tells the real address where the given one leaves it open. */
static void report_bound(const struct peer *peer, const char *given)
{
    char endpoint[ENDPOINT_MAX];
    size_t size = sizeof(endpoint);

    if (tn_get_str(peer->socket, "last_endpoint", endpoint, &size) < 0)
        return;
    if (peer->options.verbose || strcmp(endpoint, given) != 0)
        fprintf(stderr, "tenon %s: listening at %s\n", peer->kind->name, endpoint);
}

static int attach(struct peer *peer)
{
    const struct peer_options *options = &peer->options;

    for (size_t i = 0; i < options->binds.count; i++) {
        if (tn_bind(peer->socket, options->binds.items[i]) < 0)
            return tool_library_error(peer->kind->name, options->binds.items[i]);
        report_bound(peer, options->binds.items[i]);
    }
    for (size_t i = 0; i < options->connects.count; i++) {
        if (tn_connect(peer->socket, options->connects.items[i]) < 0)
            return tool_library_error(peer->kind->name, options->connects.items[i]);
    }
    return TOOL_OK;
}

static int wait_peers(struct peer *peer)
{
    size_t wanted = (size_t)peer->options.wait_peers;
    int timeout = (int)peer->options.timeout;
    int code;

    if (!wanted)
        return TOOL_OK;
    if (is_kind(peer, "pub"))
        code = tn_wait_subscribers(peer->socket, wanted, timeout);
    else
        code = tn_wait_peers(peer->socket, wanted, timeout);
    if (code >= 0 || interrupt_came())
        return TOOL_OK;
    if (code == -ETIMEDOUT)
        return tool_error(peer->kind->name, "only some of the %zu peers came within %d ms", wanted,
                          timeout);
    return tool_library_error(peer->kind->name, "waiting for peers");
}

static int open_peer(struct peer *peer)
{
    const char *name = peer->kind->name;

    interrupt_block();
    peer->ctx = tn_ctx_new();
    if (!peer->ctx)
        return tool_library_error(name, "no context");
    if (interrupt_watch(peer->ctx) < 0)
        return tool_error(name, "no thread for signals");
    peer->socket = tn_socket(peer->ctx, name);
    if (!peer->socket)
        return tool_library_error(name, "no socket");
    if (peer->options.verbose && watch_start(&peer->watch, peer->socket, name) < 0)
        return tool_library_error(name, "no monitor");
    return TOOL_OK;
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** Waits until everything was sent, a signal comes or the timeout passes; if nothing is sent any more, for
 *  the threads alone. */
static int end_context(struct peer *peer, bool is_sending)
{
    int64_t deadline = now_ms() + peer->options.timeout;
    int code;

    do {
        code = tn_ctx_term(peer->ctx, TERM_SLICE_MS);
        if (code == 0)
            return TOOL_OK;
        if (is_sending && peer->options.timeout >= 0 && now_ms() > deadline)
            break;
    } while ((code == -ETIMEDOUT || code == -EINTR) && !(is_sending && interrupt_came()));
    return tool_library_error(peer->kind->name, "not everything was sent");
}

static int close_peer(struct peer *peer, int status)
{
    bool is_sending = !status && !interrupt_came();
    int ended = TOOL_OK;

    if (peer->socket && !is_sending)
        tn_set_int(peer->socket, "linger", 0);
    if (peer->socket)
        tn_close(peer->socket);
    watch_stop(&peer->watch);
    interrupt_forget();
    if (peer->ctx)
        ended = end_context(peer, is_sending);
    input_fini(&peer->input);
    peer_options_fini(&peer->options);
    return status ? status : ended;
}

int cmd_peer(const struct peer_kind *kind, int argc, char **argv)
{
    struct peer peer;
    int status;

    memset(&peer, 0, sizeof(peer));
    peer.kind = kind;
    status = peer_options_parse(&peer.options, argc, argv);
    if (!status && peer.options.help) {
        help_peer(kind->name);
        peer_options_fini(&peer.options);
        return TOOL_OK;
    }
    if (peer.options.data && peer.options.count < 0 && kind->run != exchange_both)
        peer.options.count = 1;
    input_init(&peer.input, STDIN_FILENO, peer.options.format.kind == FORMAT_RAW);
    if (!status)
        status = check_options(&peer);
    if (!status)
        status = open_peer(&peer);
    if (!status)
        status = apply_settings(&peer);
    if (!status)
        status = attach(&peer);
    if (!status)
        status = wait_peers(&peer);
    if (!status)
        status = kind->run(&peer);
    return close_peer(&peer, status);
}
