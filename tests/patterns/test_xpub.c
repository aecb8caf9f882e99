#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t pubsub_LTX_tenon_module_v1;

static void test_xpub_shows_new_and_last_requests(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "peer A", "peer B", "poll o", "recv = EAGAIN", "in A: ^Sa", "in B: ^1a",
        "in B: ^1bc", "poll io", "recv: ^1a", "recv: ^1bc", "recv = EAGAIN", "in A: ^Ca",
        "recv = EAGAIN", "in B: ^0a", "recv: ^0a", "in B: ^Cnone", "recv: ^0none", "recv = EAGAIN");
}

static void test_xpub_sends_like_pub(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "peer A", "in A: ^Sa", "send: ax|y", "out A: ax|y", "send: b", "none A");
}

static void test_xpub_cancels_for_lost_peers(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "peer A", "peer B", "in A: ^Sa", "in A: ^Sb", "in B: ^Sb", "recv: ^1a",
        "recv: ^1b", "detach A", "recv: ^0a", "recv = EAGAIN", "detach B", "recv: ^0b");
}

static void test_xpub_verbose_shows_all_subscriptions(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "set xpub_verbose 1", "peer A", "peer B", "in A: ^Sa", "in B: ^Sa",
        "in A: ^Sa", "recv: ^1a", "recv: ^1a", "recv: ^1a", "in A: ^Ca", "recv = EAGAIN",
        "in A: ^Ca", "recv: ^0a", "recv = EAGAIN", "in B: ^Ca", "recv: ^0a");
}

static void test_xpub_verboser_shows_all_cancellations(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "set xpub_verboser 1", "peer A", "peer B", "in A: ^Sa", "in B: ^Sa",
        "recv: ^1a", "recv: ^1a", "in A: ^Ca", "recv: ^0a", "in A: ^Ca", "recv: ^0a", "in A: ^Sa",
        "recv: ^1a", "in A: ^Sa", "recv: ^1a", "in A: ^Ca", "recv: ^0a", "recv = EAGAIN",
        "in A: ^Sa", "recv: ^1a", "detach A", "recv: ^0a", "detach B", "recv: ^0a");
}

static void test_xpub_passes_messages_of_peers(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "peer A", "in A: hello|2world|^L", "recv: hello|2world|^L", "in A: ^1a|x|y",
        "recv: ^1a", "recv: x|y", "in A: ", "recv: ", "send: a", "out A: a");
}

static void test_xpub_shows_the_rest_of_a_request_when_told(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "set only_first_subscribe 1", "peer A", "in A: ^1a|^1b", "recv: ^1a",
        "recv: ^1b", "send: b", "none A");
}

static void test_xpub_manual_subscribes_for_the_peer_that_was_read(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "sub: x = ENOTSUP", "set xpub_manual 1", "sub: x", "peer A", "peer B",
        "in A: ^Sa", "in B: ^Sa", "send: a", "none A", "recv: ^1a", "sub: XA", "recv: ^1a",
        "sub: XB", "send: XA", "send: XB", "send: a", "out A: XA", "out B: XB", "none A", "none B",
        "subs 2", "in A: ^Ca", "recv: ^0a", "unsub: XA", "send: XA", "none A", "subs 1");
}

static void test_xpub_asks_once_for_a_peer(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "peer A", "in A: ^Sa", "in A: ^Sa", "recv: ^1a", "recv = EAGAIN",
        "in A: ^Ca", "recv: ^0a", "send: a", "none A", "in A: ^Cb", "recv: ^0b",
        "set xpub_manual 1", "in A: ^Sc", "in A: ^Sc", "recv: ^1c", "recv: ^1c", "sub: c", "sub: c",
        "in A: ^Cc", "recv: ^0c", "unsub: c", "send: c", "none A", "detach A", "recv = EAGAIN");
}

static void test_xpub_reads_every_frame_as_a_request(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "peer A", "in A: ^1a|x|^1b", "recv: ^1a", "recv+: x", "recv: ^1b",
        "send: b", "out A: b");
}

static void test_xpub_sends_the_last_value_to_the_peer_that_asked(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "set xpub_manual_last_value 1", "peer A", "peer B", "in A: ^Sa",
        "recv: ^1a", "sub: a", "send: a1", "out A: a1", "in B: ^Sa", "recv: ^1a", "sub: a",
        "send: a2|x", "none A", "out B: a2|x", "send: a3", "out A: a3", "out B: a3", "in B: ^Sb",
        "recv: ^1b", "sub: b", "send: zzz", "send: a4", "out A: a4", "out B: a4", "in A: ^Sb",
        "recv: ^1b", "detach A", "recv: ^0b", "recv: ^0a", "send: a5", "out B: a5");
}

static void test_xpub_manual_tells_of_lost_peers(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "set xpub_manual 1", "peer A", "in A: ^Sa", "in A: ^Sb", "recv: ^1a",
        "sub: X", "detach A", "sub: late", "recv: ^1b", "sub: late", "subs 0", "recv: ^0b",
        "recv: ^0a", "recv = EAGAIN", "send: X");
}

static void test_xpub_welcomes_each_connection(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "set xpub_welcome_msg: hello", "attach A", "out A: hello", "connect A",
        "none A", "lose A", "connect A", "out A: hello", "set xpub_welcome_msg: ", "peer B",
        "none B");
}

static void test_xpub_without_memory_drops_what_it_cannot_keep(void **state)
{
    (void)state;
    RUN(pubsub, "xpub", "peer A", "oom 1", "in A: ^L", "drop unread 1", "recv = EAGAIN", "in A: ^L",
        "recv: ^L");
    RUN(pubsub, "xpub", "peer A", "in A: 0", "oom 1", "in A: ^L|x|y", "drop unread 1", "oom 3",
        "in A: ^L|x|y", "drop unread 1", "recv: 0", "recv = EAGAIN", "oom 4", "in A: ^L|x|y",
        "drop unread 1", "in A: a|b", "recv: a|b", "recv = EAGAIN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_xpub_shows_new_and_last_requests),
        cmocka_unit_test(test_xpub_sends_like_pub),
        cmocka_unit_test(test_xpub_cancels_for_lost_peers),
        cmocka_unit_test(test_xpub_verbose_shows_all_subscriptions),
        cmocka_unit_test(test_xpub_verboser_shows_all_cancellations),
        cmocka_unit_test(test_xpub_passes_messages_of_peers),
        cmocka_unit_test(test_xpub_shows_the_rest_of_a_request_when_told),
        cmocka_unit_test(test_xpub_manual_subscribes_for_the_peer_that_was_read),
        cmocka_unit_test(test_xpub_asks_once_for_a_peer),
        cmocka_unit_test(test_xpub_reads_every_frame_as_a_request),
        cmocka_unit_test(test_xpub_sends_the_last_value_to_the_peer_that_asked),
        cmocka_unit_test(test_xpub_manual_tells_of_lost_peers),
        cmocka_unit_test(test_xpub_welcomes_each_connection),
        cmocka_unit_test(test_xpub_without_memory_drops_what_it_cannot_keep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
