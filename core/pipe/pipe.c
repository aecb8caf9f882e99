#include "pipe/pipe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/expect.h"
#include "base/log.h"
#include "base/memory.h"
#include "message/peer_info.h"
#include "monitor/monitor.h"
#include "pipe/chain_short.h"
#include "socket/hand_over.h"
#include "socket/network.h"
#include "socket/socket.h"
#include "zmtp/frame.h"

static void wake(void *owner, unsigned what)
{
    struct tn_pipe *pipe = owner;
    struct tn_sock *sock = pipe->sock;

    if (tni_network && what == TNI_WAKE_DATA && pipe->has_session &&
        atomic_load(&sock->has_one_pipe)) {
        if (!atomic_exchange(&sock->has_data, true))
            tni_sock_notify_event(sock);
        return;
    }
    if (!tni_mpsc_announce(&pipe->item, what))
        return;
    atomic_fetch_add_explicit(&pipe->refs, 1, memory_order_relaxed);
    tni_mpsc_push(&sock->events, &pipe->item);
    tni_sock_notify_event(sock);
}

static struct tni_mpsc_item *item_of(void *owner)
{
    return &((struct tn_pipe *)owner)->item;
}

const struct tni_side_ops tni_pipe_side_ops = {
    .wake = wake, .item = item_of, .unref = tni_pipe_unref};

static void pipe_free(struct tn_pipe *pipe)
{
    tni_peer_info_unref(pipe->introduced);
    tni_peer_info_unref(pipe->peer);
    tni_id_clear(&pipe->next_routing_id);
    tni_free(pipe->endpoint);
    tni_free(pipe);
}

struct tn_pipe *tni_pipe_new(struct tn_sock *sock, const char *endpoint, struct tni_duplex *duplex,
                             unsigned side)
{
    struct tn_pipe *pipe = tni_calloc_aligned(sizeof *pipe + sock->ops->pipe_state);

    if (!pipe)
        return NULL;
    tni_mpsc_item_init(&pipe->item);
    atomic_init(&pipe->refs, 1);
    pipe->endpoint = tni_strdup(endpoint);
    if (!pipe->endpoint) {
        tni_free(pipe);
        return NULL;
    }
    pipe->sock = sock;
    pipe->duplex = duplex;
    pipe->out = &duplex->way[side];
    pipe->in = &duplex->way[!side];
    pipe->other = &duplex->side[!side];
    pipe->side = side;
    tni_link_init(&pipe->link);
    tni_link_init(&pipe->attention);
    tni_fair_queue_node_init(&pipe->fair, pipe);
    tni_load_balancer_node_init(&pipe->balance, pipe);
    tni_fan_out_node_init(&pipe->fan, pipe);
    return pipe;
}

struct tn_pipe *tni_pipe_open(struct tn_sock *sock, const char *endpoint,
                              const struct tni_options *options, const uint64_t hwm[2],
                              const bool conflate[2])
{
    struct tni_duplex *duplex = tni_duplex_new(hwm, conflate);
    struct tn_pipe *pipe = duplex ? tni_pipe_new(sock, endpoint, duplex, 0) : NULL;
    const struct tni_id *id = &options->connect_routing_id;

    if (!pipe || tni_id_set(&pipe->next_routing_id, id->bytes, id->size) < 0) {
        if (pipe)
            pipe_free(pipe);
        if (duplex)
            tni_duplex_close(duplex, 0);
        tni_fail(-ENOMEM, "out of memory for the pipe of a connection");
        return NULL;
    }
    atomic_store(&pipe->refs, 2);
    tni_duplex_own(duplex, 0, &tni_pipe_side_ops, pipe);
    return pipe;
}

void tni_pipe_unref(void *pointer)
{
    struct tn_pipe *pipe = pointer;

    if (atomic_fetch_sub_explicit(&pipe->refs, 1, memory_order_acq_rel) != 1)
        return;
    pipe_free(pipe);
}

void tni_pipe_offer(struct tn_pipe *pipe)
{
    wake(pipe, TNI_WAKE_NEW);
}

static void note_pipes(struct tn_sock *sock)
{
    const struct tni_link *pipes = &sock->pipes;

    if (tni_network)
        atomic_store(&sock->has_one_pipe, pipes->next != pipes && pipes->next == pipes->prev);
}

void tni_pipe_need_attention(struct tn_pipe *pipe)
{
    if (!tni_link_is_linked(&pipe->attention))
        tni_list_append(&pipe->sock->attention, &pipe->attention);
}

void tni_pipe_on_event(struct tn_pipe *pipe, unsigned bits)
{
    struct tn_sock *sock = pipe->sock;

    if (bits & TNI_WAKE_NEW) {
        if (atomic_load_explicit(&sock->state, memory_order_relaxed) == TNI_SOCK_OPEN)
            tni_pipe_adopt(pipe);
        else
            tni_pipe_close(pipe); /* it came too late */
    }
    if (!pipe->is_closed) {
        if (bits & (TNI_WAKE_DATA | TNI_WAKE_CLOSED))
            tni_pipe_need_attention(pipe);
        if (bits & TNI_WAKE_SPACE)
            sock->ops->writable(sock->pattern_state, pipe, pipe->state);
    }
}

static void count_unsent(struct tn_pipe *pipe)
{
    uint64_t left = tni_chain_length(tni_pipe_out(pipe));

    if (left && tni_duplex_other_is_closing(pipe->duplex, pipe->side)) {
        tni_count_drop(&pipe->sock->counters, TN_DROP_PEER_LOST, left);
        pipe->dropped += left;
    }
}

void tni_pipe_close(struct tn_pipe *pipe)
{
    struct tn_sock *sock = pipe->sock;

    if (pipe->is_closed)
        return;
    pipe->is_closed = true;
    if (sock->reading == pipe)
        sock->reading = NULL;
    if (pipe->is_connected)
        tni_count_down(&sock->counters.peers);
    pipe->is_connected = false;
    tni_fair_queue_remove(&sock->fair, &pipe->fair);
    tni_load_balancer_remove(&sock->balance, &pipe->balance);
    tni_fan_out_remove(&sock->fan, &pipe->fan);
    tni_chain_rollback(tni_pipe_out(pipe));
    count_unsent(pipe);
    tni_link_remove(&pipe->link);
    note_pipes(sock);
    tni_link_remove(&pipe->attention);
    tni_sock_tell(sock); /* while the other end is there for sure */
    tni_duplex_close(pipe->duplex, pipe->side);
    tni_pipe_unref(pipe); /* the socket's */
}

static void tell_limit(struct tn_pipe *pipe)
{
    const struct tn_peer_info *peer = pipe->peer;
    tn_event_t event;

    tni_event_init(&event, TN_EVENT_DISCONNECTED);
    event.error = -EDQUOT;
    event.is_accepted = !pipe->is_outgoing;
    TNI_EVENT_TEXT(event.endpoint, pipe->endpoint);
    TNI_EVENT_TEXT(event.reason, tni_error_text());
    if (peer) {
        event.connection = peer->connection;
        event.fd = peer->fd;
        TNI_EVENT_TEXT(event.local, peer->local);
        TNI_EVENT_TEXT(event.remote, peer->remote);
        TNI_EVENT_TEXT(event.identity, peer->user_id);
        event.routing_id_size = (uint8_t)peer->identity_size;
        if (peer->identity_size)
            memcpy(event.routing_id, peer->identity, peer->identity_size);
    }
    tni_monitor_emit(&pipe->sock->monitors, &event);
}

void tni_pipe_limit(struct tn_pipe *pipe, const char *option, const char *reason)
{
    tni_fail(-EDQUOT, "%s ('%s')", reason, option);
    tni_log(TN_LOG_WARN, "limit", "%s, peer %s: %s", pipe->endpoint,
            pipe->peer && pipe->peer->remote ? pipe->peer->remote : "unknown", tni_error_text());
    tni_pipe_close(pipe);
    tell_limit(pipe);
}

void tni_pipe_detach(struct tn_pipe *pipe)
{
    struct tn_sock *sock = pipe->sock;

    if (pipe->is_closed)
        return;
    if (pipe->is_attached)
        sock->ops->detach(sock->pattern_state, pipe, pipe->state);
    tni_pipe_close(pipe);
}

/* What was queued for the last connection is worthless; the pattern writes it anew. */
static int rebuild(struct tn_pipe *pipe)
{
    struct tn_sock *sock = pipe->sock;
    struct tni_chain *out = tni_pipe_out(pipe);
    int rc;

    tni_chain_rollback(out);
    pipe->is_writing = false;
    tni_chain_skip(out);
    rc = sock->ops->connected(sock->pattern_state, pipe, pipe->state);
    atomic_store(&out->epoch, pipe->connections);
    tni_duplex_wake_other(pipe->duplex, pipe->side, TNI_WAKE_DATA);
    return rc;
}

static void on_connected(struct tn_pipe *pipe, struct tn_peer_info *info)
{
    struct tn_sock *sock = pipe->sock;
    int rc;

    tni_peer_info_unref(pipe->peer);
    pipe->peer = info;
    pipe->connections++;
    if (!pipe->is_connected)
        tni_count(&sock->counters.peers, 1);
    tni_count(&sock->counters.connections_made, 1);
    pipe->is_connected = true;
    if ((sock->ops->flags & TN_PATTERN_REBUILDS) && pipe->connections > 1)
        rc = rebuild(pipe);
    else
        rc = sock->ops->connected(sock->pattern_state, pipe, pipe->state);
    if (rc < 0)
        pipe->must_close = true;
    tni_sock_notify(sock);
}

static void on_disconnected(struct tn_pipe *pipe)
{
    struct tn_sock *sock = pipe->sock;

    if (pipe->is_connected)
        tni_count_down(&sock->counters.peers);
    pipe->is_connected = false;
    sock->ops->disconnected(sock->pattern_state, pipe, pipe->state);
}

int tni_pipe_adopt(struct tn_pipe *pipe)
{
    struct tn_sock *sock = pipe->sock;
    int rc;

    tni_list_append(&sock->pipes, &pipe->link);
    note_pipes(sock);
    rc = sock->ops->attach(sock->pattern_state, pipe, pipe->state);
    if (rc < 0) {
        tni_pipe_close(pipe);
        return rc;
    }
    pipe->is_attached = true;
    if (pipe->introduced) {
        on_connected(pipe, pipe->introduced);
        pipe->introduced = NULL;
    }
    if (!pipe->is_closed)
        tni_pipe_need_attention(pipe);
    return 0;
}

static TNI_RARE void attend_in_full(struct tn_pipe *pipe)
{
    struct tn_sock *sock = pipe->sock;
    struct tni_chain *in = tni_pipe_in(pipe);
    struct tni_frame_view view;
    bool is_ending = tni_duplex_other_is_closing(pipe->duplex, pipe->side);

    atomic_fetch_add_explicit(&pipe->refs, 1, memory_order_relaxed);
    while (!pipe->is_closed && !pipe->must_close && tni_chain_peek(in, &view) && view.is_control) {
        struct tni_attachment *record = view.attachment;
        uint32_t kind = record->kind;
        record->kind = TNI_ATTACH_NOTHING;
        tni_chain_next(in, &view);
        if (kind == TNI_ATTACH_CONNECTED)
            on_connected(pipe, record->object);
        else
            on_disconnected(pipe);
    }
    if (pipe->is_closed) {
        tni_pipe_unref(pipe);
        return;
    }
    if (pipe->must_close) {
        tni_pipe_detach(pipe);
    } else if (!tni_chain_is_empty(in)) {
        sock->ops->readable(sock->pattern_state, pipe, pipe->state);
    } else if (is_ending) {
        /* Asked before the chain was found empty: nothing more can come. */
        tni_pipe_detach(pipe);
    }
    tni_pipe_unref(pipe);
}

/* Most often there is a message to read, and nothing else. */
void tni_pipe_attend(struct tn_pipe *pipe)
{
    if (!pipe->is_closed && !pipe->must_close && tni_chain_has_frame(tni_pipe_in(pipe)))
        pipe->sock->ops->readable(pipe->sock->pattern_state, pipe, pipe->state);
    else
        attend_in_full(pipe);
}

void tni_pipe_describe(const struct tn_pipe *pipe, tn_peer_t *peer)
{
    const struct tn_peer_info *info = pipe->peer;

    memset(peer, 0, sizeof *peer);
    peer->queued_out = tni_chain_length(pipe->out);
    peer->queued_in = tni_chain_length(pipe->in);
    peer->messages_sent = pipe->sent;
    peer->messages_received = pipe->received;
    peer->dropped = pipe->dropped;
    peer->connected = pipe->is_connected;
    snprintf(peer->endpoint, sizeof peer->endpoint, "%s", pipe->endpoint);
    if (!info)
        return;
    peer->connection = info->connection;
    snprintf(peer->remote, sizeof peer->remote, "%s", info->remote ? info->remote : "");
    peer->routing_id_size = (uint8_t)info->identity_size;
    if (info->identity_size)
        memcpy(peer->routing_id, info->identity, info->identity_size);
}
