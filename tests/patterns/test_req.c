#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t reqrep_LTX_tenon_module_v1;

static void test_req_alternates(void **state)
{
    (void)state;
    RUN(reqrep, "req", "poll -", "recv = EFSM", "send: x = EAGAIN", "peer A", "poll o", "send: x|y",
        "poll -", "out A: |x|y", "send: z = EFSM", "recv = EAGAIN", "in A: |r|s", "poll i",
        "recv+: r", "send: z = EFSM", "recv: s", "recv = EFSM", "send: z", "out A: |z");
}

static void test_req_cannot_receive_in_the_middle_of_a_request(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "send+: a", "recv = EFSM", "poll o", "send: b", "out A: |a|b");
}

static void test_req_takes_turns(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "peer B", "send: 1", "in A: |r", "recv: r", "send: 2", "out A: |1",
        "out B: |2");
}

static void test_req_drops_replies_of_others(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "peer B", "send: 1", "in B: |wrong", "poll -", "recv = EAGAIN",
        "drop state 1", "in A: |right", "recv: right");
}

static void test_req_closes_peers_that_send_malformed_replies(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "peer B", "peer C", "peer D", "send: 1", "in A: x",
        "in B: ", "in C: x|y", "recv = EAGAIN", "drop malformed 3", "closed A", "closed B",
        "closed C", "poll -", "in D: 1234||r", "in D: |r", "poll -", "drop state 2");
}

static void test_req_drops_late_replies_at_the_next_request(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "send: 1", "in A: |r", "in A: |late|er", "recv: r", "send: 2",
        "drop state 1", "recv = EAGAIN", "in A: |s", "recv: s", "in A: |late", "drop state 1",
        "poll o");
}

static void test_req_relaxed_may_send_again(void **state)
{
    (void)state;
    RUN(reqrep, "req", "set req_relaxed 1", "peer A", "peer B", "send: 1", "poll o", "send: 2",
        "in A: |old", "recv = EAGAIN", "drop state 1", "in B: |new|er", "recv+: new", "send: 3",
        "out A: |1", "out A: |3", "out B: |2", "in A: |r", "recv: r");
}

static void test_req_correlate_takes_only_its_reply(void **state)
{
    (void)state;
    RUN(reqrep, "req", "set req_correlate 1", "set req_relaxed 1", "peer A", "send: 1",
        "out A: ^q1||1", "send: 2", "out A: ^q2||2", "in A: ^q1||old", "in A: |plain",
        "recv = EAGAIN", "drop state 2", "in A: ^q2||new", "poll io", "recv: new",
        "set req_correlate 0", "send: 3", "out A: |3", "set req_correlate 1 = EFSM",
        "in A: 1234|x|y", "recv = EAGAIN", "drop malformed 1", "closed A");
}

static void test_req_closes_a_peer_that_answers_unasked(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "in A: |late", "drop state 1", "in A: junk", "drop malformed 1",
        "closed A", "poll -", "peer B", "send: 1", "out B: |1");
}

static void test_req_waits_when_its_peer_is_lost(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "send: 1", "detach A", "peer B", "in B: |x", "recv = EAGAIN",
        "send: 2 = EFSM", "drop state 1");
}

static void test_req_without_memory_has_sent_nothing(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "fail A 1", "send: x = ENOMEM", "fail A 2", "send: x = ENOMEM",
        "none A", "recv = EFSM", "send: x", "out A: |x", "set req_relaxed 1", "set req_correlate 0",
        "fail A 1", "send: y = ENOMEM", "send: z", "out A: |z");
}

static void test_req_probes_each_connection(void **state)
{
    (void)state;
    RUN(reqrep, "req", "set probe_router 1", "attach A", "out A: ", "connect A", "none A", "lose A",
        "connect A", "out A: ", "send+: a", "lose A", "connect A", "send: b", "out A: |a|b");
}

static void test_req_goes_the_short_way_between_requests(void **state)
{
    (void)state;
    RUN(reqrep, "req", "short: x = EAGAIN", "peer A", "short: 1", "out A: |1", "short: 2 = EAGAIN",
        "send: 2 = EFSM", "poll -", "in A: |r", "get: r", "poll o", "recv = EFSM", "send: 2",
        "in A: |s", "get: s", "short: 3", "out A: |2", "out A: |3", "in A: |t", "recv: t",
        "short: 4", "in A: |u", "poll i", "get = EAGAIN", "recv: u", "get = EAGAIN");
}

static void test_req_that_has_something_to_drop_does_not_go_the_short_way(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "short: 1", "in A: |r", "in A: |late", "get: r",
        "short: 2 = EAGAIN", "send: 2", "drop state 1", "in A: |s", "get: s");
}

static void test_req_takes_the_short_way_to_and_from_its_peer_alone(void **state)
{
    (void)state;
    RUN(reqrep, "req", "peer A", "peer B", "short: 1 = EAGAIN", "send: 1", "detach B", "out A: |1",
        "in A: |r", "get: r", "short: 2", "peer B", "detach A", "in B: |x", "get = EAGAIN",
        "recv = EAGAIN", "drop state 1", "short: 3 = EAGAIN");
}

static void test_req_that_correlates_does_not_go_the_short_way(void **state)
{
    (void)state;
    RUN(reqrep, "req", "set req_correlate 1", "peer A", "short: 1 = EAGAIN", "send: 1", "in A: |r",
        "get = EAGAIN", "recv = EAGAIN", "drop state 1", "in A: ^q1||s", "recv: s");
}

static void test_req_that_is_relaxed_asks_again_by_the_other_way(void **state)
{
    (void)state;
    RUN(reqrep, "req", "set req_relaxed 1", "peer A", "short: 1", "short: 2 = EAGAIN", "send: 2",
        "out A: |1", "out A: |2", "in A: |r", "get: r", "in A: |old", "drop state 1", "short: 3",
        "out A: |3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_req_alternates),
        cmocka_unit_test(test_req_cannot_receive_in_the_middle_of_a_request),
        cmocka_unit_test(test_req_takes_turns),
        cmocka_unit_test(test_req_drops_replies_of_others),
        cmocka_unit_test(test_req_closes_peers_that_send_malformed_replies),
        cmocka_unit_test(test_req_closes_a_peer_that_answers_unasked),
        cmocka_unit_test(test_req_drops_late_replies_at_the_next_request),
        cmocka_unit_test(test_req_relaxed_may_send_again),
        cmocka_unit_test(test_req_correlate_takes_only_its_reply),
        cmocka_unit_test(test_req_waits_when_its_peer_is_lost),
        cmocka_unit_test(test_req_without_memory_has_sent_nothing),
        cmocka_unit_test(test_req_probes_each_connection),
        cmocka_unit_test(test_req_goes_the_short_way_between_requests),
        cmocka_unit_test(test_req_that_has_something_to_drop_does_not_go_the_short_way),
        cmocka_unit_test(test_req_takes_the_short_way_to_and_from_its_peer_alone),
        cmocka_unit_test(test_req_that_correlates_does_not_go_the_short_way),
        cmocka_unit_test(test_req_that_is_relaxed_asks_again_by_the_other_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
