/*
 * widget: a pattern for Tenon: exactly one peer, both ways.
 *
 * All ops run under the socket's own lock, on an application's thread: no lock of our own, nothing
 * that waits. "Would block" is -EAGAIN; the core then waits, and asks again after `readable` or
 * `writable`. tenon/pattern.h describes each op and what the host offers: fair queues, load balancers,
 * fan-outs, tries. The core allocates, zeroes and frees the two structures below.
 */
#include <errno.h>

#include <tenon/pattern.h>
#include <tenon/tenon.h>

struct socket {
    const tn_host_t *host;
    tn_sock_t *sock; /* the core's name for the socket */
    tn_pipe_t *peer; /* NULL: none */
    int64_t refusals; /* how many before the log says so */
    int64_t refused;
};

/* What we keep for each peer. */
struct peer {
    uint64_t received; /* whole messages */
};

enum { OPTION_REFUSALS, OPTION_RECEIVED }; /* as in the table below */

static int widget_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct socket *self = state;

    self->host = host;
    self->sock = sock;
    self->refusals = 1;
    return 0;
}

static void widget_close(void *state)
{
    (void)state;
}

/* ---- peers come and go ---- */

/* Negative: this peer is not wanted. */
static int widget_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct socket *self = state;

    (void)pipe_state;
    if (self->peer) {
        if (++self->refused == self->refusals)
            self->host->log(self->host, TN_LOG_WARN, "widget: refused %lld peers so far",
                            (long long)self->refused);
        return self->host->set_error(self->host, -EBUSY,
                                     "a widget socket has one peer at a time, and has it already");
    }
    self->peer = pipe;
    self->host->fq_add(pipe);
    self->host->lb_add(pipe);
    return 0;
}

static void widget_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct socket *self = state;

    (void)pipe_state;
    if (self->peer != pipe)
        return;
    self->host->fq_remove(pipe);
    self->host->lb_remove(pipe);
    self->peer = NULL;
}

static void widget_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct socket *self = state;

    (void)pipe_state;
    self->host->fq_ready(pipe);
}

static void widget_writable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct socket *self = state;

    (void)pipe_state;
    self->host->lb_ready(pipe);
}

/* ---- messages, frame by frame ---- */

/* Whole messages, in turn to each peer that takes one: there is one peer here. */
static int widget_send(void *state, tn_msg_t *msg)
{
    struct socket *self = state;

    return self->host->lb_send(self->sock, msg, NULL);
}

/* Whole messages, in turn from each peer that has one. */
static int widget_recv(void *state, tn_msg_t *out_msg)
{
    struct socket *self = state;
    tn_pipe_t *pipe = NULL;
    int rc = self->host->fq_recv(self->sock, out_msg, &pipe);

    if (rc == 0 && pipe && !(out_msg->flags & TN_MSG_MORE)) {
        struct peer *peer = self->host->pipe_state(pipe);

        peer->received++;
    }
    return rc;
}

/* Must agree with what send and recv would say. */
static unsigned widget_poll(void *state)
{
    struct socket *self = state;

    return (self->host->fq_can_recv(self->sock, NULL) ? TN_POLLIN : 0u) |
           (self->host->lb_can_send(self->sock) ? TN_POLLOUT : 0u);
}

/* ---- options ---- */

/* The value has been checked against the table. */
static int widget_set(void *state, unsigned index, const tn_value_t *value)
{
    struct socket *self = state;

    if (index == OPTION_REFUSALS)
        self->refusals = value->number;
    return 0;
}

/* -ENOTSUP: the core returns what was set. */
static int widget_get(void *state, unsigned index, tn_value_t *out_value)
{
    struct socket *self = state;
    struct peer *peer = self->peer ? self->host->pipe_state(self->peer) : NULL;

    if (index != OPTION_RECEIVED)
        return -ENOTSUP;
    *out_value = (tn_value_t){.type = TN_OPTION_INT, .number = peer ? (int64_t)peer->received : 0};
    return 0;
}

/* ---- the description of the module ---- */

/* What the other side's "Socket-Type" may be. */
static const char *const peers[] = {"WIDGET", NULL};

static const tn_pattern_ops_t ops = {
    .size = sizeof ops,
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES,
    .wire_name = "WIDGET",
    .peers = peers,
    .socket_state = sizeof(struct socket),
    .pipe_state = sizeof(struct peer),
    .open = widget_open,
    .close = widget_close,
    .attach = widget_attach,
    .detach = widget_detach,
    .readable = widget_readable,
    .writable = widget_writable,
    .send = widget_send,
    .recv = widget_recv,
    .poll = widget_poll,
    .set = widget_set,
    .get = widget_get,
};

static const tn_option_desc_t options[] = {
    TN_OPTION_INT_DESC("refusals", "peers", 1, 1000000, 1,
                       "how many peers may be refused before the log says so"),
    {sizeof(tn_option_desc_t), TN_OPTION_INT, TN_OPTION_NO_SET, "received", "messages",
     "what the present peer has sent", 0, INT64_MAX, 0, NULL},
    TN_OPTION_END,
};

static const tn_feature_t pattern =
    TN_PATTERN_FEATURE("widget", "one peer, both ways, to be edited", &ops, options);

static const tn_feature_t *const features[] = {&pattern, NULL};

TN_MODULE(widget) = {
    TN_MODULE_HEAD("widget"),        .version = "0.1.0",   .license = "MIT",
    .summary = "the pattern widget", .features = features,
};
