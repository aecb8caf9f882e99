/* A mechanism in its place: between sockets, over tcp. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/mechanism.h>

#include "mechanism_cases.h"
#include "settings.h"
#include "sides.h"

enum { MESSAGES = 20 };

static void set_options(const struct subject *subject, tn_socket_t *socket, unsigned side,
                        const struct setting *instead)
{
    const struct settings *settings = subject->settings;

    CONFORM(tn_set_str(socket, "mechanism", subject->feature->name) == 0, "%s", tn_last_error());
    for (int i = 0; i < settings->count; i++) {
        const struct setting *item = &settings->item[i];
        char name[160];

        if (!(item->sides & side))
            continue;
        if (instead && strcmp(instead->name, item->name) == 0)
            item = instead;
        snprintf(name, sizeof name, "%s.%s", subject->feature->name, item->name);
        if (tn_set_str(socket, name, item->value) < 0)
            CONFORM(tn_set_blob(socket, name, item->value, strlen(item->value)) == 0 ||
                        tn_set_int(socket, name, strtoll(item->value, NULL, 0)) == 0,
                    "%s", tn_last_error());
    }
}

/* What the right client has shown is let in. */
struct guard {
    char known[1024];
    size_t size;
};

static void ask(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    struct guard *guard = arg;
    char shown[1024];
    size_t size = 0;
    tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_OK};

    for (unsigned i = 0; i < info->credential_count; i++) {
        size_t length = info->credentials[i].size;

        if (size + length + 1 > sizeof shown)
            break;
        memcpy(shown + size, info->credentials[i].data, length);
        size += length;
        shown[size++] = '/';
    }
    if (guard->size == 0) {
        memcpy(guard->known, shown, size);
        guard->size = size;
    }
    if (size != guard->size || memcmp(shown, guard->known, size) != 0)
        answer.status = TN_AUTH_DENIED;
    tn_answer(question, &answer);
}

static tn_socket_t *knock(const struct subject *subject, tn_ctx_t *ctx, const char *endpoint,
                          const struct setting *instead)
{
    tn_socket_t *client = side_new_socket(ctx, "push");

    set_options(subject, client, SETTINGS_CLIENT, instead);
    CONFORM(tn_connect(client, endpoint) == 0, "%s", tn_last_error());
    return client;
}

static void expect_right(tn_socket_t *client, tn_socket_t *server)
{
    for (unsigned i = 0; i < MESSAGES; i++) {
        side_send_known(client, 10 + 1000 * i, i, 0);
        side_recv_known(server, 10 + 1000 * i, i);
    }
}

void conform_run_sockets(const struct subject *subject)
{
    const struct settings *settings = subject->settings;
    struct guard guard = {.size = 0};
    tn_ctx_t *ctx = side_new_context(subject);
    tn_socket_t *server = side_new_socket(ctx, "pull"), *client;
    char endpoint[SIDE_ENDPOINT];
    size_t size = sizeof endpoint;

    set_options(subject, server, SETTINGS_SERVER, NULL);
    if (((const tn_mechanism_ops_t *)subject->feature->ops)->credentials)
        CONFORM(tn_set_authenticator(server, ask, &guard) == 0, "%s", tn_last_error());
    CONFORM(tn_bind(server, "tcp://127.0.0.1:*") == 0, "%s", tn_last_error());
    CONFORM(tn_get_str(server, "last_endpoint", endpoint, &size) == 0, "%s", tn_last_error());
    client = knock(subject, ctx, endpoint, NULL);
    expect_right(client, server);
    for (int i = 0; i < settings->count; i++) {
        tn_socket_t *wrong;

        if (!(settings->item[i].sides & SETTINGS_WRONG))
            continue;
        wrong = knock(subject, ctx, endpoint, &settings->item[i]);
        tn_send(wrong, "wrong", 5, TN_DONTWAIT);
        expect_right(client, server); /* and nothing of somebody else's among it */
        tn_close(wrong);
    }
    CONFORM(tn_recv(server, endpoint, sizeof endpoint, TN_DONTWAIT) < 0,
            "a client with a wrong credential gets a message through");
    tn_close(client);
    tn_close(server);
    side_end_context(ctx);
}
