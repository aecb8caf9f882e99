/*
 * session.h: one connection to one peer, and for a connecting endpoint its return after a loss.
 *
 * A session belongs to one reactor for life; everything here runs under that reactor's lock, on
 * whichever thread serves, unless it says "any thread". It is counted: one reference is the reactor's
 * until the session ends, one the duplex's, one for each time its task lies in the inbox.
 *
 * The parts, a file each: session.c what it is and how it is told something; connect.c until its streams
 * stand; handshake.c from the first byte to READY; receive.c, transmit.c and direct.c afterwards; life.c up,
 * down and the end; idle.c what is given back when nothing passes; serve.c the turns it is given; stack.c the streams under it.
 */
#ifndef TNI_SESSION_H
#define TNI_SESSION_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/expect.h"
#include "pipe/duplex.h"
#include "reactor/reactor.h"
#include "session/buffer.h"
#include "session/config.h"
#include "session/limit.h"
#include "session/stack.h"
#include "zmtp/heartbeat.h"

struct tn_body;
struct tn_peer_info;
struct tn_pipe;
struct tni_codec;
struct tni_coder;
struct tn_question;
struct tni_datagram_inbox;
struct tni_handshake;
struct tni_resolution;

enum tni_session_state {
    TNI_SESSION_IDLE, /* made, or waiting to connect again */
    TNI_SESSION_CONNECTING, /* the transport and its layers      */
    TNI_SESSION_HANDSHAKE,
    TNI_SESSION_UP,
    TNI_SESSION_ENDED,
};

/** What its task is announced for, beside enum tni_wake. */
enum tni_session_bit {
    TNI_SESSION_START = 32,
    TNI_SESSION_STOP = 64, /* unbound or disconnected */
    TNI_SESSION_TIMER = 128,
    TNI_SESSION_RESOLVED = 256,
    TNI_SESSION_RX = 512, /* host->stream_ready */
    TNI_SESSION_TX = 1024,
    TNI_SESSION_CLOSE = 2048, /* the socket is closed */
    TNI_SESSION_ANSWERED = 4096, /* the authenticator */
    TNI_SESSION_CALLED = 8192, /* at the gate that it waits at */
};

/** What streams (connect.c, serve.c, ...) and datagrams (datagram.c) do each in their own way. */
struct tni_session_kind {
    bool has_handshake; /* is told when it has succeeded */
    /** Whether the endpoint asks for something that this kind does not give; NULL: never. -ENOTSUP with a
     *  sentence. So below: application thread, before the session is in its reactor. */
    int (*check)(const struct tni_session *session);
    /** Takes the address of a bind; the endpoint's text gets the real one. Under the socket's lock. NULL:
     *  a listener does. */
    int (*bind)(struct tni_session *session, struct tn_endpoint *endpoint);
    /** The first thing in its reactor. */
    void (*start)(struct tni_session *session);
    /** All its streams stand. */
    int (*established)(struct tni_session *session);
    /** Moves what there is, both ways, within a budget. */
    int (*transfer)(struct tni_session *session, bool *out_again);
};

extern const struct tni_session_kind tni_stream_kind;
/** NULL: no transport of this program moves datagrams. Generated, as tni_network is. */
extern const struct tni_session_kind *const tni_datagrams;
extern const struct tni_session_kind tni_datagram_kind;

struct tni_session {
    struct tni_member member; /* first */
    struct tni_config *config;
    const struct tni_session_kind *kind;

    /* Written by the socket's threads at every message. */
    alignas(64) struct tni_task task;
    atomic_uint refs;
    atomic_bool has_ended; /* wakes come to nothing; any thread */
    atomic_bool is_congested; /* the last write was refused; any thread */

    alignas(64) struct tni_timer timer;
    uint64_t timer_at; /* what it was set to; UINT64_MAX: it is not, or has fired */
    uint8_t state;
    bool rx_ready, tx_ready; /* the kernel may have something; has room */
    bool reads_on; /* the last read gave less than it might, and more is to be read */
    bool is_connected; /* the transport stands, and that has been told */
    uint8_t gates; /* to the handshake, that it is through: of its address, of its bind */
    bool is_counted; /* in the context: it was accepted */
    bool is_hung_up; /* the peer has closed: read to the end    */
    bool is_paused; /* the socket's high-water mark            */
    bool is_held; /* "max_memory": not read */
    bool is_stopping; /* send what is queued, then end           */
    bool hears_room; /* an event comes when it may write */
    uint8_t empty_reads; /* the descriptor was readable, and nothing was to be read: in a row */
    bool has_commands; /* the peer knows SUBSCRIBE, PING: ZMTP 3.1 */

    struct tni_stack stack;
    int watched; /* its descriptor, in the reactor's set; -1: none */
    struct tni_duplex *duplex; /* side 1 is ours; NULL: none yet */
    struct tni_handshake *handshake;
    struct tn_question *question; /* an authenticator's; what the peer sends meanwhile waits */
    int fault; /* a tn_fault or tn_auth_status: why the peer was given up */
    struct tn_peer_info *peer;
    uint64_t connection; /* its number in the context */
    unsigned connections;

    const struct tni_codec *codec; /* codec.h; NULL: the wire is as the chains are */
    struct tni_coder *coder;
    struct tni_buffer commands; /* outgoing bytes that go before, and between, messages */
    struct tni_buffer stash; /* incoming bytes that could not be delivered yet       */
    struct {
        struct tn_body *body; /* a large frame that is coming in */
        uint64_t size, done;
        uint64_t largest; /* that this connection has really sent */
        uint8_t flags;
        bool is_expected; /* the next frame is probably large, too */
    } large;
    struct tni_datagram_inbox *datagrams; /* where they are received; NULL: a stream */
    size_t usual_size; /* bytes of a message, in the last read */
    bool is_stream; /* much came at a time, in messages that are neither tiny nor large */
    bool in_message; /* frames of an unfinished one are in the incoming chain */
    unsigned parts; /* of that message, if it has several; so its bytes */
    uint64_t message_bytes;
    uint64_t request_bytes; /* of subscriptions since few of them waited */
    struct tni_address *address; /* where it is counted; NULL: nowhere */
    struct tni_gate *waits_at; /* in line, or called and not yet told; NULL: not so */
    struct tni_link place; /* in that line; under the gate's lock */

    struct tni_heartbeat heartbeat;
    uint64_t pings_since; /* ms; when the present second of them began */
    unsigned pings; /* in it */
    uint64_t handshake_by, linger_by, retry_at, stall_by; /* ms; UINT64_MAX: not running */
    int64_t
        stall_queue; /* bytes that the kernel held when "stall_timeout" was half over; -1: it is not */
    uint64_t look_at; /* as the deadlines above: until then a peer that is held is not read */
    uint64_t wake_at; /* likewise: a stream has asked for it */
    struct {
        uint64_t bytes; /* that were read since no message of the peer waited, */
        uint64_t since; /* and the messages before that */
    } unread;
    uint64_t retry_delay;
    uint64_t shrink_at, traffic; /* as the deadlines above; what had passed when that was set */

    struct tni_resolution *resolution;
    _Atomic(struct tni_answer *) answer; /* of the resolver */
};

/** Returns new: a session in that reactor, counted in the socket's `live`. NULL with a sentence. Any
 *  thread. */
struct tni_session *tni_session_new(struct tni_reactor *reactor, struct tni_config *config);
/** Announces something. Any thread. */
void tni_session_post(struct tni_session *session, unsigned bits);
/** The socket has written to it: announces what it kept back of that. Under the socket's lock. */
void tni_session_tell(struct tni_session *session);
void tni_session_unref(void *pointer);
/** A session that never came into its reactor ends. Any thread. */
void tni_session_discard(struct tni_session *session);
extern const struct tni_side_ops tni_session_side_ops;

/** Makes the socket's end of its pipe, as its config says, and takes the other side. The socket's
 *  reference is the caller's to hand on. NULL with a sentence. */
struct tn_pipe *tni_session_open_pipe(struct tni_session *session);

/** Sets the timer to the nearest of its deadlines. */
void tni_session_schedule(struct tni_session *session);
void tni_session_event(struct tni_session *session, uint32_t kind, int code, int64_t value);

static inline struct tni_chain *tni_session_out(struct tni_session *session)
{
    return &session->duplex->way[0];
}

static inline struct tni_chain *tni_session_in(struct tni_session *session)
{
    return &session->duplex->way[1];
}

/** The time of the monotonic clock `delay` ms from now. */
static inline uint64_t tni_session_in_ms(int64_t delay)
{
    return tni_clock_ms() + (uint64_t)delay;
}

/** Cuts what a system call moves at `most` bytes, as "in_batch_size" and "out_batch_size" say; 0: no
 *  cut. Returns how many entries are left. */
int tni_session_cut_to(struct iovec *iov, int count, size_t most);
static inline int tni_session_cut(struct iovec *iov, int count, size_t most)
{
    return TNI_RARELY(most) ? tni_session_cut_to(iov, count, most) : count;
}

/* ---- connect.c */
/** The first thing a session does in its reactor: connects, or begins with what was accepted. */
void tni_session_start(struct tni_session *session);
void tni_stream_start(struct tni_session *session);
int tni_stream_established(struct tni_session *session);
/** Connects, or connects again. */
void tni_session_dial(struct tni_session *session);
/** Something moved while connecting: 0, or a code that ends the attempt. */
int tni_session_advance(struct tni_session *session);
void tni_session_on_resolved(struct tni_session *session);
/** The gate that it waits at has let it in. */
void tni_session_on_called(struct tni_session *session);

/* ---- life.c */
/** The socket's side is closed, or the endpoint: what it committed is still sent, as long as "linger"
 *  allows. `is_let_go`: the pattern closed the pipe, the endpoint stays. */
void tni_session_stop(struct tni_session *session, bool is_let_go);
/** Ends for good. */
void tni_session_end(struct tni_session *session);
bool tni_session_has_unsent(struct tni_session *session);
/** Whether a layer may still hold bytes of messages that went out. */
bool tni_session_has_unflushed(struct tni_session *session);
/** What is queued will not be sent: counted as dropped. */
void tni_session_count_lingered(struct tni_session *session);
/** The connection is over: connects again, or ends. `code` negative; the sentence is tni_fail's. */
void tni_session_lost(struct tni_session *session, int code);
/** The handshake is done; takes `peer`. -ENOMEM ends the connection. */
int tni_session_is_up(struct tni_session *session, struct tn_peer_info *peer);

/* ---- idle.c */
/** Sees that the memory which traffic leaves behind is given back when there is no more of it. */
void tni_session_note_first_traffic(struct tni_session *session) TNI_RARE;
static inline void tni_session_note_traffic(struct tni_session *session)
{
    if (TNI_RARELY(session->shrink_at == UINT64_MAX))
        tni_session_note_first_traffic(session);
}
/** `shrink_at` has come. */
void tni_session_on_quiet(struct tni_session *session);

/* ---- serve.c */
void tni_session_on_task(struct tni_task *task, unsigned bits);
void tni_session_on_events(struct tni_member *member, unsigned events);
bool tni_session_serve(struct tni_member *member);
int tni_session_plain_descriptor(struct tni_member *member);

/* ---- handshake.c */
int tni_handshake_begin(struct tni_session *session);
void tni_handshake_end(struct tni_session *session);
/** Takes bytes of the peer; returns how many were used, or a code that ends the connection. */
ssize_t tni_handshake_input(struct tni_session *session, uint8_t *bytes, size_t size);

/* ---- receive.c */
/** Reads what is there, within a budget. Returns whether there is more, or a code. */
int tni_session_receive(struct tni_session *session);
void tni_receive_reset(struct tni_session *session);

/* ---- transmit.c */
/** Writes what is queued, within a budget. Returns whether there is more, or a code. */
int tni_session_transmit(struct tni_session *session);
/** Queues one command frame. -ENOMEM. */
int tni_session_command(struct tni_session *session, const uint8_t *body, size_t size);
/** Whether messages may go out: after a reconnect the patterns that rebuild their queue say when it holds for
 *  this connection. */
bool tni_session_may_send(struct tni_session *session);
/** The socket may have been refused room that there is now. */
void tni_session_tell_producer(struct tni_session *session);
/** The kernel took nothing: it has no room. */
void tni_session_refused(struct tni_session *session);
/** Makes the descriptor's having room an event while it is waited for, and none any more when there is room. It
 *  costs the peer of a unix socket with each of its reads. What layers wait for they alone know. */
void tni_session_hear_room(struct tni_session *session);

/* ---- direct.c */
/** Without the reactor's lock, but with the socket's: writes what is queued, if that is little and
 *  nothing else is to be looked after. False: something is left. */
bool tni_session_send_now(struct tni_session *session);
/** As `write` of struct tni_side_ops: any thread that has the lock of the socket. */
bool tni_session_write(void *owner, const void *data, size_t size);

#endif
