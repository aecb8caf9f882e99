#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "message/body.h"
#include "message/message.h"
#include "session/session.h"
#include "socket/socket.h"
#include "socket/wait.h"
#include "zmtp/command.h"
#include "zmtp/frame.h"

enum {
    BUDGET = 256 * 1024,    /* bytes before the next connection has its turn               */
    LARGE = 8 * 1024,       /* a body that is read into memory of its own if it comes in parts */
    COPIED = 16 * 1024,     /* a body that is copied into the chain if it is all there     */
    FIRST_PIECE = 64 * 1024, /* of a large body, before more of it has arrived              */
    COMMAND_MAX = 1024 * 1024 + 64,
};

void tni_receive_reset(struct tni_session *session)
{
    tni_buffer_clear(&session->stash);
    tni_body_unref(session->large.body);
    session->large.body = NULL;
    session->in_message = false;
    session->parts = 0;
}

/* ------------------------------------------------------------------ commands */

static int deliver_subscription(struct tni_session *session, const struct tni_command_view *view)
{
    struct tni_chain *in = tni_session_in(session);
    tn_msg_t msg;

    if (!(session->config->pattern->flags & TN_PATTERN_TAKES_SUBSCRIPTIONS))
        return 0;
    tn_msg_borrow(&msg, view->data, view->size);
    msg.flags = view->kind == TNI_COMMAND_SUBSCRIBE ? TN_MSG_SUBSCRIBE : TN_MSG_CANCEL;
    return tni_chain_write(in, &msg);
}

static int on_ping(struct tni_session *session, const struct tni_command_view *view)
{
    uint8_t body[TNI_PING_SIZE_MAX];
    struct tni_ping ping;
    ssize_t size;
    int rc = tni_command_parse_ping(view, &ping);

    if (rc < 0)
        return tni_fail(rc, "the peer sent a malformed PING");
    /* One answer waits at most: a flood of questions costs no memory. */
    size = tni_heartbeat_on_ping(&session->heartbeat, &ping, tni_clock_ms(), body, sizeof body);
    if (size < 0 || tni_buffer_left(&session->commands) > sizeof body)
        return size < 0 ? (int)size : 0;
    return tni_session_command(session, body, (size_t)size);
}

static int on_error(const struct tni_command_view *view)
{
    const char *reason = "";
    size_t size = 0;

    tni_command_parse_error(view, &reason, &size);
    return tni_fail(-EPROTO, "the peer sent ERROR: %.*s", (int)size, reason);
}

static int on_command(struct tni_session *session, const uint8_t *body, size_t size)
{
    struct tni_command_view view;
    int rc = tni_command_parse(body, size, &view);

    if (rc < 0)
        return tni_fail(rc, "the peer sent a malformed command");
    switch (view.kind) {
    case TNI_COMMAND_SUBSCRIBE:
    case TNI_COMMAND_CANCEL:
        return deliver_subscription(session, &view);
    case TNI_COMMAND_PING:
        return on_ping(session, &view);
    case TNI_COMMAND_ERROR:
        return on_error(&view);
    default:
        return 0; /* RFC 37: unknown ones are ignored */
    }
}

/* ------------------------------------------------------------------ frames */

/* Whole small frames that lie side by side go into the chain in one copy. */
struct run {
    const uint8_t *from;
    size_t size;     /* all of it                       */
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

static int no_memory(void)
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
            return no_memory();
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

static int deliver_body(struct tni_session *session, unsigned flags, struct tn_body *body,
                        size_t size)
{
    struct tni_chain *in = tni_session_in(session);
    bool more = flags & TNI_FRAME_MORE;
    int rc;

    if (in->slot) {
        rc = deliver_slot(session, flags, body->data, size);
        tni_body_unref(body);
        return rc < 0 ? no_memory() : 0;
    }
    rc = tni_chain_append_body(in, more, body, body->data, size);
    if (rc < 0) {
        tni_body_unref(body);
        return no_memory();
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
        return no_memory();
    memcpy(body->data, bytes, size);
    return deliver_body(session, flags, body, size);
}

/* ------------------------------------------------------------------ large bodies */

static int large_begin(struct tni_session *session, unsigned flags, uint64_t size)
{
    size_t first = size < FIRST_PIECE ? (size_t)size : FIRST_PIECE;

    session->large.body = tni_body_new(first);
    if (!session->large.body)
        return no_memory();
    session->large.size = size;
    session->large.done = 0;
    session->large.flags = (uint8_t)flags;
    return 0;
}

/* Memory grows as bytes arrive: what a header claims costs nothing. */
static int large_room(struct tni_session *session, struct iovec *out_iov)
{
    struct tn_body *body = session->large.body;

    if (session->large.done == body->size) {
        uint64_t size = session->large.size / 2 < body->size ? session->large.size
                                                             : (uint64_t)body->size * 2;
        if (tni_body_grow(&session->large.body, (size_t)size) < 0)
            return no_memory();
        body = session->large.body;
    }
    out_iov->iov_base = body->data + session->large.done;
    out_iov->iov_len = body->size - (size_t)session->large.done;
    return 0;
}

static int large_done(struct tni_session *session)
{
    struct tn_body *body = session->large.body;
    int rc;

    session->large.body = NULL;
    if (!(session->large.flags & TNI_FRAME_COMMAND))
        return deliver_body(session, session->large.flags, body, (size_t)session->large.size);
    rc = on_command(session, body->data, (size_t)session->large.size);
    tni_body_unref(body);
    return rc;
}

static ssize_t large_take(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    size_t taken = 0;
    struct iovec iov;

    while (taken < size && session->large.done < session->large.size) {
        int rc = large_room(session, &iov);
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

/* ------------------------------------------------------------------ input */

static int check_size(const struct tni_session *session, unsigned flags, uint64_t size)
{
    int64_t limit = session->config->options.maxmsgsize;

    if (flags & TNI_FRAME_COMMAND)
        limit = COMMAND_MAX;
    if ((limit >= 0 && size > (uint64_t)limit) || size > SIZE_MAX / 4)
        return tni_fail(-EMSGSIZE, "the peer announced a frame of %llu bytes, %lld are allowed%s",
                        (unsigned long long)size, (long long)limit,
                        flags & TNI_FRAME_COMMAND ? "" : " by 'maxmsgsize'");
    return 0;
}

/* Keeps account of messages and frames; 0 when the socket takes no further message now. */
static int admit(struct tni_session *session, unsigned flags, uint64_t *credit)
{
    const struct tni_options *options = &session->config->options;

    if (!session->in_message) {
        if (*credit == 0)
            return 0;
        --*credit;
        session->parts = 0;
    }
    session->in_message = flags & TNI_FRAME_MORE;
    if (options->max_parts && ++session->parts > (unsigned)options->max_parts)
        return tni_fail(-EMSGSIZE, "the peer sent a message of more than %d frames ('max_parts')",
                        options->max_parts);
    return 1;
}

static int one_frame(struct tni_session *session, struct run *run, const uint8_t *frame,
                     int header, unsigned flags, size_t size)
{
    const uint8_t *body = frame + header;
    int rc;

    if (!(flags & TNI_FRAME_COMMAND) && size <= COPIED && !tni_session_in(session)->slot)
        return run_add(session, run, frame, (size_t)header + size, !(flags & TNI_FRAME_MORE));
    run_flush(session, run);
    if (flags & TNI_FRAME_COMMAND)
        rc = on_command(session, body, size);
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

static ssize_t messages_input(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    struct run run = {.from = bytes};
    uint64_t credit = 0;
    size_t at = 0;
    int rc = 0;

    has_room(session, &credit);
    while (rc >= 0 && at < size) {
        uint64_t body_size = 0;
        unsigned flags = 0;
        int header = tni_frame_decode(bytes + at, size - at, &flags, &body_size);
        bool is_whole = header > 0 && body_size <= size - at - (size_t)header;
        if (header == 0)
            break;
        if (header < 0) {
            rc = tni_fail(header, "the peer %s", tni_frame_reason(bytes + at, size - at));
            break;
        }
        rc = check_size(session, flags, body_size);
        if (rc < 0 || (!is_whole && body_size <= LARGE))
            break;
        if (!(flags & TNI_FRAME_COMMAND)) {
            rc = admit(session, flags, &credit);
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
            rc = large_begin(session, flags, body_size);
            at += (size_t)header;
            break;
        }
        rc = one_frame(session, &run, bytes + at, header, flags, (size_t)body_size);
        at += (size_t)header + (size_t)body_size;
    }
    run_flush(session, &run);
    return rc < 0 ? rc : (ssize_t)at;
}

/* Uses up what it can; the rest waits for more bytes, or for the socket. */
static ssize_t input(struct tni_session *session, const uint8_t *bytes, size_t size)
{
    size_t at = 0;
    ssize_t used = 0;

    do {
        if (session->large.body) {
            used = large_take(session, bytes + at, size - at);
            if (used >= 0 && session->large.done == session->large.size) {
                int rc = large_done(session);
                if (rc < 0)
                    used = rc;
            }
        } else if (session->state == TNI_SESSION_HANDSHAKE) {
            used = tni_handshake_input(session, bytes + at, size - at);
        } else if (session->state == TNI_SESSION_UP) {
            used = messages_input(session, bytes + at, size - at);
        } else {
            return (ssize_t)size; /* it has ended meanwhile */
        }
        if (used < 0)
            return used;
        at += (size_t)used;
    } while (used > 0 && at < size && !session->is_paused);
    return (ssize_t)at;
}

/* ------------------------------------------------------------------ reading */

static int consume(struct tni_session *session, uint8_t *bytes, size_t size)
{
    ssize_t used = input(session, bytes, size);

    if (used < 0)
        return (int)used;
    if ((size_t)used < size &&
        tni_buffer_append(&session->stash, bytes + used, size - (size_t)used) < 0)
        return no_memory();
    return 0;
}

/* What could not be delivered before, in front of what comes. */
static size_t unstash(struct tni_session *session, uint8_t *scratch)
{
    size_t size = tni_buffer_left(&session->stash);

    if (size) {
        memcpy(scratch, session->stash.bytes + session->stash.from, size);
        tni_buffer_clear(&session->stash);
    }
    return size;
}

static ssize_t read_some(struct tni_session *session, uint8_t *scratch, size_t filled,
                         size_t *out_asked)
{
    struct iovec iov[2];
    int count = 0;
    int rc = 0;

    if (session->large.body) {
        rc = large_room(session, &iov[count++]);
        if (rc < 0)
            return rc;
    }
    iov[count].iov_base = scratch + filled;
    iov[count++].iov_len = TNI_SCRATCH - filled;
    *out_asked = iov[0].iov_len + (count > 1 ? iov[1].iov_len : 0);
    return tni_stack_readv(&session->stack, iov, count);
}

/* The part of `size` that went into the large body. */
static int took_large(struct tni_session *session, size_t *io_size)
{
    uint64_t rest;
    size_t step;

    if (!session->large.body)
        return 0;
    rest = session->large.body->size - session->large.done;
    step = *io_size < rest ? *io_size : (size_t)rest;
    session->large.done += step;
    *io_size -= step;
    return session->large.done == session->large.size ? large_done(session) : 0;
}

static bool is_drained(struct tni_session *session, size_t got, size_t asked)
{
    return got < asked && !session->is_hung_up && session->stack.depth == 1;
}

static void deliver(struct tni_session *session)
{
    if (session->state == TNI_SESSION_UP && session->duplex)
        tni_duplex_wake_other(session->duplex, 1, TNI_WAKE_DATA);
}

static int read_once(struct tni_session *session, uint8_t *scratch, size_t *io_total)
{
    size_t filled = unstash(session, scratch);
    size_t asked = 0;
    ssize_t got;
    size_t fresh;
    int rc;

    /* What was stashed when the socket was full may be all that there is. */
    if (filled == TNI_SCRATCH)
        return consume(session, scratch, filled);
    got = read_some(session, scratch, filled, &asked);
    if (got == -EAGAIN) {
        session->rx_ready = false;
        return filled ? consume(session, scratch, filled) : 0;
    }
    if (got <= 0) {
        /* Messages that came before the end are still to be delivered, now or when there is room. */
        rc = filled ? consume(session, scratch, filled) : 0;
        if (rc < 0 || session->is_paused)
            return rc;
        return got < 0 ? (int)got : tni_fail(-ECONNRESET, "the peer closed the connection");
    }
    fresh = (size_t)got;
    *io_total += fresh;
    if (is_drained(session, fresh, asked))
        session->rx_ready = false;
    if (session->state == TNI_SESSION_UP)
        tni_heartbeat_on_traffic(&session->heartbeat, tni_clock_ms());
    rc = took_large(session, &fresh);
    if (rc == 0 && filled + fresh)
        rc = consume(session, scratch, filled + fresh);
    return rc;
}

int tni_session_receive(struct tni_session *session)
{
    uint8_t *scratch;
    size_t total = 0;
    int rc = 0;

    if (!session->rx_ready && !(tni_buffer_left(&session->stash) && !session->is_paused))
        return 0;
    scratch = tni_scratch();
    if (!scratch)
        return no_memory();
    do
        rc = read_once(session, scratch, &total);
    while (rc == 0 && session->rx_ready && !session->is_paused && total < BUDGET &&
           session->state >= TNI_SESSION_HANDSHAKE && session->state != TNI_SESSION_ENDED);
    deliver(session);
    if (rc < 0)
        return rc;
    return session->rx_ready && !session->is_paused;
}
