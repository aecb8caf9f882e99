#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t reqrep_LTX_tenon_module_v1;

static void test_router_names_its_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "poll o", "recv = EAGAIN", "id A: alice", "peer A", "peer B", "peer C",
        "in A: x|y", "in B: z", "in C: ^L", "poll io", "recv: alice|x|y", "recv: ^n1|z",
        "recv: ^n2|^L", "send: alice|1", "send: ^n2|2|3", "out A: 1", "out C: 2|3", "none B");
}

static void test_router_takes_a_long_id(void **state)
{
    (void)state;
    RUN(reqrep, "router", "id A: ^L", "peer A", "in A: x", "recv: ^L|x", "send: ^L|y", "out A: y");
}

static void test_router_drops_for_unknown_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "peer A", "send: bob|x|y", "send: |x", "drop unroutable 2", "none A",
        "send: bob", "drop unroutable 1", "send: ^n1", "none A", "send: ^n1|x", "out A: x");
}

static void test_router_mandatory_fails_for_unknown_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set router_mandatory 1", "poll -", "send: bob|x = EHOSTUNREACH",
        "id A: bob", "attach A", "send: bob|x = EHOSTUNREACH", "connect A", "poll o", "send: bob|x",
        "out A: x");
}

static void test_router_drops_for_full_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "id A: bob", "peer A", "hwm A 1", "send: bob|1", "send: bob|2|3",
        "poll o", "drop hwm 1", "out A: 1", "none A");
}

static void test_router_mandatory_blocks_for_full_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set router_mandatory 1", "id A: bob", "peer A", "hwm A 1",
        "send: bob|1|2", "send: bob|3 = EAGAIN", "poll -", "peer B", "poll o", "out A: 1|2",
        "send: bob|3", "out A: 3");
}

static void test_router_ignores_a_second_peer_of_the_same_id(void **state)
{
    (void)state;
    RUN(reqrep, "router", "id A: bob", "id B: bob", "peer A", "peer B", "in B: x", "recv = EAGAIN",
        "poll o", "drop unread 1", "send: bob|y", "out A: y", "none B", "detach A", "send: bob|z",
        "drop unroutable 1", "none B", "detach B");
}

static void test_router_handover_closes_the_old_peer(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set router_handover 1", "id A: bob", "id B: bob", "peer A", "in A: old",
        "peer B", "closed A", "in B: new", "recv: bob|new", "send: bob|y", "out B: y");
}

static void test_router_handover_in_the_middle_of_messages(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set router_handover 1", "id A: bob", "id B: bob", "peer A",
        "in A: x|y|z", "recv+: bob|x", "send+: bob|1", "peer B", "closed A", "send: 2",
        "drop peer_lost 1", "none B", "recv: y|z", "send: bob|3", "out B: 3");
}

static void test_router_delivers_a_message_whose_id_was_read(void **state)
{
    (void)state;
    RUN(reqrep, "router", "peer A", "peer B", "in A: x|y", "recv+: ^n1", "detach A", "in B: z",
        "recv: x|y", "recv: ^n2|z");
}

static void test_router_swallows_the_rest_for_a_lost_peer(void **state)
{
    (void)state;
    RUN(reqrep, "router", "id A: bob", "peer A", "send+: bob|x", "detach A", "send+: y", "send: z",
        "drop peer_lost 1", "send: bob|x", "drop unroutable 1");
}

static void test_router_takes_the_id_of_its_connect(void **state)
{
    (void)state;
    RUN(reqrep, "router", "id A: alice", "next A: mine", "attach A", "send: mine|x", "out A: x",
        "connect A", "in A: y", "recv: mine|y", "send: alice|z", "drop unroutable 1",
        "next B: mine", "attach B = EINVAL");
}

static void test_router_keeps_ids_over_reconnects(void **state)
{
    (void)state;
    RUN(reqrep, "router", "peer A", "lose A", "send: ^n1|x", "connect A", "in A: y", "recv: ^n1|y",
        "out A: x");
}

static void test_router_probes(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set probe_router 1", "attach A", "none A", "connect A",
        "out A: ", "lose A", "connect A", "out A: ", "send+: ^n1|x", "lose A", "connect A",
        "send: y", "out A: x|y");
}

static void test_router_without_memory(void **state)
{
    (void)state;
    RUN(reqrep, "router", "oom 1", "attach A", "connect A = ENOMEM", "connect A", "send: ^n2|x",
        "out A: x", "send+: ^n2", "fail A 1", "send+: y = ENOMEM", "send+: y", "send: z", "none A",
        "drop peer_lost 1");
}

static void test_router_knows_many_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "peer A", "peer B", "peer C", "peer D", "peer E", "peer F", "peer G",
        "peer H", "send: ^n8|x", "out H: x", "detach C", "send: ^n3|x", "drop unroutable 1",
        "send: ^n7|y", "out G: y");
}

static void test_router_notifies(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set router_notify 3", "id A: bob", "peer A", "in A: x|y", "poll io",
        "recv: bob|", "recv+: bob|x", "peer B", "recv: y", "recv: ^n1|", "lose A", "connect A",
        "recv: bob|", "recv: bob|", "detach B", "recv: ^n1|", "recv = EAGAIN", "id C: bob",
        "peer C", "detach C", "recv = EAGAIN", "set router_notify 1", "lose A", "connect A",
        "recv: bob|", "set router_notify 2", "peer D", "recv = EAGAIN", "lose D", "recv: ^n2|",
        "poll o");
}

static void test_router_greets_and_hears_of_lost_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set hello_msg: hi", "set disconnect_msg: bye", "id A: bob", "peer A",
        "out A: hi", "lose A", "recv: bob|bye", "outgoing B", "next B: al", "attach B", "out B: hi",
        "connect B", "none B", "lose B", "connect B", "out B: hi", "recv = EAGAIN", "poll o");
}

static void test_stream_names_its_connections(void **state)
{
    (void)state;
    RUN(reqrep, "stream", "poll o", "peer A", "peer B", "in A: x", "poll io", "recv: ^n1|",
        "recv: ^n2|", "recv: ^n1|x", "send: ^n2|y", "out B: y", "none A", "lose A", "detach A",
        "recv: ^n1|", "send: ^n1|z = EHOSTUNREACH", "recv = EAGAIN");
}

static void test_stream_sends_one_frame_whatever_its_flags(void **state)
{
    (void)state;
    RUN(reqrep, "stream", "peer A", "send+: ^n1|x", "out A: x", "send: ^n1|y|^n1|", "out A: y",
        "closed A", "send: ^n1|z = EHOSTUNREACH", "recv: ^n1|", "recv = EAGAIN",
        "drop peer_lost 0");
}

static void test_stream_refuses_for_full_peers(void **state)
{
    (void)state;
    RUN(reqrep, "stream", "peer A", "hwm A 1", "send: ^n1|x", "send: ^n1|y = EAGAIN", "drain A",
        "send: ^n1|y", "out A: y", "send: bob|x = EHOSTUNREACH");
}

static void test_stream_without_notices(void **state)
{
    (void)state;
    RUN(reqrep, "stream", "set stream_notify 0", "peer A", "lose A", "detach A", "recv = EAGAIN");
}

static void test_stream_sends_before_it_is_connected(void **state)
{
    (void)state;
    RUN(reqrep, "stream", "outgoing A", "attach A", "send: ^n1|x", "out A: x", "connect A",
        "recv: ^n1|", "next B: web", "outgoing B", "attach B", "send: web|y", "out B: y",
        "next C: web", "attach C = EINVAL");
}

static void test_raw_router_drops_for_unknown_peers(void **state)
{
    (void)state;
    RUN(reqrep, "router", "set router_raw 1", "id A: bob", "peer A", "recv: ^n1|", "send: bob|x",
        "drop unroutable 1", "send: ^n1|x", "out A: x", "send: ^n1|", "closed A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_router_names_its_peers),
        cmocka_unit_test(test_router_takes_a_long_id),
        cmocka_unit_test(test_router_drops_for_unknown_peers),
        cmocka_unit_test(test_router_mandatory_fails_for_unknown_peers),
        cmocka_unit_test(test_router_drops_for_full_peers),
        cmocka_unit_test(test_router_mandatory_blocks_for_full_peers),
        cmocka_unit_test(test_router_ignores_a_second_peer_of_the_same_id),
        cmocka_unit_test(test_router_handover_closes_the_old_peer),
        cmocka_unit_test(test_router_handover_in_the_middle_of_messages),
        cmocka_unit_test(test_router_delivers_a_message_whose_id_was_read),
        cmocka_unit_test(test_router_swallows_the_rest_for_a_lost_peer),
        cmocka_unit_test(test_router_takes_the_id_of_its_connect),
        cmocka_unit_test(test_router_keeps_ids_over_reconnects),
        cmocka_unit_test(test_router_probes),
        cmocka_unit_test(test_router_without_memory),
        cmocka_unit_test(test_router_knows_many_peers),
        cmocka_unit_test(test_router_notifies),
        cmocka_unit_test(test_stream_names_its_connections),
        cmocka_unit_test(test_stream_sends_one_frame_whatever_its_flags),
        cmocka_unit_test(test_stream_refuses_for_full_peers),
        cmocka_unit_test(test_stream_without_notices),
        cmocka_unit_test(test_stream_sends_before_it_is_connected),
        cmocka_unit_test(test_raw_router_drops_for_unknown_peers),
        cmocka_unit_test(test_router_greets_and_hears_of_lost_peers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
