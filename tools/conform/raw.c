#include "raw.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/pattern.h>

enum { NAMES_MAX = 8 };

struct raw {
    const tn_host_t *host;
    tn_pipe_t *peer; /* NULL: none */
    int64_t sends, received; /* flags: of the next frame, of the last one */
};

enum { OPTION_SENDS, OPTION_RECEIVED };

static int raw_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct raw *raw = state;

    (void)sock;
    raw->host = host;
    return 0;
}

static void raw_close(void *state)
{
    (void)state;
}

static int raw_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct raw *raw = state;

    (void)pipe_state;
    if (raw->peer)
        return -EBUSY;
    raw->peer = pipe;
    return 0;
}

static void raw_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct raw *raw = state;

    (void)pipe_state;
    if (raw->peer == pipe)
        raw->peer = NULL;
}

static int raw_send(void *state, tn_msg_t *msg)
{
    struct raw *raw = state;
    int rc;

    if (!raw->peer)
        return -EAGAIN;
    msg->flags |= (uint8_t)raw->sends;
    rc = raw->host->pipe_write(raw->peer, msg);
    if (rc == 0)
        raw->sends = 0;
    return rc;
}

static int raw_recv(void *state, tn_msg_t *out_msg)
{
    struct raw *raw = state;
    int rc = raw->peer ? raw->host->pipe_read(raw->peer, out_msg) : -EAGAIN;

    if (rc == 0)
        raw->received = out_msg->flags & TN_MSG_REQUEST;
    return rc;
}

static unsigned raw_poll(void *state)
{
    struct raw *raw = state;

    if (!raw->peer)
        return 0;
    return (raw->host->pipe_can_read(raw->peer) ? TN_POLLIN : 0u) |
           (raw->host->pipe_can_write(raw->peer) ? TN_POLLOUT : 0u);
}

static int raw_set(void *state, unsigned index, const tn_value_t *value)
{
    struct raw *raw = state;

    if (index == OPTION_SENDS)
        raw->sends = value->number;
    return 0;
}

static int raw_get(void *state, unsigned index, tn_value_t *out_value)
{
    struct raw *raw = state;

    if (index != OPTION_RECEIVED)
        return -ENOTSUP;
    *out_value = (tn_value_t){.type = TN_OPTION_INT, .number = raw->received};
    return 0;
}

static const tn_option_desc_t options[] = {
    TN_OPTION_INT_DESC("raw_sends", "", 0, 255, 0, "flags of the next frame"),
    {sizeof(tn_option_desc_t), TN_OPTION_INT, TN_OPTION_NO_SET, "raw_received", "",
     "flags of the last frame", 0, 255, 0, NULL},
    TN_OPTION_END,
};

/* ---- the module, made for the pattern that it stands against ---- */

static tn_pattern_ops_t ops[NAMES_MAX];
static tn_feature_t feature[NAMES_MAX];
static const tn_feature_t *features[NAMES_MAX + 1];
static char names[NAMES_MAX][16];
static const char *talks_to[2];
static tn_module_t module = {TN_MODULE_HEAD("conform_raw"), .version = "1", .license = "MIT",
                             .summary = "the kit's end of a pattern that is tried",
                             .features = features};

static void make_feature(size_t i, const char *wire_name)
{
    ops[i] = (tn_pattern_ops_t){
        .size = sizeof *ops,
        .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_IDENTIFIES |
                 TN_PATTERN_TAKES_SUBSCRIPTIONS | TN_PATTERN_TAKES_GROUPS,
        .wire_name = wire_name,
        .peers = talks_to,
        .socket_state = sizeof(struct raw),
        .open = raw_open,
        .close = raw_close,
        .attach = raw_attach,
        .detach = raw_detach,
        .send = raw_send,
        .recv = raw_recv,
        .poll = raw_poll,
        .set = raw_set,
        .get = raw_get,
    };
    snprintf(names[i], sizeof names[i], "conform_raw%zu", i);
    feature[i] = (tn_feature_t)TN_PATTERN_FEATURE(names[i], "the kit's end", &ops[i], options);
    features[i] = &feature[i];
}

void raw_add_to(tn_ctx_t *ctx, const struct subject *subject)
{
    const tn_pattern_ops_t *theirs = subject->feature->ops;

    talks_to[0] = theirs->wire_name;
    for (size_t i = 0; theirs->peers[i] && i < NAMES_MAX; i++)
        make_feature(i, theirs->peers[i]);
    CONFORM(features[0], "\"peers\" is empty: it talks to nobody");
    CONFORM(tn_ctx_add_module(ctx, &module) == 0, "%s", tn_last_error());
}

tn_socket_t *raw_socket(tn_ctx_t *ctx, const struct subject *subject, const char *wire_name)
{
    const tn_pattern_ops_t *theirs = subject->feature->ops;
    tn_socket_t *socket = NULL;

    for (size_t i = 0; theirs->peers[i] && i < NAMES_MAX && !socket; i++)
        if (!wire_name || strcmp(theirs->peers[i], wire_name) == 0)
            socket = tn_socket(ctx, names[i]);
    CONFORM(socket, "no socket of the kit's for a peer \"%s\": %s", wire_name ? wire_name : "",
            tn_last_error());
    tn_set_int(socket, "linger", 0);
    return socket;
}

unsigned raw_flags(tn_socket_t *socket)
{
    int64_t flags = 0;

    CONFORM(tn_get_int(socket, "raw_received", &flags) == 0, "%s", tn_last_error());
    return (unsigned)flags;
}

int raw_send_request(tn_socket_t *socket, const void *data, size_t size, unsigned flags)
{
    CONFORM(tn_set_int(socket, "raw_sends", flags) == 0, "%s", tn_last_error());
    return tn_send(socket, data, size, TN_DONTWAIT);
}
