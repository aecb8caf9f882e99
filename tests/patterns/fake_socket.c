#include "fake_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "message/group.h"
#include "message/message.h"
#include "route/topics.h"

static int set_error(const tn_host_t *host, int code, const char *format, ...)
{
    (void)host;
    (void)format;
    return code;
}

static void *alloc(size_t size)
{
    return tni_calloc(1, size);
}

static uint32_t next_random;

static uint32_t host_random(void)
{
    return next_random;
}

static void pipe_close(tn_pipe_t *pipe)
{
    pipe->was_closed = true;
    pipe->is_attached = false;
}

static void *pipe_state(tn_pipe_t *pipe)
{
    return pipe->state;
}

static const uint8_t *pipe_routing_id(tn_pipe_t *pipe, size_t *out_size)
{
    *out_size = pipe->id_size;
    return pipe->id;
}

static uint32_t pipe_connections(tn_pipe_t *pipe)
{
    return pipe->connections;
}

static int pipe_is_alive(tn_pipe_t *pipe)
{
    return pipe->is_alive;
}

static int pipe_is_outgoing(tn_pipe_t *pipe)
{
    return pipe->is_outgoing;
}

static struct tn_peer_info *pipe_peer(tn_pipe_t *pipe)
{
    (void)pipe;
    return NULL;
}

static void sock_raw(tn_sock_t *sock, int is_raw)
{
    (void)sock;
    (void)is_raw;
}

static void pipe_next_routing_id(tn_pipe_t *pipe, const uint8_t **out_id, size_t *out_size)
{
    *out_id = pipe->next_id;
    *out_size = pipe->next_id_size;
}

static void fq_add(tn_pipe_t *pipe)
{
    tni_fair_queue_add(&pipe->sock->fair, &pipe->fair);
}

static void fq_remove(tn_pipe_t *pipe)
{
    tni_fair_queue_remove(&pipe->sock->fair, &pipe->fair);
}

static void fq_ready(tn_pipe_t *pipe)
{
    tni_fair_queue_ready(&pipe->sock->fair, &pipe->fair);
}

static int fq_recv(tn_sock_t *sock, tn_msg_t *out_msg, tn_pipe_t **out_pipe)
{
    return tni_fair_queue_recv(&sock->fair, out_msg, out_pipe);
}

static int fq_can_recv(tn_sock_t *sock, tn_pipe_t **out_pipe)
{
    return tni_fair_queue_can_recv(&sock->fair, out_pipe);
}

static void lb_add(tn_pipe_t *pipe)
{
    tni_load_balancer_add(&pipe->sock->balance, &pipe->balance);
}

static void lb_remove(tn_pipe_t *pipe)
{
    tni_load_balancer_remove(&pipe->sock->balance, &pipe->balance);
}

static void lb_ready(tn_pipe_t *pipe)
{
    tni_load_balancer_ready(&pipe->sock->balance, &pipe->balance);
}

static int lb_send(tn_sock_t *sock, tn_msg_t *msg, tn_pipe_t **out_pipe)
{
    return tni_load_balancer_send(&sock->balance, msg, out_pipe);
}

static int lb_can_send(tn_sock_t *sock)
{
    return tni_load_balancer_can_send(&sock->balance);
}

static void fan_add(tn_pipe_t *pipe)
{
    tni_fan_out_add(&pipe->sock->fan, &pipe->fan);
}

static void fan_remove(tn_pipe_t *pipe)
{
    tni_fan_out_remove(&pipe->sock->fan, &pipe->fan);
}

static void fan_match(tn_pipe_t *pipe)
{
    tni_fan_out_match(&pipe->sock->fan, &pipe->fan);
}

static void fan_match_all(tn_sock_t *sock)
{
    tni_fan_out_match_all(&sock->fan);
}

static void fan_invert(tn_sock_t *sock)
{
    tni_fan_out_invert(&sock->fan);
}

static int fan_can_send(tn_sock_t *sock)
{
    return tni_fan_out_can_send(&sock->fan);
}

static int fan_send(tn_sock_t *sock, tn_msg_t *msg)
{
    return tni_fan_out_send(&sock->fan, msg);
}

static int fan_repeat(tn_sock_t *sock)
{
    return tni_fan_out_repeat(&sock->fan);
}

static void sock_drop(tn_sock_t *sock, int reason, uint64_t messages)
{
    sock->dropped[reason] += messages;
}

static void sock_subscriptions(tn_sock_t *sock, size_t count)
{
    sock->subscriptions = count;
}

uint64_t fake_now = 1000000;

static uint64_t clock_ms(void)
{
    return fake_now;
}

static void sock_deadline(tn_sock_t *sock, uint64_t at_ms)
{
    sock->deadline = at_ms;
}

static int pipe_is_deaf(tn_pipe_t *pipe)
{
    return pipe->is_deaf;
}

static int sock_option(tn_sock_t *sock, const char *name, tn_value_t *out_value)
{
    (void)sock;
    *out_value = (tn_value_t){.type = TN_OPTION_INT,
                              .number = strcmp(name, "max_subscriptions") == 0 ? 100 : 1000};
    return 0;
}

static void pipe_limit(tn_pipe_t *pipe, const char *option, const char *reason)
{
    (void)reason;
    pipe->limit = option;
    pipe_close(pipe);
}

static const tn_host_t table = {
    .size = sizeof(tn_host_t),
    .abi_major = TN_ABI_MAJOR,
    .abi_minor = TN_ABI_MINOR,
    .set_error = set_error,
    .alloc = alloc,
    .free = tni_free,
    .msg_init_size = tn_msg_init_size,
    .msg_init_copy = tn_msg_init_copy,
    .msg_close = tn_msg_close,
    .msg_copy = tn_msg_copy,
    .msg_move = tn_msg_move,
    .msg_own = tni_msg_own,
    .pipe_write = tni_pipe_write,
    .pipe_rollback = tni_pipe_rollback,
    .pipe_read = tni_pipe_read,
    .pipe_can_write = tni_pipe_can_write,
    .pipe_can_read = tni_pipe_can_read,
    .pipe_close = pipe_close,
    .pipe_state = pipe_state,
    .pipe_routing_id = pipe_routing_id,
    .pipe_connections = pipe_connections,
    .pipe_is_alive = pipe_is_alive,
    .pipe_next_routing_id = pipe_next_routing_id,
    .fq_add = fq_add,
    .fq_remove = fq_remove,
    .fq_ready = fq_ready,
    .fq_recv = fq_recv,
    .fq_can_recv = fq_can_recv,
    .lb_add = lb_add,
    .lb_remove = lb_remove,
    .lb_ready = lb_ready,
    .lb_send = lb_send,
    .lb_can_send = lb_can_send,
    .fan_add = fan_add,
    .fan_remove = fan_remove,
    .fan_match = fan_match,
    .fan_match_all = fan_match_all,
    .fan_invert = fan_invert,
    .fan_can_send = fan_can_send,
    .fan_send = fan_send,
    .topics_new = tni_topics_new,
    .topics_free = tni_topics_free,
    .topics_add = tni_topics_add,
    .topics_remove = tni_topics_remove,
    .topics_match = tni_topics_match,
    .topics_has_match = tni_topics_has_match,
    .topics_forget = tni_topics_forget,
    .topics_each = tni_topics_each,
    .topics_count = tni_topics_count,
    .topics_again = tni_topics_again,
    .fan_repeat = fan_repeat,
    .sock_drop = sock_drop,
    .sock_subscriptions = sock_subscriptions,
    .random = host_random,
    .pipe_is_outgoing = pipe_is_outgoing,
    .pipe_peer = pipe_peer,

    .group_new = tni_group_new,
    .group_free = tni_group_unref,
    .msg_set_group = tni_msg_share_group,
    .sock_raw = sock_raw,
    .pipe_is_deaf = pipe_is_deaf,
    .sock_option = sock_option,
    .pipe_limit = pipe_limit,
    .clock_ms = clock_ms,
    .sock_deadline = sock_deadline,
};

void fake_socket_init(struct tn_sock *sock, size_t pipe_state_size)
{
    size_t i;

    memset(sock, 0, sizeof(*sock));
    next_random = FAKE_RANDOM;
    sock->host = table;
    tni_fair_queue_init(&sock->fair);
    tni_load_balancer_init(&sock->balance, sock->dropped);
    tni_fan_out_init(&sock->fan, sock->dropped);
    for (i = 0; i < FAKE_PIPES; i++)
        fake_pipe_init(&sock->pipes[i], sock, pipe_state_size);
}

void fake_socket_open(struct tn_sock *sock, const tn_module_t *module, const char *pattern)
{
    const tn_feature_t *const *feature = module->features;

    while (*feature && strcmp((*feature)->name, pattern) != 0)
        feature++;
    assert_non_null(*feature);
    assert_int_equal((*feature)->kind, TN_PATTERN);
    fake_socket_init(sock, ((const tn_pattern_ops_t *)(*feature)->ops)->pipe_state);
    sock->feature = *feature;
    sock->ops = (*feature)->ops;
    sock->state = calloc(1, sock->ops->socket_state);
    assert_int_equal(sock->ops->open(sock->state, sock, &sock->host), 0);
}

void fake_socket_close(struct tn_sock *sock)
{
    size_t i;

    for (i = 0; i < FAKE_PIPES; i++) {
        if (sock->pipes[i].is_attached)
            sock->ops->detach(sock->state, &sock->pipes[i], sock->pipes[i].state);
    }
    if (sock->ops)
        sock->ops->close(sock->state);
    tni_fan_out_flush(&sock->fan);
    for (i = 0; i < FAKE_PIPES; i++)
        fake_pipe_fini(&sock->pipes[i]);
    tni_fair_queue_fini(&sock->fair);
    tni_fan_out_shrink(&sock->fan);
    free(sock->state);
}

void fake_socket_settle(struct tn_sock *sock)
{
    size_t i;

    for (i = 0; i < FAKE_PIPES; i++)
        fake_pipe_settle(&sock->pipes[i]);
}

int fake_socket_set(struct tn_sock *sock, const char *name, const void *data, size_t size,
                    int64_t number)
{
    const tn_option_desc_t *option = sock->feature->options;
    tn_value_t value = {.number = number, .data = data, .size = size};
    unsigned index = 0;

    while (option && option->name && strcmp(option->name, name) != 0) {
        option++;
        index++;
    }
    if (!option || !option->name)
        return -TN_ENOOPTION;
    value.type = option->type;
    return sock->ops->set(sock->state, index, &value);
}
