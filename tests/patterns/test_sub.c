#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t pubsub_LTX_tenon_module_v1;

static void test_sub_tells_its_peers(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "send: x = ENOTSUP", "peer A", "sub: a", "out A: ^Sa", "sub: ", "out A: ^S",
        "peer B", "out B: ^S", "out B: ^Sa", "unsub: a", "out A: ^Ca", "out B: ^Ca", "subs 1");
}

static void test_sub_counts_subscriptions(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "peer A", "sub: a", "sub: a", "out A: ^Sa", "out A: ^Sa", "unsub: a",
        "none A", "unsub: a", "out A: ^Ca", "unsub: a", "none A", "subs 0");
}

static void test_sub_filters_whole_messages(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "peer A", "in A: x|y|z", "recv = EAGAIN", "drop filtered 1", "sub: a",
        "in A: b|a", "in A: ab|^L", "in A: b", "in A: a", "recv: ab|^L", "recv: a", "recv = EAGAIN",
        "drop filtered 2");
}

static void test_sub_poll_agrees_with_recv(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "peer A", "sub: a", "poll -", "in A: b", "poll -", "in A: b", "in A: ^L",
        "in A: a^L|x", "poll i", "poll i", "drop filtered 3", "recv+: a^L", "poll i", "recv: x",
        "poll -");
}

static void test_sub_reads_a_polled_message_of_a_lost_peer(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "peer A", "sub: ", "in A: a|b", "poll i", "detach A", "recv: a|b");
}

static void test_sub_inverts_matching(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "set invert_matching 1", "peer A", "sub: a", "in A: a", "in A: b", "recv: b",
        "recv = EAGAIN", "drop filtered 1");
}

static void test_sub_tells_again_at_each_connection(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "attach A", "sub: a", "sub: b", "lose A", "connect A", "none A", "lose A",
        "connect A", "out A: ^Sa", "out A: ^Sb", "none A");
}

static void test_sub_tells_beyond_the_mark(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "peer A", "hwm A 1", "sub: a", "sub: b", "sub: c", "out A: ^Sa",
        "out A: ^Sb", "out A: ^Sc");
}

static void test_sub_without_memory_changes_nothing(void **state)
{
    (void)state;
    RUN(pubsub, "sub", "peer A", "peer B", "fail B 1", "sub: a = ENOMEM", "subs 0", "in A: a",
        "recv = EAGAIN", "oom 1", "sub: b = ENOMEM", "subs 0", "sub: c", "subs 1", "fail C 1",
        "attach C = ENOMEM");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sub_tells_its_peers),
        cmocka_unit_test(test_sub_counts_subscriptions),
        cmocka_unit_test(test_sub_filters_whole_messages),
        cmocka_unit_test(test_sub_poll_agrees_with_recv),
        cmocka_unit_test(test_sub_reads_a_polled_message_of_a_lost_peer),
        cmocka_unit_test(test_sub_inverts_matching),
        cmocka_unit_test(test_sub_tells_again_at_each_connection),
        cmocka_unit_test(test_sub_tells_beyond_the_mark),
        cmocka_unit_test(test_sub_without_memory_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
