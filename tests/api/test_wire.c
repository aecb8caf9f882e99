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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_subscriber_of_zmtp_3_0_is_served),
        cmocka_unit_test(test_subscriber_of_zmtp_3_1_is_served),
        cmocka_unit_test(test_publisher_of_zmtp_3_0_gets_messages),
        cmocka_unit_test(test_publisher_of_zmtp_3_1_gets_commands),
        cmocka_unit_test(test_frames_on_the_wire_are_canonical),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
