#include "pipeline.h"

#include <tenon/tenon.h>

struct pull {
    const tn_host_t *host;
    tn_sock_t *sock;
};

static int pull_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct pull *pull = state;

    pull->host = host;
    pull->sock = sock;
    return 0;
}

static void pull_close(void *state)
{
    (void)state;
}

static int pull_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct pull *pull = state;

    (void)pipe_state;
    pull->host->fq_add(pipe);
    return 0;
}

static void pull_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct pull *pull = state;

    (void)pipe_state;
    pull->host->fq_remove(pipe);
}

static void pull_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct pull *pull = state;

    (void)pipe_state;
    pull->host->fq_ready(pipe);
}

static int pull_recv(void *state, tn_msg_t *out_msg)
{
    struct pull *pull = state;

    return pull->host->fq_recv(pull->sock, out_msg, NULL);
}

static unsigned pull_poll(void *state)
{
    struct pull *pull = state;

    return pull->host->fq_can_recv(pull->sock, NULL) ? TN_POLLIN : 0u;
}

#define PULL_OPS(more_flags, name, peer_names)                                                     \
    .size = sizeof(tn_pattern_ops_t),                                                              \
    .flags = TN_PATTERN_RECEIVES | TN_PATTERN_TAKES_TURNS | (more_flags), .wire_name = (name),     \
    .peers = (peer_names), .socket_state = sizeof(struct pull), .open = pull_open,                 \
    .close = pull_close, .attach = pull_attach, .detach = pull_detach, .readable = pull_readable,  \
    .recv = pull_recv, .poll = pull_poll

static const char *const pushes[] = {"PUSH", NULL};
static const tn_old_type_t old_types[] = {{"PULL", 7}, {"PUSH", 8}, {NULL, 0}};
static const char *const scatters[] = {"SCATTER", NULL};

const tn_pattern_ops_t tni_pull_ops = {PULL_OPS(TN_PATTERN_CONFLATES, "PULL", pushes),
                                       .old_types = old_types};

const tn_pattern_ops_t tni_gather_ops = {PULL_OPS(TN_PATTERN_SINGLE_FRAMES, "GATHER", scatters)};
