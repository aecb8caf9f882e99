/* ROUTER and STREAM: the frame before a message names its peer. */
#include "router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "reqrep.h"

static int router_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct router *router = state;

    router->host = host;
    router->sock = sock;
    router->next_id = host->random();
    router->notifies_raw = TNI_NOTIFY_CONNECT | TNI_NOTIFY_DISCONNECT;
    tni_peer_map_init(&router->peers, host);
    tni_occasions_init(&router->occasions, host, sock);
    return 0;
}

static void router_close(void *state)
{
    struct router *router = state;

    tni_peer_map_fini(&router->peers);
    tni_occasions_fini(&router->occasions);
}

static int fail_unroutable(struct router *router, const tn_msg_t *id)
{
    char text[2 * 16 + 1] = "";
    const uint8_t *bytes = tn_msg_bytes(id);
    size_t size = tn_msg_length(id);
    size_t i;

    for (i = 0; i < size && i < 16; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return router->host->set_error(router->host, -EHOSTUNREACH,
                                   "router: no peer has the routing id 0x%s%s (%zu bytes); it has "
                                   "gone, or has not finished its handshake",
                                   text, size > 16 ? "..." : "", size);
}

static int begin_send(struct router *router, tn_msg_t *id)
{
    struct tni_peer *peer = tni_peer_map_find(&router->peers, tn_msg_bytes(id), tn_msg_length(id));
    bool has_body = (id->flags & TN_MSG_MORE) != 0;

    if (!peer && router->is_mandatory)
        return fail_unroutable(router, id);
    if (peer && !router->host->pipe_can_write(peer->pipe)) {
        if (router->is_mandatory)
            return -EAGAIN;
        router->host->sock_drop(router->sock, TN_DROP_HWM, 1);
        peer = NULL;
    } else if (!peer) {
        router->host->sock_drop(router->sock, TN_DROP_UNROUTABLE, 1);
    }
    tni_take(router->host, id);
    router->is_sending = has_body;
    router->target = has_body ? peer : NULL;
    return 0;
}

/* In a raw socket a message is one frame behind the id, whatever its flags say, and an empty one ends the
 * connection. */
static void dismiss_if_empty(struct router *router, const tn_msg_t *msg)
{
    struct tni_peer *peer = router->target;

    if (!peer || tn_msg_length(msg) > 0)
        return;
    router->target = NULL;
    tni_router_dismiss(router, peer);
}

static int router_send(void *state, tn_msg_t *msg)
{
    struct router *router = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    bool ends_here = false;
    int rc;

    if (!router->is_sending)
        return begin_send(router, msg);
    if (router->is_raw) {
        ends_here = has_more;
        has_more = false;
        msg->flags &= (uint8_t)~TN_MSG_MORE;
        dismiss_if_empty(router, msg);
    }
    if (router->target) {
        rc = router->host->pipe_write(router->target->pipe, msg);
        if (rc) {
            router->host->pipe_rollback(router->target->pipe);
            router->host->sock_drop(router->sock, TN_DROP_PEER_LOST, 1);
            router->target = NULL;
        }
        if (rc == -ENOMEM)
            return rc;
    }
    tni_take(router->host, msg);
    if (!has_more) {
        router->is_sending = false;
        router->target = NULL;
    }
    return ends_here;
}

/* The id before its message. The fair queue keeps the message for us even if the peer goes now. */
static int recv_id(struct router *router, tn_msg_t *out_msg)
{
    tn_pipe_t *pipe = NULL;
    const struct tni_peer *peer;

    if (!router->host->fq_can_recv(router->sock, &pipe) || !pipe)
        return -EAGAIN;
    peer = router->host->pipe_state(pipe);
    tn_msg_clear(out_msg);
    if (peer->size <= TN_MSG_INLINE) {
        memcpy(out_msg->u.bytes, peer->id, peer->size);
        out_msg->size = peer->size;
    } else {
        tn_msg_borrow(out_msg, peer->id, peer->size);
    }
    out_msg->flags = TN_MSG_MORE;
    router->is_receiving = true;
    return 0;
}

static int router_recv(void *state, tn_msg_t *out_msg)
{
    struct router *router = state;
    int rc;

    if (!router->is_receiving && tni_notices_wait(&router->occasions.notices)) {
        tni_notices_get(&router->occasions.notices, out_msg);
        return 0;
    }
    if (!router->is_receiving)
        return recv_id(router, out_msg);
    rc = router->host->fq_recv(router->sock, out_msg, NULL);
    if (rc == 0 && !(out_msg->flags & TN_MSG_MORE))
        router->is_receiving = false;
    return rc;
}

static bool is_writable(const struct tni_peer *peer, const tn_host_t *host)
{
    return host->pipe_can_write(peer->pipe) != 0;
}

static int router_peer_events(void *state, const void *routing_id, size_t size)
{
    struct router *router = state;
    struct tni_peer *peer = tni_peer_map_find(&router->peers, routing_id, size);

    if (!peer)
        return -EHOSTUNREACH;
    return is_writable(peer, router->host) ? TN_POLLOUT : 0;
}

static unsigned router_poll(void *state)
{
    struct router *router = state;
    unsigned events = 0;

    if (router->is_receiving || tni_notices_wait(&router->occasions.notices) ||
        router->host->fq_can_recv(router->sock, NULL))
        events |= TN_POLLIN;
    if (!router->is_mandatory || router->is_sending ||
        tni_peer_map_any(&router->peers, is_writable))
        events |= TN_POLLOUT;
    return events;
}

static int router_set(void *state, unsigned index, const tn_value_t *value)
{
    struct router *router = state;
    bool is_on = value->number != 0;

    switch (index) {
    case ROUTER_HELLO_MSG:
        return tni_occasions_set(&router->occasions, TNI_HELLO, value);
    case ROUTER_DISCONNECT_MSG:
        return tni_occasions_set(&router->occasions, TNI_DISCONNECT, value);
    case ROUTER_RAW:
        router->is_raw = is_on;
        router->host->sock_raw(router->sock, is_on);
        break;
    case ROUTER_NOTIFY:
        router->notifies = (unsigned)value->number;
        break;
    case ROUTER_PROBE_ROUTER:
        router->has_probe = is_on;
        break;
    case ROUTER_MANDATORY:
        router->is_mandatory = is_on;
        break;
    case ROUTER_HANDOVER:
        router->has_handover = is_on;
        break;
    default:
        break;
    }
    return 0;
}

/* ------------------------------------------------------------------ STREAM */

static int stream_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct router *router = state;

    router->is_raw = router->is_mandatory = true;
    host->sock_raw(sock, true);
    return router_open(state, sock, host);
}

/* Whether there is room depends on the message. */
static unsigned stream_poll(void *state)
{
    return router_poll(state) | TN_POLLOUT;
}

static int stream_set(void *state, unsigned index, const tn_value_t *value)
{
    struct router *router = state;

    switch (index) {
    case STREAM_NOTIFY:
        router->notifies_raw = value->number ? TNI_NOTIFY_CONNECT | TNI_NOTIFY_DISCONNECT : 0;
        break;
    case STREAM_ROUTING_ID:
        memcpy(router->last_id, value->data, value->size);
        router->last_id_size = (uint8_t)value->size;
        break;
    default:
        break;
    }
    return 0;
}

static int stream_get(void *state, unsigned index, tn_value_t *out_value)
{
    const struct router *router = state;

    if (index != STREAM_ROUTING_ID)
        return -ENOTSUP;
    out_value->type = TN_OPTION_BLOB;
    out_value->data = router->last_id;
    out_value->size = router->last_id_size;
    return 0;
}

/* ------------------------------------------------------------------ the ops */

#define ROUTER_OPS(more_flags, name, peer_names)                                                   \
    .size = sizeof(tn_pattern_ops_t),                                                              \
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | (more_flags), .wire_name = (name),           \
    .peers = (peer_names), .socket_state = sizeof(struct router),                                  \
    .pipe_state = sizeof(struct tni_peer), .close = router_close, .attach = tni_router_attach,     \
    .detach = tni_router_detach, .connected = tni_router_connected,                                \
    .disconnected = tni_router_disconnected, .readable = tni_router_readable, .send = router_send, \
    .recv = router_recv, .peer_events = router_peer_events

static const char *const peers[] = {"REQ", "DEALER", "ROUTER", NULL};
static const char *const nobody[] = {NULL};
static const tn_old_type_t old_types[] = {
    {"ROUTER", 6}, {"REQ", 3}, {"DEALER", 5}, {"ROUTER", 6}, {NULL, 0}};

const tn_pattern_ops_t tni_router_ops = {
    ROUTER_OPS(TN_PATTERN_IDENTIFIES, "ROUTER", peers),
    .old_types = old_types,
    .open = router_open,
    .poll = router_poll,
    .set = router_set,
};

const tn_pattern_ops_t tni_stream_ops = {
    ROUTER_OPS(0, "STREAM", nobody),
    .open = stream_open,
    .poll = stream_poll,
    .set = stream_set,
    .get = stream_get,
};
