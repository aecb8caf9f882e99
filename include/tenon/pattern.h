/*
 * tenon/pattern.h: how to add a pattern. `tenon new pattern NAME` writes one that works; patterns/survey is
 * an example of a larger one.
 *
 * A pattern decides which of a socket's pipes a message goes to and comes from. All its ops run on an
 * application thread under the socket's own lock: no lock of its own, no blocking, no call that waits.
 * "Would block" is -EAGAIN; the core then waits and asks again.
 *
 * State. The core allocates `socket_state` zeroed bytes per socket and `pipe_state` per pipe.
 *
 * The life of a pipe: attach, then connected for each connection it gets (a connecting endpoint keeps
 * its pipe over reconnects and may queue before the first one; an accepted or inproc peer is connected
 * right after attach), disconnected when one is lost and the pipe stays, detach at its end. readable
 * and writable tell of a change after a pipe_read or pipe_write said -EAGAIN.
 */
#ifndef TENON_PATTERN_H
#define TENON_PATTERN_H

#include <tenon/module.h>

#ifdef __cplusplus
extern "C" {
#endif

enum tn_pattern_flag {
    TN_PATTERN_SENDS = 1,
    TN_PATTERN_RECEIVES = 2,
    /** What was queued for a lost connection is worthless: `connected` writes it anew (SUB, XSUB).
     *  The core clears the outgoing queue at a loss and sends nothing until `connected` returned. */
    TN_PATTERN_REBUILDS = 4,
    /** "conflate" has a meaning here. */
    TN_PATTERN_CONFLATES = 8,
    /** Announces its routing id to peers (REQ, DEALER, ROUTER). */
    TN_PATTERN_IDENTIFIES = 16,
    /** A second tn_connect to the same endpoint does nothing. */
    TN_PATTERN_ONE_PER_ENDPOINT = 32,
    /** Subscribes: tn_subscribe, tn_unsubscribe reach `subscribe`. */
    TN_PATTERN_SUBSCRIBES = 64,
    /** Subscriptions of peers reach `recv` of the pipe as flagged frames (PUB, XPUB). */
    TN_PATTERN_TAKES_SUBSCRIPTIONS = 128,
    /** Messages have one frame. The core refuses others in a send with -EINVAL, and drops and counts
     *  those that peers send: the pattern never sees TN_MSG_MORE (CLIENT, SERVER, SCATTER, ...). */
    TN_PATTERN_SINGLE_FRAMES = 256,
    /** Programs name its peers by numbers: `peer_number` and `disconnect_peer` (PEER). */
    TN_PATTERN_NUMBERS_PEERS = 512,
    /** Joins groups: tn_join, tn_leave reach `join` (DISH). */
    TN_PATTERN_JOINS = 1024,
    /** Peers' joining and leaving reaches `recv` of the pipe as flagged frames (RADIO). */
    TN_PATTERN_TAKES_GROUPS = 2048,
    /** May bind, or connect, at a transport of datagrams. A message is then two frames: a name of up to
     *  255 bytes, which a datagram has in front, and the body. Nobody answers at the other end: see
     *  pipe_is_deaf. */
    TN_PATTERN_BINDS_DATAGRAMS = 4096,
    TN_PATTERN_CONNECTS_DATAGRAMS = 8192,
    /** Speaks over datagrams only, and the first frame is instead where one goes to or came from, as the
     *  transport writes addresses (DGRAM). */
    TN_PATTERN_ADDRESSES_DATAGRAMS = 16384,
    /** Between messages, sending one of a single frame is host->lb_send and nothing else (PUSH). The
     *  core may then send without asking `send`. */
    TN_PATTERN_BALANCES = 32768,
    /** Likewise `recv` is host->fq_recv (PULL), for messages that `wants` says so of. The core may then
     *  receive one of a single frame without asking `recv`. */
    TN_PATTERN_TAKES_TURNS = 65536,
};

/** Reasons for host->sock_drop: enum tn_drop_reason of tenon.h. */

/** A socket type as peers of ZMTP 2.0 have it: a number (RFC 15). */
typedef struct tn_old_type {
    const char *wire_name;
    uint8_t number;
} tn_old_type_t;

typedef struct tn_pattern_ops {
    uint32_t size;
    uint32_t flags;
    const char *wire_name; /* "ROUTER": the Socket-Type of RFC 37 */
    const char *const *peers; /* wire names it may talk to, ended by NULL */
    uint32_t socket_state;
    uint32_t pipe_state;

    /** In tn_socket; options that a manifest gives are set right after. A code, with a sentence, is what
     *  tn_socket fails with, and close is not called. */
    int (*open)(void *state, tn_sock_t *sock, const tn_host_t *host);
    /** The last op, after every pipe was detached. Frees what the pattern allocated, ends messages that it
     *  keeps. Not in a child of fork(). */
    void (*close)(void *state);

    /** A new pipe. Negative code: the peer is not wanted, its connection is closed (no detach). */
    int (*attach)(void *state, tn_pipe_t *pipe, void *pipe_state);
    /** Its end, in the middle of a message too. The pipe must not be used afterwards, and is in no fair
     *  queue, balancer or fan-out any more. */
    void (*detach)(void *state, tn_pipe_t *pipe, void *pipe_state);
    /** The handshake is done; host->pipe_routing_id is known. Negative code: closes the peer, and
     *  detach follows. */
    int (*connected)(void *state, tn_pipe_t *pipe, void *pipe_state);
    /** The connection of a pipe that stays is lost. */
    void (*disconnected)(void *state, tn_pipe_t *pipe, void *pipe_state);
    /** Messages, or room, came after -EAGAIN; once for each, and perhaps for nothing. */
    void (*readable)(void *state, tn_pipe_t *pipe, void *pipe_state);
    void (*writable)(void *state, tn_pipe_t *pipe, void *pipe_state);

    /** One frame; TN_MSG_MORE in its flags says that another follows. On success takes the body. A
     *  message is all or nothing: -EAGAIN is allowed at its first frame only. 1 instead of 0: the
     *  message ends with this frame, although TN_MSG_MORE was set. */
    int (*send)(void *state, tn_msg_t *msg);
    /** One frame into `out_msg`, which is uninitialised; the body may be borrowed from the pipe until the
     *  next op. -EAGAIN: none now. Other codes, with a sentence, are what tn_recv returns: -TN_EFSM when it
     *  is not the time to receive. The frames of a message come without -EAGAIN between them. */
    int (*recv)(void *state, tn_msg_t *out_msg);
    /** TN_POLLIN and TN_POLLOUT of tenon.h. Must agree with what send and recv would do, except that
     *  where the pipe depends on the message (ROUTER, XPUB without drops) TN_POLLOUT says only that
     *  some message could be sent: a send that waits must try again after each `writable`, not when
     *  poll says TN_POLLOUT. */
    unsigned (*poll)(void *state);

    /** An option of the feature's table, by its index there; already checked for type and range. */
    int (*set)(void *state, unsigned index, const tn_value_t *value);
    /** Fills `value`; NULL op: the core returns what was set. -ENOTSUP: likewise for this one. */
    int (*get)(void *state, unsigned index, tn_value_t *out_value);
    /** Counted: `add` 1 or 0. 0, -ENOMEM; may be NULL without TN_PATTERN_SUBSCRIBES. */
    int (*subscribe)(void *state, const void *prefix, size_t size, int add);
    /** The number by which programs name the peer of a connect: tn_connect_peer. */
    int (*peer_number)(void *state, tn_pipe_t *pipe, void *pipe_state, uint32_t *out_number);
    /** Ends the connection to the peer of that number: host->pipe_close. -EHOSTUNREACH. */
    int (*disconnect_peer)(void *state, uint32_t number);

    /** For peers of ZMTP 2.0 and 1.0: what it announces to them, then the types it may talk to, ended
     *  by a NULL name. NULL: they have nothing like this pattern, and are refused. */
    const tn_old_type_t *old_types;
    /** Joins (`add` 1) or leaves a group. */
    int (*join)(void *state, const char *group, size_t size, int add);
    /** TN_POLLOUT when the peer of that routing id would take a message. -EHOSTUNREACH. */
    int (*peer_events)(void *state, const void *routing_id, size_t size);
    /** With TN_PATTERN_TAKES_TURNS: 1 when `recv`, asked between messages, would give this one as it is;
     *  0: `recv` must be asked, which drops it, or has another one to give first. NULL: always 1. */
    int (*wants)(void *state, const void *body, size_t size);

    /** For patterns whose messages travel behind an empty frame, the delimiter (RFC 28): with the next
     *  three, all of them or none, the core may send and receive messages of one small frame without
     *  asking `send` and `recv`. They are called between messages, and must call none of the host's
     *  functions. Not with TN_PATTERN_BALANCES or TN_PATTERN_TAKES_TURNS; both TN_PATTERN_SENDS and
     *  TN_PATTERN_RECEIVES. NULL: `send` and `recv` are asked. Since ABI 1.1.
     *
     *  The pipe to which a message sent now goes, with the delimiter and nothing else before it. `next`:
     *  the one that host->lb_send would choose while host->fq_can_recv says 0; NULL where one of
     *  these is not known. NULL: `send` must be asked. Nothing has been sent yet. */
    tn_pipe_t *(*delimited_to)(void *state, tn_pipe_t *next);
    /** 1 when `recv` would give the body of such a message from `pipe`; 0: `recv` must be asked. */
    int (*delimited_from)(void *state, tn_pipe_t *pipe);
    /** It was sent to `pipe`, or received from it: what the whole of `send` or `recv` leaves behind. */
    void (*delimited_done)(void *state, tn_pipe_t *pipe, int is_sent);
} tn_pattern_ops_t;

/** A feature that is a pattern; `options`: its table, or NULL. */
#define TN_PATTERN_FEATURE(name, summary, ops, options)                                            \
    {                                                                                              \
        sizeof(tn_feature_t), TN_PATTERN, 0, name, summary, 50, 0, ops, options                    \
    }

/*
 * The host's functions for patterns:
 *
 * pipe_write      Appends one frame; at the first frame -EAGAIN when the peer's high-water mark is
 *                 reached (then `writable` comes). The last frame commits. Takes the body on success.
 *                 Frames with a flag of TN_MSG_REQUEST ignore the mark, and travel as commands.
 *                 -ENOMEM: nothing was appended, and the unfinished message is rolled back.
 *                 -EPIPE: the peer is gone (`detach` follows). A pattern that gets an error in the
 *                 middle of a message drops the rest of it.
 * pipe_rollback   Takes back the frames of an unfinished message.
 * pipe_read       The next frame of a whole message, borrowed until the next pipe_read of the pipe
 *                 or the end of the op; -EAGAIN when there is none (then `readable` comes). Frames with
 *                 a flag of TN_MSG_REQUEST are requests of the peer.
 * pipe_can_write, pipe_can_read   What the next first frame would get: 1 or 0. 0 announces the change
 *                 (`writable`, `readable`) as -EAGAIN does.
 * pipe_close      Ends the peer's connection; `detach` is not called any more.
 * pipe_limit      As pipe_close, for a peer that costs more than the socket's `option` allows: monitors
 *                 and the log are told, with `reason`, "the peer ...", and the option's name.
 * pipe_state      The pattern's state for this pipe.
 * pipe_routing_id What the peer announced; empty if it did not.
 * pipe_next_routing_id  "connect_routing_id" as it was at this pipe's connect; empty if unset.
 * pipe_connections      How many connections the pipe has had.
 * pipe_peer       Who is at the other end, for the `peer` of a message that is made here and borrowed;
 *                 msg_own then counts it. NULL before it is connected.
 * pipe_is_outgoing      1: of a connect of ours; 0: the peer connected to us.
 * pipe_is_deaf          1: datagrams: the peer hears no requests (TN_MSG_REQUEST), and makes none.
 * pipe_is_alive   0: a loss left it without a connection just now.
 * pipe_peer_pattern     The peer's wire name, "" before it is known.
 *
 * fq_...     One fair queue per socket: add and remove a pipe, fq_ready in `readable`; fq_recv takes
 *            the next frame, whole messages in turn from each pipe that has one, and tells the pipe:
 *            NULL when that one went away in the middle of the message, whose rest is still given.
 *            fq_can_recv: 1 when fq_recv would give a frame. With `out_pipe` it says of which pipe, and
 *            binds the next fq_recv to it; NULL asks only.
 * lb_...     One load balancer per socket: lb_send writes whole messages in turn to each pipe that
 *            takes one; -EAGAIN when none does. When the pipe of an unfinished message dies, the rest
 *            of that message is dropped silently, and `out_pipe` is NULL. Pipe pointers may be NULL in
 *            all fq_ and lb_ calls where they are results. -ENOMEM in the middle of a message: what
 *            follows of it, up to its last frame, is swallowed.
 * fan_...    One fan-out per socket. Before the first frame of a message the pattern marks pipes with
 *            fan_match (or all, or inverts the marks); fan_send writes to the marked ones, drops for
 *            those at their mark (and counts), and clears the marks after the last frame.
 *            fan_can_send: 1 when no marked pipe is full; if one is, the marks are cleared. Marks do not
 *            change in the middle of a message. fan_repeat, instead of marking, marks those that the
 *            message before was for: 1; 0: they are not known any more. A stream of messages for the
 *            same pipes then costs the sender little more than one for a single pipe.
 * topics_... A trie of prefixes, each with the set of those who asked for it, counted: add returns 1
 *            when the prefix is new to the trie, 2 when `who` has it already, 0 when others have;
 *            remove 1 when it was its last, -ENOENT when `who` had not asked. match visits each `who` once. forget removes `who` everywhere and reports
 *            its prefixes; `is_last`: nobody else wants that one. each reports each prefix with its
 *            number of subscriptions, until a visit returns non-zero, which it returns. The functions
 *            that are called back must not change the trie. Nothing recurses; a prefix may be 1 MiB,
 *            a longer one is -EMSGSIZE. topics_again: 1 when the data match the same `who` as those of the
 *            last call of topics_again or topics_match; 0: it is not known.
 * sock_drop  Counts messages that were dropped, by reason.
 * sock_deadline  When `recv`, `send` or `poll` will give another answer although nothing happens, by the
 *            clock of clock_ms; UINT64_MAX: no more. Whoever waits in a call of the socket is then woken,
 *            once, and asks again. tn_fd does not tell of it.
 * sock_option  A common option of the socket by name.
 * group_new, group_free  The name of a group, counted text of which a pattern keeps a reference:
 *                 group_new returns new, NULL when there is no memory.
 * msg_set_group   Gives a message that name, or NULL; the pattern keeps its reference.
 * sock_raw   Whether the connections of later binds and connects carry bytes without ZMTP: there is no
 *            handshake, a message has one frame, whose body goes out as it is, and what comes in is cut
 *            into messages as it arrives. Only over streams: inproc and its like refuse.
 * sock_subscriptions  How many subscriptions there are now, for statistics and tn_wait_subscribers.
 */

#ifdef __cplusplus
}
#endif
#endif
