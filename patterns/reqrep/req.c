#include "reqrep.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <tenon/tenon.h>

enum phase {
    IDLE, /* may send a request                              */
    SENDING, /* in the middle of one                            */
    WAITING, /* for the reply                                   */
    READING, /* its envelope is off, the frames of its body are to be read */
};

struct req {
    const tn_host_t *host;
    tn_sock_t *sock;
    enum phase phase;
    tn_pipe_t *peer; /* that got the request; NULL: it has gone */
    tn_pipe_t *sending; /* that has an unfinished request          */
    uint8_t id[4]; /* of the present request                  */
    bool has_probe;
    bool is_correlated;
    bool is_relaxed;
};

static int req_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct req *req = state;
    uint32_t start = host->random();

    req->host = host;
    req->sock = sock;
    req->phase = IDLE;
    memcpy(req->id, &start, sizeof(req->id));
    return 0;
}

static void req_close(void *state)
{
    (void)state;
}

static int req_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct req *req = state;

    (void)pipe_state;
    if (req->has_probe)
        tni_probe(req->host, pipe);
    req->host->fq_add(pipe);
    req->host->lb_add(pipe);
    return 0;
}

static void req_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct req *req = state;

    (void)pipe_state;
    if (req->peer == pipe)
        req->peer = NULL;
    if (req->sending == pipe)
        req->sending = NULL;
    req->host->fq_remove(pipe);
    req->host->lb_remove(pipe);
}

static int req_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct req *req = state;

    (void)pipe_state;
    if (req->has_probe && req->sending != pipe && req->host->pipe_connections(pipe) > 1)
        tni_probe(req->host, pipe);
    return 0;
}

static void req_writable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct req *req = state;

    (void)pipe_state;
    req->host->lb_ready(pipe);
}

static void next_id(struct req *req)
{
    uint32_t id;

    memcpy(&id, req->id, sizeof(id));
    id++;
    memcpy(req->id, &id, sizeof(id));
}

static int send_envelope_frame(struct req *req, const void *data, size_t size, tn_pipe_t **out_pipe)
{
    tn_msg_t frame;

    tn_msg_borrow(&frame, data, size);
    frame.flags = TN_MSG_MORE;
    return req->host->lb_send(req->sock, &frame, out_pipe);
}

/* After a failure in the middle of a request that the program has not begun, as far as it knows. */
static int undo_request(struct req *req, int rc)
{
    tn_msg_t last;

    tn_msg_clear(&last);
    (void)req->host->lb_send(req->sock, &last, NULL);
    req->phase = IDLE;
    req->peer = NULL;
    return rc;
}

/* Reads the envelope of a message whose first frame is `frame`, up to the empty delimiter, and tells
 * whether it is that of the request. -EPROTO: no REP or ROUTER that follows RFC 28 sends such a thing. */
static int read_envelope(struct req *req, tn_msg_t *frame, bool *out_matches)
{
    bool has_id = (frame->flags & TN_MSG_MORE) && tn_msg_length(frame) == sizeof(req->id);

    *out_matches = has_id == req->is_correlated;
    if (has_id) {
        if (memcmp(tn_msg_bytes(frame), req->id, sizeof(req->id)) != 0)
            *out_matches = false;
        tni_take(req->host, frame);
        if (req->host->fq_recv(req->sock, frame, NULL) != 0)
            return -EPROTO;
    }
    return (frame->flags & TN_MSG_MORE) && tn_msg_length(frame) == 0 ? 0 : -EPROTO;
}

static void refuse(struct req *req, tn_pipe_t *pipe)
{
    req_detach(req, pipe, NULL);
    req->host->pipe_close(pipe);
    req->host->sock_drop(req->sock, TN_DROP_MALFORMED, 1);
}

/* `frame` is the last one of it that was read; `fault`: what it breaks, or 0. */
static void drop_reply(struct req *req, tn_msg_t *frame, tn_pipe_t *pipe, int fault)
{
    tni_skip(req->host, req->sock, frame);
    if (fault)
        refuse(req, pipe);
    else
        req->host->sock_drop(req->sock, TN_DROP_STATE, 1);
}

/* What came before the request was made can only be late: it must not pass for its reply. */
static void drop_late_replies(struct req *req)
{
    tn_msg_t frame;
    tn_pipe_t *pipe;

    if (req->phase == READING && req->host->fq_recv(req->sock, &frame, NULL) == 0)
        tni_skip(req->host, req->sock, &frame);
    while (req->host->fq_can_recv(req->sock, NULL) &&
           req->host->fq_recv(req->sock, &frame, &pipe) == 0) {
        bool matches;
        int rc = pipe ? read_envelope(req, &frame, &matches) : 0;

        drop_reply(req, &frame, pipe, rc);
    }
}

/* Nobody may answer what was not asked; left unread, it would keep its pipe after its end. */
static void req_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct req *req = state;

    (void)pipe_state;
    req->host->fq_ready(pipe);
    if (req->phase == IDLE || req->phase == SENDING)
        drop_late_replies(req);
}

static int begin_request(struct req *req)
{
    static const uint8_t nothing[1] = {0};
    tn_pipe_t *pipe = NULL;
    int rc;

    if (req->is_correlated) {
        next_id(req);
        rc = send_envelope_frame(req, req->id, sizeof(req->id), &pipe);
        if (rc == 0)
            rc = send_envelope_frame(req, nothing, 0, &pipe);
        if (rc && rc != -EAGAIN)
            return undo_request(req, rc);
    } else {
        rc = send_envelope_frame(req, nothing, 0, &pipe);
    }
    if (rc)
        return rc;
    drop_late_replies(req);
    req->peer = pipe;
    req->phase = SENDING;
    return 0;
}

static int req_send(void *state, tn_msg_t *msg)
{
    struct req *req = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    bool is_first = req->phase != SENDING;
    int rc;

    if ((req->phase == WAITING || req->phase == READING) && !req->is_relaxed)
        return req->host->set_error(req->host, -TN_EFSM,
                                    "a req socket has sent a request and must receive its reply "
                                    "first, or set \"req_relaxed\"");
    if (is_first) {
        rc = begin_request(req);
        if (rc)
            return rc;
    }
    rc = req->host->lb_send(req->sock, msg, &req->sending);
    if (rc)
        return is_first ? undo_request(req, rc) : rc;
    if (!has_more) {
        req->sending = NULL;
        req->phase = WAITING;
    }
    return 0;
}

static int begin_reply(struct req *req)
{
    for (;;) {
        tn_msg_t frame;
        tn_pipe_t *pipe;
        bool matches = false;
        int rc;

        tn_msg_clear(&frame);
        rc = req->host->fq_recv(req->sock, &frame, &pipe);
        if (rc)
            return rc;
        rc = pipe ? read_envelope(req, &frame, &matches) : 0;
        if (rc == 0 && matches && pipe == req->peer) {
            tni_take(req->host, &frame);
            req->phase = READING;
            return 0;
        }
        drop_reply(req, &frame, pipe, rc);
    }
}

static int req_recv(void *state, tn_msg_t *out_msg)
{
    struct req *req = state;
    int rc;

    if (req->phase == IDLE || req->phase == SENDING)
        return req->host->set_error(req->host, -TN_EFSM,
                                    "a req socket must send a whole request before it can receive "
                                    "a reply");
    if (req->phase == WAITING) {
        rc = begin_reply(req);
        if (rc)
            return rc;
    }
    rc = req->host->fq_recv(req->sock, out_msg, NULL);
    if (rc == 0 && !(out_msg->flags & TN_MSG_MORE)) {
        req->phase = IDLE;
        req->peer = NULL;
    }
    return rc;
}

static unsigned req_poll(void *state)
{
    struct req *req = state;
    unsigned events = 0;

    if (req->phase == READING || (req->phase == WAITING && begin_reply(req) == 0))
        events |= TN_POLLIN;
    if (req->phase == SENDING ||
        ((req->phase == IDLE || req->is_relaxed) && req->host->lb_can_send(req->sock)))
        events |= TN_POLLOUT;
    return events;
}

/* What begin_request, then the body, would do where nothing is there to be dropped. */
static tn_pipe_t *req_delimited_to(void *state, tn_pipe_t *next)
{
    struct req *req = state;

    return req->phase == IDLE && !req->is_correlated ? next : NULL;
}

static int req_delimited_from(void *state, tn_pipe_t *pipe)
{
    struct req *req = state;

    return req->phase == WAITING && pipe == req->peer && !req->is_correlated;
}

static void req_delimited_done(void *state, tn_pipe_t *pipe, int is_sent)
{
    struct req *req = state;

    req->peer = is_sent ? pipe : NULL;
    req->phase = is_sent ? WAITING : IDLE;
}

static int req_set(void *state, unsigned index, const tn_value_t *value)
{
    struct req *req = state;
    bool is_on = value->number != 0;

    switch (index) {
    case REQ_PROBE_ROUTER:
        req->has_probe = is_on;
        break;
    case REQ_CORRELATE:
        if (is_on != req->is_correlated && req->phase != IDLE && req->phase != READING)
            return req->host->set_error(req->host, -TN_EFSM,
                                        "\"req_correlate\" cannot change between a request and its "
                                        "reply");
        req->is_correlated = is_on;
        break;
    case REQ_RELAXED:
        req->is_relaxed = is_on;
        break;
    default:
        break;
    }
    return 0;
}

static const char *const peers[] = {"REP", "ROUTER", NULL};
static const tn_old_type_t old_types[] = {{"REQ", 3}, {"REP", 4}, {"ROUTER", 6}, {NULL, 0}};

const tn_pattern_ops_t tni_req_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_IDENTIFIES |
             TN_PATTERN_ONE_PER_ENDPOINT,
    .wire_name = "REQ",
    .peers = peers,
    .old_types = old_types,
    .socket_state = sizeof(struct req),
    .open = req_open,
    .close = req_close,
    .attach = req_attach,
    .detach = req_detach,
    .connected = req_connected,
    .readable = req_readable,
    .writable = req_writable,
    .send = req_send,
    .recv = req_recv,
    .poll = req_poll,
    .set = req_set,
    .delimited_to = req_delimited_to,
    .delimited_from = req_delimited_from,
    .delimited_done = req_delimited_done,
};
