#include "reqrep.h"

#include <stdbool.h>

#include <tenon/tenon.h>

struct dealer {
    const tn_host_t *host;
    tn_sock_t *sock;
    tn_pipe_t *sending; /* that has an unfinished message */
    bool has_probe;
};

static int dealer_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct dealer *dealer = state;

    dealer->host = host;
    dealer->sock = sock;
    return 0;
}

static void dealer_close(void *state)
{
    (void)state;
}

static int dealer_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dealer *dealer = state;

    (void)pipe_state;
    if (dealer->has_probe)
        tni_probe(dealer->host, pipe);
    dealer->host->fq_add(pipe);
    dealer->host->lb_add(pipe);
    return 0;
}

static void dealer_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dealer *dealer = state;

    (void)pipe_state;
    if (dealer->sending == pipe)
        dealer->sending = NULL;
    dealer->host->fq_remove(pipe);
    dealer->host->lb_remove(pipe);
}

static int dealer_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dealer *dealer = state;

    (void)pipe_state;
    if (dealer->has_probe && dealer->sending != pipe && dealer->host->pipe_connections(pipe) > 1)
        tni_probe(dealer->host, pipe);
    return 0;
}

static void dealer_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dealer *dealer = state;

    (void)pipe_state;
    dealer->host->fq_ready(pipe);
}

static void dealer_writable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dealer *dealer = state;

    (void)pipe_state;
    dealer->host->lb_ready(pipe);
}

static int dealer_send(void *state, tn_msg_t *msg)
{
    struct dealer *dealer = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    tn_pipe_t *pipe = NULL;
    int rc = dealer->host->lb_send(dealer->sock, msg, &pipe);

    dealer->sending = has_more ? pipe : NULL;
    return rc;
}

static int dealer_recv(void *state, tn_msg_t *out_msg)
{
    struct dealer *dealer = state;

    return dealer->host->fq_recv(dealer->sock, out_msg, NULL);
}

static unsigned dealer_poll(void *state)
{
    struct dealer *dealer = state;

    return (dealer->host->fq_can_recv(dealer->sock, NULL) ? TN_POLLIN : 0u) |
           (dealer->host->lb_can_send(dealer->sock) ? TN_POLLOUT : 0u);
}

static int dealer_set(void *state, unsigned index, const tn_value_t *value)
{
    struct dealer *dealer = state;

    if (index == DEALER_PROBE_ROUTER)
        dealer->has_probe = value->number != 0;
    return 0;
}

static const char *const peers[] = {"REP", "DEALER", "ROUTER", NULL};

const tn_pattern_ops_t tni_dealer_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_CONFLATES | TN_PATTERN_IDENTIFIES |
             TN_PATTERN_ONE_PER_ENDPOINT,
    .wire_name = "DEALER",
    .peers = peers,
    .socket_state = sizeof(struct dealer),
    .open = dealer_open,
    .close = dealer_close,
    .attach = dealer_attach,
    .detach = dealer_detach,
    .connected = dealer_connected,
    .readable = dealer_readable,
    .writable = dealer_writable,
    .send = dealer_send,
    .recv = dealer_recv,
    .poll = dealer_poll,
    .set = dealer_set,
};
