#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "message/body.h"
#include "session/codec.h"
#include "session/inbound.h"
#include "zmtp/frame.h"

enum {
    FIRST_PIECE = 64 * 1024, /* of a large body, before more of it has arrived, */
    FIRST_PIECE_MAX = 1024 * 1024, /* from a peer that has sent such bodies before */
    EXPECTED = 32 * 1024, /* from here on a body is worth a read of its own */
};

static size_t first_piece(const struct tni_session *session, uint64_t size)
{
    uint64_t most = session->large.largest;

    if (most < FIRST_PIECE)
        most = FIRST_PIECE;
    if (most > FIRST_PIECE_MAX)
        most = FIRST_PIECE_MAX;
    return (size_t)(size < most ? size : most);
}

int tni_large_begin(struct tni_session *session, unsigned flags, uint64_t size)
{
    session->large.body = tni_body_new(first_piece(session, size));
    if (!session->large.body)
        return tni_inbound_no_memory();
    session->large.size = size;
    session->large.done = 0;
    session->large.flags = (uint8_t)flags;
    session->large.is_expected = size >= EXPECTED;
    return 0;
}

uint64_t tni_large_room_left(const struct tni_session *session)
{
    return session->large.body->size - session->large.done;
}

/* Memory grows as bytes arrive: what a header claims costs nothing. */
int tni_large_room(struct tni_session *session, struct iovec *out_iov)
{
    size_t room = session->large.body->size;

    if (session->large.done == room) {
        uint64_t size = session->large.size / 2 < room ? session->large.size : (uint64_t)room * 2;
        if (tni_body_grow(&session->large.body, (size_t)size) < 0)
            return tni_inbound_no_memory();
    }
    out_iov->iov_base = session->large.body->data + session->large.done;
    out_iov->iov_len = (size_t)tni_large_room_left(session);
    return 0;
}

int tni_large_done(struct tni_session *session)
{
    struct tn_body *body = session->large.body;
    int rc;

    session->large.body = NULL;
    tni_reactor_note_much(session->member.reactor);
    if (session->large.largest < session->large.size)
        session->large.largest = session->large.size;
    if (session->codec && session->codec->header)
        return tni_coded_body(session, session->large.flags, body, (size_t)session->large.size);
    if (!(session->large.flags & TNI_FRAME_COMMAND))
        return tni_inbound_body(session, session->large.flags, body, body->data,
                                (size_t)session->large.size);
    rc = tni_inbound_command(session, body->data, (size_t)session->large.size);
    tni_body_unref(body);
    return rc;
}

ssize_t tni_large_take(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    size_t taken = 0;
    struct iovec iov = {0};

    while (taken < size && session->large.done < session->large.size) {
        int rc = tni_large_room(session, &iov);
        if (rc < 0)
            return rc;
        if (iov.iov_len > size - taken)
            iov.iov_len = size - taken;
        memcpy(iov.iov_base, bytes + taken, iov.iov_len);
        session->large.done += iov.iov_len;
        taken += iov.iov_len;
    }
    return (ssize_t)taken;
}
