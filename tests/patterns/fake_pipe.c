#include "fake_pipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "message/body.h"
#include "zmtp/frame.h"

static void frames_init(struct fake_frames *frames)
{
    frames->first = NULL;
    frames->last = &frames->first;
    frames->messages = 0;
}

void fake_frames_put(struct fake_frames *frames, const void *data, size_t size, uint8_t flags)
{
    struct fake_frame *frame = malloc(sizeof(*frame) + size);

    frame->next = NULL;
    frame->flags = flags;
    frame->size = size;
    if (size)
        memcpy(frame->body, data, size);
    *frames->last = frame;
    frames->last = &frame->next;
    if (!(flags & TN_MSG_MORE))
        frames->messages++;
}

struct fake_frame *fake_frames_take(struct fake_frames *frames)
{
    struct fake_frame *frame = frames->first;

    if (!frame)
        return NULL;
    frames->first = frame->next;
    if (!frames->first)
        frames->last = &frames->first;
    if (!(frame->flags & TN_MSG_MORE))
        frames->messages--;
    return frame;
}

void fake_frames_clear(struct fake_frames *frames)
{
    while (frames->first)
        free(fake_frames_take(frames));
}

void fake_pipe_init(struct tn_pipe *pipe, struct tn_sock *sock, size_t state_size)
{
    memset(pipe, 0, sizeof(*pipe));
    pipe->sock = sock;
    tni_fair_queue_node_init(&pipe->fair, pipe);
    tni_load_balancer_node_init(&pipe->balance, pipe);
    tni_fan_out_node_init(&pipe->fan, pipe);
    frames_init(&pipe->in);
    frames_init(&pipe->out);
    frames_init(&pipe->unfinished);
    pipe->state = calloc(1, state_size ? state_size : 1);
}

void fake_pipe_fini(struct tn_pipe *pipe)
{
    fake_frames_clear(&pipe->in);
    fake_frames_clear(&pipe->out);
    fake_frames_clear(&pipe->unfinished);
    fake_pipe_settle(pipe);
    free(pipe->state);
    pipe->state = NULL;
}

void fake_pipe_settle(struct tn_pipe *pipe)
{
    free(pipe->borrowed);
    pipe->borrowed = NULL;
}

static void commit(struct tn_pipe *pipe)
{
    struct fake_frame *frame;

    while ((frame = fake_frames_take(&pipe->unfinished))) {
        fake_frames_put(&pipe->out, frame->body, frame->size, frame->flags);
        free(frame);
    }
}

static int refusal(struct tn_pipe *pipe, bool is_request)
{
    if (pipe->is_closed || pipe->was_closed)
        return -EPIPE;
    if (pipe->fail_write && --pipe->fail_write == 0) {
        fake_frames_clear(&pipe->unfinished);
        return -ENOMEM;
    }
    if (!is_request && !pipe->unfinished.first && !tni_pipe_can_write(pipe))
        return -EAGAIN;
    return 0;
}

void tni_pipe_note_drops(struct tn_pipe *pipe, uint64_t messages)
{
    pipe->dropped += (unsigned)messages;
}

int tni_pipe_run_room(struct tn_pipe *pipe, unsigned most)
{
    size_t room = pipe->hwm ? pipe->hwm - pipe->out.messages : most;

    if (!pipe->takes_runs || pipe->is_closed || pipe->was_closed)
        return -EPIPE;
    return (int)(room < most ? room : most);
}

int tni_pipe_write_run(struct tn_pipe *pipe, const struct tni_pipe_run *run)
{
    size_t at = 0;
    int rc = refusal(pipe, false);

    if (rc)
        return rc;
    pipe->runs++;
    for (unsigned i = 0; i < run->messages; i++) {
        unsigned flags = 0;
        uint64_t size = 0;
        int header = tni_frame_decode(run->data + at, run->size - at, &flags, &size);
        fake_frames_put(&pipe->out, run->data + at + header, (size_t)size, 0);
        at += (size_t)header + (size_t)size;
    }
    tni_body_unref(run->body);
    return at == run->size ? 0 : -EPROTO;
}

int tni_pipe_write(struct tn_pipe *pipe, tn_msg_t *msg)
{
    bool is_request = (msg->flags & TN_MSG_REQUEST) != 0;
    uint8_t flags = msg->flags;
    int rc = refusal(pipe, is_request);

    if (rc)
        return rc;
    fake_frames_put(is_request ? &pipe->out : &pipe->unfinished, tn_msg_bytes(msg),
                    tn_msg_length(msg), flags);
    if (msg->type != TN_MSG_BORROWED) {
        tn_msg_close(msg);
        tn_msg_clear(msg);
    }
    if (!is_request && !(flags & TN_MSG_MORE))
        commit(pipe);
    return 0;
}

void tni_pipe_rollback(struct tn_pipe *pipe)
{
    fake_frames_clear(&pipe->unfinished);
}

int tni_pipe_read(struct tn_pipe *pipe, tn_msg_t *out_msg)
{
    fake_pipe_settle(pipe);
    if (!tni_pipe_can_read(pipe))
        return -EAGAIN;
    pipe->borrowed = fake_frames_take(&pipe->in);
    tn_msg_borrow(out_msg, pipe->borrowed->body, pipe->borrowed->size);
    out_msg->flags = pipe->borrowed->flags;
    return 0;
}

int tni_pipe_can_write(struct tn_pipe *pipe)
{
    return !pipe->is_closed && !pipe->was_closed &&
           (pipe->hwm == 0 || pipe->out.messages < pipe->hwm);
}

int tni_pipe_can_read(struct tn_pipe *pipe)
{
    return !pipe->was_closed && pipe->in.first != NULL;
}

bool tni_pipe_is_drained(struct tn_pipe *pipe)
{
    return !pipe->was_closed && pipe->in.first == NULL;
}
