/* DEALER, and CLIENT, which is one without envelopes. */
#include "reqrep.h"

#include <stdbool.h>

#include <tenon/tenon.h>

#include "occasions.h"

struct dealer {
    const tn_host_t *host;
    tn_sock_t *sock;
    tn_pipe_t *sending; /* that has an unfinished message */
    bool has_probe;
    bool is_receiving; /* in the middle of a message */
    struct tni_occasions occasions;
};

static int dealer_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct dealer *dealer = state;

    dealer->host = host;
    dealer->sock = sock;
    tni_occasions_init(&dealer->occasions, host, sock);
    return 0;
}

static void dealer_close(void *state)
{
    struct dealer *dealer = state;

    tni_occasions_fini(&dealer->occasions);
}

static void greet(struct dealer *dealer, tn_pipe_t *pipe)
{
    if (dealer->has_probe)
        tni_probe(dealer->host, pipe);
    tni_occasions_greet(&dealer->occasions, pipe);
}

static int dealer_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dealer *dealer = state;

    (void)pipe_state;
    greet(dealer, pipe);
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
    if (dealer->sending != pipe && dealer->host->pipe_connections(pipe) > 1)
        greet(dealer, pipe);
    return 0;
}

static void dealer_disconnected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dealer *dealer = state;

    (void)pipe_state;
    tni_occasions_lost(&dealer->occasions, pipe, NULL, 0);
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
    int rc;

    if (tni_notices_wait(&dealer->occasions.notices) && !dealer->is_receiving) {
        tni_notices_get(&dealer->occasions.notices, out_msg);
        return 0;
    }
    rc = dealer->host->fq_recv(dealer->sock, out_msg, NULL);
    if (rc == 0)
        dealer->is_receiving = (out_msg->flags & TN_MSG_MORE) != 0;
    return rc;
}

static int dealer_wants(void *state, const void *body, size_t size)
{
    const struct dealer *dealer = state;

    (void)body;
    (void)size;
    return !tni_notices_wait(&dealer->occasions.notices);
}

static unsigned dealer_poll(void *state)
{
    struct dealer *dealer = state;
    bool has_message = tni_notices_wait(&dealer->occasions.notices) ||
                       dealer->host->fq_can_recv(dealer->sock, NULL);

    return (has_message ? TN_POLLIN : 0u) |
           (dealer->host->lb_can_send(dealer->sock) ? TN_POLLOUT : 0u);
}

static int dealer_set(void *state, unsigned index, const tn_value_t *value)
{
    struct dealer *dealer = state;

    switch (index) {
    case DEALER_HELLO_MSG:
        return tni_occasions_set(&dealer->occasions, TNI_HELLO, value);
    case DEALER_HICCUP_MSG:
        return tni_occasions_set(&dealer->occasions, TNI_HICCUP, value);
    case DEALER_PROBE_ROUTER:
        dealer->has_probe = value->number != 0;
        break;
    default:
        break;
    }
    return 0;
}

#define DEALER_OPS(more_flags, name, peer_names)                                                   \
    .size = sizeof(tn_pattern_ops_t),                                                              \
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_BALANCES |                        \
             TN_PATTERN_TAKES_TURNS | (more_flags),                                                \
    .wire_name = (name), .peers = (peer_names), .socket_state = sizeof(struct dealer),             \
    .open = dealer_open, .close = dealer_close, .attach = dealer_attach, .detach = dealer_detach,  \
    .connected = dealer_connected, .disconnected = dealer_disconnected,                            \
    .readable = dealer_readable, .writable = dealer_writable, .send = dealer_send,                 \
    .recv = dealer_recv, .poll = dealer_poll, .set = dealer_set, .wants = dealer_wants

static const char *const peers[] = {"REP", "DEALER", "ROUTER", NULL};
static const tn_old_type_t old_types[] = {
    {"DEALER", 5}, {"REP", 4}, {"DEALER", 5}, {"ROUTER", 6}, {NULL, 0}};
static const char *const servers[] = {"SERVER", NULL};

const tn_pattern_ops_t tni_dealer_ops = {
    DEALER_OPS(TN_PATTERN_CONFLATES | TN_PATTERN_IDENTIFIES | TN_PATTERN_ONE_PER_ENDPOINT, "DEALER",
               peers),
    .old_types = old_types};

const tn_pattern_ops_t tni_client_ops = {DEALER_OPS(TN_PATTERN_SINGLE_FRAMES, "CLIENT", servers)};
