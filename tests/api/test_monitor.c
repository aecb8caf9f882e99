/* Events: the life of a connection from both ends, overflow, the descriptor, the last event. */
#include "api.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static tn_monitor_t *open_monitor(tn_socket_t *socket, uint32_t mask)
{
    tn_monitor_t *monitor = tn_monitor(socket, mask);

    if (!monitor)
        print_error("no monitor: %s\n", tn_last_error());
    assert_non_null(monitor);
    return monitor;
}

static void test_life_of_a_connection_is_told(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *router = api_socket(ctx, "router"), *dealer = api_socket(ctx, "dealer");
    tn_monitor_t *server = open_monitor(router, TN_EVENT_ALL);
    tn_monitor_t *client = open_monitor(dealer, TN_EVENT_ALL);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event, accepted;

    (void)state;
    assert_ok(tn_set_blob(dealer, "routing_id", "me", 2));
    api_bind(router, API_TCP, endpoint);
    api_expect_event(server, TN_EVENT_LISTENING, &event);
    assert_string_equal(event.endpoint, endpoint);
    assert_true(event.time_ms > 0);
    assert_ok(tn_connect(dealer, endpoint));
    api_expect_event(server, TN_EVENT_ACCEPTED, &accepted);
    assert_true(accepted.connection != 0);
    assert_true(strlen(accepted.remote) > 0);
    api_expect_event(server, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
    assert_int_equal(event.connection, accepted.connection);
    assert_int_equal(event.routing_id_size, 2);
    assert_memory_equal(event.routing_id, "me", 2);
    assert_string_equal(event.remote, accepted.remote);
    api_expect_event(client, TN_EVENT_CONNECTED, &event);
    assert_string_equal(event.endpoint, endpoint);
    assert_string_equal(event.local, accepted.remote);
    api_expect_event(client, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
    assert_ok(tn_close(dealer));
    api_expect_event(server, TN_EVENT_DISCONNECTED, &event);
    assert_int_equal(event.connection, accepted.connection);
    api_expect_event(client, TN_EVENT_STOPPED, &event);
    assert_code(tn_monitor_recv(client, &event, 0), -TN_ECLOSED);
    assert_ok(tn_unbind(router, endpoint));
    api_expect_event(server, TN_EVENT_CLOSED, &event);
    assert_string_equal(event.endpoint, endpoint);
    assert_ok(tn_close(router));
    api_expect_event(server, TN_EVENT_STOPPED, &event);
    tn_monitor_close(server);
    tn_monitor_close(client);
    api_ctx_end(ctx);
}

static void test_refused_connection_tells_of_the_next_attempt(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = open_monitor(push, TN_EVENT_CONNECT_RETRIED);
    tn_event_t event;

    (void)state;
    assert_ok(tn_set_int(push, "reconnect_ivl", 10));
    assert_ok(tn_set_int(push, "reconnect_ivl_max", 40));
    assert_ok(tn_connect(push, "tcp://127.0.0.1:1"));
    for (int i = 0; i < 5; i++) {
        api_expect_event(monitor, TN_EVENT_CONNECT_RETRIED, &event);
        assert_int_equal(event.error, -ECONNREFUSED);
        assert_string_equal(event.endpoint, "tcp://127.0.0.1:1");
        assert_in_range(event.value, 1, 100);
    }
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_mask_selects_events(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = open_monitor(pull, TN_EVENT_HANDSHAKE_SUCCEEDED);
    tn_event_t event;

    (void)state;
    api_join(pull, push, API_TCP);
    assert_ok(tn_monitor_recv(monitor, &event, API_TIMEOUT_MS));
    assert_int_equal(event.kind, TN_EVENT_HANDSHAKE_SUCCEEDED);
    assert_code(tn_monitor_recv(monitor, &event, 0), -ETIMEDOUT);
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_descriptor_tells_of_events(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    tn_monitor_t *monitor = open_monitor(pull, TN_EVENT_LISTENING);
    struct pollfd item = {.fd = tn_monitor_fd(monitor), .events = POLLIN};
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    (void)state;
    assert_true(item.fd >= 0);
    assert_int_equal(poll(&item, 1, 0), 0);
    api_bind(pull, API_TCP, endpoint);
    api_bind(pull, API_TCP, endpoint);
    assert_int_equal(poll(&item, 1, API_TIMEOUT_MS), 1);
    assert_ok(tn_monitor_recv(monitor, &event, 0));
    assert_int_equal(poll(&item, 1, 0), 1);
    assert_ok(tn_monitor_recv(monitor, &event, 0));
    assert_int_equal(poll(&item, 1, 0), 0);
    tn_monitor_close(monitor);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_unread_events_overflow_and_are_counted(void **state)
{
    enum { ROUNDS = 1500 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    tn_monitor_t *monitor = open_monitor(pull, TN_EVENT_LISTENING | TN_EVENT_CLOSED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;
    int64_t seen = 0, lost = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        api_bind(pull, API_TCP, endpoint);
        assert_ok(tn_unbind(pull, endpoint));
    }
    while (tn_monitor_recv(monitor, &event, seen + lost < 2 * ROUNDS ? 1000 : 0) == 0) {
        if (event.kind == TN_EVENT_OVERFLOW)
            lost += event.value;
        else
            seen++;
    }
    assert_true(lost > 0);
    assert_in_range(seen, 1, 1000);
    assert_int_equal(seen + lost, 2 * ROUNDS);
    tn_monitor_close(monitor);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_several_monitors_see_the_same(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    tn_monitor_t *first = open_monitor(pull, TN_EVENT_ALL);
    tn_monitor_t *second = open_monitor(pull, TN_EVENT_ALL);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    api_expect_event(first, TN_EVENT_LISTENING, &event);
    tn_monitor_close(first);
    api_expect_event(second, TN_EVENT_LISTENING, &event);
    assert_ok(tn_close(pull));
    api_expect_event(second, TN_EVENT_STOPPED, &event);
    tn_monitor_close(second);
    api_ctx_end(ctx);
}

static void test_bind_failure_is_told(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *other = api_socket(ctx, "pull");
    tn_monitor_t *monitor = open_monitor(other, TN_EVENT_BIND_FAILED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    assert_code(tn_bind(other, endpoint), -EADDRINUSE);
    api_expect_event(monitor, TN_EVENT_BIND_FAILED, &event);
    assert_int_equal(event.error, -EADDRINUSE);
    tn_monitor_close(monitor);
    assert_ok(tn_close(pull));
    assert_ok(tn_close(other));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_life_of_a_connection_is_told),
        cmocka_unit_test(test_refused_connection_tells_of_the_next_attempt),
        cmocka_unit_test(test_mask_selects_events),
        cmocka_unit_test(test_descriptor_tells_of_events),
        cmocka_unit_test(test_unread_events_overflow_and_are_counted),
        cmocka_unit_test(test_several_monitors_see_the_same),
        cmocka_unit_test(test_bind_failure_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
