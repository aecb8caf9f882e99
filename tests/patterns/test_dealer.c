#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t reqrep_LTX_tenon_module_v1;

static void test_dealer_sends_in_turn_and_receives_fairly(void **state)
{
    (void)state;
    RUN(reqrep, "dealer", "poll -", "send: x = EAGAIN", "peer A", "peer B", "poll o", "send: 1|x",
        "send: 2", "out A: 1|x", "out B: 2", "in A: a1", "in A: a2", "in B: b1|b2", "poll io",
        "recv: a1", "recv: b1|b2", "recv: a2");
}

static void test_dealer_keeps_messages_whole_at_a_loss(void **state)
{
    (void)state;
    RUN(reqrep, "dealer", "peer A", "peer B", "in A: x|y", "recv+: x", "send+: a", "detach A",
        "send: b", "none B", "recv: y", "send: c", "out B: c", "drop peer_lost 1");
}

static void test_dealer_probes_each_connection_between_messages(void **state)
{
    (void)state;
    RUN(reqrep, "dealer", "set probe_router 1", "attach A", "out A: ", "send: a", "connect A",
        "out A: a", "none A", "lose A", "connect A", "out A: ", "send+: b", "lose A", "connect A",
        "send: c", "out A: b|c", "none A");
}

static void test_dealer_greets_each_connection(void **state)
{
    (void)state;
    RUN(reqrep, "dealer", "set hello_msg: hi", "attach A", "out A: hi", "connect A", "none A",
        "lose A", "connect A", "out A: hi", "send+: x", "lose A", "connect A", "send: y",
        "out A: x|y", "none A");
}

static void test_dealer_hears_of_lost_connections_between_messages(void **state)
{
    (void)state;
    RUN(reqrep, "dealer", "set hiccup_msg: hic", "outgoing A", "outgoing B", "peer A", "peer B",
        "in A: x|y", "recv+: x", "lose B", "recv: y", "poll io", "recv: hic", "recv = EAGAIN",
        "peer C", "lose C", "recv = EAGAIN");
}

static void test_client_sends_in_turn(void **state)
{
    (void)state;
    RUN(reqrep, "client", "set hello_msg: hi", "set hiccup_msg: hic", "outgoing A",
        "send: x = EAGAIN", "peer A", "peer B", "out A: hi", "out B: hi", "send: 1", "send: 2",
        "out A: 1", "out B: 2", "in B: b", "lose A", "recv: hic", "recv: b", "poll o");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dealer_sends_in_turn_and_receives_fairly),
        cmocka_unit_test(test_dealer_keeps_messages_whole_at_a_loss),
        cmocka_unit_test(test_dealer_probes_each_connection_between_messages),
        cmocka_unit_test(test_dealer_greets_each_connection),
        cmocka_unit_test(test_dealer_hears_of_lost_connections_between_messages),
        cmocka_unit_test(test_client_sends_in_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
