#include "socket/host.h"
#include "socket/hand_over.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/cancel.h"
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

void tni_host_log(const tn_host_t *host, int level, const char *format, ...)
{
    char line[512];
    va_list args;

    (void)host;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    tni_log(level, "module", "%s", line);
}

int tni_host_set_error(const tn_host_t *host, int code, const char *format, ...)
{
    char sentence[512];
    va_list args;

    (void)host;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    return tni_fail(code, "%s", sentence);
}

void *tni_host_alloc(size_t size)
{
    return tni_calloc(1, size);
}

tn_module_state_t *tni_host_module_state(const tn_host_t *host, const tn_module_t *module)
{
    return tni_registry_module_state(tni_ctx_of_host(host)->registry, module);
}

uint32_t tni_host_random(void)
{
    uint32_t value;
    TNI_UNCANCELLED;

    if (getrandom(&value, sizeof value, GRND_NONBLOCK) != (ssize_t)sizeof value)
        value = (uint32_t)tni_clock_ns();
    return value;
}

/* ------------------------------------------------------------------ pipes */

void *tni_host_pipe_state(tn_pipe_t *pipe)
{
    return pipe->state;
}

const uint8_t *tni_host_pipe_routing_id(tn_pipe_t *pipe, size_t *out_size)
{
    *out_size = pipe->peer ? pipe->peer->identity_size : 0;
    return *out_size ? (const uint8_t *)pipe->peer->identity : NULL;
}

uint32_t tni_host_pipe_connections(tn_pipe_t *pipe)
{
    return pipe->connections;
}

int tni_host_pipe_is_outgoing(tn_pipe_t *pipe)
{
    return pipe->is_outgoing;
}

struct tn_peer_info *tni_host_pipe_peer(tn_pipe_t *pipe)
{
    return pipe->peer;
}

int tni_host_pipe_is_deaf(tn_pipe_t *pipe)
{
    return pipe->is_deaf;
}

/* Others may be asleep already, and until later. */
void tni_host_sock_deadline(tn_sock_t *sock, uint64_t at_ms)
{
    atomic_store(&sock->deadline, at_ms == UINT64_MAX ? 0 : at_ms);
    tni_waitq_wake(&sock->waitq);
}

int tni_host_pipe_is_alive(tn_pipe_t *pipe)
{
    return pipe->is_connected;
}

const char *tni_host_pipe_peer_pattern(tn_pipe_t *pipe)
{
    return pipe->peer && pipe->peer->socket_type ? pipe->peer->socket_type : "";
}

void tni_host_pipe_next_routing_id(tn_pipe_t *pipe, const uint8_t **out_id, size_t *out_size)
{
    *out_id = pipe->next_routing_id.bytes;
    *out_size = pipe->next_routing_id.size;
}

/* ------------------------------------------------------------------ routing */

void tni_host_fq_add(tn_pipe_t *pipe)
{
    tni_fair_queue_add(&pipe->sock->fair, &pipe->fair);
}

void tni_host_fq_remove(tn_pipe_t *pipe)
{
    tni_fair_queue_remove(&pipe->sock->fair, &pipe->fair);
}

void tni_host_fq_ready(tn_pipe_t *pipe)
{
    tni_fair_queue_ready(&pipe->sock->fair, &pipe->fair);
}

int tni_host_fq_recv(tn_sock_t *sock, tn_msg_t *out_msg, tn_pipe_t **out_pipe)
{
    return tni_fair_queue_recv(&sock->fair, out_msg, out_pipe);
}

int tni_host_fq_can_recv(tn_sock_t *sock, tn_pipe_t **out_pipe)
{
    return tni_fair_queue_can_recv(&sock->fair, out_pipe);
}

void tni_host_lb_add(tn_pipe_t *pipe)
{
    tni_load_balancer_add(&pipe->sock->balance, &pipe->balance);
}

void tni_host_lb_remove(tn_pipe_t *pipe)
{
    tni_load_balancer_remove(&pipe->sock->balance, &pipe->balance);
}

void tni_host_lb_ready(tn_pipe_t *pipe)
{
    tni_load_balancer_ready(&pipe->sock->balance, &pipe->balance);
}

int tni_host_lb_send(tn_sock_t *sock, tn_msg_t *msg, tn_pipe_t **out_pipe)
{
    return tni_load_balancer_send(&sock->balance, msg, out_pipe);
}

int tni_host_lb_can_send(tn_sock_t *sock)
{
    return tni_load_balancer_can_send(&sock->balance);
}

void tni_host_fan_add(tn_pipe_t *pipe)
{
    tni_fan_out_add(&pipe->sock->fan, &pipe->fan);
}

void tni_host_fan_remove(tn_pipe_t *pipe)
{
    tni_fan_out_remove(&pipe->sock->fan, &pipe->fan);
}

void tni_host_fan_match(tn_pipe_t *pipe)
{
    tni_fan_out_match(&pipe->sock->fan, &pipe->fan);
}

void tni_host_fan_match_all(tn_sock_t *sock)
{
    tni_fan_out_match_all(&sock->fan);
}

void tni_host_fan_invert(tn_sock_t *sock)
{
    tni_fan_out_invert(&sock->fan);
}

int tni_host_fan_can_send(tn_sock_t *sock)
{
    return tni_fan_out_can_send(&sock->fan);
}

int tni_host_fan_send(tn_sock_t *sock, tn_msg_t *msg)
{
    int rc = tni_fan_out_send(&sock->fan, msg);

    tni_sock_note_gathered(sock);
    return rc;
}

int tni_host_fan_repeat(tn_sock_t *sock)
{
    return tni_fan_out_repeat(&sock->fan);
}

/* ------------------------------------------------------------------ sockets */

void tni_host_sock_drop(tn_sock_t *sock, int reason, uint64_t messages)
{
    tni_count_drop(&sock->counters, reason, messages);
}

int tni_host_sock_option(tn_sock_t *sock, const char *name, tn_value_t *out_value)
{
    return tni_options_get(&sock->options, name, out_value);
}

void tni_host_sock_raw(tn_sock_t *sock, int is_raw)
{
    sock->is_raw = is_raw;
}

void tni_host_sock_subscriptions(tn_sock_t *sock, size_t count)
{
    tni_count_set(&sock->counters.subscriptions, count);
    tni_sock_notify(sock);
}
