/*
 * coded.c: what comes in over a connection with a codec: frames into the socket's chain, one by one.
 */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "message/body.h"
#include "session/codec.h"
#include "session/inbound.h"
#include "zmtp/frame.h"

/* Turns the body of a frame into what is inside: 1, or 0 when there is nothing. */
static int open_frame(struct tni_session *session, struct tni_coded_frame *frame)
{
    int rc = 1;

    if (session->codec->decode)
        rc = session->codec->decode(tni_coder_state(session), frame);
    if (rc > 0 && session->codec->decode && !session->codec->is_unframed) {
        int checked = tni_inbound_check_size(session, frame->flags, frame->size, 0);
        if (checked < 0)
            return checked;
    }
    if (rc <= 0 || (frame->flags & TNI_FRAME_COMMAND))
        return rc;
    return tni_inbound_count(session, frame->flags, frame->size) < 0 ? -EMSGSIZE : 1;
}

static int deliver(struct tni_session *session, struct tni_coded_frame *frame)
{
    int rc = open_frame(session, frame);

    if (rc <= 0)
        return rc;
    if (frame->flags & TNI_FRAME_COMMAND)
        return tni_inbound_command(session, frame->body, (size_t)frame->size);
    return tni_inbound_frame(session, frame->flags, frame->body, (size_t)frame->size);
}

int tni_coded_body(struct tni_session *session, unsigned flags, struct tn_body *body, size_t size)
{
    struct tni_coded_frame frame = {.flags = flags, .body = body->data, .size = size};
    int rc = open_frame(session, &frame);

    if (rc > 0 && !(frame.flags & TNI_FRAME_COMMAND))
        return tni_inbound_body(session, frame.flags, body, frame.body, (size_t)frame.size);
    if (rc > 0)
        rc = tni_inbound_command(session, frame.body, (size_t)frame.size);
    tni_body_unref(body);
    return rc;
}

/* One frame at the front of `bytes`: how much was used; 0: it is not whole, or the socket is full. */
static ssize_t one_frame(struct tni_session *session, uint8_t *bytes, size_t size)
{
    const struct tni_codec *codec = session->codec;
    struct tni_coded_frame frame = {0};
    int rc = codec->header(tni_coder_state(session), bytes, size, &frame);
    /* What a decode takes off is not counted. */
    size_t overhead = codec->decode ? codec->overhead : 0;
    bool is_whole;

    if (rc > 0 && !codec->is_unframed)
        rc = tni_inbound_check_size(session, frame.flags, frame.size, overhead) < 0 ? -EMSGSIZE : 1;
    if (rc <= 0)
        return rc;
    is_whole = frame.size <= size - frame.header;
    if (!is_whole && frame.size <= TNI_LARGE)
        return 0;
    /* A new message needs room before it is opened, which can be done once only. */
    if (!session->in_message && !tni_inbound_has_room(session))
        return 0;
    if (!is_whole) {
        rc = tni_large_begin(session, frame.flags, frame.size);
        return rc < 0 ? rc : (ssize_t)frame.header;
    }
    size = frame.header + (size_t)frame.size;
    frame.body = bytes + frame.header;
    rc = deliver(session, &frame);
    return rc < 0 ? rc : (ssize_t)size;
}

ssize_t tni_coded_messages(struct tni_session *session, uint8_t *bytes, size_t size)
{
    size_t at = 0;
    ssize_t used = 1;

    while (used > 0 && at < size && !session->large.body && session->state == TNI_SESSION_UP) {
        used = one_frame(session, bytes + at, size - at);
        if (used > 0)
            at += (size_t)used;
    }
    return used < 0 ? used : (ssize_t)at;
}
