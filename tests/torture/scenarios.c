/* The scripts: each uses another part of the library. */
#include <errno.h>
#include <string.h>

#include "scenarios.h"

enum { BIG = 100 * 1024 };

/* ------------------------------------------------------------------ steps */

bool torture_begin(struct life *life)
{
    TRY_NEW(life->ctx = tn_ctx_new());
    TRY(tn_ctx_set_int(life->ctx, "io_threads", life->io_threads));
    TRY(tn_ctx_set_str(life->ctx, "thread_name", "torture"));
    return true;
}

bool torture_open_socket(struct life *life, int i)
{
    tn_socket_t *socket;

    TRY_NEW(socket = life->sockets[i] = tn_socket(life->ctx, life->patterns[i]));
    TRY(tn_set_int(socket, "linger", 0));
    TRY(tn_set_int(socket, "rcvtimeo", life->wait_ms));
    TRY(tn_set_int(socket, "sndtimeo", life->wait_ms));
    TRY(tn_set_int(socket, "reconnect_ivl", 1));
    return !life->dress || life->dress(life, i);
}

static bool bind_first(struct life *life, const char *endpoint)
{
    size_t size = sizeof life->endpoint;

    TRY(tn_bind(life->sockets[0], endpoint));
    TRY(tn_get_str(life->sockets[0], "last_endpoint", life->endpoint, &size));
    return true;
}

static bool is_sub(const struct life *life)
{
    return strcmp(life->patterns[1], "sub") == 0;
}

static bool open_both(struct life *life)
{
    return torture_begin(life) && torture_open_socket(life, 0) && torture_open_socket(life, 1);
}

bool torture_connect(struct life *life)
{
    if (!bind_first(life, life->transport))
        return false;
    if (is_sub(life))
        TRY(tn_subscribe(life->sockets[1], "", 0));
    TRY(tn_connect(life->sockets[1], life->endpoint));
    life->is_joined = true;
    TRY(tn_wait_peers(life->sockets[1], 1, life->wait_ms));
    TRY(tn_wait_peers(life->sockets[0], 1, life->wait_ms));
    if (is_sub(life))
        TRY(tn_wait_subscribers(life->sockets[0], 1, life->wait_ms));
    return true;
}

bool torture_join(struct life *life)
{
    return open_both(life) && torture_connect(life);
}

static tn_socket_t *sender(struct life *life)
{
    return life->sockets[is_sub(life) ? 0 : 1];
}

static tn_socket_t *receiver(struct life *life)
{
    return life->sockets[is_sub(life) ? 1 : 0];
}

/* All frames of a message that is there; ROUTER adds one. */
static bool receive(tn_socket_t *socket)
{
    int64_t more = 1;
    tn_msg_t msg;
    ssize_t rc = 0;

    while (more) {
        tn_msg_init(&msg);
        rc = tn_msg_recv(socket, &msg, 0);
        tn_msg_close(&msg);
        TRY(rc);
        TRY(tn_get_int(socket, "rcvmore", &more));
    }
    return true;
}

static bool send_big(tn_socket_t *socket, int flags)
{
    tn_msg_t msg;
    int rc;

    TRY(tn_msg_init_size(&msg, BIG));
    memset(tn_msg_data(&msg), 'b', BIG);
    rc = tn_msg_send(socket, &msg, flags);
    tn_msg_close(&msg);
    TRY(rc);
    return true;
}

static bool answer(struct life *life)
{
    if (strcmp(life->patterns[0], "rep") != 0)
        return true;
    TRY(tn_send(life->sockets[0], "yes", 3, 0));
    return receive(life->sockets[1]);
}

bool torture_exchange(struct life *life)
{
    TRY(tn_send(sender(life), "small", 5, 0));
    return receive(receiver(life)) && answer(life);
}

/* ------------------------------------------------------------------ scenarios */

static bool exchange(struct life *life)
{
    static char bytes[30 * 1024];

    if (!torture_join(life))
        return false;
    if (!torture_exchange(life))
        return false;
    if (!send_big(sender(life), TN_MORE))
        return false;
    TRY(tn_send(sender(life), bytes, sizeof bytes, TN_MORE));
    TRY(tn_send(sender(life), "", 0, 0));
    if (!receive(receiver(life)) || !answer(life))
        return false;
    TRY(tn_drain(sender(life), life->wait_ms));
    return true;
}

static bool queue_up(struct life *life)
{
    tn_msg_t parts[3];
    int rc = 0;

    if (strcmp(life->patterns[1], "req") == 0)
        return exchange(life);
    if (!torture_join(life))
        return false;
    for (int i = 0; i < 30; i++) {
        for (int k = 0; k < 3; k++)
            tn_msg_init(&parts[k]);
        for (int k = 0; k < 3 && rc == 0; k++)
            rc = tn_msg_init_copy(&parts[k], "some text that does not fit into the object itself",
                                  (size_t)(k + 1) * 16);
        if (rc == 0)
            rc = tn_send_parts(sender(life), parts, 3, 0);
        for (int k = 0; k < 3; k++)
            tn_msg_close(&parts[k]);
        TRY(rc);
    }
    for (int i = 0; i < 30; i++)
        if (!receive(receiver(life)))
            return false;
    return true;
}

static bool options(struct life *life)
{
    char text[256];
    size_t size = sizeof text;
    int64_t value;
    tn_stats_t stats;
    tn_peer_t peers[2];

    if (!torture_begin(life))
        return false;
    TRY(tn_ctx_set_str(life->ctx, "modules", "^pattern:xsub"));
    if (!torture_open_socket(life, 0) || !torture_open_socket(life, 1))
        return false;
    TRY(tn_set_str(life->sockets[0], "routing_id", "a routing id"));
    TRY(tn_get_str(life->sockets[0], "routing_id", text, &size));
    TRY(tn_set_int(life->sockets[0], "tcp.keepalive", 1));
    TRY(tn_get_int(life->sockets[0], "tcp.keepalive", &value));
    if (!bind_first(life, life->transport))
        return false;
    TRY(tn_connect(life->sockets[1], life->endpoint));
    TRY(tn_stats(life->sockets[0], &stats));
    TRY(tn_peers(life->sockets[1], peers, 2));
    size = sizeof text;
    TRY(tn_scheme_chain(life->ctx, "tcp", text, size));
    TRY(tn_disconnect(life->sockets[1], life->endpoint));
    TRY(tn_unbind(life->sockets[0], life->endpoint));
    return true;
}

static bool poll_many(struct life *life)
{
    tn_pollitem_t items[TORTURE_POLLED];
    int rc;

    if (!torture_join(life))
        return false;
    for (int i = 0; i < TORTURE_POLLED; i++) {
        TRY_NEW(life->more[i] = tn_socket(life->ctx, "pull"));
        items[i] = (tn_pollitem_t){.socket = life->more[i], .events = TN_POLLIN};
    }
    items[3].socket = receiver(life);
    TRY(tn_send(sender(life), "small", 5, 0));
    rc = tn_poll(items, TORTURE_POLLED, life->wait_ms);
    TRY(rc);
    TRY(rc == 0 ? -ETIMEDOUT : 0);
    TRY(tn_fd(receiver(life), TN_POLLIN));
    return receive(receiver(life));
}

static bool monitor(struct life *life)
{
    tn_event_t event;

    if (!torture_begin(life) || !torture_open_socket(life, 0) || !torture_open_socket(life, 1))
        return false;
    TRY_NEW(life->monitor = tn_monitor(life->sockets[0], TN_EVENT_ALL));
    if (!bind_first(life, life->transport))
        return false;
    TRY(tn_connect(life->sockets[1], life->endpoint));
    life->is_joined = !is_sub(life);
    if (strncmp(life->transport, "inproc", 6) == 0)
        return true;
    TRY(tn_wait_peers(life->sockets[0], 1, life->wait_ms)); /* a monitor does not drive a context */
    do
        TRY(tn_monitor_recv(life->monitor, &event, life->wait_ms));
    while (event.kind != TN_EVENT_HANDSHAKE_SUCCEEDED);
    return true;
}

/* A SUB subscribes anew when its program next uses it. */
static bool wait_for_subscription(struct life *life)
{
    enum { AT_A_TIME_MS = TORTURE_WAIT_MS / 10 };
    int rc = 0;

    for (int left = 2 * life->wait_ms; left > 0; left -= AT_A_TIME_MS) {
        char buffer[8];
        rc = tn_wait_subscribers(life->sockets[0], 1, AT_A_TIME_MS);
        if (rc != -ETIMEDOUT)
            break;
        tn_recv(life->sockets[1], buffer, sizeof buffer, TN_DONTWAIT);
    }
    TRY(rc);
    return true;
}

/* Whether the endpoint that was bound can be bound again. */
static bool is_lasting(const char *transport)
{
    return strncmp(transport, "inproc", 6) != 0 && strcmp(transport, "ipc://*") != 0;
}

static bool reconnect(struct life *life)
{
    if (!torture_join(life))
        return false;
    if (!is_lasting(life->transport))
        return true;
    life->is_joined = false;
    TRY(tn_close(life->sockets[0]));
    life->sockets[0] = NULL;
    if (!torture_open_socket(life, 0))
        return false;
    TRY(tn_bind(life->sockets[0], life->endpoint));
    life->is_joined = true;
    TRY(tn_wait_peers(life->sockets[0], 1, life->wait_ms));
    if (is_sub(life) && !wait_for_subscription(life))
        return false;
    TRY(tn_send(sender(life), "again", 5, 0));
    return receive(receiver(life)) && answer(life);
}

static bool by_name(struct life *life)
{
    char endpoint[TORTURE_ENDPOINT] = "tcp://localhost";
    const char *port;

    if (strncmp(life->transport, "tcp", 3) != 0)
        return true;
    if (!torture_begin(life) || !torture_open_socket(life, 0) || !torture_open_socket(life, 1) ||
        !bind_first(life, life->transport))
        return false;
    port = strrchr(life->endpoint, ':');
    strncat(endpoint, port, 16);
    if (is_sub(life))
        TRY(tn_subscribe(life->sockets[1], "", 0));
    TRY(tn_connect(life->sockets[1], endpoint));
    life->is_joined = true;
    TRY(tn_wait_peers(life->sockets[0], 1, life->wait_ms));
    return true;
}

/* One form is enough of what does not depend on it. */
static bool is_one_form(const struct life *life, const char *pattern)
{
    return strncmp(life->transport, "tcp", 3) == 0 && life->io_threads == 0 &&
           strcmp(life->patterns[0], pattern) == 0;
}

static bool occasions(struct life *life)
{
    if (!is_one_form(life, "router"))
        return true;
    if (!torture_begin(life) || !torture_open_socket(life, 0) || !torture_open_socket(life, 1))
        return false;
    TRY(tn_set_int(life->sockets[0], "router_notify", 3));
    TRY(tn_set_blob(life->sockets[0], "hello_msg", "hello from the router, in a body of its own",
                    43));
    TRY(tn_set_blob(life->sockets[1], "hello_msg", "hi", 2));
    TRY(tn_set_blob(life->sockets[0], "disconnect_msg", "bye", 3));
    if (!bind_first(life, life->transport))
        return false;
    TRY(tn_connect(life->sockets[1], life->endpoint));
    if (!receive(life->sockets[0]) || !receive(life->sockets[0]) || !receive(life->sockets[1]))
        return false;
    TRY(tn_disconnect(life->sockets[1], life->endpoint));
    return receive(life->sockets[0]) && receive(life->sockets[0]);
}

static bool bytes(struct life *life)
{
    char id[8];
    size_t size = sizeof id;

    if (!is_one_form(life, "pair"))
        return true;
    life->patterns[0] = life->patterns[1] = "stream";
    if (!torture_begin(life) || !torture_open_socket(life, 0) || !torture_open_socket(life, 1) ||
        !bind_first(life, life->transport))
        return false;
    TRY(tn_connect(life->sockets[1], life->endpoint));
    TRY(tn_get_blob(life->sockets[1], "routing_id", id, &size));
    TRY(tn_send(life->sockets[1], id, size, TN_MORE));
    if (!send_big(life->sockets[1], 0))
        return false;
    if (!receive(life->sockets[1]) || !receive(life->sockets[0]) || !receive(life->sockets[0]))
        return false;
    TRY(tn_send(life->sockets[1], id, size, TN_MORE));
    TRY(tn_send(life->sockets[1], "", 0, 0));
    return true;
}

/* A datagram that is lost is nobody's error. */
static bool datagrams(struct life *life)
{
    char buffer[8];
    tn_msg_t msg;
    ssize_t rc;

    life->transport = "udp://127.0.0.1:*";
    life->patterns[0] = "dish";
    life->patterns[1] = "radio";
    if (!open_both(life) || !bind_first(life, life->transport))
        return false;
    TRY(tn_join(life->sockets[0], "group"));
    TRY(tn_connect(life->sockets[1], life->endpoint));
    for (int tries = 0; tries < 40; tries++) {
        TRY(tn_msg_init_copy(&msg, "small", 5));
        rc = tn_msg_set_group(&msg, "group");
        if (rc == 0)
            rc = tn_msg_send(life->sockets[1], &msg, TN_DONTWAIT);
        tn_msg_close(&msg);
        if (rc != -EAGAIN)
            TRY(rc);
        TRY(tn_set_int(life->sockets[0], "rcvtimeo", 5));
        rc = tn_recv(life->sockets[0], buffer, sizeof buffer, 0);
        if (rc != -EAGAIN)
            break;
    }
    TRY(rc);
    return true;
}

static const struct scenario plain_scenarios[] = {
    {"exchange", exchange}, {"queue_up", queue_up},
    {"options", options},   {"poll_many", poll_many},
    {"monitor", monitor},   {"reconnect", reconnect},
    {"by_name", by_name},   {"occasions", occasions},
    {"bytes", bytes},       {"datagrams", datagrams},
    {NULL, NULL},
};

const struct scenario *const torture_scenarios[] = {plain_scenarios, torture_secure_scenarios,
                                                    NULL};
