#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/expect.h"
#include "message/body.h"
#include "session/codec.h"
#include "session/inbound.h"
#include "socket/waiter.h"
#include "zmtp/frame.h"

enum {
    TURN = 256 * 1024, /* bytes, where the thread has no other connection; */
    SHARED_TURN = 96 * 1024, /* else: a full buffer, and who waits for messages has some */
    WORTH_AT_LEAST = 4 * 1024,
    MUCH = 64 * 1024, /* at a time, in messages whose copy costs more than the rest of them */
    NOT_TINY = 1024,
};

void tni_receive_reset(struct tni_session *session)
{
    tni_buffer_clear(&session->stash);
    tni_body_unref(session->large.body);
    session->large.body = NULL;
    session->large.largest = 0;
    session->large.is_expected = false;
    session->is_stream = false;
    session->in_message = false;
    session->parts = 0;
}

/* Uses up what it can; the rest waits for more bytes, or for the socket. */
static ssize_t input(struct tni_session *session, uint8_t *bytes, size_t size)
{
    size_t at = 0;
    ssize_t used = 0;

    do {
        if (session->large.body) {
            used = tni_large_take(session, bytes + at, size - at);
            if (used >= 0 && session->large.done == session->large.size) {
                int rc = tni_large_done(session);
                if (rc < 0)
                    used = rc;
            }
        } else if (session->state == TNI_SESSION_HANDSHAKE) {
            used = tni_handshake_input(session, bytes + at, size - at);
        } else if (session->state == TNI_SESSION_UP) {
            used = session->codec && session->codec->header
                       ? tni_coded_messages(session, bytes + at, size - at)
                       : tni_inbound_messages(session, bytes + at, size - at);
        } else {
            return (ssize_t)size; /* it has ended meanwhile */
        }
        if (used < 0)
            return used;
        at += (size_t)used;
        /* A large body takes what is its own even then: what is read next goes straight into it, so that
         * nothing of it may lie in the stash. */
    } while (used > 0 && at < size && (!session->is_paused || session->large.body));
    return (ssize_t)at;
}

static TNI_APART int consume(struct tni_session *session, uint8_t *bytes, size_t size)
{
    ssize_t used = input(session, bytes, size);

    if (used < 0)
        return (int)used;
    if ((size_t)used == size)
        return 0;
    if (tni_buffer_append(&session->stash, bytes + used, size - (size_t)used) < 0)
        return tni_inbound_no_memory();
    if (session->state == TNI_SESSION_HANDSHAKE)
        explicit_bzero(bytes + used, size - (size_t)used);
    return 0;
}

/* What could not be delivered before, in front of what comes. */
static TNI_APART size_t unstash(struct tni_session *session, uint8_t *scratch)
{
    size_t size = tni_buffer_left(&session->stash);

    memcpy(scratch, session->stash.bytes + session->stash.from, size);
    if (session->state == TNI_SESSION_HANDSHAKE)
        tni_buffer_clear(&session->stash);
    else
        tni_buffer_drop(&session->stash);
    return size;
}

/* A peer that may not in yet has a command of 8 KiB to say. What it says beyond is not read meanwhile, so that
 * with the properties that are kept of it 16 KiB are enough for a peer. */
static size_t room_for(const struct tni_session *session)
{
    enum { BEFORE_READY = 8 * 1024 + TNI_FRAME_HEADER_MAX };

    return session->state == TNI_SESSION_HANDSHAKE ? BEFORE_READY : TNI_SCRATCH;
}

/* How much is read that may have to be copied: where the next body is probably a large one, little more
 * than its header. */
static size_t room_behind(struct tni_session *session, size_t room)
{
    enum { PEEK = 4 * 1024 };
    bool is_short = session->large.is_expected && !session->coder;

    if (!session->large.body)
        session->large.is_expected = false;
    return TNI_RARELY(is_short && room > PEEK) ? PEEK : room;
}

/* As much as the socket takes, going by the messages read last, for what it does not take is put aside; and a
 * little more, which shows that it is to be paused, or is a command. */
static size_t worth_reading(struct tni_session *session, size_t filled)
{
    enum { MESSAGES = 1 << 16, MORE = 2 };
    uint64_t size;

    if (!TNI_RARELY(session->usual_size) || session->state != TNI_SESSION_UP ||
        session->is_paused || session->large.body)
        return SIZE_MAX;
    size = (tni_chain_credit(tni_session_in(session), MESSAGES) + MORE) * session->usual_size;
    return size > filled + WORTH_AT_LEAST ? (size_t)size - filled : WORTH_AT_LEAST;
}

/* Behind `filled` bytes of `bytes`, where there is room for `room` in all. */
static ssize_t read_some(struct tni_session *session, uint8_t *bytes, size_t filled, size_t room,
                         size_t *out_asked)
{
    size_t worth = worth_reading(session, filled);
    struct iovec iov[2];
    int count = 0;
    int rc = 0;

    room = room_behind(session, room - filled);
    if (TNI_RARELY(session->large.body)) {
        rc = tni_large_room(session, &iov[count++]);
        if (rc < 0)
            return rc;
    }
    iov[count].iov_base = bytes + filled;
    iov[count++].iov_len = room < worth ? room : worth;
    count = tni_session_cut(iov, count, (size_t)session->config->options.in_batch_size);
    *out_asked = iov[0].iov_len + (count > 1 ? iov[1].iov_len : 0);
    session->reads_on = false;
    return tni_stack_readv(&session->stack, iov, count);
}

/* The part of `size` that went into the large body. */
static TNI_APART int took_large(struct tni_session *session, size_t *io_size)
{
    uint64_t rest;
    size_t step;

    rest = tni_large_room_left(session);
    step = *io_size < rest ? *io_size : (size_t)rest;
    session->large.done += step;
    *io_size -= step;
    return session->large.done == session->large.size ? tni_large_done(session) : 0;
}

static bool is_drained(struct tni_session *session, size_t got, size_t asked)
{
    return got < asked && !session->is_hung_up && session->stack.depth == 1 && !session->reads_on;
}

/* The thread that has the lease comes back before it sleeps: it gets what there is first. */
static bool may_read_on_later(const struct tni_session *session)
{
    return session->reads_on && atomic_load(&session->member.reactor->is_leased);
}

static void deliver(struct tni_session *session)
{
    if (session->state == TNI_SESSION_UP && session->duplex)
        tni_duplex_wake_other(session->duplex, 1, TNI_WAKE_DATA);
}

/* Keeps an eye on how long a message is, where many come at a time. Of a chain with a slot the socket counts,
 * too: it is never full. */
static int consume_read(struct tni_session *session, uint8_t *bytes, size_t size)
{
    bool is_counted = size >= WORTH_AT_LEAST && session->state == TNI_SESSION_UP &&
                      !tni_session_in(session)->slot;
    bool is_short = session->state == TNI_SESSION_UP && !session->large.body && !session->codec;
    uint64_t before, messages;
    int rc;

    if (!TNI_RARELY(is_counted)) {
        session->usual_size = 0;
        return is_short && tni_inbound_short(session, bytes, size) ? 0
                                                                   : consume(session, bytes, size);
    }
    before = tni_session_in(session)->w.messages;
    rc = consume(session, bytes, size);
    if (rc < 0 || session->state != TNI_SESSION_UP)
        return rc;
    messages = tni_session_in(session)->w.messages - before;
    if (messages)
        session->usual_size = (size - tni_buffer_left(&session->stash)) / messages;
    return 0;
}

/* `got` is 0 at the end, or a code. */
static TNI_RARE int read_nothing(struct tni_session *session, uint8_t *scratch, size_t filled,
                                 ssize_t got)
{
    int rc;

    if (got == -EAGAIN) {
        session->rx_ready = false;
        return filled ? consume(session, scratch, filled) : 0;
    }
    /* Messages that came before the end are still to be delivered, now or when there is room. */
    rc = filled ? consume(session, scratch, filled) : 0;
    if (rc < 0 || session->is_paused)
        return rc;
    return got < 0 ? (int)got : tni_fail(-EPIPE, "the peer closed the connection");
}

/* A stream goes straight to where its messages are to be; what is no message to be left there is dealt with as
 * always. */
static uint8_t *place(struct tni_session *session, size_t *out_room)
{
    bool is_certain = session->is_stream && session->state == TNI_SESSION_UP &&
                      !session->is_paused && !session->large.body &&
                      tni_buffer_left(&session->stash) <= TNI_COPIED + TNI_FRAME_HEADER_MAX;

    return is_certain ? tni_inbound_place(session, out_room) : NULL;
}

static TNI_APART int consume_placed(struct tni_session *session, const uint8_t *placed, size_t size,
                                    uint8_t *scratch)
{
    uint64_t before = tni_session_in(session)->w.messages, messages;
    size_t used = tni_inbound_placed(session, size);
    size_t rest = size - used;

    messages = tni_session_in(session)->w.messages - before;
    session->usual_size = messages ? used / messages : 0;
    memcpy(scratch, placed + used, rest);
    return rest ? consume(session, scratch, rest) : 0;
}

static int read_once(struct tni_session *session, uint8_t *scratch, size_t *io_total)
{
    size_t room = room_for(session);
    uint8_t *placed = TNI_RARELY(session->is_stream) ? place(session, &room) : NULL;
    uint8_t *bytes = placed ? placed : scratch;
    size_t filled = TNI_RARELY(tni_buffer_left(&session->stash)) ? unstash(session, bytes) : 0;
    size_t asked = 0;
    ssize_t got;
    size_t fresh;
    int rc;

    /* What was stashed when the socket was full may be all that there is. */
    if (TNI_RARELY(filled >= room))
        return consume(session, scratch, filled);
    got = read_some(session, bytes, filled, room, &asked);
    if (TNI_RARELY(got <= 0 && placed))
        memcpy(scratch, placed, filled);
    if (TNI_RARELY(got <= 0))
        return read_nothing(session, scratch, filled, got);
    fresh = (size_t)got;
    *io_total += fresh;
    session->empty_reads = 0;
    session->unread.bytes += fresh;
    if (is_drained(session, fresh, asked))
        session->rx_ready = false;
    if (session->state == TNI_SESSION_UP)
        tni_heartbeat_on_traffic(&session->heartbeat,
                                 TNI_RARELY(session->heartbeat.peer_ttl) ? tni_clock_ms() : 0);
    if (placed)
        return consume_placed(session, placed, filled + fresh, scratch);
    rc = TNI_RARELY(session->large.body) ? took_large(session, &fresh) : 0;
    if (rc == 0 && filled + fresh)
        rc = consume_read(session, scratch, filled + fresh);
    return rc;
}

/* Whether what the socket had no room for holds a whole frame, before more is read. */
static bool has_stashed_frames(const struct tni_session *session)
{
    return session->state == TNI_SESSION_UP && !session->is_paused && !session->large.body &&
           tni_buffer_left(&session->stash) > 2 * (size_t)TNI_LARGE;
}

static TNI_RARE int consume_stash(struct tni_session *session)
{
    struct tni_buffer *stash = &session->stash;
    ssize_t used = input(session, stash->bytes + stash->from, tni_buffer_left(stash));

    if (used > 0)
        stash->from += (size_t)used;
    if (tni_buffer_left(stash) == 0)
        tni_buffer_drop(stash);
    return used < 0 ? (int)used : 0;
}

/* The thread has no other connection. */
static bool is_alone(const struct tni_session *session)
{
    return atomic_load(&session->member.reactor->thread->load) <= 1;
}

/* A stream that the thread which receives it had better read itself: what another one reads, it would have to
 * fetch from that one's cache. What is encrypted is worth being opened by two. */
static void note_stream(struct tni_session *session, size_t total)
{
    bool is_much = total >= MUCH && session->usual_size >= NOT_TINY && !session->codec &&
                   session->stack.depth == 1 && is_alone(session);

    session->is_stream = is_much && session->usual_size <= TNI_COPIED;
    if (is_much)
        tni_reactor_note_much(session->member.reactor);
}

/* Who is paused is read for one thing alone: what has arrived counts as a sign of life. */
static TNI_RARE bool is_to_show_life(const struct tni_session *session)
{
    uint64_t deadline = tni_heartbeat_deadline(&session->heartbeat);

    return deadline != TNI_HEARTBEAT_NEVER && deadline <= tni_clock_ms();
}

int tni_session_receive(struct tni_session *session)
{
    uint8_t *scratch;
    /* before the next connection has its turn */
    size_t most = is_alone(session) ? TURN : SHARED_TURN;
    size_t total = 0;
    int rc = 0;

    if (TNI_RARELY(session->question || (session->is_paused && !is_to_show_life(session))))
        return 0;
    if (!session->rx_ready && !(tni_buffer_left(&session->stash) && !session->is_paused))
        return 0;
    if (TNI_RARELY(session->look_at != UINT64_MAX || tni_limit_holds(session)))
        return 0;
    scratch = tni_scratch();
    if (TNI_RARELY(!scratch))
        return tni_inbound_no_memory();
    do
        rc = has_stashed_frames(session) ? consume_stash(session)
                                         : read_once(session, scratch, &total);
    while (TNI_RARELY(rc == 0 && session->rx_ready) && !may_read_on_later(session) &&
           !session->is_paused && total < most && !session->question &&
           session->state >= TNI_SESSION_HANDSHAKE && session->state != TNI_SESSION_ENDED);
    note_stream(session, total);
    deliver(session);
    if (TNI_RARELY(rc < 0))
        return rc;
    return session->rx_ready && !session->is_paused;
}
