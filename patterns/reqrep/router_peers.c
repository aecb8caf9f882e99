#include "router.h"

#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "reqrep.h"

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

void tni_router_dismiss(struct router *router, struct tni_peer *peer)
{
    remove_peer(router, peer);
    router->host->pipe_close(peer->pipe);
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

/* Before a peer has said who it is, it has an id only if the program chose one; or if the socket is raw,
 * where no peer ever says. */
int tni_router_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;
    const uint8_t *id = NULL;
    uint8_t own_id[5];
    size_t size = 0;

    peer->pipe = pipe;
    router->host->pipe_next_routing_id(pipe, &id, &size);
    if (size == 0 || size > TNI_PEER_ID_MAX) {
        if (!router->is_raw)
            return 0;
        size = make_id(router, own_id);
        id = own_id;
    } else if (tni_peer_map_find(&router->peers, id, size)) {
        return router->host->set_error(router->host, -EINVAL,
                                       "\"connect_routing_id\" is the routing id of another peer "
                                       "of this socket: choose a different one");
    }
    if (router->host->pipe_is_outgoing(pipe)) {
        memcpy(router->last_id, id, size);
        router->last_id_size = (uint8_t)size;
    }
    return add_peer(router, peer, id, size);
}

static void note(struct router *router, struct tni_peer *peer, unsigned what)
{
    tn_msg_t id, nothing;

    if (!((router->is_raw ? router->notifies_raw : router->notifies) & what) || !peer->is_known)
        return;
    tn_msg_borrow(&id, peer->id, peer->size);
    tn_msg_clear(&nothing);
    tni_notices_add(&router->occasions.notices, peer->pipe, &id, &nothing, 0);
}

void tni_router_disconnected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;
    tn_msg_t id;

    note(router, peer, TNI_NOTIFY_DISCONNECT);
    tn_msg_borrow(&id, peer->id, peer->size);
    if (peer->is_known && !router->host->pipe_is_outgoing(pipe))
        tni_occasions_lost(&router->occasions, pipe, &id, 0);
}

/* A peer inside this process goes without a word before. */
void tni_router_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;

    if (router->host->pipe_is_alive(pipe) && !router->host->pipe_is_outgoing(pipe))
        tni_router_disconnected(state, pipe, pipe_state);
    remove_peer(router, pipe_state);
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
    if (holder)
        tni_router_dismiss(router, holder);
    return add_peer(router, peer, id, size);
}

int tni_router_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;
    int rc = 0;

    if (!peer->is_known)
        rc = name_peer(router, pipe, peer);
    else if (router->target != peer && router->host->pipe_connections(pipe) > 1)
        greet(router, pipe);
    if (rc == 0)
        note(router, peer, TNI_NOTIFY_CONNECT);
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

void tni_router_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct router *router = state;
    struct tni_peer *peer = pipe_state;

    if (peer->is_known)
        router->host->fq_ready(pipe);
    else
        drop_all(router, pipe);
}
