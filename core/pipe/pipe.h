/*
 * pipe.h: a socket's end of a pipe: what a pattern calls a pipe.
 *
 * Owned by its socket and by the duplex it is a side of, counted. Everything here runs under the
 * socket's lock, except where it says "any thread". The other end is a connection's session or, for
 * inproc, another socket's pipe; this file does not know which.
 *
 * What the other end announces (data, space, its end, the pipe itself) arrives as an item in the
 * socket's `events`, which the socket drains on its next turn. Control records in the incoming chain
 * (connected, disconnected) need the pattern: they put the pipe on the socket's `attention` list, as
 * does the end of a pipe whose peer is gone, and tni_pipe_attend deals with it outside the pattern's
 * own ops.
 */
#ifndef TNI_PIPE_H
#define TNI_PIPE_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tenon/pattern.h>
#include <tenon/tenon.h>

#include "base/list.h"
#include "base/mpsc.h"
#include "options/options.h"
#include "pipe/duplex.h"
#include "route/fair_queue.h"
#include "route/fan_out.h"
#include "route/load_balancer.h"

struct tn_sock;
struct tn_peer_info;

struct tn_pipe {
    /* Written by the other end at every message. */
    struct tni_mpsc_item item; /* in sock->events; enum tni_wake */
    atomic_uint refs;

    alignas(64) struct tn_sock *sock;
    struct tni_duplex *duplex;
    struct tni_chain *out, *in; /* of the duplex, as is the next */
    struct tni_side *other;
    unsigned side;

    struct tni_link link; /* in sock->pipes */
    struct tni_link attention;
    struct tni_fair_queue_node fair;
    struct tni_load_balancer_node balance;
    struct tni_fan_out_node fan;

    struct tn_peer_info *peer; /* of the present or last connection, or NULL */
    struct tn_peer_info *introduced; /* inproc: its peer, known before it is adopted; counted */
    uint32_t connections;
    bool is_outgoing; /* of a connect of its socket */
    bool is_deaf; /* datagrams: nobody at the other end takes requests */
    bool has_session; /* the other end is a connection, not a socket */
    bool is_attached; /* the pattern knows it */
    bool is_connected;
    bool is_writing; /* in the middle of an outgoing message */
    bool is_closed; /* our side: nothing is read or written any more */
    bool must_close; /* the pattern refused it */

    uint64_t sent, received, dropped; /* messages */
    struct tni_id next_routing_id; /* "connect_routing_id" of its connect */
    char *endpoint; /* as the program wrote it */

    alignas(16) uint8_t state[]; /* the pattern's */
};

/** Returns new, with one reference and side `side` of the duplex. NULL: no memory. Any thread. */
struct tn_pipe *tni_pipe_new(struct tn_sock *sock, const char *endpoint, struct tni_duplex *duplex,
                             unsigned side);
/** The same on a new duplex as its side 0, for an endpoint; two references: the socket's and the
 *  duplex's. NULL with a sentence. Any thread. */
struct tn_pipe *tni_pipe_open(struct tn_sock *sock, const char *endpoint,
                              const struct tni_options *options, const uint64_t hwm[2],
                              const bool conflate[2]);
void tni_pipe_unref(void *pointer);
extern const struct tni_side_ops tni_pipe_side_ops;

/** Shows it to its socket, which takes the caller's reference. Any thread. */
void tni_pipe_offer(struct tn_pipe *pipe);
/** The same, at once, under the socket's lock. Negative: the pattern does not want it; it is closed. */
int tni_pipe_adopt(struct tn_pipe *pipe);

/** Handles what was announced since the last time; `bits` of enum tni_wake. */
void tni_pipe_on_event(struct tn_pipe *pipe, unsigned bits);
/** Has tni_pipe_attend called, at the socket's next turn. */
void tni_pipe_need_attention(struct tn_pipe *pipe);
/** Deals with control records and with the end of the pipe. */
void tni_pipe_attend(struct tn_pipe *pipe);
/** Closes our side without telling the pattern: it is closing, or has asked for it. */
void tni_pipe_close(struct tn_pipe *pipe);
/** Closes our side: the peer costs more than `option` allows. Told to monitors and to the log. */
void tni_pipe_limit(struct tn_pipe *pipe, const char *option, const char *reason);
/** Tells the pattern, and closes. */
void tni_pipe_detach(struct tn_pipe *pipe);

/** What statistics show of it. */
void tni_pipe_describe(const struct tn_pipe *pipe, tn_peer_t *out_peer);

/* pipe_write.c; the first three are the host's functions of pattern.h. */
int tni_pipe_write(struct tn_pipe *pipe, tn_msg_t *msg);
void tni_pipe_rollback(struct tn_pipe *pipe);
int tni_pipe_can_write(struct tn_pipe *pipe);
/** Messages of the socket did not go to this peer, for statistics. */
void tni_pipe_note_drops(struct tn_pipe *pipe, uint64_t messages);

/** Whole messages of one frame each, encoded. */
struct tni_pipe_run {
    struct tn_body *body; /* that holds them, with a reference for the pipe; NULL: to be copied */
    const uint8_t *data;
    size_t size;
    size_t bytes; /* without the frames' heads */
    unsigned messages;
};

/** How many messages it takes now, at most `most`. Negative: it is not one that gets runs, which are for
 *  connections only. */
int tni_pipe_run_room(struct tn_pipe *pipe, unsigned most);
/** Writes a run for which there is room. -EPIPE, -ENOMEM: the reference was not taken. */
int tni_pipe_write_run(struct tn_pipe *pipe, const struct tni_pipe_run *run);

/* pipe_read.c; the first two are the host's functions of pattern.h. */
int tni_pipe_read(struct tn_pipe *pipe, tn_msg_t *out_msg);
int tni_pipe_can_read(struct tn_pipe *pipe);
/** Whether there is nothing to read, and not the end to be noticed. False also where that is not known
 *  here. */
bool tni_pipe_is_drained(struct tn_pipe *pipe);
/** After tni_chain_get on its incoming chain: tells the producer, when half of the mark is free. */
void tni_pipe_release(struct tn_pipe *pipe);

static inline struct tni_chain *tni_pipe_out(struct tn_pipe *pipe)
{
    return pipe->out;
}

static inline struct tni_chain *tni_pipe_in(struct tn_pipe *pipe)
{
    return pipe->in;
}

#endif
