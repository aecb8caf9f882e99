#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t radio_LTX_tenon_module_v1;

static void test_radio_sends_to_members_of_exactly_that_group(void **state)
{
    (void)state;
    RUN(radio, "radio", "recv = ENOTSUP", "peer A", "peer B", "poll o", "in A: ^Jweather",
        "in B: ^Jweather1", "in B: ^Jnews", "subs 3", "group: weather", "send: sun",
        "out A: weather|sun", "none A", "none B", "group: news", "send: ^L", "out B: news|^L",
        "none A", "group: weath", "send: x", "none A", "none B", "group: ", "send: x", "none A",
        "none B");
}

static void test_radio_sends_without_a_group_to_the_empty_one(void **state)
{
    (void)state;
    RUN(radio, "radio", "peer A", "send: x", "none A", "in A: ^J", "send: x", "out A: |x");
}

static void test_radio_members_leave_and_go(void **state)
{
    (void)state;
    RUN(radio, "radio", "peer A", "peer B", "in A: ^Jg", "in A: ^Jg", "in B: ^Jg", "in B: ^Jh",
        "subs 3", "in A: ^Vg", "in A: ^Vg", "in A: ^Vnever", "subs 2", "group: g", "send: x",
        "none A", "out B: g|x", "detach B", "subs 0", "send: x", "none A");
}

static void test_radio_forgets_the_groups_of_an_earlier_connection(void **state)
{
    (void)state;
    RUN(radio, "radio", "peer A", "in A: ^Jg", "lose A", "connect A", "subs 0", "group: g",
        "send: x", "none A", "in A: ^Jg", "send: x", "out A: g|x");
}

static void test_radio_drops_for_a_full_member_alone(void **state)
{
    (void)state;
    RUN(radio, "radio", "peer A", "peer B", "in A: ^Jg", "in B: ^Jg", "hwm A 1", "group: g",
        "send: 1", "send: 2", "out A: g|1", "none A", "out B: g|1", "out B: g|2", "drop hwm 1");
}

static void test_radio_nodrop_waits_for_a_full_member(void **state)
{
    (void)state;
    RUN(radio, "radio", "set xpub_nodrop 1", "peer A", "peer B", "in A: ^Jg", "in B: ^Jg",
        "hwm A 1", "group: g", "send: 1", "out B: g|1", "send: 2 = EAGAIN", "none B", "group: h",
        "send: 3", "drain A", "group: g", "send: 2", "out A: g|2", "out B: g|2", "drop hwm 0");
}

static void test_radio_ignores_what_members_send(void **state)
{
    (void)state;
    RUN(radio, "radio", "peer A", "in A: ^1g", "in A: a|b", "subs 0", "in A: ^Sg", "subs 0",
        "in A: ^Jg", "subs 1");
}

static void test_radio_closes_a_member_that_it_cannot_remember(void **state)
{
    (void)state;
    RUN(radio, "radio", "peer A", "oom 1", "in A: ^Jg", "closed A", "subs 0");
    RUN(radio, "radio", "peer A", "in A: ^Jf", "oom 2", "in A: ^Jg", "closed A", "subs 0");
    RUN(radio, "radio", "peer A", "in A: ^Jf", "oom 3", "in A: ^Jg", "closed A", "subs 0",
        "group: g", "send: x", "none A");
}

static void test_dish_tells_its_peers(void **state)
{
    (void)state;
    RUN(radio, "dish", "send: x = ENOTSUP", "peer A", "join: a", "out A: ^Ja",
        "join: ", "out A: ^J", "subs 2", "join: a = EINVAL", "none A", "leave: b = EINVAL",
        "leave: a", "out A: ^Va", "peer B", "out B: ^J", "none B", "leave: ", "out A: ^V",
        "out B: ^V", "subs 0");
}

static void test_dish_tells_again_at_each_connection(void **state)
{
    (void)state;
    RUN(radio, "dish", "attach A", "join: a", "lose A", "connect A", "none A", "lose A",
        "connect A", "out A: ^Ja", "none A");
}

static void test_dish_filters_by_exact_group(void **state)
{
    (void)state;
    RUN(radio, "dish", "peer A", "join: a", "in A: b|x", "in A: ab|x", "in A: |x", "poll -",
        "drop filtered 3", "in A: a|^L", "poll i", "poll i", "recv: ^L", "from: a", "in A: a|y",
        "recv: y", "from: a", "recv = EAGAIN", "leave: a", "in A: a|z", "recv = EAGAIN",
        "drop filtered 1");
}

static void test_dish_drops_malformed_messages(void **state)
{
    (void)state;
    RUN(radio, "dish", "peer A", "join: a", "in A: a", "in A: a|x|y", "in A: a^L^L^L|x",
        "in A: a|z|z|z", "in A: a|good", "recv: good", "drop malformed 4");
}

static void test_dish_reads_a_polled_message_of_a_lost_peer(void **state)
{
    (void)state;
    RUN(radio, "dish", "peer A", "join: g", "in A: g|x", "poll i", "detach A", "recv: x",
        "from: g");
}

static void test_dish_takes_back_a_group_that_cannot_be_told(void **state)
{
    (void)state;
    RUN(radio, "dish", "peer A", "fail A 1", "join: a = ENOMEM", "subs 0", "drain A", "join: a",
        "out A: ^Ja", "oom 1", "join: b = ENOMEM", "subs 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_radio_sends_to_members_of_exactly_that_group),
        cmocka_unit_test(test_radio_sends_without_a_group_to_the_empty_one),
        cmocka_unit_test(test_radio_members_leave_and_go),
        cmocka_unit_test(test_radio_forgets_the_groups_of_an_earlier_connection),
        cmocka_unit_test(test_radio_drops_for_a_full_member_alone),
        cmocka_unit_test(test_radio_nodrop_waits_for_a_full_member),
        cmocka_unit_test(test_radio_ignores_what_members_send),
        cmocka_unit_test(test_radio_closes_a_member_that_it_cannot_remember),
        cmocka_unit_test(test_dish_tells_its_peers),
        cmocka_unit_test(test_dish_tells_again_at_each_connection),
        cmocka_unit_test(test_dish_filters_by_exact_group),
        cmocka_unit_test(test_dish_drops_malformed_messages),
        cmocka_unit_test(test_dish_reads_a_polled_message_of_a_lost_peer),
        cmocka_unit_test(test_dish_takes_back_a_group_that_cannot_be_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
