/* Options that decide whether a connect is tried again, and when. */
#include "api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *push;
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX];
    int listener;
};

static struct scene open_scene(uint32_t events)
{
    struct scene scene = {.ctx = api_ctx()};

    scene.push = api_socket(scene.ctx, "push");
    scene.monitor = tn_monitor(scene.push, events);
    assert_non_null(scene.monitor);
    scene.listener = api_raw_listen(scene.endpoint);
    assert_ok(tn_set_int(scene.push, "reconnect_ivl", 1));
    assert_ok(tn_set_int(scene.push, "sndhwm", 0));
    return scene;
}

static void close_scene(struct scene *scene)
{
    if (scene->listener >= 0)
        close(scene->listener);
    tn_monitor_close(scene->monitor);
    assert_ok(tn_close(scene->push));
    api_ctx_end(scene->ctx);
}

static int take_connection(const struct scene *scene)
{
    int fd = accept(scene->listener, NULL, NULL);

    assert_true(fd >= 0);
    return fd;
}

/** The endpoint is given up: its pipe is gone, and nothing can be queued for it. */
static void expect_given_up(struct scene *scene)
{
    tn_event_t event;

    for (int i = 0; i < API_TIMEOUT_MS && tn_send(scene->push, "x", 1, TN_DONTWAIT) == 0; i++)
        if (tn_monitor_recv(scene->monitor, &event, 1) == 0)
            assert_int_not_equal(event.kind, TN_EVENT_CONNECT_RETRIED);
    assert_code(tn_send(scene->push, "x", 1, TN_DONTWAIT), -EAGAIN);
}

/* ------------------------------------------------------------------ when */

static void read_delays(struct scene *scene, int64_t *out_delays, int count)
{
    tn_event_t event;

    close(scene->listener);
    scene->listener = -1;
    assert_ok(tn_connect(scene->push, scene->endpoint));
    for (int i = 0; i < count; i++) {
        api_expect_event(scene->monitor, TN_EVENT_CONNECT_RETRIED, &event);
        out_delays[i] = event.value;
    }
}

static void test_waits_are_drawn_between_once_and_twice(void **state)
{
    struct scene scene = open_scene(TN_EVENT_CONNECT_RETRIED);
    int64_t delays[8];

    (void)state;
    assert_ok(tn_set_int(scene.push, "reconnect_ivl", 10));
    read_delays(&scene, delays, 8);
    for (int i = 0; i < 8; i++)
        assert_in_range(delays[i], 10, 19);
    close_scene(&scene);
}

static void test_waits_double_up_to_the_longest(void **state)
{
    static const int64_t wanted[] = {3, 6, 12, 20, 20};
    struct scene scene = open_scene(TN_EVENT_CONNECT_RETRIED);
    int64_t delays[5];

    (void)state;
    assert_ok(tn_set_int(scene.push, "reconnect_ivl", 3));
    assert_ok(tn_set_int(scene.push, "reconnect_ivl_max", 20));
    read_delays(&scene, delays, 5);
    assert_memory_equal(delays, wanted, sizeof(wanted));
    close_scene(&scene);
}

/* Accepted and closed again: what a server does that has too many. */
static void test_peers_that_are_turned_away_come_back_more_and_more_seldom(void **state)
{
    static const int64_t least[] = {1, 2, 4, 8, 16, 16, 1};
    struct scene scene = open_scene(TN_EVENT_CONNECT_RETRIED);
    tn_event_t event;

    (void)state;
    assert_ok(tn_connect(scene.push, scene.endpoint));
    for (int i = 0; i < 7; i++) {
        int fd = take_connection(&scene);
        if (i == 6) /* Let in, and lost: that is no reason to stay away. */
            api_raw_handshake(fd, 1, "PULL");
        close(fd);
        api_expect_event(scene.monitor, TN_EVENT_CONNECT_RETRIED, &event);
        assert_in_range(event.value, least[i], 2 * least[i] - 1);
    }
    close_scene(&scene);
}

static void test_no_interval_means_no_attempt(void **state)
{
    (void)state;
    for (int interval = -1; interval <= 0; interval++) {
        struct scene scene = open_scene(TN_EVENT_ALL);
        tn_event_t event;
        int fd;

        assert_ok(tn_set_int(scene.push, "reconnect_ivl", interval));
        assert_ok(tn_connect(scene.push, scene.endpoint));
        fd = take_connection(&scene);
        api_raw_handshake(fd, 1, "PULL");
        api_expect_event(scene.monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
        close(fd);
        api_expect_event(scene.monitor, TN_EVENT_DISCONNECTED, &event);
        expect_given_up(&scene);
        close_scene(&scene);
    }
}

/* Where the queue of a listener is full the system answers no further SYN. */
static void test_connects_that_take_too_long_are_given_up_and_tried_again(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(push, TN_EVENT_CONNECT_RETRIED);
    struct sockaddr_in address = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM, 0), fillers[8];
    socklen_t size = sizeof(address);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    (void)state;
    assert_non_null(monitor);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    for (int i = 0; i < 8; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        connect(fillers[i], (struct sockaddr *)&address, size);
    }
    snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    assert_ok(tn_set_int(push, "connect_timeout", 30));
    assert_ok(tn_set_int(push, "reconnect_ivl", 1));
    assert_ok(tn_connect(push, endpoint));
    for (int i = 0; i < 2; i++) {
        api_expect_event(monitor, TN_EVENT_CONNECT_RETRIED, &event);
        assert_int_equal(event.error, -ETIMEDOUT);
        assert_non_null(strstr(event.reason, "connect_timeout"));
    }
    for (int i = 0; i < 8; i++)
        close(fillers[i]);
    close(listener);
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ whether */

static void test_stop_when_refused(void **state)
{
    struct scene scene = open_scene(TN_EVENT_ALL);

    (void)state;
    close(scene.listener);
    scene.listener = -1;
    assert_ok(tn_set_int(scene.push, "reconnect_stop", 1));
    assert_ok(tn_connect(scene.push, scene.endpoint));
    expect_given_up(&scene);
    close_scene(&scene);
}

static void fail_a_handshake(struct scene *scene)
{
    tn_event_t event;
    int fd = take_connection(scene);

    close(fd);
    api_expect_event(scene->monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
}

static void test_stop_after_a_failed_handshake(void **state)
{
    struct scene scene = open_scene(TN_EVENT_ALL);

    (void)state;
    assert_ok(tn_set_int(scene.push, "reconnect_stop", 2));
    assert_ok(tn_connect(scene.push, scene.endpoint));
    fail_a_handshake(&scene);
    expect_given_up(&scene);
    close_scene(&scene);
}

static void test_failed_handshakes_are_tried_again(void **state)
{
    struct scene scene = open_scene(TN_EVENT_ALL);
    int fd;

    (void)state;
    assert_ok(tn_connect(scene.push, scene.endpoint));
    fail_a_handshake(&scene);
    fail_a_handshake(&scene);
    fd = take_connection(&scene);
    api_raw_handshake(fd, 1, "PULL");
    close(fd);
    close_scene(&scene);
}

static void test_an_error_command_is_final(void **state)
{
    struct scene scene = open_scene(TN_EVENT_ALL);
    uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    tn_event_t event;
    int fd;

    (void)state;
    assert_ok(tn_connect(scene.push, scene.endpoint));
    fd = take_connection(&scene);
    api_raw_write(fd, greeting, sizeof(greeting));
    api_raw_write(fd, "\4\12\5ERROR\003400", 12);
    api_expect_event(scene.monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_non_null(strstr(event.reason, "400"));
    expect_given_up(&scene);
    close(fd);
    close_scene(&scene);
}

/* Messages that were queued hold a disconnected endpoint up for "linger", unless it is to stop. */
static void test_stop_after_a_disconnect(void **state)
{
    struct scene scene = open_scene(TN_EVENT_CONNECT_RETRIED);
    tn_event_t event;

    (void)state;
    close(scene.listener);
    scene.listener = -1;
    assert_ok(tn_set_int(scene.push, "linger", -1));
    assert_ok(tn_set_int(scene.push, "reconnect_stop", 4));
    assert_ok(tn_connect(scene.push, scene.endpoint));
    api_send(scene.push, "nobody waits for this", 0);
    api_expect_event(scene.monitor, TN_EVENT_CONNECT_RETRIED, &event);
    assert_ok(tn_disconnect(scene.push, scene.endpoint));
    /* With the endless linger this ends only if the endpoint does. */
    close_scene(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_are_drawn_between_once_and_twice),
        cmocka_unit_test(test_waits_double_up_to_the_longest),
        cmocka_unit_test(test_peers_that_are_turned_away_come_back_more_and_more_seldom),
        cmocka_unit_test(test_no_interval_means_no_attempt),
        cmocka_unit_test(test_connects_that_take_too_long_are_given_up_and_tried_again),
        cmocka_unit_test(test_stop_when_refused),
        cmocka_unit_test(test_stop_after_a_failed_handshake),
        cmocka_unit_test(test_failed_handshakes_are_tried_again),
        cmocka_unit_test(test_an_error_command_is_final),
        cmocka_unit_test(test_stop_after_a_disconnect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
