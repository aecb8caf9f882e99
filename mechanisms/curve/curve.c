/*
 * curve.c: the ops of the mechanism CURVE.
 */
#include "curve.h"

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "salsa.h"

/* ------------------------------------------------------------------ endpoints */

static int read_key(const tn_setup_t *setup, const tn_host_t *host, const char *name,
                    uint8_t out[CURVE_KEY], bool *out_is_set)
{
    tn_value_t value;

    *out_is_set = host->setup_option(setup, name, &value) == 0 && value.data && value.size;
    if (!*out_is_set || curve_key_read(value.data, (size_t)value.size, out))
        return 0;
    return host->set_error(
        host, -EINVAL, "option \"curve.%s\" is neither 32 bytes nor 40 characters of Z85", name);
}

static int missing(const tn_host_t *host, const char *name, const char *whose)
{
    return host->set_error(host, -EINVAL,
                           "mechanism 'curve': option \"curve.%s\" is not set: a %s needs it; "
                           "`tenon keygen` makes keys",
                           name, whose);
}

static int curve_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                         unsigned role)
{
    struct curve_endpoint *endpoint = endpoint_state;
    bool has_public = false, has_secret = false, has_server = false;
    tn_value_t value;
    int rc;

    (void)role;
    endpoint->is_server = host->setup_option(setup, "server", &value) == 0 && value.number;
    rc = read_key(setup, host, "publickey", endpoint->public, &has_public);
    if (rc == 0)
        rc = read_key(setup, host, "secretkey", endpoint->secret, &has_secret);
    if (rc == 0)
        rc = read_key(setup, host, "serverkey", endpoint->server, &has_server);
    if (rc < 0)
        return rc;
    if (!has_secret)
        return missing(host, "secretkey", endpoint->is_server ? "server" : "client");
    if (!endpoint->is_server && !has_server)
        return missing(host, "serverkey", "client");
    /* A server proves itself by its secret: what vouches name is the key that belongs to that. */
    if (endpoint->is_server || !has_public)
        crypto_scalarmult_base(endpoint->public, endpoint->secret);
    return endpoint->is_server;
}

/* ------------------------------------------------------------------ connections */

static int curve_open(void *state, const tn_host_t *host, const tn_handshake_info_t *info)
{
    struct curve *curve = state;
    const struct curve_endpoint *endpoint = info->endpoint_state;

    curve->host = host;
    curve->endpoint = endpoint;
    curve->handshake = info->handshake;
    curve->metadata = info->metadata;
    curve->metadata_size = (size_t)info->metadata_size;
    curve->step = endpoint->is_server ? CURVE_AWAIT_HELLO : CURVE_SEND_HELLO;
    crypto_box_keypair(curve->short_public, curve->short_secret);
    if (!endpoint->is_server &&
        !curve_share(curve->hello_key, endpoint->server, curve->short_secret))
        return host->set_error(host, -EINVAL, "option \"curve.serverkey\" is not a public key");
    return endpoint->is_server;
}

static void forget_properties(struct curve *curve)
{
    curve->host->free(curve->opened);
    curve->opened = NULL;
}

static void curve_close(void *state)
{
    struct curve *curve = state;

    forget_properties(curve);
    sodium_memzero(curve, sizeof *curve);
}

int curve_fail(struct curve *curve, int fault, const char *what)
{
    curve->step = CURVE_FAILED;
    curve->host->handshake_fault(curve->handshake, fault);
    return curve->host->set_error(curve->host, -EPROTO, "CURVE: the peer sent %s", what);
}

void curve_begin_messages(struct curve *curve)
{
    static const char client[] = "CurveZMQMESSAGEC", server[] = "CurveZMQMESSAGES";
    bool is_server = curve->endpoint->is_server;

    curve_way_init(&curve->out, is_server ? server : client, curve->shared, curve->sent_nonce);
    curve_way_init(&curve->in, is_server ? client : server, curve->shared, curve->seen_nonce);
    sodium_memzero(curve->short_secret, CURVE_KEY);
    sodium_memzero(curve->hello_key, CURVE_KEY);
    sodium_memzero(curve->shared, CURVE_KEY);
    sodium_memzero(curve->cookie, CURVE_COOKIE);
    curve->step = CURVE_READY;
}

bool curve_is(const uint8_t *command, size_t size, const char *name)
{
    size_t length = strlen(name);

    return size >= length && memcmp(command, name, length) == 0;
}

static ssize_t curve_next_command(void *state, uint8_t *buffer, size_t capacity)
{
    struct curve *curve = state;

    return curve->endpoint->is_server ? curve_server_next(curve, buffer, capacity)
                                      : curve_client_next(curve, buffer, capacity);
}

static int curve_command(void *state, const uint8_t *data, size_t size,
                         const uint8_t **out_metadata, size_t *out_metadata_size)
{
    struct curve *curve = state;
    int rc;

    forget_properties(curve);
    rc = curve->endpoint->is_server ? curve_server_take(curve, data, size)
                                    : curve_client_take(curve, data, size);
    if (rc == 0 && (curve->step == CURVE_ASKING || curve->step == CURVE_READY)) {
        *out_metadata = curve->opened;
        *out_metadata_size = curve->opened_size;
    }
    return rc;
}

static int curve_status(void *state)
{
    const struct curve *curve = state;

    return curve->step == CURVE_READY    ? TN_MECHANISM_READY
           : curve->step == CURVE_ASKING ? TN_MECHANISM_ASKING
                                         : TN_MECHANISM_HANDSHAKING;
}

static int curve_credentials(void *state, tn_credential_t *out_credentials)
{
    const struct curve *curve = state;

    out_credentials[0] = (tn_credential_t){curve->peer_long, CURVE_KEY};
    return 1;
}

static int curve_verdict(void *state, int status)
{
    struct curve *curve = state;

    curve->status = status;
    curve->step = status == TN_AUTH_OK ? CURVE_SEND_READY : CURVE_SEND_ERROR;
    return 0;
}

/* ------------------------------------------------------------------ messages */

enum { IN_BOX_MORE = 1, IN_BOX_COMMAND = 2 };

static ssize_t curve_encode(void *state, unsigned flags, const uint8_t *body, size_t size,
                            uint8_t *out)
{
    struct curve *curve = state;
    unsigned in_box =
        (flags & TN_FRAME_MORE ? IN_BOX_MORE : 0) | (flags & TN_FRAME_COMMAND ? IN_BOX_COMMAND : 0);

    curve_message_seal(&curve->out, in_box, body, size, out);
    return (ssize_t)(size + CURVE_MESSAGE_OVERHEAD);
}

static int curve_decode(void *state, tn_secret_frame_t *io_frame)
{
    struct curve *curve = state;
    unsigned flags = 0;
    uint8_t *body = NULL;

    switch (curve_message_open(&curve->in, io_frame->body, (size_t)io_frame->size, &flags, &body)) {
    case CURVE_OPENED:
        break;
    case CURVE_REPLAYED:
        return curve_fail(curve, TN_FAULT_SEQUENCE, "a MESSAGE whose nonce does not rise");
    case CURVE_FORGED:
        return curve_fail(curve, TN_FAULT_CRYPTOGRAPHIC, "a MESSAGE that does not open");
    default:
        return curve_fail(curve, TN_FAULT_MESSAGE, "something that is no MESSAGE");
    }
    io_frame->flags =
        (flags & IN_BOX_MORE ? TN_FRAME_MORE : 0) | (flags & IN_BOX_COMMAND ? TN_FRAME_COMMAND : 0);
    io_frame->body = body;
    io_frame->size -= CURVE_MESSAGE_OVERHEAD;
    return 0;
}

/* ------------------------------------------------------------------ the module */

static int curve_init(const tn_host_t *host, tn_module_state_t **out_state)
{
    *out_state = NULL;
    curve_stream_choose(true);
    return sodium_init() < 0 ? host->set_error(host, -EIO, "libsodium cannot be started") : 0;
}

static const tn_mechanism_ops_t ops = {
    .size = sizeof ops,
    .state_size = sizeof(struct curve),
    .wire_name = "CURVE",
    .open = curve_open,
    .close = curve_close,
    .next_command = curve_next_command,
    .command = curve_command,
    .status = curve_status,
    .encode = curve_encode,
    .decode = curve_decode,
    .overhead = CURVE_MESSAGE_OVERHEAD,
    .endpoint_state = sizeof(struct curve_endpoint),
    .prepare = curve_prepare,
    .credentials = curve_credentials,
    .verdict = curve_verdict,
};

#define KEY_DESC(name, flags, help)                                                                \
    {                                                                                              \
        sizeof(tn_option_desc_t), TN_OPTION_BLOB, flags, name, "", help, 0, CURVE_KEY_TEXT + 1, 0, \
            NULL                                                                                   \
    }

static const tn_option_desc_t options[] = {
    TN_OPTION_BOOL_DESC("server", 0, "this side has the key that clients know; 0: it is a client"),
    KEY_DESC("publickey", 0, "ours, 32 bytes or Z85; unset: made from the secret one"),
    KEY_DESC("secretkey", TN_OPTION_SECRET, "ours, 32 bytes or Z85"),
    KEY_DESC("serverkey", 0, "of a client: the server's public key, 32 bytes or Z85"),
    TN_OPTION_END,
};

static const tn_feature_t mechanism = {
    .size = sizeof mechanism,
    .kind = TN_MECHANISM,
    .name = "curve",
    .summary = "encryption and authentication by key pairs (RFC 25, 26)",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&mechanism, NULL};

TN_MODULE(curve) = {
    TN_MODULE_HEAD("curve"), .version = "0.1.0",
    .license = "MIT",        .summary = "CurveZMQ, on libsodium",
    .features = features,    .init = curve_init,
};
