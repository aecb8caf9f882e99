#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zmtp/heartbeat.h"

static void peer_pings(struct tni_heartbeat *heartbeat, uint16_t ttl, uint64_t now)
{
    const struct tni_ping ping = {.ttl = ttl, .context_size = 3, .context = (const uint8_t *)"abc"};
    uint8_t pong[TNI_PING_SIZE_MAX];

    assert_int_equal(tni_heartbeat_on_ping(heartbeat, &ping, now, pong, sizeof pong), 8);
    assert_memory_equal(pong, "\x04PONGabc", 8);
}

static void test_off_has_no_deadline(void **state)
{
    struct tni_heartbeat heartbeat;

    (void)state;
    tni_heartbeat_init(&heartbeat, 0, 0, -1, 1000);
    assert_true(tni_heartbeat_deadline(&heartbeat) == TNI_HEARTBEAT_NEVER);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, UINT64_MAX - 1, NULL),
                     TNI_HEARTBEAT_NOTHING);
    tni_heartbeat_init(&heartbeat, -5, -5, 0, 1000);
    assert_true(tni_heartbeat_deadline(&heartbeat) == TNI_HEARTBEAT_NEVER);
}

static void test_ping_goes_each_interval_while_the_peer_answers(void **state)
{
    struct tni_heartbeat heartbeat;
    uint64_t now = 1000;

    (void)state;
    tni_heartbeat_init(&heartbeat, 100, 0, 50, now);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(tni_heartbeat_deadline(&heartbeat), now + 100);
        assert_int_equal(tni_heartbeat_on_timer(&heartbeat, now + 99, NULL), TNI_HEARTBEAT_NOTHING);
        now += 100;
        assert_int_equal(tni_heartbeat_on_timer(&heartbeat, now, NULL), TNI_HEARTBEAT_PING);
        assert_int_equal(tni_heartbeat_deadline(&heartbeat), now + 50);
        tni_heartbeat_on_traffic(&heartbeat, now + 49);
    }
}

static void test_silence_after_a_ping_is_death(void **state)
{
    struct tni_heartbeat heartbeat;
    const char *reason = NULL;

    (void)state;
    tni_heartbeat_init(&heartbeat, 100, 0, 250, 0);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 100, NULL), TNI_HEARTBEAT_PING);
    /* Further PINGs do not move the limit that the first unanswered one set. */
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 200, NULL), TNI_HEARTBEAT_PING);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 300, NULL), TNI_HEARTBEAT_PING);
    assert_int_equal(tni_heartbeat_deadline(&heartbeat), 350);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 350, &reason), TNI_HEARTBEAT_DEAD);
    assert_non_null(strstr(reason, "heartbeat"));
}

static void test_timeout_default_and_none(void **state)
{
    struct tni_heartbeat heartbeat;

    (void)state;
    tni_heartbeat_init(&heartbeat, 100, 0, -1, 0);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 100, NULL), TNI_HEARTBEAT_PING);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 200, NULL), TNI_HEARTBEAT_DEAD);
    tni_heartbeat_init(&heartbeat, 100, 0, 0, 0);
    for (uint64_t now = 100; now < 10000; now += 100)
        assert_int_equal(tni_heartbeat_on_timer(&heartbeat, now, NULL), TNI_HEARTBEAT_PING);
}

static void test_peers_ttl_closes_without_pings_of_ours(void **state)
{
    struct tni_heartbeat heartbeat;
    const char *reason = NULL;

    (void)state;
    tni_heartbeat_init(&heartbeat, 0, 0, -1, 0);
    peer_pings(&heartbeat, 65535, 1000);
    assert_int_equal(tni_heartbeat_deadline(&heartbeat), 1000 + TNI_HEARTBEAT_TTL_MAX);
    tni_heartbeat_on_traffic(&heartbeat, 2000);
    assert_int_equal(tni_heartbeat_deadline(&heartbeat), 2000 + TNI_HEARTBEAT_TTL_MAX);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 2000 + TNI_HEARTBEAT_TTL_MAX - 1, NULL),
                     TNI_HEARTBEAT_NOTHING);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 2000 + TNI_HEARTBEAT_TTL_MAX, &reason),
                     TNI_HEARTBEAT_DEAD);
    assert_non_null(strstr(reason, "time to live"));
}

static void test_ping_without_ttl_lifts_an_earlier_one(void **state)
{
    struct tni_heartbeat heartbeat;

    (void)state;
    tni_heartbeat_init(&heartbeat, 0, 0, -1, 0);
    peer_pings(&heartbeat, 10, 0);
    assert_int_equal(tni_heartbeat_deadline(&heartbeat), 1000);
    peer_pings(&heartbeat, 0, 500);
    assert_true(tni_heartbeat_deadline(&heartbeat) == TNI_HEARTBEAT_NEVER);
}

static void test_peers_ping_is_life(void **state)
{
    struct tni_heartbeat heartbeat;

    (void)state;
    tni_heartbeat_init(&heartbeat, 100, 0, 50, 0);
    assert_int_equal(tni_heartbeat_on_timer(&heartbeat, 100, NULL), TNI_HEARTBEAT_PING);
    peer_pings(&heartbeat, 0, 149);
    assert_int_equal(tni_heartbeat_deadline(&heartbeat), 200);
}

static void test_sent_ttl_is_limited(void **state)
{
    static const struct {
        int64_t ttl;
        uint16_t sent;
    } cases[] = {{-1, 0}, {0, 0}, {99, 0}, {100, 1}, {65500, 655}, {65501, 655}, {INT64_MAX, 655}};
    struct tni_heartbeat heartbeat;
    uint8_t body[TNI_PING_SIZE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tni_command_view view;
        struct tni_ping ping;
        ssize_t size;

        tni_heartbeat_init(&heartbeat, 1, cases[i].ttl, -1, 0);
        size = tni_heartbeat_ping(&heartbeat, body, sizeof body);
        assert_int_equal(size, 7);
        assert_int_equal(tni_command_parse(body, (size_t)size, &view), 0);
        assert_int_equal(tni_command_parse_ping(&view, &ping), 0);
        assert_int_equal(ping.ttl, cases[i].sent);
    }
    assert_int_equal(tni_heartbeat_ping(&heartbeat, body, 6), -EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_has_no_deadline),
        cmocka_unit_test(test_ping_goes_each_interval_while_the_peer_answers),
        cmocka_unit_test(test_silence_after_a_ping_is_death),
        cmocka_unit_test(test_timeout_default_and_none),
        cmocka_unit_test(test_peers_ttl_closes_without_pings_of_ours),
        cmocka_unit_test(test_ping_without_ttl_lifts_an_earlier_one),
        cmocka_unit_test(test_peers_ping_is_life),
        cmocka_unit_test(test_sent_ttl_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
