#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t pubsub_LTX_tenon_module_v1;

static void test_pub_sends_to_matching_peers(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "poll o", "send: lost", "recv = ENOTSUP", "peer A", "peer B", "in A: ^Sab",
        "in B: ^S", "send: abc|^L", "send: a", "out A: abc|^L", "out B: abc|^L", "out B: a",
        "none A");
}

static void test_pub_takes_requests_as_messages(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "in A: ^1a", "subs 1", "send: ax", "out A: ax", "in A: ^0a",
        "subs 0", "send: ax", "none A", "in A: ^1a|^1b|c", "send: b", "out A: b", "in A: junk",
        "in A: x|^1z", "send: z", "out A: z");
}

static void test_pub_parses_the_first_frame_alone_when_told(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "set only_first_subscribe 1", "peer A", "in A: ^1a|^1b", "send: a",
        "out A: a", "send: b", "none A");
}

static void test_pub_counts_subscriptions(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "peer B", "in A: ^Sa", "in A: ^Sa", "in B: ^Sa", "subs 2",
        "send: a", "out A: a", "none A", "out B: a", "in A: ^Ca", "subs 1", "send: a", "none A",
        "out B: a", "in A: ^Ca", "subs 1", "detach B", "subs 0");
}

static void test_pub_sends_once_for_several_matches(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "in A: ^S", "in A: ^Sa", "in A: ^Sab", "send: abc", "out A: abc",
        "none A");
}

static void test_pub_drops_for_full_peers(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "peer B", "in A: ^S", "in B: ^S", "hwm A 1", "send: 1",
        "send: 2|3", "drop hwm 1", "out A: 1", "none A", "out B: 1", "out B: 2|3", "drain A",
        "send: 4", "out A: 4");
}

static void test_pub_sends_whole_messages_to_those_of_the_first_frame(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "peer B", "in A: ^S", "send+: 1", "in B: ^S", "send+: 2",
        "detach A", "send: 3", "none B", "send: 4", "out B: 4");
}

static void test_pub_without_memory_drops_for_that_peer(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "peer B", "in A: ^S", "in B: ^S", "fail A 1", "send: 1",
        "drop peer_lost 1", "none A", "out B: 1", "send+: 2", "fail A 1", "send: 3", "none A",
        "out B: 2|3", "drop peer_lost 1");
}

static void test_pub_lossless_waits_for_a_full_match(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "set xpub_nodrop 1", "peer A", "peer B", "in A: ^Sa", "in B: ^S", "hwm A 1",
        "send: a1", "send: a2 = EAGAIN", "out B: a1", "none B", "send: b", "out B: b", "drain A",
        "send: a2", "out A: a2", "out B: a2");
}

static void test_pub_inverts_matching(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "set invert_matching 1", "peer A", "peer B", "in A: ^Sa", "in B: ^Sb",
        "send: a", "send: b", "send: c", "out A: b", "out A: c", "out B: a", "out B: c", "none A",
        "none B");
}

static void test_pub_forgets_what_the_last_connection_wanted(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "in A: ^Sa", "lose A", "send: a", "out A: a", "connect A",
        "subs 0", "send: a", "none A", "in A: ^Sb", "send: b", "out A: b");
}

static void test_pub_without_memory_for_a_subscription_closes_the_peer(void **state)
{
    (void)state;
    RUN(pubsub, "pub", "peer A", "in A: ^Sb", "oom 1", "in A: ^Sa", "closed A", "subs 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pub_sends_to_matching_peers),
        cmocka_unit_test(test_pub_takes_requests_as_messages),
        cmocka_unit_test(test_pub_parses_the_first_frame_alone_when_told),
        cmocka_unit_test(test_pub_counts_subscriptions),
        cmocka_unit_test(test_pub_sends_once_for_several_matches),
        cmocka_unit_test(test_pub_drops_for_full_peers),
        cmocka_unit_test(test_pub_sends_whole_messages_to_those_of_the_first_frame),
        cmocka_unit_test(test_pub_without_memory_drops_for_that_peer),
        cmocka_unit_test(test_pub_lossless_waits_for_a_full_match),
        cmocka_unit_test(test_pub_inverts_matching),
        cmocka_unit_test(test_pub_forgets_what_the_last_connection_wanted),
        cmocka_unit_test(test_pub_without_memory_for_a_subscription_closes_the_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
