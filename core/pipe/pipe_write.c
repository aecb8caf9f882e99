/*
 * pipe_write.c: what a pattern writes to a pipe: frames, and whole messages in runs.
 */
#include "pipe/pipe.h"

#include <errno.h>

#include "base/expect.h"
#include "message/message.h"
#include "pipe/chain_short.h"
#include "socket/socket.h"

int tni_pipe_can_write(struct tn_pipe *pipe)
{
    return !pipe->is_closed && !tni_duplex_other_is_closing(pipe->duplex, pipe->side) &&
           !tni_chain_is_full(tni_pipe_out(pipe));
}

void tni_pipe_note_drops(struct tn_pipe *pipe, uint64_t messages)
{
    pipe->dropped += messages;
}

int tni_pipe_run_room(struct tn_pipe *pipe, unsigned most)
{
    struct tni_chain *out = tni_pipe_out(pipe);

    if (!pipe->has_session || pipe->is_writing || out->slot ||
        tni_duplex_other_is_closing(pipe->duplex, pipe->side))
        return -EPIPE;
    return (int)tni_chain_credit(out, most);
}

static int append_run(struct tni_chain *out, const struct tni_pipe_run *run)
{
    if (run->body)
        return tni_chain_append_run(out, run->body, run->data, run->size);
    if (!tni_chain_room(out, run->size))
        return -ENOMEM;
    tni_chain_append(out, run->data, run->size);
    return 0;
}

int tni_pipe_write_run(struct tn_pipe *pipe, const struct tni_pipe_run *run)
{
    struct tni_chain *out = tni_pipe_out(pipe);
    int rc;

    if (pipe->is_closed || tni_duplex_other_is_closing(pipe->duplex, pipe->side))
        return -EPIPE;
    rc = append_run(out, run);
    if (rc < 0)
        return rc;
    tni_chain_commit(out, run->messages);
    pipe->sent += run->messages;
    tni_count_owned(&pipe->sock->counters.bytes_sent, run->bytes);
    tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_DATA);
    return 0;
}

static int write_frame(struct tni_chain *out, tn_msg_t *msg, size_t size)
{
    if (TNI_RARELY((msg->flags & TN_MSG_REQUEST) || size > TNI_CHAIN_SMALL ||
                   !tni_chain_put_frame(out, msg->flags & TN_MSG_MORE, tn_msg_bytes(msg), size)))
        return tni_chain_write(out, msg);
    if (msg->type != TN_MSG_BORROWED)
        tn_msg_close(msg);
    return 0;
}

int tni_pipe_write(struct tn_pipe *pipe, tn_msg_t *msg)
{
    struct tni_chain *out = tni_pipe_out(pipe);
    size_t size = tn_msg_length(msg);
    uint8_t flags = msg->flags;
    int rc;

    if (TNI_RARELY(pipe->is_closed || atomic_load(&pipe->other->is_closing)))
        return -EPIPE;
    if (!pipe->is_writing && !(flags & TN_MSG_REQUEST) && tni_chain_is_full(out))
        return -EAGAIN;
    rc = write_frame(out, msg, size);
    if (TNI_RARELY(rc < 0)) {
        pipe->is_writing = false;
        return rc;
    }
    tni_count_owned(&pipe->sock->counters.bytes_sent, size);
    pipe->is_writing = flags & TN_MSG_MORE;
    if (!pipe->is_writing) {
        pipe->sent++;
        tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_DATA);
    }
    return 0;
}

void tni_pipe_rollback(struct tn_pipe *pipe)
{
    tni_chain_rollback(tni_pipe_out(pipe));
    pipe->is_writing = false;
}
