#include "reqrep.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <tenon/tenon.h>

/* More routing frames than any chain of devices has: what a peer can make us keep per request. */
#define MOST_HOPS 1024

enum phase {
    IDLE, /* waits for a request                                     */
    READING, /* its envelope is kept, the frames of its body are to be read */
    READ, /* may reply                                               */
    REPLYING, /* in the middle of a reply                                */
};

struct rep {
    const tn_host_t *host;
    tn_sock_t *sock;
    enum phase phase;
    tn_pipe_t *peer; /* that sent the request; NULL: it has gone, or the reply is being dropped */
    tn_msg_t *envelope; /* the routing frames before the delimiter */
    size_t hops;
    size_t capacity;
};

static int rep_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct rep *rep = state;

    rep->host = host;
    rep->sock = sock;
    rep->phase = IDLE;
    return 0;
}

static void forget_envelope(struct rep *rep)
{
    while (rep->hops > 0)
        rep->host->msg_close(&rep->envelope[--rep->hops]);
}

static void rep_close(void *state)
{
    struct rep *rep = state;

    forget_envelope(rep);
    rep->host->free(rep->envelope);
}

static int rep_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct rep *rep = state;

    (void)pipe_state;
    rep->host->fq_add(pipe);
    return 0;
}

static void rep_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct rep *rep = state;

    (void)pipe_state;
    if (rep->peer == pipe) {
        rep->peer = NULL;
        if (rep->phase == REPLYING)
            rep->host->sock_drop(rep->sock, TN_DROP_PEER_LOST, 1);
    }
    rep->host->fq_remove(pipe);
}

static void rep_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct rep *rep = state;

    (void)pipe_state;
    rep->host->fq_ready(pipe);
}

static int make_room(struct rep *rep)
{
    size_t capacity = rep->capacity ? rep->capacity * 2 : 4;
    tn_msg_t *envelope;

    if (rep->hops < rep->capacity)
        return 0;
    if (rep->hops == MOST_HOPS)
        return -EPROTO;
    envelope = rep->host->alloc(capacity * sizeof(*envelope));
    if (!envelope)
        return -ENOMEM;
    if (rep->hops)
        memcpy(envelope, rep->envelope, rep->hops * sizeof(*envelope));
    rep->host->free(rep->envelope);
    rep->envelope = envelope;
    rep->capacity = capacity;
    return 0;
}

/* Takes `frame` on success. */
static int keep_hop(struct rep *rep, tn_msg_t *frame)
{
    int rc = make_room(rep);

    if (rc == 0)
        rc = rep->host->msg_own(frame);
    if (rc)
        return rc;
    rep->envelope[rep->hops++] = *frame;
    tn_msg_clear(frame);
    return 0;
}

/* Reads a message up to its delimiter. -EPROTO: it has none, or nothing follows it. */
static int read_envelope(struct rep *rep, tn_msg_t *frame)
{
    int rc;

    for (;;) {
        if (!(frame->flags & TN_MSG_MORE))
            return -EPROTO;
        if (tn_msg_length(frame) == 0)
            return 0;
        rc = keep_hop(rep, frame);
        if (rc)
            return rc;
        rc = rep->host->fq_recv(rep->sock, frame, NULL);
        if (rc)
            return -EPROTO;
    }
}

static int begin_request(struct rep *rep)
{
    for (;;) {
        tn_msg_t frame;
        tn_pipe_t *pipe;
        int rc;

        tn_msg_clear(&frame);
        rc = rep->host->fq_recv(rep->sock, &frame, &pipe);
        if (rc)
            return rc;
        rc = read_envelope(rep, &frame);
        if (rc == 0) {
            tni_take(rep->host, &frame);
            rep->peer = pipe;
            rep->phase = READING;
            return 0;
        }
        tni_skip(rep->host, rep->sock, &frame);
        forget_envelope(rep);
        rep->host->sock_drop(rep->sock, rc == -EPROTO ? TN_DROP_MALFORMED : TN_DROP_UNREAD, 1);
        if (rc != -EPROTO)
            return rc;
    }
}

static int rep_recv(void *state, tn_msg_t *out_msg)
{
    struct rep *rep = state;
    int rc;

    if (rep->phase == READ || rep->phase == REPLYING)
        return rep->host->set_error(rep->host, -TN_EFSM,
                                    "a rep socket must reply to the request it has received "
                                    "before it can receive another");
    if (rep->phase == IDLE) {
        rc = begin_request(rep);
        if (rc)
            return rc;
    }
    rc = rep->host->fq_recv(rep->sock, out_msg, NULL);
    if (rc == 0 && !(out_msg->flags & TN_MSG_MORE))
        rep->phase = READ;
    return rc;
}

/* The envelope stays, in case the reply has to be sent again. */
static int write_envelope(struct rep *rep)
{
    tn_msg_t frame;
    size_t i;

    for (i = 0; i < rep->hops; i++) {
        int rc;

        tn_msg_borrow(&frame, tn_msg_bytes(&rep->envelope[i]), tn_msg_length(&rep->envelope[i]));
        frame.flags = TN_MSG_MORE;
        rc = rep->host->pipe_write(rep->peer, &frame);
        if (rc)
            return rc;
    }
    tn_msg_clear(&frame);
    frame.flags = TN_MSG_MORE;
    return rep->host->pipe_write(rep->peer, &frame);
}

static int begin_reply(struct rep *rep)
{
    int rc;

    if (!rep->peer) {
        rep->host->sock_drop(rep->sock, TN_DROP_UNROUTABLE, 1);
        return 0;
    }
    rc = write_envelope(rep);
    if (rc) {
        rep->host->pipe_rollback(rep->peer);
        if (rc == -ENOMEM)
            return rc;
        rep->host->sock_drop(rep->sock, rc == -EAGAIN ? TN_DROP_HWM : TN_DROP_UNROUTABLE, 1);
        rep->peer = NULL;
    }
    return 0;
}

/* Writes a frame of the body. What fails after the reply was begun is dropped, with the rest of it. */
static int write_body(struct rep *rep, tn_msg_t *msg, bool is_first)
{
    int rc;

    if (!rep->peer)
        return 0;
    rc = rep->host->pipe_write(rep->peer, msg);
    if (rc == 0)
        return 0;
    rep->host->pipe_rollback(rep->peer);
    if (rc == -ENOMEM && is_first)
        return rc;
    rep->host->sock_drop(rep->sock, TN_DROP_PEER_LOST, 1);
    rep->peer = NULL;
    return rc == -ENOMEM ? rc : 0;
}

static int rep_send(void *state, tn_msg_t *msg)
{
    struct rep *rep = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    bool is_first = rep->phase == READ;
    int rc;

    if (rep->phase == IDLE || rep->phase == READING)
        return rep->host->set_error(rep->host, -TN_EFSM,
                                    "a rep socket must receive a whole request before it can "
                                    "reply");
    if (is_first) {
        rc = begin_reply(rep);
        if (rc)
            return rc;
    }
    rc = write_body(rep, msg, is_first);
    if (rc)
        return rc;
    tni_take(rep->host, msg);
    rep->phase = REPLYING;
    if (!has_more) {
        forget_envelope(rep);
        rep->peer = NULL;
        rep->phase = IDLE;
    }
    return 0;
}

static unsigned rep_poll(void *state)
{
    struct rep *rep = state;

    if (rep->phase == READ || rep->phase == REPLYING)
        return TN_POLLOUT;
    if (rep->phase == READING || begin_request(rep) == 0)
        return TN_POLLIN;
    return 0;
}

static tn_pipe_t *rep_delimited_to(void *state, tn_pipe_t *next)
{
    struct rep *rep = state;

    (void)next;
    return rep->phase == READ && rep->hops == 0 ? rep->peer : NULL;
}

static int rep_delimited_from(void *state, tn_pipe_t *pipe)
{
    struct rep *rep = state;

    (void)pipe;
    return rep->phase == IDLE;
}

static void rep_delimited_done(void *state, tn_pipe_t *pipe, int is_sent)
{
    struct rep *rep = state;

    rep->peer = is_sent ? NULL : pipe;
    rep->phase = is_sent ? IDLE : READ;
}

static const char *const peers[] = {"REQ", "DEALER", NULL};
static const tn_old_type_t old_types[] = {{"REP", 4}, {"REQ", 3}, {"DEALER", 5}, {NULL, 0}};

const tn_pattern_ops_t tni_rep_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES,
    .wire_name = "REP",
    .peers = peers,
    .old_types = old_types,
    .socket_state = sizeof(struct rep),
    .open = rep_open,
    .close = rep_close,
    .attach = rep_attach,
    .detach = rep_detach,
    .readable = rep_readable,
    .send = rep_send,
    .recv = rep_recv,
    .poll = rep_poll,
    .delimited_to = rep_delimited_to,
    .delimited_from = rep_delimited_from,
    .delimited_done = rep_delimited_done,
};
