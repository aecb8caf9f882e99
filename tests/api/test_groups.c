/* RADIO and DISH over stream transports and inproc (RFC 48). */
#include "api.h"

#include <unistd.h>

static void send_to(tn_socket_t *radio, const char *group, const char *text)
{
    tn_msg_t msg;

    assert_ok(tn_msg_init_copy(&msg, text, strlen(text)));
    assert_ok(tn_msg_set_group(&msg, group));
    assert_ok(tn_msg_send(radio, &msg, 0));
}

static void expect_from(tn_socket_t *dish, const char *group, const char *text)
{
    tn_msg_t msg;

    tn_msg_init(&msg);
    assert_int_equal(assert_ok(tn_msg_recv(dish, &msg, 0)), strlen(text));
    assert_memory_equal(tn_msg_data(&msg), text, strlen(text));
    assert_string_equal(tn_msg_group(&msg), group);
    assert_false(tn_msg_more(&msg));
    tn_msg_close(&msg);
}

static void exchange(const char *endpoint, bool radio_binds)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    char large[20000];

    assert_ok(tn_join(dish, "weather"));
    assert_ok(tn_join(dish, ""));
    api_join(radio_binds ? radio : dish, radio_binds ? dish : radio, endpoint);
    assert_int_equal(assert_ok(tn_wait_subscribers(radio, 2, API_TIMEOUT_MS)), 2);
    send_to(radio, "weath", "no");
    send_to(radio, "weather", "sun");
    send_to(radio, "weather1", "no");
    api_send(radio, "of the empty group", 0);
    expect_from(dish, "weather", "sun");
    expect_from(dish, "", "of the empty group");
    memset(large, 'x', sizeof large);
    large[sizeof large - 1] = '\0';
    send_to(radio, "weather", large);
    send_to(radio, "weather", "");
    expect_from(dish, "weather", large);
    expect_from(dish, "weather", "");

    assert_ok(tn_leave(dish, "weather"));
    assert_ok(tn_join(dish, "news"));
    while (assert_ok(tn_wait_subscribers(radio, 1, API_TIMEOUT_MS)) != 2)
        ;
    send_to(radio, "", "last");
    expect_from(dish, "", "last");
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_groups_over_every_transport(void **state)
{
    (void)state;
    exchange(API_TCP, true);
    exchange(API_TCP, false);
    exchange(API_IPC, true);
    exchange(API_IPC, false);
    exchange("inproc://groups", true);
    exchange("inproc://groups", false);
}

static void test_join_checks_its_arguments(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dish = api_socket(ctx, "dish");
    tn_socket_t *sub = api_socket(ctx, "sub");
    char longest[TN_GROUP_MAX + 2];
    tn_msg_t msg;

    (void)state;
    memset(longest, 'g', sizeof longest);
    longest[TN_GROUP_MAX + 1] = '\0';
    assert_code(tn_join(dish, longest), -EINVAL);
    tn_msg_init(&msg);
    assert_code(tn_msg_set_group(&msg, longest), -EINVAL);
    assert_code(tn_msg_set_group(&msg, NULL), -EINVAL);
    assert_string_equal(tn_msg_group(&msg), "");
    longest[TN_GROUP_MAX] = '\0';
    assert_ok(tn_msg_set_group(&msg, longest));
    assert_string_equal(tn_msg_group(&msg), longest);
    tn_msg_close(&msg);
    assert_ok(tn_join(dish, longest));
    assert_code(tn_join(dish, longest), -EINVAL);
    assert_ok(tn_leave(dish, longest));
    assert_code(tn_leave(dish, longest), -EINVAL);
    assert_code(tn_join(dish, NULL), -EINVAL);
    assert_code(tn_join(sub, "g"), -ENOTSUP);
    assert_code(tn_leave(sub, "g"), -ENOTSUP);
    assert_code(tn_join(NULL, "g"), -TN_ECLOSED);
    assert_ok(tn_close(dish));
    assert_ok(tn_close(sub));
    api_ctx_end(ctx);
}

static void test_radio_takes_one_frame_and_dish_sends_none(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    tn_msg_t msg;

    (void)state;
    assert_code(tn_send(radio, "x", 1, TN_MORE), -EINVAL);
    assert_ok(tn_send(radio, "x", 1, 0));
    assert_code(tn_send(dish, "x", 1, 0), -ENOTSUP);
    tn_msg_init(&msg);
    assert_code(tn_msg_recv(radio, &msg, TN_DONTWAIT), -ENOTSUP);
    assert_code(tn_msg_recv(dish, &msg, TN_DONTWAIT), -EAGAIN);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

/* What a DISH says on the wire, to a peer of ZMTP 3.`minor`; and what it takes. */
static void dish_on_the_wire(int minor)
{
    static const char join[] = "\4\x07\4JOINab", leave[] = "\4\x08\5LEAVEab";
    static const char messages[] = "\1\2ab\0\2hi" /* good     */
                                   "\1\3abc\0\1x" /* filtered */
                                   "\0\2ab" /* malformed */
                                   "\1\2ab\1\1x\0\1y" /* malformed */
                                   "\1\2ab\0\3end";
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dish = api_socket(ctx, "dish");
    char endpoint[API_ENDPOINT_MAX], bytes[16];
    tn_stats_t stats;
    int fd;

    assert_ok(tn_join(dish, "ab"));
    api_bind(dish, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, minor, "RADIO");
    assert_ok(tn_wait_peers(dish, 1, API_TIMEOUT_MS));
    api_raw_read(fd, bytes, sizeof join - 1);
    assert_memory_equal(bytes, join, sizeof join - 1);
    api_raw_write(fd, messages, sizeof messages - 1);
    expect_from(dish, "ab", "hi");
    expect_from(dish, "ab", "end");
    assert_ok(tn_leave(dish, "ab"));
    api_raw_read(fd, bytes, sizeof leave - 1);
    assert_memory_equal(bytes, leave, sizeof leave - 1);
    assert_ok(tn_stats(dish, &stats));
    assert_int_equal(stats.dropped[TN_DROP_FILTERED], 1);
    assert_int_equal(stats.dropped[TN_DROP_MALFORMED], 2);
    close(fd);
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_dish_speaks_to_peers_of_either_version(void **state)
{
    (void)state;
    dish_on_the_wire(0);
    dish_on_the_wire(1);
}

static void radio_on_the_wire(int minor)
{
    static const char requests[] = "\4\x07\4JOINab\4\x06\4JOINz\4\x07\5LEAVEz";
    static const char message[] = "\1\2ab\0\2hi";
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    char endpoint[API_ENDPOINT_MAX], bytes[16];
    int64_t events;
    int fd;

    api_bind(radio, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, minor, "DISH");
    api_raw_write(fd, requests, sizeof requests - 1);
    assert_ok(tn_wait_subscribers(radio, 1, API_TIMEOUT_MS));
    assert_ok(tn_get_int(radio, "events", &events));
    send_to(radio, "z", "no");
    send_to(radio, "ab", "hi");
    api_raw_read(fd, bytes, sizeof message - 1);
    if (bytes[1] == 1) /* the peer had not left yet */
        api_raw_read(fd, bytes, sizeof message - 1);
    assert_memory_equal(bytes, message, sizeof message - 1);
    close(fd);
    assert_ok(tn_close(radio));
    api_ctx_end(ctx);
}

static void test_radio_speaks_to_peers_of_either_version(void **state)
{
    (void)state;
    radio_on_the_wire(0);
    radio_on_the_wire(1);
}

static void test_dish_joins_anew_after_a_reconnect(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dish = api_socket(ctx, "dish");
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_monitor_t *monitor = tn_monitor(dish, TN_EVENT_DISCONNECTED | TN_EVENT_HANDSHAKE_SUCCEEDED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    (void)state;
    assert_ok(tn_set_int(dish, "reconnect_ivl", 1));
    assert_ok(tn_join(dish, "kept"));
    assert_ok(tn_join(dish, "left"));
    api_bind(radio, API_TCP, endpoint);
    assert_ok(tn_connect(dish, endpoint));
    assert_ok(tn_wait_subscribers(radio, 2, API_TIMEOUT_MS));
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
    assert_ok(tn_close(radio));
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    assert_ok(tn_leave(dish, "left"));
    radio = api_socket(ctx, "radio");
    assert_ok(tn_bind(radio, endpoint));
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
    api_expect_nothing(dish); /* the call in which it joins anew */
    assert_ok(tn_wait_subscribers(radio, 1, API_TIMEOUT_MS));
    send_to(radio, "left", "no");
    send_to(radio, "kept", "yes");
    expect_from(dish, "kept", "yes");
    tn_monitor_close(monitor);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

static void test_radio_drops_for_a_member_that_does_not_read(void **state)
{
    enum { HWM = 10, SENT = 1000 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *radio = api_socket(ctx, "radio");
    tn_socket_t *dish = api_socket(ctx, "dish");
    tn_stats_t stats;
    tn_peer_t peer;
    int got = 0;

    (void)state;
    assert_ok(tn_set_int(radio, "sndhwm", HWM));
    assert_ok(tn_set_int(dish, "rcvhwm", HWM));
    assert_ok(tn_join(dish, "g"));
    api_join(radio, dish, "inproc://full");
    assert_ok(tn_wait_subscribers(radio, 1, API_TIMEOUT_MS));
    for (int i = 0; i < SENT; i++)
        send_to(radio, "g", "x");
    assert_ok(tn_stats(radio, &stats));
    for (tn_msg_t msg; tn_msg_init(&msg), tn_msg_recv(dish, &msg, TN_DONTWAIT) >= 0; got++)
        tn_msg_close(&msg);
    assert_int_equal(got, 2 * HWM);
    assert_int_equal(stats.dropped[TN_DROP_HWM], SENT - got);
    assert_int_equal(tn_peers(radio, &peer, 1), 1);
    assert_int_equal(peer.dropped, SENT - got);
    assert_ok(tn_close(radio));
    assert_ok(tn_close(dish));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_over_every_transport),
        cmocka_unit_test(test_join_checks_its_arguments),
        cmocka_unit_test(test_radio_takes_one_frame_and_dish_sends_none),
        cmocka_unit_test(test_dish_speaks_to_peers_of_either_version),
        cmocka_unit_test(test_radio_speaks_to_peers_of_either_version),
        cmocka_unit_test(test_dish_joins_anew_after_a_reconnect),
        cmocka_unit_test(test_radio_drops_for_a_member_that_does_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
