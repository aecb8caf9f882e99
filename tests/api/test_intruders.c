/*
 * Peers that try to get in, or past, the handshake of a secure socket: what was once possible with others.
 * A good peer is served all the while.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "security.h"

enum { GREETING = 64, KEPT = 16 };

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *server, *good;
    char endpoint[API_ENDPOINT_MAX];
    atomic_bool is_silent; /* whoever is asked says nothing until the end */
    tn_question_t *kept[KEPT];
    int kept_count;
};

static void let_in(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    struct scene *scene = arg;
    const tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_OK};

    (void)info;
    if (scene->is_silent && scene->kept_count < KEPT)
        scene->kept[scene->kept_count++] = question;
    else
        tn_answer(question, &answer);
}

static void scene_begin(struct scene *scene, enum security_kind kind, const char *server,
                        const char *client)
{
    memset(scene, 0, sizeof *scene);
    scene->ctx = api_ctx();
    scene->server = api_socket(scene->ctx, server);
    scene->good = api_socket(scene->ctx, client);
    security_server(scene->server, kind);
    security_client(scene->good, kind);
    assert_ok(tn_set_int(scene->server, "handshake_ivl", 1000));
    assert_ok(tn_set_authenticator(scene->server, let_in, scene));
    api_bind(scene->server, API_TCP, scene->endpoint);
    assert_ok(tn_connect(scene->good, scene->endpoint));
    assert_ok(tn_wait_peers(scene->server, 1, API_TIMEOUT_MS));
}

static void scene_end(struct scene *scene)
{
    assert_ok(tn_close(scene->good));
    assert_ok(tn_close(scene->server));
    api_ctx_end(scene->ctx);
    while (scene->kept_count) {
        const tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_OK};
        assert_ok(tn_answer(scene->kept[--scene->kept_count], &answer));
    }
}

static void put_greeting(uint8_t out[GREETING], const char *mechanism)
{
    memset(out, 0, GREETING);
    out[0] = 0xff;
    out[8] = 1;
    out[9] = 0x7f;
    out[10] = 3;
    out[11] = 1;
    memcpy(out + 12, mechanism, strlen(mechanism));
}

/* As long as the peer listens: it may have closed before all of it was sent. */
static void push_bytes(int fd, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* ------------------------------------------------------------------ commands of every size */

/* CVE-2019-13132: a command was copied into room for a good one. */
static void send_command(const struct scene *scene, const char *mechanism, const char *name,
                         size_t size)
{
    size_t length = strlen(name), body = 1 + length + size;
    uint8_t *bytes = calloc(1, GREETING + 9 + body);
    int fd = api_raw_connect(scene->endpoint);

    assert_non_null(bytes);
    put_greeting(bytes, mechanism);
    bytes[GREETING] = 6;
    for (int i = 0; i < 8; i++)
        bytes[GREETING + 1 + i] = (uint8_t)((uint64_t)body >> (56 - 8 * i));
    bytes[GREETING + 9] = (uint8_t)length;
    memcpy(bytes + GREETING + 10, name, length);
    memset(bytes + GREETING + 10 + length, 'x', size);
    push_bytes(fd, bytes, GREETING + 9 + body);
    shutdown(fd, SHUT_WR);
    api_raw_expect_close(fd);
    close(fd);
    free(bytes);
}

static void check_sizes(enum security_kind kind)
{
    static const char *const names[] = {"HELLO", "INITIATE", "WELCOME", "READY", "ERROR", "X"};
    static const size_t sizes[] = {0,    1,    2,    24,   162,  193,   194,    195,
                                   247,  248,  249,  255,  256,  257,   1000,   4096,
                                   8182, 8183, 8184, 8185, 8192, 65536, 1 << 20};
    struct scene scene;

    scene_begin(&scene, kind, "pull", "push");
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            send_command(&scene, security_names[kind], names[n], sizes[s]);
    api_send(scene.good, "still here", 0);
    api_expect(scene.server, "still here");
    api_expect_nothing(scene.server);
    scene_end(&scene);
}

static void test_handshake_commands_of_every_size_do_no_harm(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++)
        check_sizes((enum security_kind)kind);
}

/* ------------------------------------------------------------------ older protocols */

/* CVE-2014-7202, CVE-2014-9721: a peer that spoke an older protocol was let in. */
static const struct {
    const char *bytes;
    size_t size;
} old_peers[] = {
    {"\1\0\0\2x", 5}, /* ZMTP 1.0: no routing id, then a message */
    {"\377\0\0\0\0\0\0\0\1\177\0\0\0\0\1x", 16}, /* 1.0 with a version */
    {"\377\0\0\0\0\0\0\0\1\177\1\7\0\0\0\1x", 17}, /* 2.0: PUSH */
};

static void test_older_protocols_are_refused_when_they_connect(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++) {
        struct scene scene;
        scene_begin(&scene, (enum security_kind)kind, "pull", "push");
        for (size_t i = 0; i < sizeof old_peers / sizeof old_peers[0]; i++) {
            int fd = api_raw_connect(scene.endpoint);
            push_bytes(fd, old_peers[i].bytes, old_peers[i].size);
            api_raw_expect_close(fd);
            close(fd);
        }
        api_expect_nothing(scene.server);
        scene_end(&scene);
    }
}

static void test_older_protocols_are_refused_when_we_connect(void **state)
{
    (void)state;
    for (int kind = SECURE_PLAIN; kind < security_kinds(); kind++) {
        for (size_t i = 0; i < sizeof old_peers / sizeof old_peers[0]; i++) {
            tn_ctx_t *ctx = api_ctx();
            tn_socket_t *client = api_socket(ctx, "push");
            char endpoint[API_ENDPOINT_MAX];
            int listener = api_raw_listen(endpoint), fd;

            security_client(client, (enum security_kind)kind);
            assert_ok(tn_set_int(client, "reconnect_ivl", -1));
            assert_ok(tn_connect(client, endpoint));
            fd = accept(listener, NULL, NULL);
            assert_true(fd >= 0);
            tn_send(client, "secret", 6, TN_DONTWAIT);
            push_bytes(fd, old_peers[i].bytes, old_peers[i].size);
            api_raw_expect_close(fd);
            close(fd);
            close(listener);
            assert_ok(tn_close(client));
            api_ctx_end(ctx);
        }
    }
}

/* ------------------------------------------------------------------ messages before the end */

/* CVE-2020-15166: a peer that never finished its handshake took part in the distribution. */
static void test_peers_in_their_handshake_get_no_messages(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++) {
        static const char ready[] = "\4\31\5READY\13Socket-Type\0\0\0\4PULL";
        uint8_t greeting[GREETING];
        struct scene scene;
        int fds[5];

        scene_begin(&scene, (enum security_kind)kind, "push", "pull");
        scene.is_silent = true;
        put_greeting(greeting, security_names[kind]);
        for (int i = 0; i < 5; i++) {
            fds[i] = api_raw_connect(scene.endpoint);
            push_bytes(fds[i], greeting, i == 0 ? 0 : i == 1 ? 11 : GREETING);
            if (i == 3 && kind == SECURE_NULL)
                push_bytes(fds[i], ready, sizeof ready - 1);
            if (i == 3 && kind == SECURE_PLAIN)
                push_bytes(fds[i], "\4\12\5HELLO\1u\1p", 12);
        }
        for (int i = 0; i < 100; i++)
            api_send(scene.server, "x", 0);
        for (int i = 0; i < 100; i++)
            api_expect(scene.good, "x");
        for (int i = 0; i < 5; i++)
            close(fds[i]);
        scene_end(&scene);
    }
}

/* A message instead of the command that is due is not delivered. */
static void test_messages_before_the_verdict_are_not_delivered(void **state)
{
    static const char ready[] = "\4\31\5READY\13Socket-Type\0\0\0\4PUSH";
    static const char messages[] = "\0\2no\0\3not";

    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++) {
        uint8_t greeting[GREETING];
        struct scene scene;
        int fd;

        scene_begin(&scene, (enum security_kind)kind, "pull", "push");
        scene.is_silent = true;
        put_greeting(greeting, security_names[kind]);
        fd = api_raw_connect(scene.endpoint);
        push_bytes(fd, greeting, sizeof greeting);
        if (kind == SECURE_NULL)
            push_bytes(fd, ready, sizeof ready - 1);
        if (kind == SECURE_PLAIN)
            push_bytes(fd, "\4\12\5HELLO\1u\1p", 12);
        push_bytes(fd, messages, sizeof messages - 1);
        api_raw_expect_close(fd); /* at the latest when "handshake_ivl" is over */
        close(fd);
        api_expect_nothing(scene.server);
        scene_end(&scene);
    }
}

/* ------------------------------------------------------------------ too many */

static void test_one_half_open_peer_too_many_is_closed_by_name(void **state)
{
    enum { LIMIT = 3 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pull"), *good = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(server, TN_EVENT_HANDSHAKE_FAILED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;
    int fds[LIMIT], late;

    (void)state;
    assert_non_null(monitor);
    assert_ok(tn_set_int(server, "max_half_open", LIMIT));
    assert_ok(tn_set_int(good, "reconnect_ivl", 10));
    api_bind(server, API_TCP, endpoint);
    for (int i = 0; i < LIMIT; i++)
        fds[i] = api_raw_connect(endpoint);
    late = api_raw_connect(endpoint);
    api_raw_expect_close(late);
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_non_null(strstr(event.reason, "max_half_open"));
    for (int i = 0; i < LIMIT; i++)
        close(fds[i]);
    assert_ok(tn_connect(good, endpoint));
    api_send(good, "in", 0);
    api_expect(server, "in");
    close(late);
    tn_monitor_close(monitor);
    assert_ok(tn_close(good));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ single bytes */

/* What comes from either side goes on in single bytes. */
static void *split(void *arg)
{
    const int *fds = arg;
    struct pollfd items[2] = {{.fd = fds[0], .events = POLLIN}, {.fd = fds[1], .events = POLLIN}};

    for (;;) {
        if (poll(items, 2, -1) < 0)
            return NULL;
        for (int i = 0; i < 2; i++) {
            char bytes[4096];
            ssize_t size = items[i].revents ? recv(fds[i], bytes, sizeof bytes, 0) : -1;

            if (items[i].revents && size <= 0) {
                shutdown(fds[0], SHUT_RDWR);
                shutdown(fds[1], SHUT_RDWR);
                return NULL;
            }
            for (ssize_t k = 0; k < size; k++)
                push_bytes(fds[!i], bytes + k, 1);
        }
    }
}

static void test_handshake_in_single_bytes_succeeds(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++) {
        struct scene scene;
        char endpoint[API_ENDPOINT_MAX];
        tn_socket_t *client;
        pthread_t thread;
        int listener = api_raw_listen(endpoint), fds[2];

        scene_begin(&scene, (enum security_kind)kind, "rep", "req");
        client = api_socket(scene.ctx, "req");
        security_client(client, (enum security_kind)kind);
        assert_ok(tn_connect(client, endpoint));
        fds[0] = accept(listener, NULL, NULL);
        fds[1] = api_raw_connect(scene.endpoint);
        assert_int_equal(pthread_create(&thread, NULL, split, fds), 0);
        for (int i = 0; i < 10; i++) {
            api_send(client, "a request of some length", 0);
            api_expect(scene.server, "a request of some length");
            api_send(scene.server, "", 0);
            api_expect(client, "");
        }
        assert_ok(tn_close(client));
        pthread_join(thread, NULL);
        close(fds[0]);
        close(fds[1]);
        close(listener);
        scene_end(&scene);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_commands_of_every_size_do_no_harm),
        cmocka_unit_test(test_older_protocols_are_refused_when_they_connect),
        cmocka_unit_test(test_older_protocols_are_refused_when_we_connect),
        cmocka_unit_test(test_peers_in_their_handshake_get_no_messages),
        cmocka_unit_test(test_messages_before_the_verdict_are_not_delivered),
        cmocka_unit_test(test_one_half_open_peer_too_many_is_closed_by_name),
        cmocka_unit_test(test_handshake_in_single_bytes_succeeds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
