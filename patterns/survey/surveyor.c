#include "survey.h"

#include <errno.h>

#include <tenon/tenon.h>

enum phase {
    IDLE, /* no survey, or its deadline has been told */
    ASKING, /* in the middle of a question */
    COLLECTING, /* answers count, until `until` */
    READING, /* in the middle of an answer */
};

struct surveyor {
    const tn_host_t *host;
    tn_sock_t *sock;
    enum phase phase;
    uint32_t number;
    uint8_t id[SURVEY_ID_SIZE]; /* of the present survey */
    int64_t time; /* option "survey_time", ms; -1: no deadline */
    uint64_t until; /* ms; UINT64_MAX: no deadline */
};

static int surveyor_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct surveyor *self = state;

    self->host = host;
    self->sock = sock;
    self->number = host->random();
    self->time = 1000;
    return 0;
}

static void surveyor_close(void *state)
{
    (void)state;
}

static int surveyor_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct surveyor *self = state;

    (void)pipe_state;
    self->host->fq_add(pipe);
    self->host->fan_add(pipe);
    return 0;
}

static void surveyor_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct surveyor *self = state;

    (void)pipe_state;
    self->host->fq_remove(pipe);
    self->host->fan_remove(pipe);
}

/* Answers to no survey; unread they would fill their pipes. */
static void drop_late(struct surveyor *self)
{
    tn_msg_t frame;

    tn_msg_clear(&frame);
    while (self->host->fq_recv(self->sock, &frame, NULL) == 0)
        tni_survey_skip(self->host, self->sock, &frame, TN_DROP_STATE);
}

static void surveyor_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct surveyor *self = state;

    (void)pipe_state;
    self->host->fq_ready(pipe);
    if (self->phase == IDLE)
        drop_late(self);
}

/* ---- the question: to everybody, at once; it ends the survey before it ---- */

static void begin(struct surveyor *self)
{
    tn_msg_t frame;

    self->number++;
    self->id[0] = (uint8_t)(self->number >> 24) | SURVEY_ID_BIT;
    self->id[1] = (uint8_t)(self->number >> 16);
    self->id[2] = (uint8_t)(self->number >> 8);
    self->id[3] = (uint8_t)self->number;
    self->host->fan_match_all(self->sock);
    tni_survey_frame(&frame, self->id);
    self->host->fan_send(self->sock, &frame);
    self->phase = ASKING;
}

/* The time runs from the last frame on. */
static void asked(struct surveyor *self)
{
    self->until = self->time < 0 ? UINT64_MAX : self->host->clock_ms() + (uint64_t)self->time;
    self->host->sock_deadline(self->sock, self->until);
    self->phase = COLLECTING;
}

static int surveyor_send(void *state, tn_msg_t *msg)
{
    struct surveyor *self = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    int rc;

    if (self->phase == READING)
        return self->host->set_error(self->host, -TN_EFSM,
                                     "a surveyor is in the middle of an answer: receive its last "
                                     "frame, then ask again");
    if (self->phase != ASKING)
        begin(self);
    rc = self->host->fan_send(self->sock, msg);
    if (rc == 0 && !has_more)
        asked(self);
    return rc;
}

/* ---- answers ---- */

/* Goes to the first frame behind the number of the next answer that counts; others are dropped. */
static int find_answer(struct surveyor *self)
{
    tn_msg_t frame;
    tn_pipe_t *pipe;

    for (;;) {
        int rc;

        tn_msg_clear(&frame);
        rc = self->host->fq_recv(self->sock, &frame, &pipe);
        if (rc)
            return rc;
        if (pipe && tni_survey_is_id(&frame) &&
            memcmp(tn_msg_bytes(&frame), self->id, SURVEY_ID_SIZE) == 0)
            break;
        tni_survey_skip(self->host, self->sock, &frame,
                        tni_survey_is_id(&frame) ? TN_DROP_STATE : TN_DROP_MALFORMED);
    }
    tni_survey_end(self->host, &frame);
    self->phase = READING;
    return 0;
}

static bool is_over(const struct surveyor *self)
{
    return self->until != UINT64_MAX && self->host->clock_ms() >= self->until;
}

/* The time is up for what was not read, too: a program that is late sees the end of its survey. */
static int next_answer(struct surveyor *self)
{
    int rc = is_over(self) ? -ETIMEDOUT : find_answer(self);

    if (rc != -ETIMEDOUT)
        return rc;
    self->phase = IDLE;
    self->host->sock_deadline(self->sock, UINT64_MAX);
    drop_late(self);
    return self->host->set_error(self->host, -ETIMEDOUT,
                                 "the survey is over: its time, %lld ms, has passed",
                                 (long long)self->time);
}

static int surveyor_recv(void *state, tn_msg_t *out_msg)
{
    struct surveyor *self = state;
    int rc = 0;

    if (self->phase == IDLE || self->phase == ASKING)
        return self->host->set_error(self->host, -TN_EFSM,
                                     "a surveyor has no survey: send a whole question first");
    if (self->phase == COLLECTING)
        rc = next_answer(self);
    if (rc)
        return rc;
    rc = self->host->fq_recv(self->sock, out_msg, NULL);
    if (rc == 0 && !(out_msg->flags & TN_MSG_MORE))
        self->phase = COLLECTING;
    return rc;
}

static unsigned surveyor_poll(void *state)
{
    struct surveyor *self = state;
    unsigned events = self->phase == READING ? 0 : TN_POLLOUT;

    if (self->phase == READING || (self->phase == COLLECTING && is_over(self)))
        return events | TN_POLLIN;
    if (self->phase == COLLECTING && find_answer(self) == 0)
        return TN_POLLIN | TN_POLLOUT;
    return events;
}

static int surveyor_set(void *state, unsigned index, const tn_value_t *value)
{
    struct surveyor *self = state;

    if (index == SURVEYOR_TIME)
        self->time = value->number;
    return 0;
}

static const char *const peers[] = {"RESPONDENT", NULL};

const tn_pattern_ops_t tni_surveyor_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES,
    .wire_name = "SURVEYOR",
    .peers = peers,
    .socket_state = sizeof(struct surveyor),
    .open = surveyor_open,
    .close = surveyor_close,
    .attach = surveyor_attach,
    .detach = surveyor_detach,
    .readable = surveyor_readable,
    .send = surveyor_send,
    .recv = surveyor_recv,
    .poll = surveyor_poll,
    .set = surveyor_set,
};
