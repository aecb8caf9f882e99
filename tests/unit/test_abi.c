/* The layout that modules were compiled against: every member of every structure, and every value. A
 * failure here breaks every module there is: append at the tail and raise TN_ABI_MINOR (docs/abi.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tenon/authenticator.h>
#include <tenon/mechanism.h>
#include <tenon/module.h>
#include <tenon/pattern.h>
#include <tenon/tenon.h>
#include <tenon/transport.h>

#if UINTPTR_MAX == UINT64_MAX

struct place {
    const char *name;
    size_t is, was;
};

/* Kept as they are: they stand in arrays, or inside others. */
static const struct place sizes[] = {
#define SIZE(type, was)                                                                            \
    {                                                                                              \
#type, sizeof(type), was                                                                   \
    }
    SIZE(tn_msg_t, 64),
    SIZE(tn_value_t, 32),
    SIZE(tn_datagram_t, 32),
    SIZE(tn_credential_t, 16),
    SIZE(tn_secret_frame_t, 24),
    SIZE(tn_old_type_t, 16),
    SIZE(tn_question_credential_t, 16),
    SIZE(tn_module_t, 112),
};

/* Of version 1.0; longer ones come with a higher minor version. */
static const struct place least[] = {
    SIZE(tn_option_desc_t, 64),    SIZE(tn_feature_t, 48),        SIZE(tn_host_t, 760),
    SIZE(tn_question_info_t, 64),  SIZE(struct tn_answer, 48),    SIZE(tn_authenticator_ops_t, 48),
    SIZE(tn_handshake_info_t, 40), SIZE(tn_mechanism_ops_t, 112), SIZE(tn_pattern_ops_t, 192),
    SIZE(tn_transport_ops_t, 208),
#undef SIZE
};

static const struct place members[] = {
#define AT(type, member, was)                                                                      \
    {                                                                                              \
#type "." #member, offsetof(type, member), was                                             \
    }
    AT(tn_msg_t, u, 0),
    AT(tn_msg_t, peer, 40),
    AT(tn_msg_t, group, 48),
    AT(tn_msg_t, routing_id, 56),
    AT(tn_msg_t, size, 60),
    AT(tn_msg_t, type, 61),
    AT(tn_msg_t, flags, 62),
    AT(tn_msg_t, mark, 63),
    AT(tn_option_desc_t, size, 0),
    AT(tn_option_desc_t, type, 4),
    AT(tn_option_desc_t, flags, 6),
    AT(tn_option_desc_t, name, 8),
    AT(tn_option_desc_t, unit, 16),
    AT(tn_option_desc_t, help, 24),
    AT(tn_option_desc_t, min, 32),
    AT(tn_option_desc_t, max, 40),
    AT(tn_option_desc_t, default_int, 48),
    AT(tn_option_desc_t, default_str, 56),
    AT(tn_value_t, type, 0),
    AT(tn_value_t, number, 8),
    AT(tn_value_t, data, 16),
    AT(tn_value_t, size, 24),
    AT(tn_feature_t, size, 0),
    AT(tn_feature_t, kind, 4),
    AT(tn_feature_t, flags, 6),
    AT(tn_feature_t, name, 8),
    AT(tn_feature_t, summary, 16),
    AT(tn_feature_t, priority, 24),
    AT(tn_feature_t, reserved, 28),
    AT(tn_feature_t, ops, 32),
    AT(tn_feature_t, options, 40),
    AT(tn_module_t, magic, 0),
    AT(tn_module_t, size, 4),
    AT(tn_module_t, abi_major, 8),
    AT(tn_module_t, abi_minor, 10),
    AT(tn_module_t, abi_min_minor, 12),
    AT(tn_module_t, reserved0, 14),
    AT(tn_module_t, name, 16),
    AT(tn_module_t, version, 24),
    AT(tn_module_t, license, 32),
    AT(tn_module_t, summary, 40),
    AT(tn_module_t, requires, 48),
    AT(tn_module_t, features, 56),
    AT(tn_module_t, init, 64),
    AT(tn_module_t, fini, 72),
    AT(tn_module_t, reserved, 80),
    AT(tn_host_t, size, 0),
    AT(tn_host_t, abi_major, 4),
    AT(tn_host_t, abi_minor, 6),
    AT(tn_host_t, context, 8),
    AT(tn_host_t, log, 16),
    AT(tn_host_t, set_error, 24),
    AT(tn_host_t, alloc, 32),
    AT(tn_host_t, free, 40),
    AT(tn_host_t, clock_ms, 48),
    AT(tn_host_t, module_state, 56),
    AT(tn_host_t, msg_init_size, 64),
    AT(tn_host_t, msg_init_copy, 72),
    AT(tn_host_t, msg_close, 80),
    AT(tn_host_t, msg_copy, 88),
    AT(tn_host_t, msg_move, 96),
    AT(tn_host_t, msg_own, 104),
    AT(tn_host_t, stream_option, 112),
    AT(tn_host_t, listener_option, 120),
    AT(tn_host_t, stream_ready, 128),
    AT(tn_host_t, stream_lower, 136),
    AT(tn_host_t, stream_readv, 144),
    AT(tn_host_t, stream_writev, 152),
    AT(tn_host_t, stream_resolve, 160),
    AT(tn_host_t, listener_set_address, 168),
    AT(tn_host_t, stream_set_addresses, 176),
    AT(tn_host_t, endpoint_join, 184),
    AT(tn_host_t, pipe_write, 192),
    AT(tn_host_t, pipe_rollback, 200),
    AT(tn_host_t, pipe_read, 208),
    AT(tn_host_t, pipe_can_write, 216),
    AT(tn_host_t, pipe_can_read, 224),
    AT(tn_host_t, pipe_close, 232),
    AT(tn_host_t, pipe_state, 240),
    AT(tn_host_t, pipe_routing_id, 248),
    AT(tn_host_t, pipe_connections, 256),
    AT(tn_host_t, pipe_is_alive, 264),
    AT(tn_host_t, pipe_peer_pattern, 272),
    AT(tn_host_t, pipe_next_routing_id, 280),
    AT(tn_host_t, fq_add, 288),
    AT(tn_host_t, fq_remove, 296),
    AT(tn_host_t, fq_ready, 304),
    AT(tn_host_t, fq_recv, 312),
    AT(tn_host_t, fq_can_recv, 320),
    AT(tn_host_t, lb_add, 328),
    AT(tn_host_t, lb_remove, 336),
    AT(tn_host_t, lb_ready, 344),
    AT(tn_host_t, lb_send, 352),
    AT(tn_host_t, lb_can_send, 360),
    AT(tn_host_t, fan_add, 368),
    AT(tn_host_t, fan_remove, 376),
    AT(tn_host_t, fan_match, 384),
    AT(tn_host_t, fan_match_all, 392),
    AT(tn_host_t, fan_invert, 400),
    AT(tn_host_t, fan_can_send, 408),
    AT(tn_host_t, fan_send, 416),
    AT(tn_host_t, topics_new, 424),
    AT(tn_host_t, topics_free, 432),
    AT(tn_host_t, topics_add, 440),
    AT(tn_host_t, topics_remove, 448),
    AT(tn_host_t, topics_match, 456),
    AT(tn_host_t, topics_has_match, 464),
    AT(tn_host_t, topics_forget, 472),
    AT(tn_host_t, topics_each, 480),
    AT(tn_host_t, topics_count, 488),
    AT(tn_host_t, sock_drop, 496),
    AT(tn_host_t, sock_option, 504),
    AT(tn_host_t, sock_subscriptions, 512),
    AT(tn_host_t, random, 520),
    AT(tn_host_t, setup_option, 528),
    AT(tn_host_t, stream_endpoint, 536),
    AT(tn_host_t, stream_set_property, 544),
    AT(tn_host_t, pipe_is_outgoing, 552),
    AT(tn_host_t, pipe_peer, 560),
    AT(tn_host_t, group_new, 568),
    AT(tn_host_t, group_free, 576),
    AT(tn_host_t, msg_set_group, 584),
    AT(tn_host_t, sock_raw, 592),
    AT(tn_host_t, last_error, 600),
    AT(tn_host_t, handshake_fault, 608),
    AT(tn_host_t, question_answer, 616),
    AT(tn_host_t, question_is_wanted, 624),
    AT(tn_host_t, socket_open, 632),
    AT(tn_host_t, socket_close, 640),
    AT(tn_host_t, socket_set_int, 648),
    AT(tn_host_t, socket_connect, 656),
    AT(tn_host_t, socket_peers, 664),
    AT(tn_host_t, socket_send, 672),
    AT(tn_host_t, socket_recv, 680),
    AT(tn_host_t, socket_poll, 688),
    AT(tn_host_t, pipe_is_deaf, 696),
    AT(tn_host_t, listener_endpoint, 704),
    AT(tn_host_t, topics_again, 712),
    AT(tn_host_t, fan_repeat, 720),
    AT(tn_host_t, pipe_limit, 728),
    AT(tn_host_t, sock_deadline, 736),
    AT(tn_host_t, stream_wake_at, 744),
    AT(tn_host_t, stream_remote, 752),
    AT(tn_host_t, stream_reads_on, 760),
    AT(tn_question_credential_t, data, 0),
    AT(tn_question_credential_t, size, 8),
    AT(tn_question_info_t, size, 0),
    AT(tn_question_info_t, credential_count, 4),
    AT(tn_question_info_t, mechanism, 8),
    AT(tn_question_info_t, domain, 16),
    AT(tn_question_info_t, address, 24),
    AT(tn_question_info_t, routing_id, 32),
    AT(tn_question_info_t, routing_id_size, 40),
    AT(tn_question_info_t, credentials, 48),
    AT(tn_question_info_t, endpoint, 56),
    AT(struct tn_answer, size, 0),
    AT(struct tn_answer, status, 4),
    AT(struct tn_answer, fault, 8),
    AT(struct tn_answer, reserved, 12),
    AT(struct tn_answer, user_id, 16),
    AT(struct tn_answer, metadata, 24),
    AT(struct tn_answer, metadata_size, 32),
    AT(struct tn_answer, reason, 40),
    AT(tn_authenticator_ops_t, size, 0),
    AT(tn_authenticator_ops_t, flags, 4),
    AT(tn_authenticator_ops_t, endpoint_state, 8),
    AT(tn_authenticator_ops_t, reserved, 12),
    AT(tn_authenticator_ops_t, prepare, 16),
    AT(tn_authenticator_ops_t, release, 24),
    AT(tn_authenticator_ops_t, ask, 32),
    AT(tn_authenticator_ops_t, forget, 40),
    AT(tn_handshake_info_t, size, 0),
    AT(tn_handshake_info_t, role, 4),
    AT(tn_handshake_info_t, metadata, 8),
    AT(tn_handshake_info_t, metadata_size, 16),
    AT(tn_handshake_info_t, handshake, 24),
    AT(tn_handshake_info_t, endpoint_state, 32),
    AT(tn_credential_t, data, 0),
    AT(tn_credential_t, size, 8),
    AT(tn_secret_frame_t, flags, 0),
    AT(tn_secret_frame_t, reserved, 4),
    AT(tn_secret_frame_t, body, 8),
    AT(tn_secret_frame_t, size, 16),
    AT(tn_mechanism_ops_t, size, 0),
    AT(tn_mechanism_ops_t, state_size, 4),
    AT(tn_mechanism_ops_t, wire_name, 8),
    AT(tn_mechanism_ops_t, open, 16),
    AT(tn_mechanism_ops_t, close, 24),
    AT(tn_mechanism_ops_t, next_command, 32),
    AT(tn_mechanism_ops_t, command, 40),
    AT(tn_mechanism_ops_t, status, 48),
    AT(tn_mechanism_ops_t, encode, 56),
    AT(tn_mechanism_ops_t, decode, 64),
    AT(tn_mechanism_ops_t, flags, 72),
    AT(tn_mechanism_ops_t, overhead, 76),
    AT(tn_mechanism_ops_t, endpoint_state, 80),
    AT(tn_mechanism_ops_t, reserved, 84),
    AT(tn_mechanism_ops_t, prepare, 88),
    AT(tn_mechanism_ops_t, credentials, 96),
    AT(tn_mechanism_ops_t, verdict, 104),
    AT(tn_old_type_t, wire_name, 0),
    AT(tn_old_type_t, number, 8),
    AT(tn_pattern_ops_t, size, 0),
    AT(tn_pattern_ops_t, flags, 4),
    AT(tn_pattern_ops_t, wire_name, 8),
    AT(tn_pattern_ops_t, peers, 16),
    AT(tn_pattern_ops_t, socket_state, 24),
    AT(tn_pattern_ops_t, pipe_state, 28),
    AT(tn_pattern_ops_t, open, 32),
    AT(tn_pattern_ops_t, close, 40),
    AT(tn_pattern_ops_t, attach, 48),
    AT(tn_pattern_ops_t, detach, 56),
    AT(tn_pattern_ops_t, connected, 64),
    AT(tn_pattern_ops_t, disconnected, 72),
    AT(tn_pattern_ops_t, readable, 80),
    AT(tn_pattern_ops_t, writable, 88),
    AT(tn_pattern_ops_t, send, 96),
    AT(tn_pattern_ops_t, recv, 104),
    AT(tn_pattern_ops_t, poll, 112),
    AT(tn_pattern_ops_t, set, 120),
    AT(tn_pattern_ops_t, get, 128),
    AT(tn_pattern_ops_t, subscribe, 136),
    AT(tn_pattern_ops_t, peer_number, 144),
    AT(tn_pattern_ops_t, disconnect_peer, 152),
    AT(tn_pattern_ops_t, old_types, 160),
    AT(tn_pattern_ops_t, join, 168),
    AT(tn_pattern_ops_t, peer_events, 176),
    AT(tn_pattern_ops_t, wants, 184),
    AT(tn_pattern_ops_t, delimited_to, 192),
    AT(tn_pattern_ops_t, delimited_from, 200),
    AT(tn_pattern_ops_t, delimited_done, 208),
    AT(tn_datagram_t, iov, 0),
    AT(tn_datagram_t, iov_count, 8),
    AT(tn_datagram_t, flags, 12),
    AT(tn_datagram_t, size, 16),
    AT(tn_datagram_t, address, 24),
    AT(tn_transport_ops_t, size, 0),
    AT(tn_transport_ops_t, shape, 4),
    AT(tn_transport_ops_t, flags, 6),
    AT(tn_transport_ops_t, stream_state, 8),
    AT(tn_transport_ops_t, listener_state, 12),
    AT(tn_transport_ops_t, lower, 16),
    AT(tn_transport_ops_t, check, 24),
    AT(tn_transport_ops_t, listen, 32),
    AT(tn_transport_ops_t, listener_fd, 40),
    AT(tn_transport_ops_t, accept, 48),
    AT(tn_transport_ops_t, unlisten, 56),
    AT(tn_transport_ops_t, open, 64),
    AT(tn_transport_ops_t, dial, 72),
    AT(tn_transport_ops_t, resolved, 80),
    AT(tn_transport_ops_t, established, 88),
    AT(tn_transport_ops_t, handshake, 96),
    AT(tn_transport_ops_t, readv, 104),
    AT(tn_transport_ops_t, writev, 112),
    AT(tn_transport_ops_t, fd, 120),
    AT(tn_transport_ops_t, close, 128),
    AT(tn_transport_ops_t, attach, 136),
    AT(tn_transport_ops_t, detach, 144),
    AT(tn_transport_ops_t, flush, 152),
    AT(tn_transport_ops_t, prepare, 160),
    AT(tn_transport_ops_t, release, 168),
    AT(tn_transport_ops_t, endpoint_state, 176),
    AT(tn_transport_ops_t, reserved, 180),
    AT(tn_transport_ops_t, bind, 184),
    AT(tn_transport_ops_t, receive, 192),
    AT(tn_transport_ops_t, send, 200),
#undef AT
};

static const struct value {
    const char *name;
    long long is, was;
} values[] = {
#define VALUE(name, was)                                                                           \
    {                                                                                              \
#name, name, was                                                                           \
    }
    VALUE(TN_MODULE_MAGIC, 0x314d4e54),
    VALUE(TN_ABI_MAJOR, 1),
    VALUE(TN_MSG_SHORT, 101),
    VALUE(TN_MSG_COUNTED, 102),
    VALUE(TN_MSG_BORROWED, 103),
    VALUE(TN_MSG_MORE, 1),
    VALUE(TN_MSG_SUBSCRIBE, 8),
    VALUE(TN_MSG_CANCEL, 16),
    VALUE(TN_MSG_JOIN, 32),
    VALUE(TN_MSG_LEAVE, 64),
    VALUE(TN_MSG_REQUEST, 120),
    VALUE(TN_TRANSPORT, 1),
    VALUE(TN_PATTERN, 2),
    VALUE(TN_MECHANISM, 3),
    VALUE(TN_AUTHENTICATOR, 4),
    VALUE(TN_OPTION_INT, 1),
    VALUE(TN_OPTION_BOOL, 2),
    VALUE(TN_OPTION_STR, 3),
    VALUE(TN_OPTION_BLOB, 4),
    VALUE(TN_OPTION_NO_SET, 1),
    VALUE(TN_OPTION_NO_GET, 2),
    VALUE(TN_OPTION_SECRET, 4),
    VALUE(TN_LOG_ERROR, 1),
    VALUE(TN_LOG_WARN, 2),
    VALUE(TN_LOG_INFO, 3),
    VALUE(TN_LOG_DEBUG, 4),
    VALUE(TN_READY_RX, 1),
    VALUE(TN_READY_TX, 2),
    VALUE(TN_AUTH_ABSENT, 0),
    VALUE(TN_AUTH_OK, 200),
    VALUE(TN_AUTH_TEMPORARY, 300),
    VALUE(TN_AUTH_DENIED, 400),
    VALUE(TN_AUTH_ERROR, 500),
    VALUE(TN_AUTHENTICATOR_BY_DOMAIN, 1),
    VALUE(TN_MECHANISM_HANDSHAKING, 0),
    VALUE(TN_MECHANISM_READY, 1),
    VALUE(TN_MECHANISM_ASKING, 2),
    VALUE(TN_MECHANISM_NEEDS_VERDICT, 1),
    VALUE(TN_MECHANISM_TELLS, 2),
    VALUE(TN_MECHANISM_OVERHEAD_MAX, 64),
    VALUE(TN_CREDENTIALS_MAX, 8),
    VALUE(TN_FRAME_MORE, 1),
    VALUE(TN_FRAME_COMMAND, 4),
    VALUE(TN_PATTERN_SENDS, 1),
    VALUE(TN_PATTERN_RECEIVES, 2),
    VALUE(TN_PATTERN_REBUILDS, 4),
    VALUE(TN_PATTERN_CONFLATES, 8),
    VALUE(TN_PATTERN_IDENTIFIES, 16),
    VALUE(TN_PATTERN_ONE_PER_ENDPOINT, 32),
    VALUE(TN_PATTERN_SUBSCRIBES, 64),
    VALUE(TN_PATTERN_TAKES_SUBSCRIPTIONS, 128),
    VALUE(TN_PATTERN_SINGLE_FRAMES, 256),
    VALUE(TN_PATTERN_NUMBERS_PEERS, 512),
    VALUE(TN_PATTERN_JOINS, 1024),
    VALUE(TN_PATTERN_TAKES_GROUPS, 2048),
    VALUE(TN_PATTERN_BINDS_DATAGRAMS, 4096),
    VALUE(TN_PATTERN_CONNECTS_DATAGRAMS, 8192),
    VALUE(TN_PATTERN_ADDRESSES_DATAGRAMS, 16384),
    VALUE(TN_PATTERN_BALANCES, 32768),
    VALUE(TN_PATTERN_TAKES_TURNS, 65536),
    VALUE(TN_SHAPE_STREAM, 1),
    VALUE(TN_SHAPE_LAYER, 2),
    VALUE(TN_SHAPE_MESSAGE, 3),
    VALUE(TN_SHAPE_DATAGRAM, 4),
    VALUE(TN_TRANSPORT_PROTECTS, 1),
    VALUE(TN_TRANSPORT_STAYS, 2),
    VALUE(TN_DATAGRAM_TRUNCATED, 1),
    VALUE(TN_ROLE_BIND, 1),
    VALUE(TN_ROLE_CONNECT, 2),
#undef VALUE
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void expect(const char *name, unsigned long long is, unsigned long long was)
{
    if (is != was)
        fail_msg("%s is %llu and was %llu in ABI 1.0: see docs/abi.md", name, is, was);
}

static void test_abi_sizes_are_frozen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++)
        expect(sizes[i].name, sizes[i].is, sizes[i].was);
    for (size_t i = 0; i < COUNT(least); i++)
        if (least[i].is < least[i].was || TN_ABI_MINOR == 0)
            expect(least[i].name, least[i].is, least[i].was);
}

static void test_abi_members_are_frozen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(members); i++)
        expect(members[i].name, members[i].is, members[i].was);
}

static void test_abi_values_are_frozen(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(values); i++)
        expect(values[i].name, (unsigned long long)values[i].is, (unsigned long long)values[i].was);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abi_sizes_are_frozen),
        cmocka_unit_test(test_abi_members_are_frozen),
        cmocka_unit_test(test_abi_values_are_frozen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
