/* What a transport makes of addresses and options. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "sides.h"

void conform_run_empty_endpoint(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket = side_new_socket(ctx, "pair");
    char endpoint[SIDE_ENDPOINT];

    snprintf(endpoint, sizeof endpoint, "%s://", subject->feature->name);
    CONFORM(tn_bind(socket, endpoint) < 0, "a bind to \"%s\" succeeds", endpoint);
    CONFORM(tn_connect(socket, endpoint) < 0, "a connect to \"%s\" succeeds", endpoint);
    tn_close(socket);
    side_end_context(ctx);
}

void conform_run_long_endpoint(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket = side_new_socket(ctx, "pair");
    char endpoint[3000];
    int head = snprintf(endpoint, sizeof endpoint, "%s://", subject->feature->name);

    memset(endpoint + head, 'x', sizeof endpoint - (size_t)head - 1);
    endpoint[sizeof endpoint - 1] = '\0';
    CONFORM(tn_bind(socket, endpoint) < 0, "a bind to an address of %zu bytes succeeds",
            strlen(endpoint));
    tn_close(socket);
    side_end_context(ctx);
}

/* Letters, digits, and what separates in addresses; now and then any byte. */
static void make_address(char *out, size_t size)
{
    static const char common[] = "::::////..[]@*-%+?=&09azAZ, ";
    size_t length = (size_t)random() % (size - 1);

    for (size_t i = 0; i < length; i++)
        out[i] = random() % 8 ? common[(size_t)random() % (sizeof common - 1)]
                              : (char)(1 + random() % 255);
    out[length] = '\0';
}

void conform_run_endpoint_parsing(const struct subject *subject)
{
    enum { TRIES = 3000 };
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket = side_new_socket(ctx, "pair");
    char endpoint[200];
    int head = snprintf(endpoint, sizeof endpoint, "%s://", subject->feature->name);

    srandom(1);
    for (int i = 0; i < TRIES; i++) {
        int rc;

        make_address(endpoint + head, i % 10 ? 40 : sizeof endpoint - (size_t)head);
        rc = tn_check_endpoint(socket, endpoint, i % 2);
        CONFORM(rc <= 0, "checking \"%s\" gives %d", endpoint, rc);
        CONFORM(rc == 0 || tn_last_error()[0], "\"%s\" is refused without a sentence", endpoint);
    }
    tn_close(socket);
    side_end_context(ctx);
}

void conform_run_last_endpoint(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *bound = side_new_socket(ctx, "pair"), *connected = side_new_socket(ctx, "pair");
    char endpoint[SIDE_ENDPOINT];
    size_t scheme = strlen(subject->feature->name);

    side_needs_listener(subject);
    side_bind_somewhere(subject, bound, endpoint);
    CONFORM(strncmp(endpoint, subject->feature->name, scheme) == 0 &&
                (strncmp(endpoint + scheme, "://", 3) == 0 || endpoint[scheme] == '+'),
            "\"last_endpoint\" is \"%s\", which is not %s://...", endpoint, subject->feature->name);
    side_connect_to(subject, connected, endpoint);
    CONFORM(tn_wait_peers(connected, 1, SIDE_WAIT) == 1, "nobody is at \"last_endpoint\", %s",
            endpoint);
    tn_close(connected);
    tn_close(bound);
    side_end_context(ctx);
}

void conform_run_duplicate_bind(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *first = side_new_socket(ctx, "pair"), *second = side_new_socket(ctx, "pair");
    char endpoint[SIDE_ENDPOINT];
    int code;

    side_needs_listener(subject);
    side_bind_somewhere(subject, first, endpoint);
    code = side_bind_at(subject, second, endpoint);
    CONFORM(code == -EADDRINUSE, "a second bind to %s returns %d (%s), not -EADDRINUSE", endpoint,
            code, code < 0 ? tn_strerror(code) : "success");
    tn_close(first);
    tn_close(second);
    side_end_context(ctx);
}

void conform_run_bind_again(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket = side_new_socket(ctx, "pair");
    char endpoint[SIDE_ENDPOINT];
    int code = 0;

    side_needs_listener(subject);
    side_bind_somewhere(subject, socket, endpoint);
    CONFORM(tn_unbind(socket, endpoint) == 0, "%s", tn_last_error());
    for (int i = 0; i < 100; i++) {
        code = side_bind_at(subject, socket, endpoint);
        if (code != -EADDRINUSE)
            break;
        usleep(20000);
    }
    CONFORM(code == 0, "after an unbind the address %s is not free again: %s", endpoint,
            tn_last_error());
    tn_close(socket);
    side_end_context(ctx);
}

static int set_bounds(const tn_option_info_t *info, void *arg)
{
    tn_socket_t *socket = arg;
    char name[128], text[512];
    size_t size = sizeof text;
    int64_t value, again;

    snprintf(name, sizeof name, "%s.%s", info->feature, info->name);
    CONFORM(info->help[0], "option %s has no help", name);
    if (strcmp(info->type, "int") == 0 || strcmp(info->type, "bool") == 0) {
        if (tn_get_int(socket, name, &value) != 0)
            return 0; /* is only set */
        CONFORM(tn_set_int(socket, name, value) == 0,
                "option %s does not take its own value %lld: %s", name, (long long)value,
                tn_last_error());
        CONFORM(tn_get_int(socket, name, &again) == 0 && again == value,
                "option %s was set to %lld and reads otherwise", name, (long long)value);
        return 0;
    }
    if (strcmp(info->type, "text") == 0 && tn_get_str(socket, name, text, &size) == 0 && size > 1)
        CONFORM(tn_set_str(socket, name, text) == 0, "option %s does not take its own value: %s",
                name, tn_last_error());
    return 0;
}

void conform_run_options(const struct subject *subject)
{
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *socket = side_new_socket(ctx, "pair");
    char endpoint[SIDE_ENDPOINT + 32];

    tn_feature_options(ctx, subject->feature->name, set_bounds, socket);
    conform_fill_in(subject, endpoint, SIDE_ENDPOINT);
    strcat(endpoint, strchr(endpoint, '?') ? "&no_such_option=1" : "?no_such_option=1");
    CONFORM(tn_bind(socket, endpoint) < 0, "a bind with an option that does not exist succeeds: %s",
            endpoint);
    tn_close(socket);
    side_end_context(ctx);
}
