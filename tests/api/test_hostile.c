/*
 * Peers that do not speak ZMTP, stop in the middle, go silent or go too far. Each of them gets a
 * closed connection and the owner an event that says why; a good peer of the same socket goes on
 * undisturbed.
 */
#include "api.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *pull, *good;
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX];
};

static struct scene open_scene(void)
{
    struct scene scene;

    scene.ctx = api_ctx();
    scene.pull = api_socket(scene.ctx, "pull");
    scene.good = api_socket(scene.ctx, "push");
    scene.monitor = tn_monitor(scene.pull, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_DISCONNECTED);
    assert_non_null(scene.monitor);
    assert_ok(tn_set_int(scene.pull, "handshake_ivl", 300));
    assert_ok(tn_set_int(scene.pull, "maxmsgsize", 1000));
    api_bind(scene.pull, API_TCP, scene.endpoint);
    assert_ok(tn_connect(scene.good, scene.endpoint));
    assert_ok(tn_wait_peers(scene.pull, 1, API_TIMEOUT_MS));
    return scene;
}

/** The good peer is still served, and nothing of the bad one was delivered. */
static void close_scene(struct scene *scene)
{
    api_send(scene->good, "still here", 0);
    api_expect_frame(scene->pull, "still here", false);
    api_expect_nothing(scene->pull);
    tn_monitor_close(scene->monitor);
    assert_ok(tn_close(scene->good));
    assert_ok(tn_close(scene->pull));
    api_ctx_end(scene->ctx);
}

static void expect_refusal(struct scene *scene, uint32_t kind, int fd)
{
    tn_event_t event;

    api_expect_event(scene->monitor, kind, &event);
    assert_true(event.reason[0] != '\0');
    assert_true(event.connection != 0);
    api_raw_expect_close(fd);
    close(fd);
}

static void test_foreign_protocols_are_refused(void **state)
{
    static const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n\r\n";
    static const char tls[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
                              "0123456789012345678901234567890123456789012345678901234567890123456";
    static const char ssh[] = "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u2\r\n";

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct scene scene = open_scene();
        int fd = api_raw_connect(scene.endpoint);
        const char *text = i == 0 ? http : i == 1 ? tls : ssh;
        api_raw_write(fd, text, i == 1 ? sizeof(tls) - 1 : strlen(text));
        expect_refusal(&scene, TN_EVENT_HANDSHAKE_FAILED, fd);
        close_scene(&scene);
    }
}

static void test_noise_is_refused(void **state)
{
    struct scene scene = open_scene();

    (void)state;
    srandom(7);
    for (int i = 0; i < 50; i++) {
        uint8_t noise[512];
        int fd = api_raw_connect(scene.endpoint);
        for (size_t n = 0; n < sizeof(noise); n++)
            noise[n] = (uint8_t)random();
        if (i % 2)
            noise[0] = 0xff;
        if (i % 4 == 3)
            noise[9] = 0x7f;
        if (send(fd, noise, sizeof(noise), MSG_NOSIGNAL) > 0)
            api_raw_expect_close(fd);
        close(fd);
    }
    close_scene(&scene);
}

/* A peer that falls silent after so many bytes, sent and received; the connection stays open. */
static void test_silent_peer_meets_the_handshake_deadline(void **state)
{
    static const int stages[] = {0, 1, 10, 11, 64, 90, 130};

    (void)state;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) {
        struct scene scene = open_scene();
        tn_socket_t *bad = api_socket(scene.ctx, "push");
        char options[64];
        tn_event_t event;

        snprintf(options, sizeof options, "half_open=%d&handshake_ivl=0", stages[i]);
        api_connect_badly(bad, scene.endpoint, options);
        api_expect_event(scene.monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
        assert_int_equal(event.error, -ETIMEDOUT);
        assert_non_null(strstr(event.reason, "handshake_ivl"));
        assert_ok(tn_close(bad));
        close_scene(&scene);
    }
}

static void test_peer_that_hangs_up_in_the_greeting_leaves_no_trace(void **state)
{
    static const uint8_t greeting[64] = {0xff, 0,    0, 0, 0,   0,   0,   0,
                                         1,    0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    struct scene scene = open_scene();

    (void)state;
    for (size_t length = 0; length <= sizeof(greeting); length++) {
        int fd = api_raw_connect(scene.endpoint);
        api_raw_write(fd, greeting, length);
        close(fd);
    }
    close_scene(&scene);
}

static void test_wrong_mechanism_is_refused(void **state)
{
    static const uint8_t greeting[64] = {0xff, 0, 0, 0,   0,   0,   0,   0,  1,
                                         0x7f, 3, 1, 'P', 'L', 'A', 'I', 'N'};
    struct scene scene = open_scene();
    int fd = api_raw_connect(scene.endpoint);

    (void)state;
    api_raw_write(fd, greeting, sizeof(greeting));
    expect_refusal(&scene, TN_EVENT_HANDSHAKE_FAILED, fd);
    close_scene(&scene);
}

static void test_wrong_socket_type_is_refused(void **state)
{
    struct scene scene = open_scene();
    int fd = api_raw_connect(scene.endpoint);
    uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    static const char ready[] = "\4\31\5READY\13Socket-Type\0\0\0\3NOT";

    (void)state;
    api_raw_write(fd, greeting, sizeof(greeting));
    api_raw_write(fd, ready, sizeof(ready) - 1);
    expect_refusal(&scene, TN_EVENT_HANDSHAKE_FAILED, fd);
    close_scene(&scene);
}

/** A frame's bytes after a good handshake, then silence; the connection is closed at once. */
static void expect_frame_refused(const void *frame, size_t size)
{
    struct scene scene = open_scene();
    int fd = api_raw_connect(scene.endpoint);

    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, frame, size);
    expect_refusal(&scene, TN_EVENT_DISCONNECTED, fd);
    close_scene(&scene);
}

static void test_bad_frames_close_the_connection(void **state)
{
    static const uint8_t reserved[] = {0x80, 1, 'x'};
    static const uint8_t huge[] = {2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t bomb[] = {2, 0x7f, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t too_long[] = {2, 0, 0, 0, 0, 0, 0, 3, 0xe9};
    static const uint8_t command_with_more[] = {5, 5, 4, 'P', 'I', 'N', 'G'};
    static const uint8_t empty_command[] = {4, 0};
    static const uint8_t short_ping[] = {4, 5, 4, 'P', 'I', 'N', 'G'};

    static const uint8_t long_ping[] = {4,   24,  4,   'P', 'I', 'N', 'G', 0,   0,
                                        '1', '2', '3', '4', '5', '6', '7', '8', '9',
                                        'a', 'b', 'c', 'd', 'e', 'f', '0', 'x'};

    (void)state;
    expect_frame_refused(long_ping, sizeof(long_ping));
    expect_frame_refused(reserved, sizeof(reserved));
    expect_frame_refused(huge, sizeof(huge));
    expect_frame_refused(bomb, sizeof(bomb));
    expect_frame_refused(too_long, sizeof(too_long));
    expect_frame_refused(command_with_more, sizeof(command_with_more));
    expect_frame_refused(empty_command, sizeof(empty_command));
    expect_frame_refused(short_ping, sizeof(short_ping));
}

static void test_frame_at_the_limit_passes(void **state)
{
    struct scene scene = open_scene();
    static const uint8_t head[] = {2, 0, 0, 0, 0, 0, 0, 3, 0xe8};
    uint8_t body[1000] = {0};
    int fd = api_raw_connect(scene.endpoint);

    (void)state;
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, head, sizeof(head));
    api_raw_write(fd, body, sizeof(body));
    assert_int_equal(assert_ok(tn_recv(scene.pull, body, sizeof(body), 0)), 1000);
    close(fd);
    close_scene(&scene);
}

/* The connection is lost after 0, 1, 2, ... bytes, each time a little later, also in the middle of the
 * handshake: the message comes whole, once, and nothing of it before. */
static void test_message_cut_anywhere_comes_whole(void **state)
{
    enum { LONG = 300 };
    struct scene scene = open_scene();
    tn_socket_t *cut = api_socket(scene.ctx, "push");
    char text[LONG + 1], got[LONG + 1];

    (void)state;
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    assert_ok(tn_set_int(cut, "reconnect_ivl", 1));
    api_connect_badly(cut, scene.endpoint, "cut=0&cut_step=1");
    assert_ok(tn_send(cut, "one", 3, TN_MORE));
    assert_ok(tn_send(cut, "", 0, TN_MORE));
    assert_ok(tn_send(cut, text, LONG, 0));
    api_expect_frame(scene.pull, "one", true);
    api_expect_frame(scene.pull, "", true);
    assert_int_equal(tn_recv(scene.pull, got, sizeof got, 0), LONG);
    assert_memory_equal(got, text, LONG);
    assert_ok(tn_close(cut));
    close_scene(&scene);
}

/* Every read and write of both sides moves one byte. */
static void test_message_in_single_bytes_is_delivered(void **state)
{
    struct scene scene = open_scene();
    tn_socket_t *slow = api_socket(scene.ctx, "push");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(scene.pull, "fault+" API_TCP "?fragment=1", endpoint);
    api_connect_badly(slow, strstr(endpoint, "+") + 1, "fragment=1&refuse=200");
    api_send(slow, "one", TN_MORE);
    api_send(slow, "two", 0);
    api_expect_frame(scene.pull, "one", true);
    api_expect_frame(scene.pull, "two", false);
    assert_ok(tn_close(slow));
    close_scene(&scene);
}

static void test_unknown_command_is_ignored(void **state)
{
    static const uint8_t stream[] = {4, 6, 5, 'N', 'E', 'V', 'E', 'R', 0, 1, 'x'};
    struct scene scene = open_scene();
    int fd = api_raw_connect(scene.endpoint);

    (void)state;
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, stream, sizeof(stream));
    api_expect(scene.pull, "x");
    close(fd);
    close_scene(&scene);
}

static void test_ping_is_answered_with_its_context(void **state)
{
    static const uint8_t ping[] = {4, 10, 4, 'P', 'I', 'N', 'G', 0, 100, 'c', 't', 'x'};
    struct scene scene = open_scene();
    int fd = api_raw_connect(scene.endpoint);
    uint8_t pong[10];

    (void)state;
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, ping, sizeof(ping));
    api_raw_read(fd, pong, sizeof(pong));
    assert_memory_equal(pong, "\4\10\4PONGctx", sizeof(pong));
    close(fd);
    close_scene(&scene);
}

/* It has sent a message, and then neither sends nor reads any more. */
static void test_silent_peer_fails_the_heartbeat(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_DISCONNECTED);
    static const char large[1000];
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    (void)state;
    assert_non_null(monitor);
    assert_ok(tn_set_int(pull, "heartbeat_ivl", 50));
    assert_ok(tn_set_int(pull, "heartbeat_timeout", 50));
    api_bind(pull, API_TCP, endpoint);
    api_connect_badly(push, endpoint, "half_open=1000");
    api_send(push, "alive", 0);
    api_expect(pull, "alive");
    assert_ok(tn_send(push, large, sizeof large, 0));
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    assert_int_equal(event.error, -ETIMEDOUT);
    assert_true(event.reason[0] != '\0');
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

/* What it is asked with, byte by byte. */
static void test_ping_has_the_time_to_live(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];
    uint8_t ping[9];
    int fd;

    (void)state;
    assert_ok(tn_set_int(pull, "heartbeat_ivl", 50));
    assert_ok(tn_set_int(pull, "heartbeat_timeout", API_TIMEOUT_MS));
    assert_ok(tn_set_int(pull, "heartbeat_ttl", 1000));
    api_bind(pull, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_read(fd, ping, sizeof(ping));
    assert_memory_equal(ping, "\4\7\4PING\0\12", sizeof(ping));
    close(fd);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_heartbeats_keep_an_idle_connection(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_DISCONNECTED);
    tn_event_t event;

    (void)state;
    assert_ok(tn_set_int(pull, "heartbeat_ivl", 20));
    assert_ok(tn_set_int(pull, "heartbeat_timeout", 2000));
    api_join(pull, push, API_TCP);
    assert_code(tn_monitor_recv(monitor, &event, 300), -ETIMEDOUT);
    api_send(push, "alive", 0);
    api_expect(pull, "alive");
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_raw_peer_gets_no_message_before_its_handshake(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];
    int fd;

    (void)state;
    api_bind(push, API_TCP, endpoint);
    fd = api_raw_connect(endpoint);
    assert_ok(tn_connect(pull, endpoint));
    assert_ok(tn_wait_peers(push, 1, API_TIMEOUT_MS));
    for (int i = 0; i < 100; i++)
        api_send(push, "x", 0);
    for (int i = 0; i < 100; i++)
        api_expect(pull, "x");
    close(fd);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign_protocols_are_refused),
        cmocka_unit_test(test_noise_is_refused),
        cmocka_unit_test(test_silent_peer_meets_the_handshake_deadline),
        cmocka_unit_test(test_peer_that_hangs_up_in_the_greeting_leaves_no_trace),
        cmocka_unit_test(test_wrong_mechanism_is_refused),
        cmocka_unit_test(test_wrong_socket_type_is_refused),
        cmocka_unit_test(test_bad_frames_close_the_connection),
        cmocka_unit_test(test_frame_at_the_limit_passes),
        cmocka_unit_test(test_message_cut_anywhere_comes_whole),
        cmocka_unit_test(test_message_in_single_bytes_is_delivered),
        cmocka_unit_test(test_unknown_command_is_ignored),
        cmocka_unit_test(test_ping_is_answered_with_its_context),
        cmocka_unit_test(test_silent_peer_fails_the_heartbeat),
        cmocka_unit_test(test_ping_has_the_time_to_live),
        cmocka_unit_test(test_heartbeats_keep_an_idle_connection),
        cmocka_unit_test(test_raw_peer_gets_no_message_before_its_handshake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
