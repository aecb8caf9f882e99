#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t pair_LTX_tenon_module_v1;

static void test_pair_talks_both_ways(void **state)
{
    (void)state;
    RUN(pair, "pair", "poll -", "send: x = EAGAIN", "recv = EAGAIN", "peer A", "poll o",
        "send: a|^L", "out A: a|^L", "in A: x|y|z", "poll io", "recv: x|y|z", "recv = EAGAIN",
        "poll o");
}

static void test_second_peer_is_refused(void **state)
{
    (void)state;
    RUN(pair, "pair", "peer A", "attach B = EBUSY", "send: x", "out A: x", "detach A", "peer B",
        "send: y", "out B: y");
}

static void test_full_peer_blocks(void **state)
{
    (void)state;
    RUN(pair, "pair", "peer A", "hwm A 1", "send: x", "send: y = EAGAIN", "poll -", "drain A",
        "poll o", "send: y", "out A: y");
}

static void test_rest_of_a_lost_message_is_swallowed(void **state)
{
    (void)state;
    RUN(pair, "pair", "peer A", "send+: a|b", "detach A", "send: c", "drop peer_lost 1", "peer B",
        "none B", "send: d", "out B: d");
}

static void test_begun_message_is_read_to_its_end(void **state)
{
    (void)state;
    RUN(pair, "pair", "peer A", "in A: a|^L|c", "recv+: a", "detach A", "peer B", "in B: d",
        "poll io", "recv: ^L|c", "recv: d");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pair_talks_both_ways),
        cmocka_unit_test(test_second_peer_is_refused),
        cmocka_unit_test(test_full_peer_blocks),
        cmocka_unit_test(test_rest_of_a_lost_message_is_swallowed),
        cmocka_unit_test(test_begun_message_is_read_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
