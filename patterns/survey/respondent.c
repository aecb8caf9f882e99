#include "survey.h"

#include <errno.h>

#include <tenon/tenon.h>

enum phase {
    IDLE, /* waits for a question */
    READING, /* its number is kept, its frames are to be read */
    ASKED, /* may answer; a newer question takes its place */
    ANSWERING, /* in the middle of an answer */
};

struct respondent {
    const tn_host_t *host;
    tn_sock_t *sock;
    enum phase phase;
    tn_pipe_t *asker; /* NULL: it has gone, or its answer is being dropped */
    uint8_t id[SURVEY_ID_SIZE];
};

static int respondent_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct respondent *self = state;

    self->host = host;
    self->sock = sock;
    return 0;
}

static void respondent_close(void *state)
{
    (void)state;
}

static int respondent_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct respondent *self = state;

    (void)pipe_state;
    self->host->fq_add(pipe);
    return 0;
}

static void respondent_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct respondent *self = state;

    (void)pipe_state;
    if (self->asker == pipe) {
        self->asker = NULL;
        if (self->phase == ANSWERING)
            self->host->sock_drop(self->sock, TN_DROP_PEER_LOST, 1);
    }
    self->host->fq_remove(pipe);
}

static void respondent_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct respondent *self = state;

    (void)pipe_state;
    self->host->fq_ready(pipe);
}

/* ---- the question ---- */

static int find_question(struct respondent *self)
{
    tn_msg_t frame;
    tn_pipe_t *pipe;

    for (;;) {
        int rc;

        tn_msg_clear(&frame);
        rc = self->host->fq_recv(self->sock, &frame, &pipe);
        if (rc)
            return rc;
        if (pipe && tni_survey_is_id(&frame))
            break;
        tni_survey_skip(self->host, self->sock, &frame, TN_DROP_MALFORMED);
    }
    memcpy(self->id, tn_msg_bytes(&frame), SURVEY_ID_SIZE);
    tni_survey_end(self->host, &frame);
    self->asker = pipe;
    self->phase = READING;
    return 0;
}

static int respondent_recv(void *state, tn_msg_t *out_msg)
{
    struct respondent *self = state;
    int rc = 0;

    if (self->phase == ANSWERING)
        return self->host->set_error(self->host, -TN_EFSM,
                                     "a respondent is in the middle of an answer: send its last "
                                     "frame first");
    if (self->phase != READING)
        rc = find_question(self);
    if (rc)
        return rc;
    rc = self->host->fq_recv(self->sock, out_msg, NULL);
    if (rc == 0 && !(out_msg->flags & TN_MSG_MORE))
        self->phase = ASKED;
    return rc;
}

/* ---- the answer: to the one who asked; nobody waits for a peer that takes none ---- */

static int write_frame(struct respondent *self, tn_msg_t *frame)
{
    int rc = self->asker ? self->host->pipe_write(self->asker, frame) : 0;

    if (rc == 0 || rc == -ENOMEM)
        return rc;
    self->host->pipe_rollback(self->asker);
    self->host->sock_drop(self->sock, rc == -EAGAIN ? TN_DROP_HWM : TN_DROP_PEER_LOST, 1);
    self->asker = NULL;
    return 0;
}

static int begin_answer(struct respondent *self)
{
    tn_msg_t frame;

    if (!self->asker)
        self->host->sock_drop(self->sock, TN_DROP_UNROUTABLE, 1);
    tni_survey_frame(&frame, self->id);
    return write_frame(self, &frame);
}

/* Without memory a question that was not begun to be answered still can be. */
static int fail(struct respondent *self, bool is_first, int rc)
{
    if (self->asker)
        self->host->pipe_rollback(self->asker);
    if (!is_first)
        self->asker = NULL;
    return rc;
}

static int respondent_send(void *state, tn_msg_t *msg)
{
    struct respondent *self = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0, is_first = self->phase == ASKED;
    int rc = 0;

    if (self->phase == IDLE || self->phase == READING)
        return self->host->set_error(self->host, -TN_EFSM,
                                     "a respondent must receive a whole question before it can "
                                     "answer, and answers it once");
    if (is_first)
        rc = begin_answer(self);
    if (rc == 0)
        rc = write_frame(self, msg);
    if (rc)
        return fail(self, is_first, rc);
    tni_survey_end(self->host, msg);
    self->phase = has_more ? ANSWERING : IDLE;
    if (!has_more)
        self->asker = NULL;
    return 0;
}

/* To look for a newer question would forget the one that may still be answered. */
static unsigned respondent_poll(void *state)
{
    struct respondent *self = state;

    if (self->phase == IDLE)
        return find_question(self) == 0 ? TN_POLLIN : 0;
    if (self->phase == ASKED)
        return TN_POLLOUT | (self->host->fq_can_recv(self->sock, NULL) ? TN_POLLIN : 0u);
    return self->phase == READING ? TN_POLLIN : TN_POLLOUT;
}

static const char *const peers[] = {"SURVEYOR", NULL};

const tn_pattern_ops_t tni_respondent_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES,
    .wire_name = "RESPONDENT",
    .peers = peers,
    .socket_state = sizeof(struct respondent),
    .open = respondent_open,
    .close = respondent_close,
    .attach = respondent_attach,
    .detach = respondent_detach,
    .readable = respondent_readable,
    .send = respondent_send,
    .recv = respondent_recv,
    .poll = respondent_poll,
};
