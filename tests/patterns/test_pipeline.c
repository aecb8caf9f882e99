#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t pipeline_LTX_tenon_module_v1;

static void test_push_without_peer_blocks(void **state)
{
    (void)state;
    RUN(pipeline, "push", "poll -", "send: x = EAGAIN", "recv = ENOTSUP", "peer A", "poll o",
        "send: x", "out A: x");
}

static void test_push_takes_turns_by_message(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "peer B", "peer C", "send: 1", "send: 2a|2b|2c", "send: 3",
        "send: 4", "out A: 1", "out B: 2a|2b|2c", "out C: 3", "out A: 4");
}

static void test_push_skips_full_peers_and_returns_to_them(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "peer B", "hwm A 1", "hwm B 2", "send: 1", "send: 2", "send: 3",
        "send: 4 = EAGAIN", "poll -", "out A: 1", "out B: 2", "out B: 3", "drain A", "poll o",
        "send: 4", "out A: 4", "none B");
}

static void test_push_message_of_a_full_peer_goes_on(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "hwm A 1", "send+: a|b", "send: c", "out A: a|b|c");
}

static void test_push_drops_the_rest_for_a_lost_peer(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "send+: a|b", "detach A", "peer B", "send+: c", "send: d",
        "drop peer_lost 1", "none B", "send: e", "out B: e");
}

static void test_push_drops_the_rest_when_the_write_fails(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "peer B", "send+: a|b", "gone A", "send+: c", "send: d",
        "drop peer_lost 1", "none A", "send: e", "out B: e");
}

static void test_push_without_memory_keeps_nothing_of_a_message(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "fail A 1", "send: x = ENOMEM", "none A", "send: y", "out A: y",
        "send+: a", "fail A 1", "send+: b = ENOMEM", "send+: b", "send: c", "none A",
        "drop peer_lost 1", "send: d", "out A: d");
}

static void test_push_skips_a_peer_that_is_gone(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "peer B", "gone A", "send: x", "out B: x", "none A");
}

static void test_push_drops_what_a_peer_sends(void **state)
{
    (void)state;
    RUN(pipeline, "push", "peer A", "in A: x|y", "in A: z", "drop malformed 2");
}

static void test_pull_takes_turns_by_message(void **state)
{
    (void)state;
    RUN(pipeline, "pull", "poll -", "recv = EAGAIN", "send: x = ENOTSUP", "peer A", "peer B",
        "in A: a1|a2", "in A: a3", "in A: a4", "in B: b1", "in B: b2|^L", "poll i", "recv: a1|a2",
        "recv: b1", "recv: a3", "recv: b2|^L", "recv: a4", "recv = EAGAIN", "poll -", "in B: b3",
        "recv: b3");
}

static void test_pull_reads_a_begun_message_of_a_lost_peer(void **state)
{
    (void)state;
    RUN(pipeline, "pull", "peer A", "peer B", "in A: a1|a2|a3", "in B: b", "recv+: a1", "detach A",
        "poll i", "recv+: a2", "recv: a3", "recv: b");
}

static void test_pull_ends_a_message_it_cannot_keep(void **state)
{
    (void)state;
    RUN(pipeline, "pull", "peer A", "peer B", "in A: a1|a2|a3", "in B: b", "recv+: a1", "oom 2",
        "detach A", "recv+: a2", "recv: b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_push_without_peer_blocks),
        cmocka_unit_test(test_push_takes_turns_by_message),
        cmocka_unit_test(test_push_skips_full_peers_and_returns_to_them),
        cmocka_unit_test(test_push_message_of_a_full_peer_goes_on),
        cmocka_unit_test(test_push_drops_the_rest_for_a_lost_peer),
        cmocka_unit_test(test_push_drops_the_rest_when_the_write_fails),
        cmocka_unit_test(test_push_without_memory_keeps_nothing_of_a_message),
        cmocka_unit_test(test_push_skips_a_peer_that_is_gone),
        cmocka_unit_test(test_push_drops_what_a_peer_sends),
        cmocka_unit_test(test_pull_takes_turns_by_message),
        cmocka_unit_test(test_pull_reads_a_begun_message_of_a_lost_peer),
        cmocka_unit_test(test_pull_ends_a_message_it_cannot_keep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
