/* The whole table. One entry a line: cmake/TenonFixed.cmake leaves out those that nobody needs. */
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "message/group.h"
#include "message/message.h"
#include "pipe/pipe.h"
#include "route/topics.h"
#include "socket/endpoint.h"
#include "socket/host.h"

const tn_host_t tni_host_all = {
    .size = sizeof(tn_host_t),
    .abi_major = TN_ABI_MAJOR,
    .abi_minor = TN_ABI_MINOR,
    .log = tni_host_log,
    .set_error = tni_host_set_error,
    .alloc = tni_host_alloc,
    .free = tni_free,
    .clock_ms = tni_clock_ms,
    .module_state = tni_host_module_state,

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
    .pipe_state = tni_host_pipe_state,
    .pipe_routing_id = tni_host_pipe_routing_id,
    .pipe_connections = tni_host_pipe_connections,
    .pipe_is_alive = tni_host_pipe_is_alive,
    .pipe_peer_pattern = tni_host_pipe_peer_pattern,
    .pipe_next_routing_id = tni_host_pipe_next_routing_id,

    .fq_add = tni_host_fq_add,
    .fq_remove = tni_host_fq_remove,
    .fq_ready = tni_host_fq_ready,
    .fq_recv = tni_host_fq_recv,
    .fq_can_recv = tni_host_fq_can_recv,
    .lb_add = tni_host_lb_add,
    .lb_remove = tni_host_lb_remove,
    .lb_ready = tni_host_lb_ready,
    .lb_send = tni_host_lb_send,
    .lb_can_send = tni_host_lb_can_send,
    .fan_add = tni_host_fan_add,
    .fan_remove = tni_host_fan_remove,
    .fan_match = tni_host_fan_match,
    .fan_match_all = tni_host_fan_match_all,
    .fan_invert = tni_host_fan_invert,
    .fan_can_send = tni_host_fan_can_send,
    .fan_send = tni_host_fan_send,

    .topics_new = tni_topics_new,
    .topics_free = tni_topics_free,
    .topics_add = tni_topics_add,
    .topics_remove = tni_topics_remove,
    .topics_match = tni_topics_match,
    .topics_has_match = tni_topics_has_match,
    .topics_forget = tni_topics_forget,
    .topics_each = tni_topics_each,
    .topics_count = tni_topics_count,

    .sock_drop = tni_host_sock_drop,
    .sock_option = tni_host_sock_option,
    .sock_subscriptions = tni_host_sock_subscriptions,
    .random = tni_host_random,

    .pipe_is_outgoing = tni_host_pipe_is_outgoing,
    .pipe_peer = tni_host_pipe_peer,

    .group_new = tni_group_new,
    .group_free = tni_group_unref,
    .msg_set_group = tni_msg_share_group,

    .sock_raw = tni_host_sock_raw,
    .last_error = tni_error_text,

    .pipe_is_deaf = tni_host_pipe_is_deaf,
    .topics_again = tni_topics_again,
    .fan_repeat = tni_host_fan_repeat,
    .pipe_limit = tni_pipe_limit,
    .sock_deadline = tni_host_sock_deadline,
};
