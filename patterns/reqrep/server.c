/* SERVER and PEER: a number names a peer, in each message. Only whom may talk to whom differs. */
#include "reqrep.h"

#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "occasions.h"
#include "peer_map.h"

struct server {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tni_peer_map peers; /* an id is the bytes of a number */
    uint32_t next_number;
    struct tni_occasions occasions;
};

static int server_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct server *server = state;

    server->host = host;
    server->sock = sock;
    server->next_number = host->random();
    tni_peer_map_init(&server->peers, host);
    tni_occasions_init(&server->occasions, host, sock);
    return 0;
}

static void server_close(void *state)
{
    struct server *server = state;

    tni_peer_map_fini(&server->peers);
    tni_occasions_fini(&server->occasions);
}

static struct tni_peer *find(const struct server *server, uint32_t number)
{
    return tni_peer_map_find(&server->peers, (const uint8_t *)&number, sizeof(number));
}

static uint32_t number_of(const struct tni_peer *peer)
{
    uint32_t number;

    memcpy(&number, peer->id, sizeof(number));
    return number;
}

/* RFC 41: never 0, which stands for no peer. */
static uint32_t make_number(struct server *server)
{
    uint32_t number;

    do
        number = server->next_number++;
    while (number == 0 || find(server, number));
    return number;
}

static int server_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct server *server = state;
    struct tni_peer *peer = pipe_state;
    uint32_t number = make_number(server);
    int rc;

    peer->pipe = pipe;
    rc = tni_peer_map_add(&server->peers, peer, (const uint8_t *)&number, sizeof(number));
    if (rc)
        return rc;
    tni_occasions_greet(&server->occasions, pipe);
    server->host->fq_add(pipe);
    return 0;
}

static void server_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct server *server = state;
    struct tni_peer *peer = pipe_state;

    if (server->host->pipe_is_alive(pipe) && !server->host->pipe_is_outgoing(pipe))
        tni_occasions_lost(&server->occasions, pipe, NULL, number_of(peer));
    tni_peer_map_remove(&server->peers, peer);
    server->host->fq_remove(pipe);
}

static int server_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct server *server = state;

    (void)pipe_state;
    if (server->host->pipe_connections(pipe) > 1)
        tni_occasions_greet(&server->occasions, pipe);
    return 0;
}

static void server_disconnected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct server *server = state;

    tni_occasions_lost(&server->occasions, pipe, NULL, number_of(pipe_state));
}

static void server_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct server *server = state;

    (void)pipe_state;
    server->host->fq_ready(pipe);
}

static int fail_unroutable(struct server *server, uint32_t number)
{
    return server->host->set_error(server->host, -EHOSTUNREACH, "no peer has the routing id %u: %s",
                                   (unsigned)number,
                                   number ? "it has gone"
                                          : "the message needs that of the one it is for, see "
                                            "tn_msg_set_routing_id()");
}

static int server_send(void *state, tn_msg_t *msg)
{
    struct server *server = state;
    uint32_t number = msg->routing_id;
    struct tni_peer *peer = find(server, number);
    int rc = peer ? server->host->pipe_write(peer->pipe, msg) : -EPIPE;

    return rc == -EPIPE ? fail_unroutable(server, number) : rc;
}

static int server_recv(void *state, tn_msg_t *out_msg)
{
    struct server *server = state;
    tn_pipe_t *pipe = NULL;
    int rc;

    if (tni_notices_wait(&server->occasions.notices)) {
        tni_notices_get(&server->occasions.notices, out_msg);
        return 0;
    }
    rc = server->host->fq_recv(server->sock, out_msg, &pipe);
    if (rc == 0)
        out_msg->routing_id = number_of(server->host->pipe_state(pipe));
    return rc;
}

/* Whether there is room depends on the message. */
static unsigned server_poll(void *state)
{
    struct server *server = state;
    bool has_message = tni_notices_wait(&server->occasions.notices) ||
                       server->host->fq_can_recv(server->sock, NULL);

    return TN_POLLOUT | (has_message ? TN_POLLIN : 0u);
}

static int server_set(void *state, unsigned index, const tn_value_t *value)
{
    struct server *server = state;

    return tni_occasions_set(&server->occasions, (enum tni_occasion)index, value);
}

static int peer_number(void *state, tn_pipe_t *pipe, void *pipe_state, uint32_t *out_number)
{
    (void)state;
    (void)pipe;
    *out_number = number_of(pipe_state);
    return 0;
}

static int peer_disconnect(void *state, uint32_t number)
{
    struct server *server = state;
    struct tni_peer *peer = find(server, number);

    if (!peer)
        return fail_unroutable(server, number);
    tni_peer_map_remove(&server->peers, peer);
    server->host->fq_remove(peer->pipe);
    server->host->pipe_close(peer->pipe);
    return 0;
}

#define SERVER_OPS(more_flags, name, peer_names)                                                   \
    .size = sizeof(tn_pattern_ops_t),                                                              \
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_SINGLE_FRAMES | (more_flags),     \
    .wire_name = (name), .peers = (peer_names), .socket_state = sizeof(struct server),             \
    .pipe_state = sizeof(struct tni_peer), .open = server_open, .close = server_close,             \
    .attach = server_attach, .detach = server_detach, .connected = server_connected,               \
    .disconnected = server_disconnected, .readable = server_readable, .send = server_send,         \
    .recv = server_recv, .poll = server_poll, .set = server_set

static const char *const clients[] = {"CLIENT", NULL};
static const char *const peers[] = {"PEER", NULL};

const tn_pattern_ops_t tni_server_ops = {SERVER_OPS(0, "SERVER", clients)};

const tn_pattern_ops_t tni_peer_ops = {
    SERVER_OPS(TN_PATTERN_NUMBERS_PEERS, "PEER", peers),
    .peer_number = peer_number,
    .disconnect_peer = peer_disconnect,
};
