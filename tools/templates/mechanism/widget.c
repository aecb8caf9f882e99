/*
 * widget: a security mechanism for Tenon: the client shows a token, the server compares it.
 *
 *   client            server
 *   HELLO token metadata ->
 *                     <- READY metadata, or ERROR reason
 *
 * A state machine: commands in, commands out, no descriptor, nothing that blocks. A command is a name
 * (a byte with its length, then the text) and data. tenon/mechanism.h describes each op. The core
 * allocates, zeroes, wipes and frees the two structures below.
 */
#include <errno.h>
#include <string.h>

#include <tenon/mechanism.h>
#include <tenon/tenon.h>
#include <tenon/transport.h>

enum { TOKEN_MAX = 255 };

static const char hello[] = "\5HELLO", ready[] = "\5READY", error[] = "\5ERROR";
static const char refusal[] = "wrong token";

/* What the options of a bind or connect say, for all of its connections. */
struct endpoint {
    int is_server;
    size_t token_size;
    unsigned char token[TOKEN_MAX];
};

enum step { SEND_HELLO, AWAIT_READY, AWAIT_HELLO, SEND_READY, SEND_ERROR, READY, FAILED };

struct connection {
    const tn_host_t *host;
    const struct endpoint *endpoint;
    tn_handshake_t *handshake;
    const uint8_t *metadata; /* ours: the core's until READY */
    size_t metadata_size;
    enum step step;
};

/* ---- endpoints ---- */

/* Application thread, in tn_bind and tn_connect; 1: this side is the server. */
static int widget_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                          unsigned role)
{
    struct endpoint *self = endpoint_state;
    tn_value_t value;

    (void)role;
    self->is_server = host->setup_option(setup, "server", &value) == 0 && value.number;
    if (host->setup_option(setup, "token", &value) < 0 || !value.data || value.size == 0)
        return host->set_error(host, -EINVAL,
                               "the mechanism widget needs a token: set \"widget.token\"");
    self->token_size = (size_t)value.size;
    memcpy(self->token, value.data, self->token_size);
    return self->is_server;
}

/* ---- connections ---- */

static int widget_open(void *state, const tn_host_t *host, const tn_handshake_info_t *info)
{
    struct connection *self = state;

    self->host = host;
    self->endpoint = info->endpoint_state;
    self->handshake = info->handshake;
    self->metadata = info->metadata;
    self->metadata_size = (size_t)info->metadata_size;
    self->step = self->endpoint->is_server ? AWAIT_HELLO : SEND_HELLO;
    return self->endpoint->is_server;
}

static void widget_close(void *state)
{
    (void)state;
}

/* Appends to a command; the caller has seen that it fits. */
static size_t put(uint8_t *buffer, size_t used, const void *data, size_t size)
{
    memcpy(buffer + used, data, size);
    return used + size;
}

static ssize_t widget_next_command(void *state, uint8_t *buffer, size_t capacity)
{
    struct connection *self = state;
    const struct endpoint *endpoint = self->endpoint;
    uint8_t size = (uint8_t)endpoint->token_size;
    size_t used;

    if (capacity < sizeof hello + sizeof refusal + 1 + TOKEN_MAX + self->metadata_size)
        return -EMSGSIZE;
    switch (self->step) {
    case SEND_HELLO:
        used = put(buffer, 0, hello, sizeof hello - 1);
        used = put(buffer, used, &size, 1);
        used = put(buffer, used, endpoint->token, size);
        self->step = AWAIT_READY;
        return (ssize_t)put(buffer, used, self->metadata, self->metadata_size);
    case SEND_READY:
        used = put(buffer, 0, ready, sizeof ready - 1);
        self->step = READY;
        return (ssize_t)put(buffer, used, self->metadata, self->metadata_size);
    case SEND_ERROR:
        size = sizeof refusal - 1;
        used = put(buffer, 0, error, sizeof error - 1);
        used = put(buffer, used, &size, 1);
        self->step = FAILED;
        return (ssize_t)put(buffer, used, refusal, size);
    case FAILED: /* the client has been told: the connection ends */
        return self->host->set_error(self->host, -EACCES, "widget: the peer showed a wrong token");
    default:
        return 0;
    }
}

static int malformed(struct connection *self)
{
    self->step = FAILED;
    self->host->handshake_fault(self->handshake, TN_FAULT_COMMAND);
    return self->host->set_error(self->host, -EPROTO, "widget: the peer sent a malformed command");
}

/* In a time that does not depend on where they differ. */
static int is_token(const struct endpoint *endpoint, const uint8_t *bytes, size_t size)
{
    unsigned char difference = size != endpoint->token_size;

    for (size_t i = 0; i < size && i < endpoint->token_size; i++)
        difference |= bytes[i] ^ endpoint->token[i];
    return difference == 0;
}

static int take_hello(struct connection *self, const uint8_t *data, size_t size,
                      const uint8_t **out_metadata, size_t *out_metadata_size)
{
    if (size < 1 || size - 1 < data[0])
        return malformed(self);
    if (!is_token(self->endpoint, data + 1, data[0])) {
        self->host->log(self->host, TN_LOG_WARN, "widget: a peer showed the wrong token");
        self->step = SEND_ERROR;
        return 0;
    }
    *out_metadata = data + 1 + data[0];
    *out_metadata_size = size - 1 - data[0];
    self->step = SEND_READY;
    return 0;
}

static int has_name(const uint8_t *data, size_t size, const char *name)
{
    return size >= strlen(name) && memcmp(data, name, strlen(name)) == 0;
}

static int widget_command(void *state, const uint8_t *data, size_t size,
                          const uint8_t **out_metadata, size_t *out_metadata_size)
{
    struct connection *self = state;

    if (self->step == AWAIT_HELLO && has_name(data, size, hello))
        return take_hello(self, data + sizeof hello - 1, size - (sizeof hello - 1), out_metadata,
                          out_metadata_size);
    if (self->step == AWAIT_READY && has_name(data, size, ready)) {
        *out_metadata = data + sizeof ready - 1;
        *out_metadata_size = size - (sizeof ready - 1);
        self->step = READY;
        return 0;
    }
    if (self->step == AWAIT_READY && has_name(data, size, error)) {
        self->step = FAILED;
        return self->host->set_error(self->host, -EACCES, "widget: the server refused our token");
    }
    return malformed(self);
}

static int widget_status(void *state)
{
    const struct connection *self = state;

    return self->step == READY ? TN_MECHANISM_READY : TN_MECHANISM_HANDSHAKING;
}

/* ---- the description of the module ---- */

static const tn_mechanism_ops_t ops = {
    .size = sizeof ops,
    .state_size = sizeof(struct connection),
    .wire_name = "WIDGET",
    .open = widget_open,
    .close = widget_close,
    .next_command = widget_next_command,
    .command = widget_command,
    .status = widget_status,
    .flags = TN_MECHANISM_TELLS, /* whoever reads the wire learns the token */
    .endpoint_state = sizeof(struct endpoint),
    .prepare = widget_prepare,
};

/* Set by "widget.token", or in an endpoint: tcp://host:5555?mechanism=widget&widget.token=secret */
static const tn_option_desc_t options[] = {
    TN_OPTION_BOOL_DESC("server", 0, "this side lets peers in; 0: it asks to be let in"),
    {sizeof(tn_option_desc_t), TN_OPTION_STR, TN_OPTION_SECRET, "token", "",
     "what a client shows; goes over the wire in the clear", 0, TOKEN_MAX, 0, NULL},
    TN_OPTION_END,
};

static const tn_feature_t mechanism = {
    .size = sizeof mechanism,
    .kind = TN_MECHANISM,
    .name = "widget",
    .summary = "one token for everybody, to be edited",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&mechanism, NULL};

TN_MODULE(widget) = {
    TN_MODULE_HEAD("widget"),          .version = "0.1.0",   .license = "MIT",
    .summary = "the mechanism widget", .features = features,
};
