/*
 * reqrep.h: REQ, REP, DEALER and ROUTER (RFC 28); CLIENT and SERVER (RFC 41), PEER (RFC 51).
 *
 * REQ and REP take turns, DEALER and ROUTER do not; all four put an envelope of frames before the
 * body, which says where a reply goes. CLIENT is a DEALER, SERVER and PEER are ROUTERs, of messages that
 * have one frame: there a number that stays here names the peer. STREAM is a ROUTER of bare bytes. Under the socket's lock, as pattern.h says. Each pattern's
 * options are numbered as in its table in descriptor.c.
 */
#ifndef TNI_REQREP_H
#define TNI_REQREP_H

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_req_ops;
extern const tn_pattern_ops_t tni_rep_ops;
extern const tn_pattern_ops_t tni_dealer_ops;
extern const tn_pattern_ops_t tni_router_ops;
extern const tn_pattern_ops_t tni_stream_ops;
extern const tn_pattern_ops_t tni_client_ops;
extern const tn_pattern_ops_t tni_server_ops;
extern const tn_pattern_ops_t tni_peer_ops;

enum { REQ_PROBE_ROUTER, REQ_CORRELATE, REQ_RELAXED };
enum { DEALER_HELLO_MSG, DEALER_HICCUP_MSG, DEALER_PROBE_ROUTER };
enum {
    ROUTER_HELLO_MSG,
    ROUTER_DISCONNECT_MSG,
    ROUTER_PROBE_ROUTER,
    ROUTER_MANDATORY,
    ROUTER_HANDOVER,
    ROUTER_NOTIFY,
    ROUTER_RAW,
};
enum { STREAM_NOTIFY, STREAM_ROUTING_ID };

/** "probe_router": an empty message, by which a ROUTER learns of the peer. A peer that is full misses
 *  it. Not in the middle of a message to that pipe. */
static inline void tni_probe(const tn_host_t *host, tn_pipe_t *pipe)
{
    tn_msg_t probe;

    tn_msg_clear(&probe);
    (void)host->pipe_write(pipe, &probe);
}

/** Ends a message that the pattern was given. */
static inline void tni_take(const tn_host_t *host, tn_msg_t *msg)
{
    host->msg_close(msg);
    tn_msg_clear(msg);
}

/** Reads what is left of a message whose last frame read is `frame`, and ends all of it. */
static inline void tni_skip(const tn_host_t *host, tn_sock_t *sock, tn_msg_t *frame)
{
    while (frame->flags & TN_MSG_MORE) {
        tni_take(host, frame);
        if (host->fq_recv(sock, frame, NULL) != 0)
            return;
    }
    tni_take(host, frame);
}

#endif
