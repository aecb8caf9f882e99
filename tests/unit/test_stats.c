#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "socket/stats.h"

static struct tni_counters counters;

static void test_counters_are_read_into_their_fields(void **state)
{
    tn_stats_t stats;

    (void)state;
    tni_counters_init(&counters);
    tni_count(&counters.messages_sent, 1);
    tni_count(&counters.bytes_sent, 20);
    tni_count_owned(&counters.messages_received, 3);
    tni_count_owned(&counters.bytes_received, 40);
    tni_count(&counters.peers, 6);
    tni_count_down(&counters.peers);
    tni_count_set(&counters.subscriptions, 6);
    tni_count(&counters.connections_made, 7);
    tni_count(&counters.connections_lost, 8);
    tni_count(&counters.handshakes_failed, 9);
    tni_count_drop(&counters, TN_DROP_HWM, 10);
    tni_count_drop(&counters, TN_DROP_UNREAD, 11);
    tni_counters_read(&counters, &stats);
    assert_int_equal(stats.messages_sent, 1);
    assert_int_equal(stats.bytes_sent, 20);
    assert_int_equal(stats.messages_received, 3);
    assert_int_equal(stats.bytes_received, 40);
    assert_int_equal(stats.peers, 5);
    assert_int_equal(stats.subscriptions, 6);
    assert_int_equal(stats.connections_made, 7);
    assert_int_equal(stats.connections_lost, 8);
    assert_int_equal(stats.handshakes_failed, 9);
    assert_int_equal(stats.dropped[TN_DROP_HWM], 10);
    assert_int_equal(stats.dropped[TN_DROP_UNREAD], 11);
    assert_int_equal(stats.dropped[TN_DROP_STATE], 0);
}

static void test_unknown_drop_reason_is_ignored(void **state)
{
    tn_stats_t stats;

    (void)state;
    tni_counters_init(&counters);
    tni_count_drop(&counters, -1, 1);
    tni_count_drop(&counters, TN_DROP_REASONS, 1);
    tni_counters_read(&counters, &stats);
    for (int i = 0; i < TN_DROP_REASONS; i++)
        assert_int_equal(stats.dropped[i], 0);
}

static void test_every_drop_reason_has_a_name(void **state)
{
    (void)state;
    for (int i = 0; i < TN_DROP_REASONS; i++)
        assert_string_not_equal(tn_drop_name(i), "unknown");
    assert_string_equal(tn_drop_name(TN_DROP_PEER_LOST), "peer_lost");
    assert_string_equal(tn_drop_name(-1), "unknown");
    assert_string_equal(tn_drop_name(TN_DROP_REASONS), "unknown");
}

static void *count_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10000; i++)
        tni_count_drop(&counters, TN_DROP_FILTERED, 1);
    return NULL;
}

static void test_threads_count_together(void **state)
{
    pthread_t other;
    tn_stats_t stats;

    (void)state;
    tni_counters_init(&counters);
    assert_int_equal(pthread_create(&other, NULL, count_many, NULL), 0);
    count_many(NULL);
    pthread_join(other, NULL);
    tni_counters_read(&counters, &stats);
    assert_int_equal(stats.dropped[TN_DROP_FILTERED], 20000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_are_read_into_their_fields),
        cmocka_unit_test(test_unknown_drop_reason_is_ignored),
        cmocka_unit_test(test_every_drop_reason_has_a_name),
        cmocka_unit_test(test_threads_count_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
