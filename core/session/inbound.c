#include "session/inbound.h"

#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "message/body.h"
#include "pipe/chain_short.h"
#include "socket/waiter.h"
#include "zmtp/frame.h"

enum {
    PLACE = 124 * 1024, /* what a stream is read into at once: a chunk of 128 KiB */
    COMMAND_MAX = 1024 * 1024 + 64,
};

/* ------------------------------------------------------------------ delivering */

/* Whole small frames that lie side by side go into the chain in one copy. */
struct run {
    const uint8_t *from;
    size_t size; /* all of it                       */
    size_t boundary; /* up to the end of a message      */
    uint64_t messages;
    size_t room;
};

static void run_flush(struct tni_session *session, struct run *run)
{
    struct tni_chain *in = tni_session_in(session);

    if (run->boundary) {
        tni_chain_append(in, run->from, run->boundary);
        tni_chain_commit(in, run->messages);
    }
    if (run->size > run->boundary)
        tni_chain_append(in, run->from + run->boundary, run->size - run->boundary);
    run->from += run->size;
    run->size = run->boundary = 0;
    run->messages = 0;
    run->room = 0;
}

int tni_inbound_no_memory(void)
{
    return tni_fail(-ENOMEM, "out of memory for a message from the peer");
}

static int run_add(struct tni_session *session, struct run *run, const uint8_t *frame, size_t size,
                   bool is_last)
{
    if (run->size + size > run->room) {
        run_flush(session, run);
        run->from = frame;
        run->room = tni_chain_room(tni_session_in(session), size);
        if (!run->room)
            return tni_inbound_no_memory();
    }
    run->size += size;
    if (is_last) {
        run->boundary = run->size;
        run->messages++;
    }
    return 0;
}

/* A frame by itself: through a conflating chain, or one with a body of its own. */
static int deliver_slot(struct tni_session *session, unsigned flags, const uint8_t *body,
                        size_t size)
{
    tn_msg_t msg;
    int rc;

    tn_msg_borrow(&msg, body, size);
    msg.flags = flags & TNI_FRAME_MORE ? TN_MSG_MORE : 0;
    rc = tni_chain_write(tni_session_in(session), &msg);
    if (msg.type != TN_MSG_BORROWED)
        tn_msg_close(&msg);
    return rc;
}

int tni_inbound_body(struct tni_session *session, unsigned flags, struct tn_body *body,
                     const uint8_t *data, size_t size)
{
    struct tni_chain *in = tni_session_in(session);
    bool more = flags & TNI_FRAME_MORE;
    int rc;

    if (in->slot) {
        rc = deliver_slot(session, flags, data, size);
        tni_body_unref(body);
        return rc < 0 ? tni_inbound_no_memory() : 0;
    }
    rc = tni_chain_append_body(in, more, body, data, size);
    if (rc < 0) {
        tni_body_unref(body);
        return tni_inbound_no_memory();
    }
    if (!more)
        tni_chain_commit(in, 1);
    return 0;
}

static int deliver_big(struct tni_session *session, unsigned flags, const uint8_t *bytes,
                       size_t size)
{
    struct tn_body *body = tni_body_new(size);

    if (!body)
        return tni_inbound_no_memory();
    memcpy(body->data, bytes, size);
    return tni_inbound_body(session, flags, body, body->data, size);
}

/* Header and body are not side by side. */
static int deliver_copy(struct tni_session *session, unsigned flags, const uint8_t *body,
                        size_t size)
{
    struct tni_chain *in = tni_session_in(session);
    uint8_t header[TNI_FRAME_HEADER_MAX];
    size_t header_size = tni_frame_encode(header, flags, size);

    if (!tni_chain_room(in, header_size + size))
        return tni_inbound_no_memory();
    tni_chain_append(in, header, header_size);
    tni_chain_append(in, body, size);
    if (!(flags & TNI_FRAME_MORE))
        tni_chain_commit(in, 1);
    return 0;
}

int tni_inbound_frame(struct tni_session *session, unsigned flags, const uint8_t *body, size_t size)
{
    if (tni_session_in(session)->slot)
        return deliver_slot(session, flags, body, size);
    return size > TNI_COPIED ? deliver_big(session, flags, body, size)
                             : deliver_copy(session, flags, body, size);
}

/* ------------------------------------------------------------------ taking apart */

static int frame_is_too_long(const struct tni_session *session, unsigned flags, uint64_t size,
                             int64_t limit)
{
    if (flags & TNI_FRAME_COMMAND)
        return tni_fail(-EMSGSIZE, "the peer announced a command of %llu bytes, %lld are allowed",
                        (unsigned long long)size, (long long)limit);
    return tni_limit_struck(session, TNI_LIMIT_FRAME, -EMSGSIZE,
                            "the peer announced a frame of %llu bytes, %lld are allowed",
                            (unsigned long long)size, (long long)limit);
}

int tni_inbound_check_size(const struct tni_session *session, unsigned flags, uint64_t size,
                           size_t overhead)
{
    int64_t limit = session->config->options.maxmsgsize;

    if (flags & TNI_FRAME_COMMAND)
        limit = COMMAND_MAX;
    if ((limit >= 0 && size > overhead && size - overhead > (uint64_t)limit) || size > SIZE_MAX / 4)
        return frame_is_too_long(session, flags, size, limit);
    return 0;
}

int tni_inbound_count(struct tni_session *session, unsigned flags, uint64_t size)
{
    int most = session->config->options.max_parts;
    bool has_more = flags & TNI_FRAME_MORE;

    if (!session->in_message && !has_more)
        return 0;
    if (!session->in_message)
        session->parts = session->message_bytes = 0;
    session->in_message = has_more;
    session->parts++;
    session->message_bytes += size;
    if (most && session->parts > (unsigned)most)
        return tni_limit_struck(session, TNI_LIMIT_PARTS, -EMSGSIZE,
                                "the peer sent a message of more than %d frames", most);
    if (session->message_bytes > tni_limit_message_bytes(session))
        return tni_limit_struck(session, TNI_LIMIT_MESSAGE, -EMSGSIZE,
                                "the peer sent frames of more than %llu bytes in one message",
                                (unsigned long long)tni_limit_message_bytes(session));
    return 0;
}

/* 0 when the socket takes no further message now. */
static int admit(struct tni_session *session, unsigned flags, uint64_t size, uint64_t *credit)
{
    int rc;

    if (!session->in_message) {
        if (*credit == 0)
            return 0;
        --*credit;
    }
    rc = tni_inbound_count(session, flags, size);
    return rc < 0 ? rc : 1;
}

static int one_frame(struct tni_session *session, struct run *run, const uint8_t *frame, int header,
                     unsigned flags, size_t size)
{
    const uint8_t *body = frame + header;
    int rc;

    if (!(flags & TNI_FRAME_COMMAND) && size <= TNI_COPIED && !tni_session_in(session)->slot)
        return run_add(session, run, frame, (size_t)header + size, !(flags & TNI_FRAME_MORE));
    run_flush(session, run);
    if (flags & TNI_FRAME_COMMAND)
        rc = tni_inbound_command(session, body, size);
    else if (tni_session_in(session)->slot)
        rc = deliver_slot(session, flags, body, size);
    else
        rc = deliver_big(session, flags, body, size);
    run->from = body + size;
    return rc;
}

static bool has_room(struct tni_session *session, uint64_t *credit)
{
    enum { AT_ONCE = 1 << 20 };

    *credit = tni_chain_credit(tni_session_in(session), AT_ONCE);
    return *credit > 0;
}

/* The high-water mark is reached: reading stops, and the socket wakes us when it has read. */
static bool pause_reading(struct tni_session *session, uint64_t *credit)
{
    struct tni_chain *in = tni_session_in(session);

    if (!tni_chain_is_full(in) && has_room(session, credit))
        return false;
    session->is_paused = true;
    return true;
}

bool tni_inbound_has_room(struct tni_session *session)
{
    uint64_t credit;

    return has_room(session, &credit) || !pause_reading(session, &credit);
}

/* The size of the whole message at `bytes`, if all its frames are small and within the limits; 0: it is out
 * of the ordinary, or not all there. */
static size_t small_message(const struct tni_session *session, const uint8_t *bytes, size_t size,
                            uint64_t most)
{
    unsigned most_parts = (unsigned)session->config->options.max_parts;
    unsigned parts = 0, flags = 0;
    uint64_t body = 0;
    size_t at = 0;

    do {
        int header = tni_frame_decode(bytes + at, size - at, &flags, &body);
        if (header <= 0 || (flags & TNI_FRAME_COMMAND) || body > most ||
            body > size - at - (size_t)header)
            return 0;
        at += (size_t)header + (size_t)body;
        parts++;
    } while (flags & TNI_FRAME_MORE);
    if (parts > 1 && ((most_parts && parts > most_parts) || at > tni_limit_message_bytes(session)))
        return 0;
    return at;
}

/* Messages of small frames, as most are, one after the other; returned as bytes. What is out of the ordinary is
 * left. */
static size_t small_messages(const struct tni_session *session, const uint8_t *bytes, size_t size,
                             uint64_t *io_credit)
{
    const int64_t limit = session->config->options.maxmsgsize;
    const uint64_t most = limit >= 0 && limit < TNI_COPIED ? (uint64_t)limit : TNI_COPIED;
    uint64_t left = *io_credit;
    size_t at = 0, step;

    while (left && (step = small_message(session, bytes + at, size - at, most))) {
        at += step;
        left--;
    }
    *io_credit = left;
    return at;
}

/* Those are added to the run as long as there is room for them in the chain. */
static size_t add_small(struct tni_session *session, struct run *run, const uint8_t *bytes,
                        size_t size, uint64_t *credit)
{
    size_t room = run->room - run->size;
    uint64_t left = *credit;
    size_t at;

    if (session->in_message)
        return 0;
    at = small_messages(session, bytes, size < room ? size : room, &left);
    if (at == 0)
        return 0;
    run->size += at;
    run->boundary = run->size;
    run->messages += *credit - left;
    *credit = left;
    return at;
}

uint8_t *tni_inbound_place(struct tni_session *session, size_t *out_room)
{
    struct tni_chain *in = tni_session_in(session);
    size_t room = in->slot || session->in_message ? 0 : tni_chain_room(in, PLACE);

    if (!room)
        return NULL;
    *out_room = room < TNI_SCRATCH ? room : TNI_SCRATCH;
    return tni_chain_place(in);
}

size_t tni_inbound_placed(struct tni_session *session, size_t size)
{
    struct tni_chain *in = tni_session_in(session);
    uint64_t credit = 0, left;
    size_t used;

    has_room(session, &credit);
    left = credit;
    used = small_messages(session, tni_chain_place(in), size, &left);
    if (used) {
        tni_chain_append_placed(in, used);
        tni_chain_commit(in, credit - left);
    }
    return used;
}

bool tni_inbound_short(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    const struct tni_options *options = &session->config->options;
    bool has_limit = options->maxmsgsize >= 0 || options->max_message_bytes > 0;
    uint8_t most = options->maxmsgsize >= 0 && options->maxmsgsize < TNI_FRAME_SHORT_MAX
                       ? (uint8_t)options->maxmsgsize
                       : TNI_FRAME_SHORT_MAX;
    unsigned frames = 0, flags = TNI_FRAME_MORE;
    uint64_t messages = 0;
    size_t at = 0;

    if (session->in_message)
        return false;
    while (at + TNI_FRAME_SHORT_HEADER <= size) {
        flags = bytes[at];
        if ((flags & ~TNI_FRAME_MORE) || bytes[at + 1] > most)
            return false;
        at += TNI_FRAME_SHORT_HEADER + (size_t)bytes[at + 1];
        frames++;
        messages += !(flags & TNI_FRAME_MORE);
    }
    if (at != size || (flags & TNI_FRAME_MORE))
        return false;
    if (frames > messages && ((options->max_parts && frames > (unsigned)options->max_parts) ||
                              (has_limit && size > tni_limit_message_bytes(session))))
        return false; /* or only together: then one by one */
    return tni_chain_put_run(tni_session_in(session), bytes, size, messages);
}

ssize_t tni_inbound_messages(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    struct tni_chain *in = tni_session_in(session);
    struct run run = {.from = bytes, .room = in->slot ? 0 : tni_chain_room(in, 0)};
    uint64_t credit = 0;
    size_t at = 0;
    int rc = 0;

    has_room(session, &credit);
    while (rc >= 0 && at < size) {
        uint64_t body_size = 0;
        unsigned flags = 0;
        bool is_whole;
        int header;
        at += add_small(session, &run, bytes + at, size - at, &credit);
        header = tni_frame_decode(bytes + at, size - at, &flags, &body_size);
        is_whole = header > 0 && body_size <= size - at - (size_t)header;
        if (header == 0)
            break;
        if (header < 0) {
            rc = tni_fail(header, "the peer %s", tni_frame_reason(bytes + at, size - at));
            break;
        }
        rc = tni_inbound_check_size(session, flags, body_size, 0);
        if (rc < 0 || (!is_whole && body_size <= TNI_LARGE))
            break;
        if (!(flags & TNI_FRAME_COMMAND)) {
            rc = admit(session, flags, body_size, &credit);
            if (rc == 0) {
                run_flush(session, &run);
                run.from = bytes + at;
                if (pause_reading(session, &credit))
                    break;
                continue;
            }
            if (rc < 0)
                break;
        }
        if (!is_whole) {
            run_flush(session, &run);
            rc = tni_large_begin(session, flags, body_size);
            at += (size_t)header;
            break;
        }
        rc = one_frame(session, &run, bytes + at, header, flags, (size_t)body_size);
        at += (size_t)header + (size_t)body_size;
    }
    run_flush(session, &run);
    return rc < 0 ? rc : (ssize_t)at;
}
