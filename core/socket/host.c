/*
 * host.c: the table of functions that modules get, put together.
 *
 * Each entry leads to the file that does the work; what is here only takes a socket or an option out of
 * its argument. Streams and listeners lead into the network part, which may not be linked.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "message/group.h"
#include "message/message.h"
#include "pipe/pipe.h"
#include "route/topics.h"
#include "socket/ctx.h"
#include "socket/endpoint.h"
#include "socket/network.h"
#include "socket/socket.h"

/* ------------------------------------------------------------------ every module */

static void host_log(const tn_host_t *host, int level, const char *format, ...)
{
    char line[512];
    va_list args;

    (void)host;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    tni_log(level, "module", "%s", line);
}

static int host_set_error(const tn_host_t *host, int code, const char *format, ...)
{
    char sentence[512];
    va_list args;

    (void)host;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return tni_fail(code, "%s", sentence);
}

static void *host_alloc(size_t size)
{
    return tni_calloc(1, size);
}

static tn_module_state_t *host_module_state(const tn_host_t *host, const tn_module_t *module)
{
    return tni_registry_module_state(tni_ctx_of_host(host)->registry, module);
}

static uint32_t host_random(void)
{
    uint32_t value;

    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = (uint32_t)tni_clock_ns();
    return value;
}

/* ------------------------------------------------------------------ pipes */

static void *host_pipe_state(tn_pipe_t *pipe)
{
    return pipe->state;
}

static const uint8_t *host_pipe_routing_id(tn_pipe_t *pipe, size_t *out_size)
{
    *out_size = pipe->peer ? pipe->peer->identity_size : 0;
    return *out_size ? (const uint8_t *)pipe->peer->identity : NULL;
}

static uint32_t host_pipe_connections(tn_pipe_t *pipe)
{
    return pipe->connections;
}

static int host_pipe_is_outgoing(tn_pipe_t *pipe)
{
    return pipe->is_outgoing;
}

static struct tn_peer_info *host_pipe_peer(tn_pipe_t *pipe)
{
    return pipe->peer;
}

static int host_pipe_is_deaf(tn_pipe_t *pipe)
{
    return pipe->is_deaf;
}

/* Others may be asleep already, and until later. */
static void host_sock_deadline(tn_sock_t *sock, uint64_t at_ms)
{
    atomic_store(&sock->deadline, at_ms == UINT64_MAX ? 0 : at_ms);
    tni_waitq_wake(&sock->waitq);
}

static int host_pipe_is_alive(tn_pipe_t *pipe)
{
    return pipe->is_connected;
}

static const char *host_pipe_peer_pattern(tn_pipe_t *pipe)
{
    return pipe->peer && pipe->peer->socket_type ? pipe->peer->socket_type : "";
}

static void host_pipe_next_routing_id(tn_pipe_t *pipe, const uint8_t **out_id, size_t *out_size)
{
    *out_id = pipe->next_routing_id.bytes;
    *out_size = pipe->next_routing_id.size;
}

/* ------------------------------------------------------------------ routing */

static void host_fq_add(tn_pipe_t *pipe)
{
    tni_fair_queue_add(&pipe->sock->fair, &pipe->fair);
}

static void host_fq_remove(tn_pipe_t *pipe)
{
    tni_fair_queue_remove(&pipe->sock->fair, &pipe->fair);
}

static void host_fq_ready(tn_pipe_t *pipe)
{
    tni_fair_queue_ready(&pipe->sock->fair, &pipe->fair);
}

static int host_fq_recv(tn_sock_t *sock, tn_msg_t *out_msg, tn_pipe_t **out_pipe)
{
    return tni_fair_queue_recv(&sock->fair, out_msg, out_pipe);
}

static int host_fq_can_recv(tn_sock_t *sock, tn_pipe_t **out_pipe)
{
    return tni_fair_queue_can_recv(&sock->fair, out_pipe);
}

static void host_lb_add(tn_pipe_t *pipe)
{
    tni_load_balancer_add(&pipe->sock->balance, &pipe->balance);
}

static void host_lb_remove(tn_pipe_t *pipe)
{
    tni_load_balancer_remove(&pipe->sock->balance, &pipe->balance);
}

static void host_lb_ready(tn_pipe_t *pipe)
{
    tni_load_balancer_ready(&pipe->sock->balance, &pipe->balance);
}

static int host_lb_send(tn_sock_t *sock, tn_msg_t *msg, tn_pipe_t **out_pipe)
{
    return tni_load_balancer_send(&sock->balance, msg, out_pipe);
}

static int host_lb_can_send(tn_sock_t *sock)
{
    return tni_load_balancer_can_send(&sock->balance);
}

static void host_fan_add(tn_pipe_t *pipe)
{
    tni_fan_out_add(&pipe->sock->fan, &pipe->fan);
}

static void host_fan_remove(tn_pipe_t *pipe)
{
    tni_fan_out_remove(&pipe->sock->fan, &pipe->fan);
}

static void host_fan_match(tn_pipe_t *pipe)
{
    tni_fan_out_match(&pipe->sock->fan, &pipe->fan);
}

static void host_fan_match_all(tn_sock_t *sock)
{
    tni_fan_out_match_all(&sock->fan);
}

static void host_fan_invert(tn_sock_t *sock)
{
    tni_fan_out_invert(&sock->fan);
}

static int host_fan_can_send(tn_sock_t *sock)
{
    return tni_fan_out_can_send(&sock->fan);
}

static int host_fan_send(tn_sock_t *sock, tn_msg_t *msg)
{
    int rc = tni_fan_out_send(&sock->fan, msg);

    tni_sock_note_gathered(sock);
    return rc;
}

static int host_fan_repeat(tn_sock_t *sock)
{
    return tni_fan_out_repeat(&sock->fan);
}

/* ------------------------------------------------------------------ sockets */

static void host_sock_drop(tn_sock_t *sock, int reason, uint64_t messages)
{
    tni_count_drop(&sock->counters, reason, messages);
}

static int host_sock_option(tn_sock_t *sock, const char *name, tn_value_t *out_value)
{
    return tni_options_get(&sock->options, name, out_value);
}

static void host_sock_raw(tn_sock_t *sock, int is_raw)
{
    sock->is_raw = is_raw;
}

static void host_sock_subscriptions(tn_sock_t *sock, size_t count)
{
    tni_count_set(&sock->counters.subscriptions, count);
    tni_sock_notify(sock);
}

const tn_host_t tni_host_functions = {
    .size = sizeof(tn_host_t),
    .abi_major = TN_ABI_MAJOR,
    .abi_minor = TN_ABI_MINOR,
    .log = host_log,
    .set_error = host_set_error,
    .alloc = host_alloc,
    .free = tni_free,
    .clock_ms = tni_clock_ms,
    .module_state = host_module_state,

    .msg_init_size = tn_msg_init_size,
    .msg_init_copy = tn_msg_init_copy,
    .msg_close = tn_msg_close,
    .msg_copy = tn_msg_copy,
    .msg_move = tn_msg_move,
    .msg_own = tni_msg_own,

    .endpoint_join = tni_endpoint_join,

    .pipe_write = tni_pipe_write,
    .pipe_rollback = tni_pipe_rollback,
    .pipe_read = tni_pipe_read,
    .pipe_can_write = tni_pipe_can_write,
    .pipe_can_read = tni_pipe_can_read,
    .pipe_close = tni_pipe_close,
    .pipe_state = host_pipe_state,
    .pipe_routing_id = host_pipe_routing_id,
    .pipe_connections = host_pipe_connections,
    .pipe_is_alive = host_pipe_is_alive,
    .pipe_peer_pattern = host_pipe_peer_pattern,
    .pipe_next_routing_id = host_pipe_next_routing_id,

    .fq_add = host_fq_add,
    .fq_remove = host_fq_remove,
    .fq_ready = host_fq_ready,
    .fq_recv = host_fq_recv,
    .fq_can_recv = host_fq_can_recv,
    .lb_add = host_lb_add,
    .lb_remove = host_lb_remove,
    .lb_ready = host_lb_ready,
    .lb_send = host_lb_send,
    .lb_can_send = host_lb_can_send,
    .fan_add = host_fan_add,
    .fan_remove = host_fan_remove,
    .fan_match = host_fan_match,
    .fan_match_all = host_fan_match_all,
    .fan_invert = host_fan_invert,
    .fan_can_send = host_fan_can_send,
    .fan_send = host_fan_send,

    .topics_new = tni_topics_new,
    .topics_free = tni_topics_free,
    .topics_add = tni_topics_add,
    .topics_remove = tni_topics_remove,
    .topics_match = tni_topics_match,
    .topics_has_match = tni_topics_has_match,
    .topics_forget = tni_topics_forget,
    .topics_each = tni_topics_each,
    .topics_count = tni_topics_count,

    .sock_drop = host_sock_drop,
    .sock_option = host_sock_option,
    .sock_subscriptions = host_sock_subscriptions,
    .random = host_random,

    .pipe_is_outgoing = host_pipe_is_outgoing,
    .pipe_peer = host_pipe_peer,

    .group_new = tni_group_new,
    .group_free = tni_group_unref,
    .msg_set_group = tni_msg_share_group,

    .sock_raw = host_sock_raw,
    .last_error = tni_error_text,

    .pipe_is_deaf = host_pipe_is_deaf,
    .topics_again = tni_topics_again,
    .fan_repeat = host_fan_repeat,
    .pipe_limit = tni_pipe_limit,
    .sock_deadline = host_sock_deadline,
};
