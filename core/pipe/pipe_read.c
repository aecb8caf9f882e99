/*
 * pipe_read.c: what a pattern reads from a pipe: frames, without the control records between them.
 */
#include "pipe/pipe.h"

#include <errno.h>

#include "base/expect.h"
#include "message/message.h"
#include "pipe/chain_short.h"
#include "socket/socket.h"
#include "zmtp/command.h"
#include "zmtp/frame.h"

/* The frame as a message that borrows it: a request without its command's name. */
static void view_to_msg(struct tni_frame_view *view, struct tn_peer_info *peer, tn_msg_t *msg)
{
    uint8_t flags = view->flags & TNI_FRAME_MORE ? TN_MSG_MORE : 0;
    struct tni_command_view command;

    if (view->flags & TNI_FRAME_COMMAND) {
        /* Only requests are ever put into a chain. */
        tni_command_parse(view->body, view->size, &command);
        tn_msg_borrow(msg, command.data, command.size);
        flags = tni_command_flags(command.kind);
    } else {
        tn_msg_borrow(msg, view->body, view->size);
        if (view->attachment) /* whoever wants to keep the body may share it */
            msg->u.ref.owner = view->attachment->object;
    }
    msg->peer = peer;
    msg->flags = flags;
}

static void release(struct tn_pipe *pipe, bool force)
{
    if (tni_chain_release(tni_pipe_in(pipe), force))
        tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_SPACE);
}

/* Drops messages of several frames, of which there is one at the front, up to the next of one frame. */
static TNI_RARE bool skip_several(struct tn_pipe *pipe, struct tni_frame_view *view)
{
    struct tni_chain *in = tni_pipe_in(pipe);
    bool more;

    do {
        do {
            more = view->flags & TNI_FRAME_MORE;
            tni_chain_next(in, view);
        } while (more && tni_chain_peek(in, view));
        tni_count_drop(&pipe->sock->counters, TN_DROP_MALFORMED, 1);
        if (!tni_chain_peek(in, view))
            return false;
    } while (!view->is_control && (view->flags & TNI_FRAME_MORE));
    return true;
}

static bool peek(struct tn_pipe *pipe, struct tni_frame_view *view)
{
    if (!tni_chain_peek(tni_pipe_in(pipe), view))
        return false;
    if (view->is_control || !(view->flags & TNI_FRAME_MORE) ||
        !(pipe->sock->ops->flags & TN_PATTERN_SINGLE_FRAMES))
        return true;
    return skip_several(pipe, view);
}

void tni_pipe_release(struct tn_pipe *pipe)
{
    release(pipe, false);
}

/* Tells the producer, and sees to it that its end is noticed. */
static void on_empty(struct tn_pipe *pipe)
{
    release(pipe, true);
    if (tni_duplex_other_is_closing(pipe->duplex, pipe->side))
        tni_pipe_need_attention(pipe);
}

/* Whether a frame comes next; what else there is, is seen to. */
static bool find_frame(struct tn_pipe *pipe, struct tni_frame_view *view)
{
    if (tni_chain_is_drained(tni_pipe_in(pipe)) || !peek(pipe, view)) {
        on_empty(pipe);
        return false;
    }
    if (!view->is_control)
        return true;
    tni_pipe_need_attention(pipe);
    return false;
}

int tni_pipe_can_read(struct tn_pipe *pipe)
{
    struct tni_frame_view view;

    if (pipe->is_closed || !find_frame(pipe, &view))
        return 0;
    pipe->sock->reading = pipe;
    return 1;
}

bool tni_pipe_is_drained(struct tn_pipe *pipe)
{
    return tni_chain_is_drained(tni_pipe_in(pipe)) &&
           !tni_duplex_other_is_closing(pipe->duplex, pipe->side);
}

static TNI_APART int read_any(struct tn_pipe *pipe, tn_msg_t *out_msg)
{
    struct tni_frame_view view;

    if (!find_frame(pipe, &view))
        return -EAGAIN;
    view_to_msg(&view, pipe->peer, out_msg);
    tni_chain_next(tni_pipe_in(pipe), &view);
    return 0;
}

/* False: nothing was done. */
static bool read_small(struct tn_pipe *pipe, tn_msg_t *out_msg)
{
    bool is_single = pipe->sock->ops->flags & TN_PATTERN_SINGLE_FRAMES;
    unsigned flags;
    size_t size;
    const uint8_t *body =
        tni_chain_get_frame(tni_pipe_in(pipe), is_single ? 0 : TNI_FRAME_MORE, &flags, &size);

    if (!body)
        return false;
    tn_msg_borrow(out_msg, body, size);
    out_msg->peer = pipe->peer;
    out_msg->flags = flags ? TN_MSG_MORE : 0;
    return true;
}

int tni_pipe_read(struct tn_pipe *pipe, tn_msg_t *out_msg)
{
    int rc;

    if (TNI_RARELY(pipe->is_closed))
        return -EAGAIN;
    pipe->sock->reading = pipe;
    rc = read_small(pipe, out_msg) ? 0 : read_any(pipe, out_msg);
    if (rc < 0)
        return rc;
    if (!(out_msg->flags & TN_MSG_MORE)) {
        pipe->received++;
        if (TNI_RARELY(tni_chain_has_released(tni_pipe_in(pipe))))
            tni_pipe_release(pipe);
    }
    return 0;
}
