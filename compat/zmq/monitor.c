/*
 * monitor.c: zmq_socket_monitor and its kin: a native monitor of the socket, and a socket of libzmq's kind
 * that its events are sent to.
 */
#include "monitor.h"

#include <stdlib.h>
#include <string.h>

#include "monitor_watch.h"

/* Guards the monitor of each socket. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct tnz_monitor *take(struct tnz_socket *socket)
{
    struct tnz_monitor *monitor;

    pthread_mutex_lock(&lock);
    monitor = socket->monitor;
    socket->monitor = NULL;
    pthread_mutex_unlock(&lock);
    return monitor;
}

void tnz_monitor_end(struct tnz_socket *socket)
{
    struct tnz_monitor *monitor = take(socket);

    if (monitor)
        tnz_watch_end(monitor, true);
}

void tnz_monitor_flush(struct tnz_socket *socket)
{
    pthread_mutex_lock(&lock);
    if (socket->monitor)
        tnz_watch_flush(socket->monitor);
    pthread_mutex_unlock(&lock);
}

/* Returns an errno value, or 0. */
static int check(const char *address, uint64_t events, int version, int type)
{
    const char *colon = strstr(address, "://");

    if ((version == 1 && events > UINT16_MAX) || version < 1 || version > 2)
        return EINVAL;
    if (!colon || colon == address || !colon[3])
        return EINVAL;
    if (strncmp(address, "inproc://", 9) != 0)
        return EPROTONOSUPPORT;
    return type == ZMQ_PAIR || type == ZMQ_PUB || type == ZMQ_PUSH ? 0 : EINVAL;
}

/* NULL: errno is set. */
static tn_socket_t *open_target(struct tnz_socket *socket, const char *address, int type)
{
    struct tnz_socket_defaults defaults;
    tn_socket_t *target =
        tnz_context_open(socket->context, tnz_type_of_number(type)->pattern, &defaults);
    int rc;

    if (!target)
        return NULL;
    rc = tn_set_int(target, "linger", 0);
    if (rc == 0)
        rc = tn_bind(target, address);
    if (rc == 0)
        return target;
    tn_close(target);
    tnz_fail(rc);
    return NULL;
}

static int begin(struct tnz_socket *socket, const char *address, uint64_t events, int version,
                 int type)
{
    struct tnz_monitor_config config = {
        .events = events, .version = version, .is_raw = socket->type->number == ZMQ_STREAM};
    struct tnz_monitor *monitor;

    config.target = open_target(socket, address, type);
    if (!config.target)
        return -1;
    config.source = tn_monitor(socket->handle, TN_EVENT_ALL);
    monitor = config.source ? tnz_watch_begin(&config) : NULL;
    if (!monitor) {
        int number = config.source ? errno : tnz_errno(tn_last_code());
        if (config.source)
            tn_monitor_close(config.source);
        tn_close(config.target);
        return tnz_error(number);
    }
    pthread_mutex_lock(&lock);
    socket->monitor = monitor;
    pthread_mutex_unlock(&lock);
    return 0;
}

int zmq_socket_monitor_versioned(void *handle, const char *address, uint64_t events, int version,
                                 int type)
{
    struct tnz_socket *socket = tnz_registry_find(handle);
    int64_t more;
    int rc = socket ? tn_get_int(handle, "rcvmore", &more) : 0;
    int number;

    if (!socket)
        return -1;
    if (rc < 0)
        return tnz_fail(rc); /* the context was shut down */
    number = address ? check(address, events, version, type) : 0;
    if (number)
        return tnz_error(number);
    tnz_monitor_end(socket);
    return address ? begin(socket, address, events, version, type) : 0;
}

int zmq_socket_monitor(void *handle, const char *address, int events)
{
    return zmq_socket_monitor_versioned(handle, address, (uint64_t)(unsigned)events, 1, ZMQ_PAIR);
}

/* ------------------------------------------------------------------ statistics of pipes */

static void send_peer(struct tnz_monitor *monitor, const tn_peer_t *peer)
{
    struct tnz_event event;

    tnz_event_init(&event, ZMQ_EVENT_PIPES_STATS, peer->queued_out);
    event.values[event.value_count++] = peer->queued_in;
    memcpy(event.local, peer->endpoint, sizeof event.local);
    strncpy(event.remote, peer->remote, sizeof event.remote - 1);
    tnz_watch_send(monitor, &event);
}

/* Peers may come and go between the two looks. Returns an errno value, or 0. */
static int send_peers(struct tnz_socket *socket)
{
    int count = tn_peers(socket->handle, NULL, 0);
    tn_peer_t *peers = count > 0 ? calloc((size_t)count, sizeof *peers) : NULL;
    int there;

    if (count <= 0)
        return count < 0 ? tnz_errno(count) : EAGAIN;
    if (!peers)
        return ENOMEM;
    there = tn_peers(socket->handle, peers, (size_t)count);
    for (int i = 0; i < there && i < count; i++)
        send_peer(socket->monitor, &peers[i]);
    free(peers);
    return there < 0 ? tnz_errno(there) : 0;
}

int zmq_socket_monitor_pipes_stats(void *handle)
{
    struct tnz_socket *socket = tnz_registry_find(handle);
    int number = EINVAL;

    if (!socket)
        return -1;
    pthread_mutex_lock(&lock);
    if (socket->monitor && tnz_watch_wants(socket->monitor, ZMQ_EVENT_PIPES_STATS))
        number = send_peers(socket);
    pthread_mutex_unlock(&lock);
    return number ? tnz_error(number) : 0;
}
