#include "pair.h"

#include <errno.h>

#include <tenon/tenon.h>

/* With a single pipe in them the fair queue and the load balancer are exactly what PAIR needs: they
 * keep messages whole when that pipe goes away in the middle of one. */
struct pair {
    const tn_host_t *host;
    tn_sock_t *sock;
    tn_pipe_t *pipe;
};

static int pair_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct pair *pair = state;

    pair->host = host;
    pair->sock = sock;
    return 0;
}

static void pair_close(void *state)
{
    (void)state;
}

static int pair_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct pair *pair = state;

    (void)pipe_state;
    if (pair->pipe)
        return pair->host->set_error(pair->host, -EBUSY,
                                     "a pair socket has one peer at a time, and this one has it "
                                     "already: close the first connection, or use dealer");
    pair->pipe = pipe;
    pair->host->fq_add(pipe);
    pair->host->lb_add(pipe);
    return 0;
}

static void pair_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct pair *pair = state;

    (void)pipe_state;
    if (pair->pipe != pipe)
        return;
    pair->host->fq_remove(pipe);
    pair->host->lb_remove(pipe);
    pair->pipe = NULL;
}

static void pair_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct pair *pair = state;

    (void)pipe_state;
    pair->host->fq_ready(pipe);
}

static void pair_writable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct pair *pair = state;

    (void)pipe_state;
    pair->host->lb_ready(pipe);
}

static int pair_send(void *state, tn_msg_t *msg)
{
    struct pair *pair = state;

    return pair->host->lb_send(pair->sock, msg, NULL);
}

static int pair_recv(void *state, tn_msg_t *out_msg)
{
    struct pair *pair = state;

    return pair->host->fq_recv(pair->sock, out_msg, NULL);
}

static unsigned pair_poll(void *state)
{
    struct pair *pair = state;

    return (pair->host->fq_can_recv(pair->sock, NULL) ? TN_POLLIN : 0u) |
           (pair->host->lb_can_send(pair->sock) ? TN_POLLOUT : 0u);
}

#define PAIR_OPS(more_flags, name, peer_names)                                                     \
    .size = sizeof(tn_pattern_ops_t),                                                              \
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_BALANCES |                        \
             TN_PATTERN_TAKES_TURNS | (more_flags),                                                \
    .wire_name = (name), .peers = (peer_names), .socket_state = sizeof(struct pair),               \
    .open = pair_open, .close = pair_close, .attach = pair_attach, .detach = pair_detach,          \
    .readable = pair_readable, .writable = pair_writable, .send = pair_send, .recv = pair_recv,    \
    .poll = pair_poll

static const char *const pairs[] = {"PAIR", NULL};
static const tn_old_type_t old_pairs[] = {{"PAIR", 0}, {"PAIR", 0}, {NULL, 0}};
static const char *const channels[] = {"CHANNEL", NULL};

const tn_pattern_ops_t tni_pair_ops = {PAIR_OPS(0, "PAIR", pairs), .old_types = old_pairs};

const tn_pattern_ops_t tni_channel_ops = {PAIR_OPS(TN_PATTERN_SINGLE_FRAMES, "CHANNEL", channels)};
