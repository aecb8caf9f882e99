#include "pipeline.h"

#include <tenon/tenon.h>

struct push {
    const tn_host_t *host;
    tn_sock_t *sock;
};

static int push_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct push *push = state;

    push->host = host;
    push->sock = sock;
    return 0;
}

static void push_close(void *state)
{
    (void)state;
}

static int push_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct push *push = state;

    (void)pipe_state;
    push->host->lb_add(pipe);
    return 0;
}

static void push_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct push *push = state;

    (void)pipe_state;
    push->host->lb_remove(pipe);
}

/* A PULL peer has nothing to say; left unread, what it sends would keep its pipe after its end. */
static void push_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct push *push = state;
    tn_msg_t frame;

    (void)pipe_state;
    tn_msg_clear(&frame);
    while (push->host->pipe_read(pipe, &frame) == 0) {
        if (!(frame.flags & TN_MSG_MORE))
            push->host->sock_drop(push->sock, TN_DROP_MALFORMED, 1);
        push->host->msg_close(&frame);
        tn_msg_clear(&frame);
    }
}

static void push_writable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct push *push = state;

    (void)pipe_state;
    push->host->lb_ready(pipe);
}

static int push_send(void *state, tn_msg_t *msg)
{
    struct push *push = state;

    return push->host->lb_send(push->sock, msg, NULL);
}

static unsigned push_poll(void *state)
{
    struct push *push = state;

    return push->host->lb_can_send(push->sock) ? TN_POLLOUT : 0u;
}

#define PUSH_OPS(more_flags, name, peer_names)                                                     \
    .size = sizeof(tn_pattern_ops_t),                                                              \
    .flags = TN_PATTERN_SENDS | TN_PATTERN_BALANCES | (more_flags), .wire_name = (name),           \
    .peers = (peer_names), .socket_state = sizeof(struct push), .open = push_open,                 \
    .close = push_close, .attach = push_attach, .detach = push_detach, .readable = push_readable,  \
    .writable = push_writable, .send = push_send, .poll = push_poll

static const char *const pulls[] = {"PULL", NULL};
static const tn_old_type_t old_types[] = {{"PUSH", 8}, {"PULL", 7}, {NULL, 0}};
static const char *const gathers[] = {"GATHER", NULL};

const tn_pattern_ops_t tni_push_ops = {PUSH_OPS(TN_PATTERN_CONFLATES, "PUSH", pulls),
                                       .old_types = old_types};

const tn_pattern_ops_t tni_scatter_ops = {PUSH_OPS(TN_PATTERN_SINGLE_FRAMES, "SCATTER", gathers)};
