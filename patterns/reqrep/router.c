#include "reqrep.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "occasions.h"
#include "peer_map.h"

enum { NOTIFY_CONNECT = 1, NOTIFY_DISCONNECT = 2 };

struct router {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tni_peer_map peers;
    uint32_t next_id;
    bool is_receiving; /* a routing id was given to the program, its message is to follow */
    bool is_sending; /* a routing id was taken from the program, likewise               */
    struct tni_peer *target; /* of the message being sent; NULL: it is being dropped      */
    bool has_probe;
    bool is_mandatory;
    bool has_handover;
    unsigned notifies; /* of what: NOTIFY_ bits */
    struct tni_occasions occasions;
};

static int router_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct router *router = state;

    router->host = host;
    router->sock = sock;
    router->next_id = host->random();
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

static void greet(struct router *router, tn_pipe_t *pipe)
{
    if (router->has_probe)
        tni_probe(router->host, pipe);
    tni_occasions_greet(&router->occasions, pipe);
}

static int add_peer(struct router *router, struct tni_peer *peer, const uint8_t *id, size_t size)
{
    int rc = tni_peer_map_add(&router->peers, peer, id, size);

    if (rc)
        return rc;
    router->host->fq_add(peer->pipe);
    greet(router, peer->pipe);
    return 0;
}

static void remove_peer(struct router *router, struct tni_peer *peer)
{
    if (!peer->is_known)
        return;
    if (router->target == peer) {
        router->host->pipe_rollback(peer->pipe);
        router->host->sock_drop(router->sock, TN_DROP_PEER_LOST, 1);
        router->target = NULL;
    }
    tni_peer_map_remove(&router->peers, peer);
    router->host->fq_remove(peer->pipe);
}

/* Only an id that the program chose itself is known before the handshake. */
static int router_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;
    const uint8_t *id = NULL;
    size_t size = 0;

    peer->pipe = pipe;
    router->host->pipe_next_routing_id(pipe, &id, &size);
    if (size == 0 || size > TNI_PEER_ID_MAX)
        return 0;
    if (tni_peer_map_find(&router->peers, id, size))
        return router->host->set_error(router->host, -EINVAL,
                                       "\"connect_routing_id\" is the routing id of another peer "
                                       "of this router: choose a different one");
    return add_peer(router, peer, id, size);
}

static void note(struct router *router, struct tni_peer *peer, unsigned what)
{
    tn_msg_t id, nothing;

    if (!(router->notifies & what) || !peer->is_known)
        return;
    tn_msg_borrow(&id, peer->id, peer->size);
    tn_msg_clear(&nothing);
    tni_notices_add(&router->occasions.notices, peer->pipe, &id, &nothing, 0);
}

static void router_disconnected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;
    tn_msg_t id;

    note(router, peer, NOTIFY_DISCONNECT);
    tn_msg_borrow(&id, peer->id, peer->size);
    if (peer->is_known && !router->host->pipe_is_outgoing(pipe))
        tni_occasions_lost(&router->occasions, pipe, &id, 0);
}

/* A peer inside this process goes without a word before. */
static void router_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;

    if (router->host->pipe_is_alive(pipe) && !router->host->pipe_is_outgoing(pipe))
        router_disconnected(state, pipe, pipe_state);
    remove_peer(router, pipe_state);
}

/* RFC 28: an id of our own begins with a zero byte, which no peer's may. */
static size_t make_id(struct router *router, uint8_t id[5])
{
    do {
        uint32_t number = router->next_id++;

        id[0] = 0;
        id[1] = (uint8_t)(number >> 24);
        id[2] = (uint8_t)(number >> 16);
        id[3] = (uint8_t)(number >> 8);
        id[4] = (uint8_t)number;
    } while (tni_peer_map_find(&router->peers, id, 5));
    return 5;
}

/* By its own routing id, or by one that we make up. */
static int name_peer(struct router *router, tn_pipe_t *pipe, struct tni_peer *peer)
{
    struct tni_peer *holder;
    const uint8_t *id;
    uint8_t own_id[5];
    size_t size = 0;

    id = router->host->pipe_routing_id(pipe, &size);
    if (size == 0 || size > TNI_PEER_ID_MAX) {
        size = make_id(router, own_id);
        return add_peer(router, peer, own_id, size);
    }
    holder = tni_peer_map_find(&router->peers, id, size);
    if (holder && !router->has_handover)
        return 0;
    if (holder) {
        remove_peer(router, holder);
        router->host->pipe_close(holder->pipe);
    }
    return add_peer(router, peer, id, size);
}

static int router_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;
    int rc = 0;

    if (!peer->is_known)
        rc = name_peer(router, pipe, peer);
    else if (router->target != peer && router->host->pipe_connections(pipe) > 1)
        greet(router, pipe);
    if (rc == 0)
        note(router, peer, NOTIFY_CONNECT);
    return rc;
}

/* A peer whose routing id is another's: left unread, what it sends would keep its pipe after its end. */
static void drop_all(struct router *router, tn_pipe_t *pipe)
{
    tn_msg_t frame;

    tn_msg_clear(&frame);
    while (router->host->pipe_read(pipe, &frame) == 0) {
        if (!(frame.flags & TN_MSG_MORE))
            router->host->sock_drop(router->sock, TN_DROP_UNREAD, 1);
        tni_take(router->host, &frame);
    }
}

static void router_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;

    if (peer->is_known)
        router->host->fq_ready(pipe);
    else
        drop_all(router, pipe);
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

static int router_send(void *state, tn_msg_t *msg)
{
    struct router *router = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    int rc;

    if (!router->is_sending)
        return begin_send(router, msg);
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
    return 0;
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

static const char *const peers[] = {"REQ", "DEALER", "ROUTER", NULL};
static const tn_old_type_t old_types[] = {
    {"ROUTER", 6}, {"REQ", 3}, {"DEALER", 5}, {"ROUTER", 6}, {NULL, 0}};

const tn_pattern_ops_t tni_router_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_IDENTIFIES,
    .wire_name = "ROUTER",
    .peers = peers,
    .old_types = old_types,
    .socket_state = sizeof(struct router),
    .pipe_state = sizeof(struct tni_peer),
    .open = router_open,
    .close = router_close,
    .attach = router_attach,
    .detach = router_detach,
    .connected = router_connected,
    .disconnected = router_disconnected,
    .readable = router_readable,
    .send = router_send,
    .recv = router_recv,
    .poll = router_poll,
    .set = router_set,
};
