/* SERVER and PEER; CLIENT is a DEALER, see test_dealer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t reqrep_LTX_tenon_module_v1;

static void test_server_numbers_its_peers(void **state)
{
    (void)state;
    RUN(reqrep, "server", "poll o", "recv = EAGAIN", "peer A", "peer B", "in A: x", "in B: y",
        "poll io", "recv: ^r1x", "recv: ^r2y", "poll o", "send: ^r2z", "send: ^r1w", "out B: z",
        "out A: w");
}

static void test_server_refuses_unknown_numbers(void **state)
{
    (void)state;
    RUN(reqrep, "server", "send: x = EHOSTUNREACH", "peer A", "send: x = EHOSTUNREACH",
        "send: ^r2x = EHOSTUNREACH", "none A", "send: ^r1x", "out A: x", "detach A",
        "send: ^r1x = EHOSTUNREACH", "peer A", "send: ^r1x = EHOSTUNREACH", "send: ^r2x",
        "out A: x");
}

static void test_server_waits_for_a_full_peer(void **state)
{
    (void)state;
    RUN(reqrep, "server", "peer A", "peer B", "hwm A 1", "send: ^r1x", "send: ^r1y = EAGAIN",
        "send: ^r2z", "drain A", "send: ^r1y", "out A: y", "drop hwm 0");
}

static void test_server_refuses_a_peer_that_is_going(void **state)
{
    (void)state;
    RUN(reqrep, "server", "peer A", "gone A", "send: ^r1x = EHOSTUNREACH", "drop peer_lost 0");
}

static void test_server_keeps_numbers_over_reconnects(void **state)
{
    (void)state;
    RUN(reqrep, "server", "outgoing A", "attach A", "send: ^r1x", "connect A", "out A: x", "lose A",
        "send: ^r1y", "connect A", "in A: z", "recv: ^r1z", "out A: y");
}

static void test_server_without_memory(void **state)
{
    (void)state;
    RUN(reqrep, "server", "oom 1", "attach A = ENOMEM", "attach A", "connect A", "fail A 1",
        "send: ^r2x = ENOMEM", "send: ^r2x", "out A: x");
}

static void test_server_greets(void **state)
{
    (void)state;
    RUN(reqrep, "server", "set hello_msg: hi", "peer A", "out A: hi", "lose A", "connect A",
        "out A: hi", "set hello_msg:", "peer B", "none B");
}

static void test_server_hears_of_a_lost_client(void **state)
{
    (void)state;
    RUN(reqrep, "server", "set disconnect_msg: bye", "peer A", "peer B", "in A: x", "recv: ^r1x",
        "detach A", "poll io", "in B: y", "recv: ^r1bye", "recv: ^r2y", "lose B", "recv: ^r2bye",
        "recv = EAGAIN", "poll o");
}

static void test_peer_numbers_its_connects(void **state)
{
    (void)state;
    RUN(reqrep, "peer", "outgoing A", "attach A", "number A: ^r1", "send: ^r1x", "out A: x",
        "connect A", "in A: y", "recv: ^r1y", "part: ^r2 = EHOSTUNREACH", "part: ^r1", "closed A",
        "send: ^r1x = EHOSTUNREACH", "part: ^r1 = EHOSTUNREACH");
}

static void test_peer_hears_of_both_ends(void **state)
{
    (void)state;
    RUN(reqrep, "peer", "set disconnect_msg: bye", "set hiccup_msg: hic", "outgoing A", "attach A",
        "connect A", "peer B", "lose A", "detach B", "recv: ^r1hic", "recv: ^r2bye",
        "recv = EAGAIN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_server_numbers_its_peers),
        cmocka_unit_test(test_server_refuses_unknown_numbers),
        cmocka_unit_test(test_server_waits_for_a_full_peer),
        cmocka_unit_test(test_server_refuses_a_peer_that_is_going),
        cmocka_unit_test(test_server_keeps_numbers_over_reconnects),
        cmocka_unit_test(test_server_without_memory),
        cmocka_unit_test(test_server_greets),
        cmocka_unit_test(test_server_hears_of_a_lost_client),
        cmocka_unit_test(test_peer_numbers_its_connects),
        cmocka_unit_test(test_peer_hears_of_both_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
