/* The layout that modules were compiled against. A failure here breaks every module there is: append
 * at the tail and raise TN_ABI_MINOR, or raise TN_ABI_MAJOR and know why. */
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

#define AT(type, member, offset) assert_int_equal(offsetof(type, member), offset)

static void test_abi_message_is_frozen(void **state)
{
    (void)state;
    assert_int_equal(sizeof(tn_msg_t), 64);
    AT(tn_msg_t, u.ref.size, 8);
    AT(tn_msg_t, u.ref.owner, 16);
    AT(tn_msg_t, peer, 40);
    AT(tn_msg_t, group, 48);
    AT(tn_msg_t, routing_id, 56);
    AT(tn_msg_t, size, 60);
    AT(tn_msg_t, type, 61);
    AT(tn_msg_t, flags, 62);
}

static void test_abi_descriptor_is_frozen(void **state)
{
    (void)state;
    AT(tn_module_t, size, 4);
    AT(tn_module_t, abi_major, 8);
    AT(tn_module_t, abi_min_minor, 12);
    AT(tn_module_t, name, 16);
    AT(tn_module_t, summary, 40);
    AT(tn_module_t, requires, 48);
    AT(tn_module_t, features, 56);
    AT(tn_module_t, init, 64);
    AT(tn_module_t, fini, 72);
    AT(tn_module_t, reserved, 80);
    assert_int_equal(sizeof(tn_module_t), 112);
    AT(tn_feature_t, kind, 4);
    AT(tn_feature_t, name, 8);
    AT(tn_feature_t, priority, 24);
    AT(tn_feature_t, ops, 32);
    AT(tn_feature_t, options, 40);
    assert_int_equal(sizeof(tn_feature_t), 48);
}

static void test_abi_option_is_frozen(void **state)
{
    (void)state;
    AT(tn_option_desc_t, type, 4);
    AT(tn_option_desc_t, name, 8);
    AT(tn_option_desc_t, help, 24);
    AT(tn_option_desc_t, min, 32);
    AT(tn_option_desc_t, default_int, 48);
    AT(tn_option_desc_t, default_str, 56);
    assert_int_equal(sizeof(tn_option_desc_t), 64);
    AT(tn_value_t, number, 8);
    AT(tn_value_t, data, 16);
    AT(tn_value_t, size, 24);
}

static void test_abi_transport_is_frozen(void **state)
{
    (void)state;
    AT(tn_transport_ops_t, shape, 4);
    AT(tn_transport_ops_t, stream_state, 8);
    AT(tn_transport_ops_t, lower, 16);
    AT(tn_transport_ops_t, check, 24);
    AT(tn_transport_ops_t, listen, 32);
    AT(tn_transport_ops_t, open, 64);
    AT(tn_transport_ops_t, handshake, 96);
    AT(tn_transport_ops_t, readv, 104);
    AT(tn_transport_ops_t, close, 136);
    AT(tn_transport_ops_t, attach, 144);
    AT(tn_transport_ops_t, flush, 160);
    AT(tn_transport_ops_t, endpoint_state, 184);
    AT(tn_transport_ops_t, bind, 192);
    AT(tn_transport_ops_t, send, 208);
    assert_int_equal(sizeof(tn_transport_ops_t), 216);
    AT(tn_datagram_t, size, 16);
    assert_int_equal(sizeof(tn_datagram_t), 32);
}

static void test_abi_pattern_is_frozen(void **state)
{
    (void)state;
    AT(tn_pattern_ops_t, flags, 4);
    AT(tn_pattern_ops_t, wire_name, 8);
    AT(tn_pattern_ops_t, socket_state, 24);
    AT(tn_pattern_ops_t, open, 32);
    AT(tn_pattern_ops_t, attach, 48);
    AT(tn_pattern_ops_t, send, 96);
    AT(tn_pattern_ops_t, poll, 112);
    AT(tn_pattern_ops_t, subscribe, 136);
    AT(tn_pattern_ops_t, peer_number, 144);
    AT(tn_pattern_ops_t, old_types, 160);
    AT(tn_pattern_ops_t, join, 168);
    AT(tn_pattern_ops_t, peer_events, 176);
    assert_int_equal(sizeof(tn_pattern_ops_t), 184);
}

static void test_abi_mechanism_is_frozen(void **state)
{
    (void)state;
    AT(tn_mechanism_ops_t, state_size, 4);
    AT(tn_mechanism_ops_t, wire_name, 8);
    AT(tn_mechanism_ops_t, open, 16);
    AT(tn_mechanism_ops_t, next_command, 32);
    AT(tn_mechanism_ops_t, status, 48);
    AT(tn_mechanism_ops_t, decode, 64);
    AT(tn_mechanism_ops_t, flags, 72);
    AT(tn_mechanism_ops_t, endpoint_state, 80);
    AT(tn_mechanism_ops_t, prepare, 88);
    AT(tn_mechanism_ops_t, verdict, 104);
    assert_int_equal(sizeof(tn_mechanism_ops_t), 112);
}

static void test_abi_authenticator_is_frozen(void **state)
{
    (void)state;
    AT(tn_authenticator_ops_t, flags, 4);
    AT(tn_authenticator_ops_t, endpoint_state, 8);
    AT(tn_authenticator_ops_t, prepare, 16);
    AT(tn_authenticator_ops_t, ask, 32);
    assert_int_equal(sizeof(tn_authenticator_ops_t), 48);
    AT(tn_question_info_t, mechanism, 8);
    AT(tn_question_info_t, credentials, 48);
    AT(tn_answer_t, status, 4);
    AT(tn_answer_t, user_id, 16);
    assert_int_equal(sizeof(tn_answer_t), 48);
}

static void test_abi_host_table_is_frozen(void **state)
{
    (void)state;
    AT(tn_host_t, context, 8);
    AT(tn_host_t, log, 16);
    AT(tn_host_t, module_state, 56);
    AT(tn_host_t, msg_init_size, 64);
    AT(tn_host_t, stream_option, 112);
    AT(tn_host_t, stream_readv, 144);
    AT(tn_host_t, endpoint_join, 184);
    AT(tn_host_t, pipe_write, 192);
    AT(tn_host_t, fq_add, 288);
    AT(tn_host_t, random, 520);
    AT(tn_host_t, setup_option, 528);
    AT(tn_host_t, stream_set_property, 544);
    AT(tn_host_t, last_error, 600);
    AT(tn_host_t, handshake_fault, 608);
    AT(tn_host_t, socket_open, 632);
    AT(tn_host_t, listener_endpoint, 704);
    AT(tn_host_t, topics_again, 712);
    AT(tn_host_t, fan_repeat, 720);
    AT(tn_host_t, pipe_limit, 728);
    AT(tn_host_t, sock_deadline, 736);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_abi_message_is_frozen),
        cmocka_unit_test(test_abi_descriptor_is_frozen),
        cmocka_unit_test(test_abi_option_is_frozen),
        cmocka_unit_test(test_abi_transport_is_frozen),
        cmocka_unit_test(test_abi_pattern_is_frozen),
        cmocka_unit_test(test_abi_mechanism_is_frozen),
        cmocka_unit_test(test_abi_authenticator_is_frozen),
        cmocka_unit_test(test_abi_host_table_is_frozen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    return 0;
}

#endif
