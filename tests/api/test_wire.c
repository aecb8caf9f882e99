/* ZMTP 3.0 peers, as byte scripts: subscriptions travel as messages, 01 and 00. */
#include "api.h"

#include <sys/socket.h>
#include <unistd.h>

static void test_subscriber_of_zmtp_3_0_is_served(void **state)
{
    static const uint8_t subscribe[] = {0, 4, 1, 'a', 'b', 'c'};
    static const uint8_t cancel[] = {0, 4, 0, 'a', 'b', 'c'};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "xpub");
    char endpoint[API_ENDPOINT_MAX], buffer[8];
    uint8_t frame[6];
    int fd;

    (void)state;
    api_bind(pub, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, 0, "SUB");
    api_raw_write(fd, subscribe, sizeof(subscribe));
    assert_ok(tn_wait_subscribers(pub, 1, API_TIMEOUT_MS));
    api_expect(pub, "\1abc");
    api_send(pub, "other", 0);
    api_send(pub, "abc!", 0);
    api_raw_read(fd, frame, sizeof(frame));
    assert_memory_equal(frame, "\0\4abc!", sizeof(frame));
    api_raw_write(fd, cancel, sizeof(cancel));
    assert_int_equal(assert_ok(tn_recv(pub, buffer, sizeof(buffer), 0)), 4);
    assert_memory_equal(buffer, "\0abc", 4);
    close(fd);
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
}

static void test_subscriber_of_zmtp_3_1_is_served(void **state)
{
    static const uint8_t subscribe[] = {4,   13,  9,   'S', 'U', 'B', 'S', 'C',
                                        'R', 'I', 'B', 'E', 'a', 'b', 'c'};
    static const uint8_t cancel[] = {4, 10, 6, 'C', 'A', 'N', 'C', 'E', 'L', 'a', 'b', 'c'};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "xpub");
    char endpoint[API_ENDPOINT_MAX], buffer[8];
    int fd;

    (void)state;
    api_bind(pub, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, 1, "SUB");
    api_raw_write(fd, subscribe, sizeof(subscribe));
    api_expect(pub, "\1abc");
    api_raw_write(fd, cancel, sizeof(cancel));
    assert_int_equal(assert_ok(tn_recv(pub, buffer, sizeof(buffer), 0)), 4);
    close(fd);
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
}

static void expect_subscription(int minor, const void *wanted, size_t size)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *sub = api_socket(ctx, "sub");
    char endpoint[API_ENDPOINT_MAX];
    int listener = api_raw_listen(endpoint), fd;
    uint8_t frame[32];

    assert_ok(tn_subscribe(sub, "abc", 3));
    assert_ok(tn_connect(sub, endpoint));
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    api_raw_handshake(fd, minor, "PUB");
    api_raw_read(fd, frame, size);
    assert_memory_equal(frame, wanted, size);
    api_raw_write(fd, "\0\4abc!", 6);
    api_expect(sub, "abc!");
    api_raw_write(fd, "\0\4xyz!\0\3abc", 11);
    api_expect(sub, "abc");
    close(fd);
    close(listener);
    assert_ok(tn_close(sub));
    api_ctx_end(ctx);
}

static void test_publisher_of_zmtp_3_0_gets_messages(void **state)
{
    (void)state;
    expect_subscription(0, "\0\4\1abc", 6);
}

static void test_publisher_of_zmtp_3_1_gets_commands(void **state)
{
    (void)state;
    expect_subscription(1, "\4\15\11SUBSCRIBEabc", 15);
}

static void test_frames_on_the_wire_are_canonical(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX];
    int listener = api_raw_listen(endpoint), fd;
    uint8_t body[256] = {0}, frame[9 + 256];

    (void)state;
    assert_ok(tn_connect(push, endpoint));
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    api_raw_handshake(fd, 1, "PULL");
    api_send(push, "", TN_MORE);
    assert_ok(tn_send(push, body, 255, TN_MORE));
    assert_ok(tn_send(push, body, 256, 0));
    api_raw_read(fd, frame, 2);
    assert_memory_equal(frame, "\1\0", 2);
    api_raw_read(fd, frame, 2 + 255);
    assert_memory_equal(frame, "\1\377", 2);
    api_raw_read(fd, frame, 9 + 256);
    assert_memory_equal(frame, "\2\0\0\0\0\0\0\1\0", 9);
    close(fd);
    close(listener);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ the greeting and READY */

static const uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};

static void expect_at(const uint8_t *bytes, const void *wanted, size_t size)
{
    assert_memory_equal(bytes, wanted, size);
}

static void test_our_greeting_follows_what_the_peer_shows(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *dealer = api_socket(ctx, "dealer");
    char endpoint[API_ENDPOINT_MAX];
    uint8_t got[64], ready[2 + 50];
    int fd;

    (void)state;
    assert_ok(tn_set_str(dealer, "routing_id", "id"));
    api_bind(dealer, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    /* The signature comes before the peer has said anything. */
    api_raw_read(fd, got, 10);
    expect_at(got, "\xff\0\0\0\0\0\0\0\3\x7f", 10);
    for (size_t i = 0; i < 10; i++)
        api_raw_write(fd, greeting + i, 1);
    api_raw_read(fd, got, 1);
    assert_int_equal(got[0], 3);
    for (size_t i = 10; i < 63; i++)
        api_raw_write(fd, greeting + i, 1);
    api_raw_read(fd, got, 53);
    assert_int_equal(got[0], 1);
    expect_at(got + 1, "NULL\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 21);
    api_raw_write(fd, greeting + 63, 1);
    /* Our READY does not wait for the peer's. */
    api_raw_read(fd, ready, 2);
    assert_int_equal(ready[0], 4);
    api_raw_read(fd, ready + 2, ready[1]);
    expect_at(ready + 2, "\5READY\13Socket-Type\0\0\0\6DEALER\10Identity\0\0\0\2id", 43);
    assert_int_equal(ready[1], 43);
    close(fd);
    assert_ok(tn_close(dealer));
    api_ctx_end(ctx);
}

/* After the greeting, a READY of these properties, then a message "x". */
static int say_ready(const char *endpoint, const void *properties, size_t size, bool slowly)
{
    uint8_t bytes[2 + 255 + 3] = {4, (uint8_t)(6 + size), 5, 'R', 'E', 'A', 'D', 'Y'};
    int fd = api_raw_connect(endpoint);

    memcpy(bytes + 8, properties, size);
    memcpy(bytes + 8 + size, "\0\1x", 3);
    api_raw_write(fd, greeting, sizeof(greeting));
    for (size_t i = 0; slowly && i < 8 + size + 3; i++)
        api_raw_write(fd, bytes + i, 1);
    if (!slowly)
        api_raw_write(fd, bytes, 8 + size + 3);
    return fd;
}

static void expect_property(tn_msg_t *msg, const char *name, const char *wanted)
{
    const char *value = tn_msg_property(msg, name);

    if (!value)
        print_error("no property %s\n", name);
    assert_non_null(value);
    assert_string_equal(value, wanted);
}

static void test_properties_are_found_in_any_case_and_kept(void **state)
{
    static const char properties[] = "\13sOCKET-tYPE\0\0\0\4PUSH\10X-Colour\0\0\0\4blue";

    (void)state;
    for (int slowly = 0; slowly < 2; slowly++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *pull = api_socket(ctx, "pull");
        char endpoint[API_ENDPOINT_MAX];
        tn_msg_t msg;
        int fd;

        api_bind(pull, API_TCP, endpoint);
        fd = say_ready(endpoint, properties, sizeof(properties) - 1, slowly);
        tn_msg_init(&msg);
        assert_ok(tn_msg_recv(pull, &msg, 0));
        expect_property(&msg, "Socket-Type", "PUSH");
        expect_property(&msg, "X-Colour", "blue");
        tn_msg_close(&msg);
        close(fd);
        assert_ok(tn_close(pull));
        api_ctx_end(ctx);
    }
}

static void test_malformed_properties_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } cases[] = {
        {"\13Socket-Type\0\0\0\5PUSH", 20}, /* cut */
        {"\13Socket-Type\0\0", 14},
        {"\0\0\0\0\4PUSH", 9}, /* no name */
        {"\10X-Colour\0\0\0\4blue", 17}, /* no socket type */
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *pull = api_socket(ctx, "pull");
        tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_HANDSHAKE_FAILED);
        char endpoint[API_ENDPOINT_MAX];
        tn_event_t event;
        int fd;

        api_bind(pull, API_TCP, endpoint);
        fd = say_ready(endpoint, cases[i].bytes, cases[i].size, false);
        api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
        assert_int_equal(event.error, -EPROTO);
        api_raw_expect_close(fd);
        close(fd);
        tn_monitor_close(monitor);
        assert_ok(tn_close(pull));
        api_ctx_end(ctx);
    }
}

static void test_a_wrong_type_is_told_by_an_error_command(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];
    uint8_t head[2], body[255];
    int fd;

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    fd = say_ready(endpoint, "\13Socket-Type\0\0\0\3SUB", 19, false);
    for (int i = 0; i < 64; i++)
        api_raw_read(fd, head, 1);
    for (int i = 0; i < 2; i++) { /* READY, ERROR */
        api_raw_read(fd, head, 2);
        assert_int_equal(head[0], 4);
        api_raw_read(fd, body, head[1]);
    }
    assert_memory_equal(body, "\5ERROR", 6);
    assert_int_equal(body[6], head[1] - 7);
    close(fd);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ subscriptions of every form */

static void test_publishers_take_both_forms_from_any_peer(void **state)
{
    static const uint8_t as_message[] = {0, 4, 1, 'a', 'b', 'c'};
    static const uint8_t as_command[] = {4,   13,  9,   'S', 'U', 'B', 'S', 'C',
                                         'R', 'I', 'B', 'E', 'd', 'e', 'f'};

    (void)state;
    for (int minor = 0; minor < 2; minor++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *pub = api_socket(ctx, "xpub");
        char endpoint[API_ENDPOINT_MAX];
        int fd;

        api_bind(pub, API_TCP, endpoint);
        fd = api_raw_connect(endpoint);
        api_raw_handshake(fd, minor, "SUB");
        api_raw_write(fd, as_message, sizeof(as_message));
        api_expect(pub, "\1abc");
        api_raw_write(fd, as_command, sizeof(as_command));
        api_expect(pub, "\1def");
        close(fd);
        assert_ok(tn_close(pub));
        api_ctx_end(ctx);
    }
}

static void expect_long_topic(int minor, size_t size, const void *head, size_t head_size)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *sub = api_socket(ctx, "sub");
    char endpoint[API_ENDPOINT_MAX], topic[300];
    int listener = api_raw_listen(endpoint), fd;
    uint8_t frame[400];

    memset(topic, 't', sizeof(topic));
    assert_ok(tn_subscribe(sub, topic, size));
    assert_ok(tn_connect(sub, endpoint));
    fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    api_raw_handshake(fd, minor, "PUB");
    api_raw_read(fd, frame, head_size + size);
    assert_memory_equal(frame, head, head_size);
    assert_memory_equal(frame + head_size, topic, size);
    close(fd);
    close(listener);
    assert_ok(tn_close(sub));
    api_ctx_end(ctx);
}

static void test_topics_around_255_bytes_have_the_right_length(void **state)
{
    (void)state;
    expect_long_topic(0, 254, "\0\xff\1", 3);
    expect_long_topic(0, 255, "\2\0\0\0\0\0\0\1\0\1", 10);
    expect_long_topic(1, 245, "\4\xff\11SUBSCRIBE", 12);
    expect_long_topic(1, 246, "\6\0\0\0\0\0\0\1\0\11SUBSCRIBE", 19);
    expect_long_topic(1, 255, "\6\0\0\0\0\0\0\1\11\11SUBSCRIBE", 19);
}

/* ------------------------------------------------------------------ heartbeats */

static void test_pongs_echo_contexts_of_0_to_16_bytes(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];
    uint8_t ping[2 + 7 + 16] = {4, 0, 4, 'P', 'I', 'N', 'G', 0, 0}, pong[2 + 5 + 16];
    int fd;

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    for (size_t size = 0; size <= 16; size++) {
        ping[1] = (uint8_t)(7 + size);
        memset(ping + 9, 'c', size);
        api_raw_write(fd, ping, 9 + size);
        api_raw_read(fd, pong, 7 + size);
        assert_memory_equal(pong + 2, "\4PONG", 5);
        assert_int_equal(pong[1], 5 + size);
        assert_memory_equal(pong + 7, ping + 9, size);
    }
    close(fd);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_the_peers_ttl_ends_a_silent_connection(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_DISCONNECTED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;
    int fd;

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, "\4\7\4PING\0\1", 9);
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    assert_int_equal(event.error, -ETIMEDOUT);
    api_raw_expect_close(fd);
    close(fd);
    tn_monitor_close(monitor);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_the_ttl_that_is_sent_does_not_wrap_at_the_peer(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];
    uint8_t ping[9];
    int fd;

    (void)state;
    assert_ok(tn_set_int(pull, "heartbeat_ivl", 10));
    assert_ok(tn_set_int(pull, "heartbeat_timeout", API_TIMEOUT_MS));
    assert_ok(tn_set_int(pull, "heartbeat_ttl", 6553500));
    api_bind(pull, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_read(fd, ping, sizeof(ping));
    assert_memory_equal(ping, "\4\7\4PING\2\x8f", 9); /* 655 tenths of a second */
    close(fd);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subscriber_of_zmtp_3_0_is_served),
        cmocka_unit_test(test_subscriber_of_zmtp_3_1_is_served),
        cmocka_unit_test(test_publisher_of_zmtp_3_0_gets_messages),
        cmocka_unit_test(test_publisher_of_zmtp_3_1_gets_commands),
        cmocka_unit_test(test_frames_on_the_wire_are_canonical),
        cmocka_unit_test(test_our_greeting_follows_what_the_peer_shows),
        cmocka_unit_test(test_properties_are_found_in_any_case_and_kept),
        cmocka_unit_test(test_malformed_properties_are_refused),
        cmocka_unit_test(test_a_wrong_type_is_told_by_an_error_command),
        cmocka_unit_test(test_publishers_take_both_forms_from_any_peer),
        cmocka_unit_test(test_topics_around_255_bytes_have_the_right_length),
        cmocka_unit_test(test_pongs_echo_contexts_of_0_to_16_bytes),
        cmocka_unit_test(test_the_peers_ttl_ends_a_silent_connection),
        cmocka_unit_test(test_the_ttl_that_is_sent_does_not_wrap_at_the_peer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
