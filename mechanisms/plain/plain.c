/*
 * plain.c: the mechanism PLAIN (RFC 24): a user name and a password, in the clear.
 *
 * client: HELLO ->  <- WELCOME  INITIATE ->  <- READY; the server asks about the credentials after HELLO.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <tenon/mechanism.h>
#include <tenon/tenon.h>
#include <tenon/transport.h>

#include "command.h"

enum step {
    SEND_HELLO, /* client */
    AWAIT_WELCOME,
    SEND_INITIATE,
    AWAIT_READY,
    AWAIT_HELLO, /* server */
    ASKING,
    SEND_WELCOME,
    SEND_ERROR,
    AWAIT_INITIATE,
    SEND_READY,
    READY,
    FAILED,
};

/* What the options say, for all connections of an endpoint. */
struct plain_endpoint {
    bool is_server;
    uint8_t user_size, password_size;
    uint8_t user[PLAIN_TEXT_MAX], password[PLAIN_TEXT_MAX];
};

struct plain {
    const tn_host_t *host;
    const struct plain_endpoint *endpoint;
    tn_handshake_t *handshake;
    const uint8_t *metadata;
    size_t metadata_size;
    enum step step;
    int status; /* that ERROR tells */
    uint8_t user_size, password_size;
    uint8_t user[PLAIN_TEXT_MAX], password[PLAIN_TEXT_MAX]; /* the peer's */
};

/* ------------------------------------------------------------------ endpoints */

static void read_text(const tn_setup_t *setup, const tn_host_t *host, const char *name,
                      uint8_t *out, uint8_t *out_size)
{
    tn_value_t value;

    *out_size = 0;
    if (host->setup_option(setup, name, &value) < 0 || !value.data)
        return;
    *out_size = (uint8_t)value.size;
    if (value.size)
        memcpy(out, value.data, value.size);
}

static int plain_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                         unsigned role)
{
    struct plain_endpoint *endpoint = endpoint_state;
    tn_value_t value;

    (void)role;
    endpoint->is_server = host->setup_option(setup, "server", &value) == 0 && value.number;
    read_text(setup, host, "username", endpoint->user, &endpoint->user_size);
    read_text(setup, host, "password", endpoint->password, &endpoint->password_size);
    return endpoint->is_server;
}

/* ------------------------------------------------------------------ connections */

static int plain_open(void *state, const tn_host_t *host, const tn_handshake_info_t *info)
{
    struct plain *plain = state;

    plain->host = host;
    plain->endpoint = info->endpoint_state;
    plain->handshake = info->handshake;
    plain->metadata = info->metadata;
    plain->metadata_size = (size_t)info->metadata_size;
    plain->step = plain->endpoint->is_server ? AWAIT_HELLO : SEND_HELLO;
    return plain->endpoint->is_server;
}

static void plain_close(void *state)
{
    (void)state;
}

static ssize_t sent(struct plain *plain, ssize_t size, enum step next)
{
    if (size > 0)
        plain->step = next;
    return size;
}

static ssize_t plain_next_command(void *state, uint8_t *buffer, size_t capacity)
{
    struct plain *plain = state;
    const struct plain_endpoint *endpoint = plain->endpoint;
    const struct plain_text user = {endpoint->user, endpoint->user_size};
    const struct plain_text password = {endpoint->password, endpoint->password_size};

    switch (plain->step) {
    case SEND_HELLO:
        return sent(plain, plain_build_hello(buffer, capacity, &user, &password), AWAIT_WELCOME);
    case SEND_WELCOME:
        return sent(plain, plain_build(buffer, capacity, PLAIN_WELCOME, NULL, 0), AWAIT_INITIATE);
    case SEND_INITIATE:
        return sent(
            plain,
            plain_build(buffer, capacity, PLAIN_INITIATE, plain->metadata, plain->metadata_size),
            AWAIT_READY);
    case SEND_READY:
        return sent(
            plain,
            plain_build(buffer, capacity, PLAIN_READY, plain->metadata, plain->metadata_size),
            READY);
    case SEND_ERROR:
        return sent(plain, plain_build_error(buffer, capacity, plain->status), FAILED);
    default:
        return 0;
    }
}

static int fail(struct plain *plain, int fault, const char *what)
{
    plain->step = FAILED;
    plain->host->handshake_fault(plain->handshake, fault);
    return plain->host->set_error(plain->host, -EPROTO, "PLAIN: the peer sent %s", what);
}

static int take_hello(struct plain *plain, const struct plain_view *view)
{
    struct plain_text user, password;

    if (plain_parse_hello(view, &user, &password) < 0)
        return fail(plain, TN_FAULT_HELLO, "a malformed HELLO");
    plain->user_size = (uint8_t)user.size;
    plain->password_size = (uint8_t)password.size;
    memcpy(plain->user, user.bytes, user.size);
    memcpy(plain->password, password.bytes, password.size);
    plain->step = ASKING;
    return 0;
}

static int take_welcome(struct plain *plain, const struct plain_view *view)
{
    if (view->size)
        return fail(plain, TN_FAULT_WELCOME, "a malformed WELCOME");
    plain->step = SEND_INITIATE;
    return 0;
}

/* 300 is for now, everything else for good. */
static int take_error(struct plain *plain, const struct plain_view *view)
{
    struct plain_text reason;
    char text[PLAIN_TEXT_MAX + 1];
    int status;

    if (plain_parse_error(view, &reason) < 0)
        return fail(plain, TN_FAULT_ERROR, "a malformed ERROR");
    status = plain_status(&reason);
    if (status)
        plain->host->handshake_fault(plain->handshake, status);
    for (size_t i = 0; i < reason.size; i++)
        text[i] = reason.bytes[i] >= ' ' && reason.bytes[i] <= '~' ? (char)reason.bytes[i] : '?';
    text[reason.size] = '\0';
    plain->step = FAILED;
    return plain->host->set_error(plain->host, status == 300 ? -ECONNREFUSED : -EACCES,
                                  "PLAIN: the server has refused us: %s", text);
}

static int plain_command(void *state, const uint8_t *data, size_t size,
                         const uint8_t **out_metadata, size_t *out_metadata_size)
{
    struct plain *plain = state;
    bool is_client = !plain->endpoint->is_server;
    struct plain_view view;

    if (plain_parse(data, size, &view) < 0)
        return fail(plain, TN_FAULT_COMMAND, "a command without a whole name");
    if (is_client && view.command == PLAIN_ERROR &&
        (plain->step == AWAIT_WELCOME || plain->step == AWAIT_READY))
        return take_error(plain, &view);
    if (plain->step == AWAIT_HELLO && view.command == PLAIN_HELLO)
        return take_hello(plain, &view);
    if (plain->step == AWAIT_WELCOME && view.command == PLAIN_WELCOME)
        return take_welcome(plain, &view);
    if ((plain->step == AWAIT_INITIATE && view.command == PLAIN_INITIATE) ||
        (plain->step == AWAIT_READY && view.command == PLAIN_READY)) {
        *out_metadata = view.data;
        *out_metadata_size = view.size;
        plain->step = is_client ? READY : SEND_READY;
        return 0;
    }
    return fail(plain, TN_FAULT_UNEXPECTED, "a command that is not due");
}

static int plain_status_of(void *state)
{
    const struct plain *plain = state;

    return plain->step == READY    ? TN_MECHANISM_READY
           : plain->step == ASKING ? TN_MECHANISM_ASKING
                                   : TN_MECHANISM_HANDSHAKING;
}

static int plain_credentials(void *state, tn_credential_t *out_credentials)
{
    const struct plain *plain = state;

    out_credentials[0] = (tn_credential_t){plain->user, plain->user_size};
    out_credentials[1] = (tn_credential_t){plain->password, plain->password_size};
    return 2;
}

static int plain_verdict(void *state, int status)
{
    struct plain *plain = state;

    plain->status = status;
    plain->step = status == TN_AUTH_OK ? SEND_WELCOME : SEND_ERROR;
    return 0;
}

/* ------------------------------------------------------------------ the module */

static const tn_mechanism_ops_t ops = {
    .size = sizeof ops,
    .state_size = sizeof(struct plain),
    .wire_name = "PLAIN",
    .open = plain_open,
    .close = plain_close,
    .next_command = plain_next_command,
    .command = plain_command,
    .status = plain_status_of,
    .flags = TN_MECHANISM_NEEDS_VERDICT | TN_MECHANISM_TELLS,
    .endpoint_state = sizeof(struct plain_endpoint),
    .prepare = plain_prepare,
    .credentials = plain_credentials,
    .verdict = plain_verdict,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_BOOL_DESC("server", 0, "this side is asked to let peers in; 0: it asks"),
    TN_OPTION_STR_DESC("username", PLAIN_TEXT_MAX, NULL, "who a client is"),
    {sizeof(tn_option_desc_t), TN_OPTION_STR, TN_OPTION_SECRET, "password", "",
     "by which a client proves it; goes over the wire in the clear", 0, PLAIN_TEXT_MAX, 0, NULL},
    TN_OPTION_END,
};

static const tn_feature_t mechanism = {
    .size = sizeof mechanism,
    .kind = TN_MECHANISM,
    .name = "plain",
    .summary = "user name and password in the clear (RFC 24)",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&mechanism, NULL};

TN_MODULE(plain) = {
    TN_MODULE_HEAD("plain"),
    .version = "0.1.0",
    .license = "MIT",
    .summary = "user names and passwords, for links that are protected otherwise",
    .features = features,
};
