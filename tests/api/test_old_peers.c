/* Peers of ZMTP 2.0 and 1.0, as byte scripts: greetings, routing ids, frames, subscriptions, losses. */
#include "api.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/** How old a peer is. */
enum age { UNVERSIONED, REVISION_0, REVISION_1, AGES };

enum { PAIR, PUB, SUB, REQ, REP, DEALER, ROUTER, PULL, PUSH, XPUB, XSUB };

enum { LARGE = 8 * 1024 * 1024 };

/* ------------------------------------------------------------------ what an old peer writes and reads */

static void write_slowly(int fd, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        api_raw_write(fd, (const uint8_t *)bytes + i, 1);
}

static size_t header_of(enum age age, uint8_t *out, bool more, size_t size)
{
    uint64_t length = age == REVISION_1 ? size : size + 1;
    bool is_long = age == REVISION_1 ? length > 255 : length > 254;
    size_t at = 0;

    if (age == REVISION_1)
        out[at++] = (uint8_t)((more ? 1 : 0) | (is_long ? 2 : 0));
    else if (is_long)
        out[at++] = 0xff;
    for (int shift = is_long ? 56 : 0; shift >= 0; shift -= 8)
        out[at++] = (uint8_t)(length >> shift);
    if (age != REVISION_1)
        out[at++] = more;
    return at;
}

static void write_frame(int fd, enum age age, const void *body, size_t size, bool more)
{
    uint8_t header[10];

    api_raw_write(fd, header, header_of(age, header, more, size));
    api_raw_write(fd, body, size);
}

static void read_frame(int fd, enum age age, const void *body, size_t size, bool more)
{
    uint8_t wanted[10], header[10], *got = malloc(size + 1);
    size_t header_size = header_of(age, wanted, more, size);

    assert_non_null(got);
    api_raw_read(fd, header, header_size);
    assert_memory_equal(header, wanted, header_size);
    api_raw_read(fd, got, size);
    assert_memory_equal(got, body, size);
    free(got);
}

static void write_greeting(int fd, enum age age, int type, const char *id, bool slowly)
{
    uint8_t bytes[300] = {0xff, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(strlen(id) + 1), 0x7f};
    size_t size = 0;

    if (age != UNVERSIONED) {
        bytes[10] = age == REVISION_1;
        bytes[11] = (uint8_t)type;
        size = 12;
    }
    size += header_of(age, bytes + size, false, strlen(id));
    memcpy(bytes + size, id, strlen(id));
    size += strlen(id);
    if (slowly)
        write_slowly(fd, bytes, size);
    else
        api_raw_write(fd, bytes, size);
}

/* What ours answers: a signature that is also the header of a frame of 1.0, and the rest. */
static void read_greeting(int fd, enum age age, int type, const char *id)
{
    uint8_t signature[10] = {0xff, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(strlen(id) + 1), 0x7f};
    uint8_t got[255];

    api_raw_read(fd, got, sizeof(signature));
    assert_memory_equal(got, signature, sizeof(signature));
    if (age == UNVERSIONED) {
        api_raw_read(fd, got, strlen(id));
        assert_memory_equal(got, id, strlen(id));
        return;
    }
    api_raw_read(fd, got, 2);
    assert_int_equal(got[0], 3);
    assert_int_equal(got[1], type);
    read_frame(fd, age, id, strlen(id), false);
}

/* ------------------------------------------------------------------ one socket of ours and a peer */

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *socket;
    char endpoint[API_ENDPOINT_MAX];
    int listener, fd;
    enum age age;
};

static struct scene open_scene(const char *pattern, enum age age)
{
    struct scene scene = {.ctx = api_ctx(), .listener = -1, .age = age};

    scene.socket = api_socket(scene.ctx, pattern);
    return scene;
}

/* The peer connects, or is connected to, and its greeting is done. */
static void meet(struct scene *scene, int theirs, int ours, bool they_connect)
{
    if (they_connect) {
        api_bind(scene->socket, API_TCP, scene->endpoint);
        scene->fd = api_raw_connect(scene->endpoint);
    } else {
        scene->listener = api_raw_listen(scene->endpoint);
        assert_ok(tn_connect(scene->socket, scene->endpoint));
        scene->fd = accept(scene->listener, NULL, NULL);
        assert_true(scene->fd >= 0);
    }
    write_greeting(scene->fd, scene->age, theirs, "", they_connect);
    read_greeting(scene->fd, scene->age, ours, "");
}

static void close_scene(struct scene *scene)
{
    close(scene->fd);
    if (scene->listener >= 0)
        close(scene->listener);
    assert_ok(tn_close(scene->socket));
    api_ctx_end(scene->ctx);
}

static void expect_bytes(tn_socket_t *socket, const uint8_t *bytes, size_t size)
{
    uint8_t *got = malloc(size + 1);

    assert_non_null(got);
    assert_int_equal(assert_ok(tn_recv(socket, got, size + 1, 0)), size);
    assert_memory_equal(got, bytes, size);
    free(got);
}

static const size_t sizes[] = {0, 1, 253, 254, 255, 256, 8192, 8193, 20000, 300000};

enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static uint8_t *noise(size_t size)
{
    uint8_t *bytes = malloc(size + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    return bytes;
}

/* ------------------------------------------------------------------ frames */

static void exchange(enum age age, bool they_connect)
{
    struct scene scene = open_scene("pair", age);
    uint8_t *bytes = noise(sizes[SIZES - 1]);

    meet(&scene, PAIR, PAIR, they_connect);
    for (int i = 0; i < SIZES; i++)
        write_frame(scene.fd, age, bytes, sizes[i], i % 2 == 0);
    for (int i = 0; i < SIZES; i++) {
        int64_t more = -1;

        expect_bytes(scene.socket, bytes, sizes[i]);
        assert_ok(tn_get_int(scene.socket, "rcvmore", &more));
        assert_int_equal(more, i % 2 == 0);
    }
    for (int i = 0; i < SIZES; i++)
        assert_ok(tn_send(scene.socket, bytes, sizes[i], i % 2 == 0 ? TN_MORE : 0));
    for (int i = 0; i < SIZES; i++)
        read_frame(scene.fd, age, bytes, sizes[i], i % 2 == 0);
    free(bytes);
    close_scene(&scene);
}

static void test_frames_of_every_size_go_both_ways(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        exchange(age, true);
        exchange(age, false);
    }
}

static void test_frames_arrive_byte_by_byte(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("pull", age);
        uint8_t bytes[10 + 300] = {0};
        size_t size;

        meet(&scene, PUSH, PULL, true);
        size = header_of(age, bytes, true, 2);
        memcpy(bytes + size, "ab", 2);
        write_slowly(scene.fd, bytes, size + 2);
        size = header_of(age, bytes, false, 300);
        memset(bytes + size, 'x', 300);
        write_slowly(scene.fd, bytes, size + 300);
        api_expect_frame(scene.socket, "ab", true);
        expect_bytes(scene.socket, bytes + size, 300);
        close_scene(&scene);
    }
}

static void test_long_form_of_a_short_length_is_taken(void **state)
{
    struct scene scene = open_scene("pull", UNVERSIONED);

    (void)state;
    meet(&scene, PUSH, PULL, true);
    api_raw_write(scene.fd, "\xff\0\0\0\0\0\0\0\4\0abc", 13);
    /* Bits that RFC 13 reserves mean nothing. */
    api_raw_write(scene.fd,
                  "\4\xfe"
                  "def",
                  5);
    api_expect_frame(scene.socket, "abc", false);
    api_expect_frame(scene.socket, "def", false);
    close_scene(&scene);
}

static void test_a_full_socket_loses_nothing(void **state)
{
    enum { MESSAGES = 3000 };

    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("pull", age);

        assert_ok(tn_set_int(scene.socket, "rcvhwm", 3));
        meet(&scene, PUSH, PULL, true);
        for (uint32_t i = 0; i < MESSAGES; i++) {
            write_frame(scene.fd, age, "head", 4, true);
            write_frame(scene.fd, age, &i, sizeof(i), false);
        }
        for (uint32_t i = 0; i < MESSAGES; i++) {
            uint32_t got = UINT32_MAX;

            api_expect_frame(scene.socket, "head", true);
            assert_int_equal(assert_ok(tn_recv(scene.socket, &got, sizeof(got), 0)), sizeof(got));
            assert_int_equal(got, i);
        }
        close_scene(&scene);
    }
}

/* ------------------------------------------------------------------ losses */

static void test_what_was_cut_goes_out_whole_to_the_next_connection(void **state)
{
    uint8_t *bytes = noise(LARGE);

    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("push", age);
        uint8_t some[1000];

        assert_ok(tn_set_int(scene.socket, "reconnect_ivl", 1));
        meet(&scene, PULL, PUSH, false);
        assert_ok(tn_send(scene.socket, bytes, 10, TN_MORE));
        assert_ok(tn_send(scene.socket, bytes, LARGE, 0));
        api_send(scene.socket, "after", 0);
        api_raw_read(scene.fd, some, sizeof(some));
        close(scene.fd);
        scene.fd = accept(scene.listener, NULL, NULL);
        assert_true(scene.fd >= 0);
        write_greeting(scene.fd, age, PULL, "", false);
        read_greeting(scene.fd, age, PUSH, "");
        read_frame(scene.fd, age, bytes, 10, true);
        read_frame(scene.fd, age, bytes, LARGE, false);
        read_frame(scene.fd, age, "after", 5, false);
        close_scene(&scene);
    }
    free(bytes);
}

static void test_half_a_message_is_not_delivered(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("pull", age);

        meet(&scene, PUSH, PULL, true);
        write_frame(scene.fd, age, "half", 4, true);
        close(scene.fd);
        scene.fd = api_raw_connect(scene.endpoint);
        write_greeting(scene.fd, age, PUSH, "", false);
        write_frame(scene.fd, age, "whole", 5, false);
        api_expect_frame(scene.socket, "whole", false);
        close_scene(&scene);
    }
}

static void test_a_close_sends_what_is_queued(void **state)
{
    uint8_t *bytes = noise(LARGE);

    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("push", age);

        assert_ok(tn_set_int(scene.socket, "linger", -1));
        meet(&scene, PULL, PUSH, false);
        assert_ok(tn_send(scene.socket, bytes, LARGE, 0));
        api_send(scene.socket, "last", 0);
        assert_ok(tn_close(scene.socket));
        read_frame(scene.fd, age, bytes, LARGE, false);
        read_frame(scene.fd, age, "last", 4, false);
        close(scene.fd);
        close(scene.listener);
        api_ctx_end(scene.ctx);
    }
    free(bytes);
}

/* ------------------------------------------------------------------ patterns */

static void test_routing_ids_are_exchanged(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("router", age);

        assert_ok(tn_set_str(scene.socket, "routing_id", "ours"));
        api_bind(scene.socket, API_TCP, scene.endpoint);
        scene.fd = api_raw_connect(scene.endpoint);
        write_greeting(scene.fd, age, DEALER, "theirs", true);
        read_greeting(scene.fd, age, ROUTER, "ours");
        write_frame(scene.fd, age, "question", 8, false);
        api_expect_frame(scene.socket, "theirs", true);
        api_expect_frame(scene.socket, "question", false);
        api_send(scene.socket, "theirs", TN_MORE);
        api_send(scene.socket, "answer", 0);
        read_frame(scene.fd, age, "answer", 6, false);
        close_scene(&scene);
    }
}

static void test_the_longest_routing_id_is_taken(void **state)
{
    char id[256];

    (void)state;
    memset(id, 'i', 255);
    id[255] = '\0';
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("router", age);

        api_bind(scene.socket, API_TCP, scene.endpoint);
        scene.fd = api_raw_connect(scene.endpoint);
        write_greeting(scene.fd, age, DEALER, id, true);
        write_frame(scene.fd, age, "x", 1, false);
        api_expect_frame(scene.socket, id, true);
        api_expect_frame(scene.socket, "x", false);
        close_scene(&scene);
    }
}

static void test_requests_are_answered(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("rep", age);

        meet(&scene, REQ, REP, true);
        write_frame(scene.fd, age, "", 0, true);
        write_frame(scene.fd, age, "question", 8, false);
        api_expect_frame(scene.socket, "question", false);
        api_send(scene.socket, "answer", 0);
        read_frame(scene.fd, age, "", 0, true);
        read_frame(scene.fd, age, "answer", 6, false);
        close_scene(&scene);

        scene = open_scene("req", age);
        meet(&scene, REP, REQ, false);
        api_send(scene.socket, "question", 0);
        read_frame(scene.fd, age, "", 0, true);
        read_frame(scene.fd, age, "question", 8, false);
        write_frame(scene.fd, age, "", 0, true);
        write_frame(scene.fd, age, "answer", 6, false);
        api_expect_frame(scene.socket, "answer", false);
        close_scene(&scene);
    }
}

static void test_subscriptions_are_messages(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("sub", age);

        assert_ok(tn_subscribe(scene.socket, "abc", 3));
        meet(&scene, PUB, SUB, false);
        read_frame(scene.fd, age, "\1abc", 4, false);
        write_frame(scene.fd, age, "no", 2, false);
        write_frame(scene.fd, age, "abc!", 4, false);
        api_expect(scene.socket, "abc!");
        assert_ok(tn_unsubscribe(scene.socket, "abc", 3));
        read_frame(scene.fd, age, "\0abc", 4, false);
        close_scene(&scene);
    }
}

static void test_subscriptions_are_sent_again(void **state)
{
    char topic[256];
    uint8_t wanted[256] = {1};

    (void)state;
    memset(topic, 't', 255);
    memcpy(wanted + 1, topic, 255);
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("sub", age);
        tn_monitor_t *monitor = tn_monitor(scene.socket, TN_EVENT_HANDSHAKE_SUCCEEDED);
        tn_event_t event;

        assert_non_null(monitor);
        assert_ok(tn_set_int(scene.socket, "reconnect_ivl", 1));
        assert_ok(tn_set_int(scene.socket, "sndhwm", 1));
        assert_ok(tn_subscribe(scene.socket, "a", 1));
        assert_ok(tn_subscribe(scene.socket, topic, 255));
        meet(&scene, XPUB, SUB, false);
        read_frame(scene.fd, age, "\1a", 2, false);
        close(scene.fd);
        scene.fd = accept(scene.listener, NULL, NULL);
        assert_true(scene.fd >= 0);
        write_greeting(scene.fd, age, XPUB, "", false);
        read_greeting(scene.fd, age, SUB, "");
        api_expect_event(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
        api_expect_event(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
        /* The thread that uses the socket writes them. */
        api_expect_nothing(scene.socket);
        read_frame(scene.fd, age, "\1a", 2, false);
        read_frame(scene.fd, age, wanted, 256, false);
        tn_monitor_close(monitor);
        close_scene(&scene);
    }
}

static void test_publishers_take_subscriptions_as_messages(void **state)
{
    uint8_t got[8];

    (void)state;
    for (int age = REVISION_0; age < AGES; age++) {
        struct scene scene = open_scene("xpub", age);

        meet(&scene, SUB, PUB, true);
        write_frame(scene.fd, age, "\1abc", 4, false);
        api_expect(scene.socket, "\1abc");
        api_send(scene.socket, "other", 0);
        api_send(scene.socket, "abc!", 0);
        read_frame(scene.fd, age, "abc!", 4, false);
        write_frame(scene.fd, age, "\0abc", 4, false);
        assert_int_equal(assert_ok(tn_recv(scene.socket, got, sizeof(got), 0)), 4);
        assert_memory_equal(got, "\0abc", 4);
        close_scene(&scene);
    }
}

static void test_unversioned_subscribers_get_everything(void **state)
{
    static const char *const patterns[] = {"pub", "xpub"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct scene scene = open_scene(patterns[i], UNVERSIONED);

        meet(&scene, SUB, PUB, true);
        assert_ok(tn_wait_subscribers(scene.socket, 1, API_TIMEOUT_MS));
        if (i == 1)
            api_expect(scene.socket, "\1");
        api_send(scene.socket, "anything", 0);
        read_frame(scene.fd, UNVERSIONED, "anything", 8, false);
        close_scene(&scene);
    }
}

/* ------------------------------------------------------------------ liveness */

static void test_no_heartbeat_goes_to_old_peers(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        struct scene scene = open_scene("push", age);
        uint8_t ping[9];
        int modern;

        assert_ok(tn_set_int(scene.socket, "heartbeat_ivl", 5));
        assert_ok(tn_set_int(scene.socket, "heartbeat_timeout", API_TIMEOUT_MS));
        meet(&scene, PULL, PUSH, true);
        modern = api_raw_connect(scene.endpoint);
        api_raw_handshake(modern, 1, "PULL");
        for (int i = 0; i < 3; i++) {
            api_raw_read(modern, ping, sizeof(ping));
            assert_memory_equal(ping, "\4\7\4PING", 7);
            api_raw_write(modern, "\4\5\4PONG", 7);
        }
        close(modern);
        assert_ok(tn_wait_peers(scene.socket, 1, API_TIMEOUT_MS));
        api_send(scene.socket, "only this", 0);
        api_send(scene.socket, "only this", 0);
        read_frame(scene.fd, age, "only this", 9, false);
        close_scene(&scene);
    }
}

/* ------------------------------------------------------------------ refusals */

static void expect_refusal(enum age age, const char *pattern, uint32_t kind, const void *bytes,
                           size_t size)
{
    struct scene scene = open_scene(pattern, age);
    tn_monitor_t *monitor =
        tn_monitor(scene.socket, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_DISCONNECTED);
    tn_event_t event;

    assert_non_null(monitor);
    assert_ok(tn_set_int(scene.socket, "maxmsgsize", 1000));
    api_bind(scene.socket, API_TCP, scene.endpoint);
    scene.fd = api_raw_connect(scene.endpoint);
    api_raw_write(scene.fd, bytes, size);
    api_expect_event(monitor, kind, &event);
    assert_true(event.reason[0] != '\0');
    api_raw_expect_close(scene.fd);
    tn_monitor_close(monitor);
    close_scene(&scene);
}

static void test_wrong_types_are_refused(void **state)
{
    uint8_t greeting[] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 0, 0, 0};

    (void)state;
    for (int type = 0; type < 256; type++) {
        if (type == REQ || type == DEALER)
            continue;
        greeting[11] = (uint8_t)type;
        expect_refusal(REVISION_1, "rep", TN_EVENT_HANDSHAKE_FAILED, greeting, sizeof(greeting));
        type += type > XSUB ? 60 : 0;
    }
}

static void test_malformed_routing_ids_are_refused(void **state)
{
    (void)state;
    expect_refusal(REVISION_0, "router", TN_EVENT_HANDSHAKE_FAILED,
                   "\xff\0\0\0\0\0\0\0\1\x7f\0\5\xff\0\0\0\0\0\0\1\1\0", 22);
    expect_refusal(REVISION_1, "router", TN_EVENT_HANDSHAKE_FAILED,
                   "\xff\0\0\0\0\0\0\0\1\x7f\1\5\2\0\0\0\0\0\0\1\0", 21);
    expect_refusal(REVISION_1, "router", TN_EVENT_HANDSHAKE_FAILED,
                   "\xff\0\0\0\0\0\0\0\1\x7f\1\5\1\1x", 15);
}

/* Such peers can prove nothing. */
static void test_where_peers_must_prove_who_they_are_old_ones_are_refused(void **state)
{
    (void)state;
    for (int age = 0; age < AGES; age++) {
        for (int by_domain = 0; by_domain < 2; by_domain++) {
            struct scene scene = open_scene("pull", age);
            tn_monitor_t *monitor = tn_monitor(scene.socket, TN_EVENT_HANDSHAKE_FAILED);
            tn_event_t event;

            if (by_domain)
                assert_ok(tn_set_str(scene.socket, "zap_domain", "d"));
            else
                assert_ok(tn_set_str(scene.socket, "mechanism", "plain"));
            api_bind(scene.socket, API_TCP, scene.endpoint);
            scene.fd = api_raw_connect(scene.endpoint);
            write_greeting(scene.fd, age, PUSH, "", false);
            api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
            assert_true(event.reason[0] != '\0');
            api_raw_expect_close(scene.fd);
            tn_monitor_close(monitor);
            close_scene(&scene);
        }
    }
}

static void test_malformed_frames_end_the_connection(void **state)
{
    (void)state;
    expect_refusal(UNVERSIONED, "pull", TN_EVENT_DISCONNECTED, "\1\0\0", 3);
    expect_refusal(UNVERSIONED, "pull", TN_EVENT_DISCONNECTED, "\1\0\xff\0\0\0\0\0\0\0\0\0", 12);
    expect_refusal(UNVERSIONED, "pull", TN_EVENT_DISCONNECTED, "\1\0\xff\x80\0\0\0\0\0\0\1\0", 12);
    expect_refusal(UNVERSIONED, "pull", TN_EVENT_DISCONNECTED, "\1\0\xff\0\0\0\0\0\0\3\xea\0", 12);
    expect_refusal(UNVERSIONED, "pull", TN_EVENT_DISCONNECTED,
                   "\1\0\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0", 12);
    expect_refusal(REVISION_1, "pull", TN_EVENT_DISCONNECTED,
                   "\xff\0\0\0\0\0\0\0\1\x7f\1\x8\0\0\2\0\0\0\0\0\0\3\xe9", 23);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_of_every_size_go_both_ways),
        cmocka_unit_test(test_frames_arrive_byte_by_byte),
        cmocka_unit_test(test_long_form_of_a_short_length_is_taken),
        cmocka_unit_test(test_a_full_socket_loses_nothing),
        cmocka_unit_test(test_what_was_cut_goes_out_whole_to_the_next_connection),
        cmocka_unit_test(test_half_a_message_is_not_delivered),
        cmocka_unit_test(test_a_close_sends_what_is_queued),
        cmocka_unit_test(test_routing_ids_are_exchanged),
        cmocka_unit_test(test_the_longest_routing_id_is_taken),
        cmocka_unit_test(test_requests_are_answered),
        cmocka_unit_test(test_subscriptions_are_messages),
        cmocka_unit_test(test_subscriptions_are_sent_again),
        cmocka_unit_test(test_publishers_take_subscriptions_as_messages),
        cmocka_unit_test(test_unversioned_subscribers_get_everything),
        cmocka_unit_test(test_no_heartbeat_goes_to_old_peers),
        cmocka_unit_test(test_wrong_types_are_refused),
        cmocka_unit_test(test_malformed_routing_ids_are_refused),
        cmocka_unit_test(test_where_peers_must_prove_who_they_are_old_ones_are_refused),
        cmocka_unit_test(test_malformed_frames_end_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
