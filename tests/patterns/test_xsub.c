#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t pubsub_LTX_tenon_module_v1;

static void test_xsub_sends_subscriptions_as_requests(void **state)
{
    (void)state;
    RUN(pubsub, "xsub", "poll o", "peer A", "send: ^1a", "out A: ^Sa", "send: ^1a", "out A: ^Sa",
        "send: ^0a", "none A", "send: ^0a", "out A: ^Ca", "send: ^0a", "none A",
        "sub: a = ENOTSUP");
}

static void test_xsub_passes_other_messages(void **state)
{
    (void)state;
    RUN(pubsub, "xsub", "peer A", "peer B", "send: hello|^1x|^L", "out A: hello|^1x|^L",
        "out B: hello|^1x|^L", "send: ", "out A: ", "hwm A 1", "send: 1", "send: 2", "drop hwm 1",
        "out A: 1", "none A");
}

static void test_xsub_reads_later_frames_as_requests_too(void **state)
{
    (void)state;
    RUN(pubsub, "xsub", "peer A", "send: ^1a|^1b|c|^1d", "out A: ^Sa", "out A: ^Sb", "out A: c|^1d",
        "set only_first_subscribe 1", "send: ^1e|^1f", "out A: ^Se", "out A: ^1f");
}

static void test_xsub_receives_without_a_filter(void **state)
{
    (void)state;
    RUN(pubsub, "xsub", "peer A", "peer B", "in A: x|y", "in B: z", "poll io", "recv: x|y",
        "recv: z", "poll o");
}

static void test_xsub_tells_again_at_each_connection(void **state)
{
    (void)state;
    RUN(pubsub, "xsub", "send: ^1a", "attach A", "out A: ^Sa", "connect A", "none A", "send+: x",
        "lose A", "connect A", "out A: ^Sa", "send: y", "none A", "send: z", "out A: z");
}

static void test_xsub_passes_all_cancellations_when_told(void **state)
{
    (void)state;
    RUN(pubsub, "xsub", "set xsub_verbose_unsubscribe 1", "peer A", "send: ^1a", "send: ^1a",
        "send: ^0a", "send: ^0a", "out A: ^Sa", "out A: ^Sa", "out A: ^Ca", "out A: ^Ca", "none A");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xsub_sends_subscriptions_as_requests),
        cmocka_unit_test(test_xsub_passes_other_messages),
        cmocka_unit_test(test_xsub_reads_later_frames_as_requests_too),
        cmocka_unit_test(test_xsub_receives_without_a_filter),
        cmocka_unit_test(test_xsub_tells_again_at_each_connection),
        cmocka_unit_test(test_xsub_passes_all_cancellations_when_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
