#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t reqrep_LTX_tenon_module_v1;

static void test_rep_alternates(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "poll -", "recv = EAGAIN", "send: x = EFSM", "peer A", "in A: |q1|q2",
        "in A: |next", "poll i", "recv+: q1", "send: x = EFSM", "poll i", "recv: q2", "poll o",
        "recv = EFSM", "send+: a", "recv = EFSM", "send: b", "out A: |a|b", "recv: next");
}

static void test_rep_keeps_the_envelope(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: hop1|^L|hop3||q", "recv: q", "send: r|s",
        "out A: hop1|^L|hop3||r|s");
}

static void test_rep_keeps_a_long_envelope(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: 1|2|3|4|5||q", "recv: q", "send: r", "out A: 1|2|3|4|5||r",
        "in A: |p", "recv: p", "send: s", "out A: |s");
}

static void test_rep_drops_malformed_requests(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: x", "in A: ", "in A: x|y|z", "in A: x|", "poll -",
        "drop malformed 4", "in A: |q", "recv: q");
}

static void test_rep_serves_peers_in_turn(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "peer B", "in A: |a1", "in A: |a2", "in B: |b1", "recv: a1",
        "send: r", "recv: b1", "send: s", "recv: a2", "send: t", "out A: |r", "out A: |t",
        "out B: |s");
}

static void test_rep_reply_to_a_lost_peer_is_dropped(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: |q", "recv: q", "detach A", "poll o", "send+: r", "send: s",
        "drop unroutable 1", "peer B", "in B: |p", "recv: p", "send: t", "out B: |t");
}

static void test_rep_reply_to_a_full_peer_is_dropped(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "hwm A 1", "in A: |q", "recv: q", "send: r", "in A: |p", "recv: p",
        "send: s", "drop hwm 1", "out A: |r", "none A");
}

static void test_rep_reply_is_dropped_when_its_peer_is_lost_in_the_middle(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: |q", "recv: q", "send+: r", "detach A", "send: s",
        "drop peer_lost 1", "peer A", "none A");
}

static void test_rep_reads_a_begun_request_of_a_lost_peer(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: |q1|q2|q3", "recv+: q1", "detach A", "recv: q2|q3",
        "send: r", "drop unroutable 1");
}

static void test_rep_without_memory_may_reply_again(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: hop||q", "recv: q", "fail A 1", "send: r = ENOMEM",
        "fail A 3", "send: r = ENOMEM", "none A", "send: r", "out A: hop||r", "in A: |q", "oom 1",
        "recv: q", "send: s", "in A: hop||q", "recv: q", "send: t");
}

static void test_rep_without_memory_drops_the_request(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: hop||q", "oom 1", "recv = ENOMEM", "drop unread 1",
        "recv = EAGAIN", "in A: hop||p", "recv: p", "send: r", "out A: hop||r");
}

static void test_rep_goes_the_short_way_between_requests(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "short: x = EAGAIN", "peer A", "short: x = EAGAIN", "in A: |q", "get: q",
        "poll o", "in A: |next", "get = EAGAIN", "recv = EFSM", "short: r", "out A: |r",
        "short: x = EAGAIN", "send: x = EFSM", "get: next", "send: s", "out A: |s", "in A: |p",
        "recv: p", "short: t", "out A: |t", "in A: |o", "poll i", "get = EAGAIN", "recv: o",
        "send+: u", "short: v = EAGAIN", "send: v", "out A: |u|v");
}

static void test_rep_that_keeps_an_envelope_does_not_reply_the_short_way(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "in A: hop||q", "recv: q", "short: r = EAGAIN", "send: r",
        "out A: hop||r", "in A: |q", "get: q", "short: r", "out A: |r");
}

static void test_rep_replies_the_short_way_to_who_asked(void **state)
{
    (void)state;
    RUN(reqrep, "rep", "peer A", "peer B", "in A: |a", "in B: |b", "get = EAGAIN", "recv: a",
        "short: r", "out A: |r", "none B", "recv: b", "detach B", "short: s = EAGAIN", "send: s",
        "drop unroutable 1", "in A: |c", "get: c", "detach A", "short: t = EAGAIN", "send: t",
        "drop unroutable 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rep_alternates),
        cmocka_unit_test(test_rep_keeps_the_envelope),
        cmocka_unit_test(test_rep_keeps_a_long_envelope),
        cmocka_unit_test(test_rep_drops_malformed_requests),
        cmocka_unit_test(test_rep_serves_peers_in_turn),
        cmocka_unit_test(test_rep_reply_to_a_lost_peer_is_dropped),
        cmocka_unit_test(test_rep_reply_to_a_full_peer_is_dropped),
        cmocka_unit_test(test_rep_reply_is_dropped_when_its_peer_is_lost_in_the_middle),
        cmocka_unit_test(test_rep_reads_a_begun_request_of_a_lost_peer),
        cmocka_unit_test(test_rep_without_memory_may_reply_again),
        cmocka_unit_test(test_rep_without_memory_drops_the_request),
        cmocka_unit_test(test_rep_goes_the_short_way_between_requests),
        cmocka_unit_test(test_rep_that_keeps_an_envelope_does_not_reply_the_short_way),
        cmocka_unit_test(test_rep_replies_the_short_way_to_who_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
