/* Holes that were found in other libraries and brokers, each by its name: here they are none. */
#include <endian.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api.h"

enum { COMMAND = 4, LONG = 2, GREETING = 64 };

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *server, *good;
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX];
};

static void open_scene(struct scene *scene, const char *server, const char *good)
{
    scene->ctx = api_ctx();
    scene->server = api_socket(scene->ctx, server);
    scene->good = api_socket(scene->ctx, good);
    scene->monitor = tn_monitor(scene->server, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_DISCONNECTED);
    assert_non_null(scene->monitor);
}

static void start(struct scene *scene)
{
    api_bind(scene->server, API_TCP, scene->endpoint);
    assert_ok(tn_connect(scene->good, scene->endpoint));
    assert_ok(tn_wait_peers(scene->server, 1, API_TIMEOUT_MS));
}

static void close_scene(struct scene *scene)
{
    tn_monitor_close(scene->monitor);
    assert_ok(tn_close(scene->good));
    assert_ok(tn_close(scene->server));
    api_ctx_end(scene->ctx);
}

static void good_is_served(struct scene *scene)
{
    api_send(scene->good, "still here", 0);
    api_expect(scene->server, "still here");
}

static size_t long_header(uint8_t *out, unsigned flags, uint64_t size)
{
    uint64_t big = htobe64(size);

    out[0] = (uint8_t)(flags | LONG);
    memcpy(out + 1, &big, sizeof big);
    return 9;
}

static void send_bytes(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size) { /* the peer may have closed */
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        at += sent;
        size -= (size_t)sent;
    }
}

/* libzmq: the end of a frame was its place in the buffer plus its size, which wrapped around. A frame of
 * every such size, behind frames that move it to another place. */
static void test_cve_2019_6250_sizes_that_wrap(void **state)
{
    static const uint64_t sizes[] = {(1u << 31) - 1,   1u << 31,   (1u << 31) + 1,
                                     (1ull << 32) - 1, 1ull << 32, (1ull << 32) + 1,
                                     (1ull << 63) - 1, 1ull << 63, (1ull << 63) + 1,
                                     UINT64_MAX - 8,   UINT64_MAX};
    enum { PLACES = 9 };
    struct scene scene;

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t place = 0; place < PLACES; place++) {
            uint8_t bytes[2 + PLACES + 9 + 32] = {0, (uint8_t)place};
            tn_event_t event;
            int fd = api_raw_connect(scene.endpoint);
            size_t size = 2 + place;

            api_raw_handshake(fd, 1, "PUSH");
            size += long_header(bytes + size, 0, sizes[i]) + 32;
            send_bytes(fd, bytes, size);
            api_expect_event(scene.monitor, TN_EVENT_DISCONNECTED, &event);
            api_raw_expect_close(fd);
            close(fd);
            assert_int_equal(tn_recv(scene.server, bytes, sizeof bytes, 0), place);
        }
    }
    good_is_served(&scene);
    close_scene(&scene);
}

/* Those around the change from one form of the header to the other are frames like all others. */
static void test_cve_2019_6250_sizes_that_fit(void **state)
{
    static const size_t sizes[] = {0, 1, 254, 255, 256, 257, 8191, 8192, 8193, 65535, 65536, 65537};
    static uint8_t bytes[9 + 65537], body[65537 + 1];
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "PUSH");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(bytes, (int)(i + 1), sizeof bytes);
        api_raw_write(fd, bytes, long_header(bytes, 0, sizes[i]) + sizes[i]);
        assert_int_equal(tn_recv(scene.server, body, sizeof body, 0), sizes[i]);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(body[at], i + 1);
    }
    close(fd);
    good_is_served(&scene);
    close_scene(&scene);
}

/* libzmq: the buffer of frames of ZMTP 1.0 was made smaller than what was then read into it. */
static void test_cve_2021_20235_frames_of_zmtp_1(void **state)
{
    static const uint64_t sizes[] = {1u << 31, 1ull << 32, (1ull << 63) - 1, 1ull << 63,
                                     UINT64_MAX};
    static uint8_t body[100 * 1000];
    uint8_t head[9] = {0xff};
    uint64_t whole;
    struct scene scene;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint64_t big = htobe64(sizes[i]);
        fd = api_raw_connect(scene.endpoint);
        api_raw_write(fd, "\1\0", 2); /* nobody by name */
        memcpy(head + 1, &big, sizeof big);
        send_bytes(fd, head, sizeof head);
        send_bytes(fd, body, sizeof body);
        api_raw_expect_close(fd);
        close(fd);
    }
    /* The same, as it should be, in two halves that no buffer's end divides. */
    fd = api_raw_connect(scene.endpoint);
    api_raw_write(fd, "\1\0", 2);
    whole = htobe64(sizeof body / 2 + 1);
    memcpy(head + 1, &whole, sizeof whole);
    api_raw_write(fd, head, sizeof head);
    memset(body, 'x', sizeof body);
    api_raw_write(fd, "\0", 1);
    api_raw_write(fd, body, 12345);
    api_raw_write(fd, body, sizeof body / 2 - 12345);
    assert_int_equal(tn_recv(scene.server, body, sizeof body, 0), sizeof body / 2);
    close(fd);
    good_is_served(&scene);
    close_scene(&scene);
}

/* libzmq: a topic was removed by a recursion as deep as it was long. One of 1 MiB, taken back; one of
 * 10 MB is no topic. tests/unit/test_topics.c does the same on a small stack. */
static void test_cve_2021_20236_endless_topics(void **state)
{
    enum { LONGEST = 1024 * 1024, TOO_LONG = 10 * 1000 * 1000 };
    static const char *const commands[] = {"\11SUBSCRIBE", "\6CANCEL"};
    uint8_t *bytes = calloc(1, 32 + TOO_LONG);
    struct scene scene;
    tn_event_t event;
    int fd;

    (void)state;
    assert_non_null(bytes);
    open_scene(&scene, "xpub", "sub");
    api_bind(scene.server, API_TCP, scene.endpoint);
    fd = api_raw_connect(scene.endpoint);
    api_raw_handshake(fd, 1, "SUB");
    for (int i = 0; i < 2; i++) {
        size_t name = strlen(commands[i]);
        size_t head = long_header(bytes, COMMAND, name + LONGEST);
        tn_msg_t msg;

        memcpy(bytes + head, commands[i], name);
        api_raw_write(fd, bytes, head + name + LONGEST);
        tn_msg_init(&msg);
        assert_int_equal(tn_msg_recv(scene.server, &msg, 0), 1 + LONGEST);
        assert_int_equal(*(const char *)tn_msg_data(&msg), !i);
        tn_msg_close(&msg);
    }
    memcpy(bytes + long_header(bytes, COMMAND, 10 + TOO_LONG), commands[0], 10);
    send_bytes(fd, bytes, 19 + TOO_LONG);
    api_expect_event(scene.monitor, TN_EVENT_DISCONNECTED, &event);
    api_raw_expect_close(fd);
    close(fd);
    free(bytes);
    close_scene(&scene);
}

/* libzmq #4436: a small limit for messages was one for the handshake. */
static void test_libzmq_4436_small_messages_and_the_handshake(void **state)
{
    struct scene scene;

    (void)state;
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_int(scene.server, "maxmsgsize", 1));
    assert_ok(tn_set_blob(scene.good, "routing_id", "a name that is longer than one byte", 35));
    start(&scene);
    api_send(scene.good, "x", 0);
    api_expect(scene.server, "x");
    close_scene(&scene);
}

/* libzmq: what a PING was too short for was taken from old bytes of the buffer, and sent back. */
static void test_libzmq_short_pings(void **state)
{
    static const uint8_t commands[][16] = {
        {COMMAND, 0}, /* no name */
        {COMMAND, 1, 4}, /* one that is longer than the command */
        {COMMAND, 5, 4, 'P', 'I', 'N', 'G'},
        {COMMAND, 6, 4, 'P', 'I', 'N', 'G', 0},
    };
    struct scene scene;

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        int fd = api_raw_connect(scene.endpoint);
        tn_event_t event;
        char byte;

        api_raw_handshake(fd, 1, "PUSH");
        api_raw_write(fd, commands[i], 2 + (size_t)commands[i][1]);
        assert_int_equal(recv(fd, &byte, 1, 0), 0);
        api_expect_event(scene.monitor, TN_EVENT_DISCONNECTED, &event);
        assert_int_equal(event.error, -EPROTO);
        close(fd);
    }
    good_is_served(&scene);
    close_scene(&scene);
}

/* Mosquitto: a peer that nobody knew yet announced a packet, and got memory for it. */
static void test_cve_2017_7651_commands_before_the_handshake(void **state)
{
    static const uint64_t sizes[] = {8193, 1 << 20, 1u << 31, (1ull << 63) - 1};
    uint8_t bytes[GREETING + 9] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    struct scene scene;

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int fd = api_raw_connect(scene.endpoint);
        tn_event_t event;

        long_header(bytes + GREETING, COMMAND, sizes[i]);
        api_raw_write(fd, bytes, sizeof bytes);
        api_expect_event(scene.monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
        api_raw_expect_close(fd);
        close(fd);
    }
    good_is_served(&scene);
    close_scene(&scene);
}

/* Mosquitto: the first packet was of another kind, and as long as it liked. */
static void test_cve_2023_0809_messages_before_the_handshake(void **state)
{
    uint8_t bytes[GREETING + 9] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    struct scene scene;
    tn_event_t event;
    int fd;

    (void)state;
    open_scene(&scene, "pull", "push");
    start(&scene);
    fd = api_raw_connect(scene.endpoint);
    long_header(bytes + GREETING, 0, 1 << 20);
    api_raw_write(fd, bytes, sizeof bytes);
    api_expect_event(scene.monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_int_equal(event.value, TN_FAULT_UNEXPECTED);
    api_raw_expect_close(fd);
    close(fd);
    good_is_served(&scene);
    close_scene(&scene);
}

/* Mosquitto: a list of rights that was empty gave all of them. */
static void test_cve_2018_12550_empty_rules(void **state)
{
    char path[] = "/tmp/tenon-rules-XXXXXX";
    struct scene scene;
    tn_event_t event;
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    close(file);
    open_scene(&scene, "pull", "push");
    assert_ok(tn_set_str(scene.server, "authenticator", "file"));
    if (tn_set_str(scene.server, "file.path", path) == -TN_EMODULE) {
        print_message(
            "this build has no file authenticator: its library (libcrypt-dev) was missing\n");
        unlink(path);
        close_scene(&scene);
        skip();
    }
    api_bind(scene.server, API_TCP, scene.endpoint);
    assert_ok(tn_connect(scene.good, scene.endpoint));
    api_expect_event(scene.monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_int_equal(event.error, -EACCES);
    assert_code(tn_wait_peers(scene.server, 1, 0), -ETIMEDOUT);
    unlink(path);
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cve_2019_6250_sizes_that_wrap),
        cmocka_unit_test(test_cve_2019_6250_sizes_that_fit),
        cmocka_unit_test(test_cve_2021_20235_frames_of_zmtp_1),
        cmocka_unit_test(test_cve_2021_20236_endless_topics),
        cmocka_unit_test(test_libzmq_4436_small_messages_and_the_handshake),
        cmocka_unit_test(test_libzmq_short_pings),
        cmocka_unit_test(test_cve_2017_7651_commands_before_the_handshake),
        cmocka_unit_test(test_cve_2023_0809_messages_before_the_handshake),
        cmocka_unit_test(test_cve_2018_12550_empty_rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
