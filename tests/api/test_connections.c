/* Binding, connecting, losing and ending: reconnection, immediate, linger, drain, unbind. */
#include "api.h"

static void bind_again(tn_socket_t *socket, const char *endpoint)
{
    while (tn_bind(socket, endpoint) == -EADDRINUSE)
        continue;
}

static void test_queue_survives_the_loss_of_the_listener(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    tn_monitor_t *monitor = tn_monitor(push, TN_EVENT_DISCONNECTED);
    char endpoint[API_ENDPOINT_MAX], text[16];
    tn_event_t event;

    (void)state;
    assert_non_null(monitor);
    assert_ok(tn_set_int(push, "reconnect_ivl", 10));
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(push, endpoint));
    api_send(push, "before", 0);
    api_expect(pull, "before");
    assert_ok(tn_close(pull));
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "%d", i);
        api_send(push, text, 0);
    }
    pull = api_socket(ctx, "pull");
    bind_again(pull, endpoint);
    for (int i = 0; i < 50; i++) {
        snprintf(text, sizeof(text), "%d", i);
        api_expect(pull, text);
    }
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_immediate_queues_for_living_peers_only(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(push, "immediate", 1));
    assert_ok(tn_connect(push, "tcp://127.0.0.1:1"));
    assert_code(tn_send(push, "x", 1, TN_DONTWAIT), -EAGAIN);
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(push, endpoint));
    for (int i = 0; i < 10; i++)
        api_send(push, "x", 0);
    for (int i = 0; i < 10; i++)
        api_expect(pull, "x");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_linger_sends_what_is_left(void **state)
{
    tn_ctx_t *ctx = api_ctx(), *other = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(other, "pull");
    char endpoint[API_ENDPOINT_MAX];
    static char body[10000];

    (void)state;
    assert_ok(tn_set_int(push, "linger", -1));
    assert_ok(tn_set_int(push, "sndhwm", 0));
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(push, endpoint));
    for (int i = 0; i < 2000; i++)
        assert_ok(tn_send(push, body, sizeof(body), 0));
    assert_ok(tn_close(push));
    for (int i = 0; i < 2000; i++)
        assert_int_equal(assert_ok(tn_recv(pull, body, sizeof(body), 0)), sizeof(body));
    api_ctx_end(ctx);
    assert_ok(tn_close(pull));
    api_ctx_end(other);
}

static void test_linger_ends_and_counts_no_further(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");

    (void)state;
    assert_ok(tn_set_int(push, "linger", 30));
    assert_ok(tn_connect(push, "tcp://127.0.0.1:1"));
    api_send(push, "never", 0);
    assert_ok(tn_close(push));
    assert_ok(tn_ctx_term(ctx, API_TIMEOUT_MS));
}

static void test_endless_linger_blocks_the_end_and_is_named(void **state)
{
    tn_ctx_t *ctx = api_ctx(), *other = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(other, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_close(pull));
    assert_ok(tn_set_int(push, "linger", -1));
    assert_ok(tn_set_int(push, "reconnect_ivl", 10));
    assert_ok(tn_connect(push, endpoint));
    api_send(push, "patient", 0);
    assert_ok(tn_close(push));
    assert_code(tn_ctx_term(ctx, 20), -ETIMEDOUT);
    assert_non_null(strstr(tn_last_error(), "push"));
    pull = api_socket(other, "pull");
    bind_again(pull, endpoint);
    api_expect(pull, "patient");
    api_ctx_end(ctx);
    assert_ok(tn_close(pull));
    api_ctx_end(other);
}

static void test_drain_waits_until_all_is_handed_over(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(push, "reconnect_ivl", 10));
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_close(pull));
    assert_ok(tn_connect(push, endpoint));
    assert_ok(tn_drain(push, 0));
    api_send(push, "x", 0);
    assert_code(tn_drain(push, 20), -ETIMEDOUT);
    pull = api_socket(ctx, "pull");
    bind_again(pull, endpoint);
    assert_ok(tn_drain(push, API_TIMEOUT_MS));
    api_expect(pull, "x");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_wait_peers_times_out(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pub = api_socket(ctx, "pub");

    (void)state;
    assert_int_equal(tn_wait_peers(push, 0, 0), 0);
    assert_code(tn_wait_peers(push, 1, 10), -ETIMEDOUT);
    assert_code(tn_wait_subscribers(pub, 1, 10), -ETIMEDOUT);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
}

static void test_unbind_frees_the_address_and_keeps_the_peers(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_socket_t *other = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(push, endpoint));
    api_send(push, "one", 0);
    api_expect(pull, "one");
    assert_ok(tn_unbind(pull, endpoint));
    assert_code(tn_unbind(pull, endpoint), -ENOENT);
    bind_again(other, endpoint);
    api_send(push, "two", 0);
    api_expect(pull, "two");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    assert_ok(tn_close(other));
    api_ctx_end(ctx);
}

static void test_disconnect_sends_the_queue_first(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(push, "linger", -1));
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(push, endpoint));
    for (int i = 0; i < 100; i++)
        api_send(push, "x", 0);
    assert_ok(tn_disconnect(push, endpoint));
    assert_code(tn_send(push, "y", 1, TN_DONTWAIT), -EAGAIN);
    for (int i = 0; i < 100; i++)
        api_expect(pull, "x");
    api_expect_nothing(pull);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_one_socket_binds_and_connects_at_many_places(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    static const char *const wildcards[] = {API_TCP, API_IPC, "inproc://many", "tcp://*:*",
                                            "ipc://@tenon-test-many"};
    char endpoints[5][API_ENDPOINT_MAX];

    (void)state;
    for (int i = 0; i < 5; i++)
        api_bind(pull, wildcards[i], endpoints[i]);
    for (int i = 0; i < 5; i++) {
        if (strncmp(endpoints[i], "tcp://0.0.0.0", 13) == 0)
            memcpy(endpoints[i], "tcp://127.0.0", 13);
        assert_ok(tn_connect(push, endpoints[i]));
    }
    assert_ok(tn_wait_peers(pull, 5, API_TIMEOUT_MS));
    for (int i = 0; i < 50; i++)
        api_send(push, "x", 0);
    for (int i = 0; i < 50; i++)
        api_expect(pull, "x");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_ipv6_and_names_connect(void **state)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1"};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX], target[API_ENDPOINT_MAX];

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    for (int i = 0; i < 2; i++) {
        tn_socket_t *push = api_socket(ctx, "push");
        snprintf(target, sizeof(target), "tcp://%s%s", hosts[i], strrchr(endpoint, ':'));
        assert_ok(tn_connect(push, target));
        api_send(push, hosts[i], 0);
        api_expect(pull, hosts[i]);
        assert_ok(tn_close(push));
    }
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_ipv6_loopback_connects(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX];
    size_t size = sizeof(endpoint);

    (void)state;
    assert_ok(tn_set_int(pull, "ipv6", 1));
    assert_ok(tn_set_int(push, "ipv6", 1));
    if (tn_bind(pull, "tcp://[::1]:*") < 0) {
        print_message("no IPv6 here: %s\n", tn_last_error());
    } else {
        assert_ok(tn_get_str(pull, "last_endpoint", endpoint, &size));
        assert_ok(tn_connect(push, endpoint));
        api_send(push, "six", 0);
        api_expect(pull, "six");
    }
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_options_of_an_endpoint_hold_for_it_alone(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    int64_t value;
    int sent = 0;

    (void)state;
    assert_ok(tn_connect(push, "tcp://127.0.0.1:1?sndhwm=3"));
    while (tn_send(push, "x", 1, TN_DONTWAIT) == 0)
        assert_true(++sent < 100);
    assert_int_equal(sent, 3);
    assert_ok(tn_get_int(push, "sndhwm", &value));
    assert_int_equal(value, 1000);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_message_tells_where_it_came_from(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_msg_t msg;

    (void)state;
    assert_ok(tn_set_str(push, "metadata", "X-Colour:blue"));
    api_join(pull, push, API_TCP);
    api_send(push, "x", 0);
    tn_msg_init(&msg);
    assert_ok(tn_msg_recv(pull, &msg, 0));
    assert_string_equal(tn_msg_property(&msg, "Socket-Type"), "PUSH");
    assert_string_equal(tn_msg_property(&msg, "X-Colour"), "blue");
    assert_non_null(tn_msg_property(&msg, "Peer-Address"));
    assert_non_null(strstr(tn_msg_property(&msg, "Peer-Address"), "127.0.0.1"));
    assert_null(tn_msg_property(&msg, "X-None"));
    assert_true(tn_msg_connection(&msg) != 0);
    tn_msg_close(&msg);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_thousand_sockets_come_and_go(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    for (int i = 0; i < 1000; i++) {
        tn_socket_t *push = api_socket(ctx, "push");
        assert_ok(tn_set_int(push, "linger", -1));
        assert_ok(tn_connect(push, endpoint));
        api_send(push, "x", 0);
        assert_ok(tn_close(push));
    }
    for (int i = 0; i < 1000; i++)
        api_expect(pull, "x");
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue_survives_the_loss_of_the_listener),
        cmocka_unit_test(test_immediate_queues_for_living_peers_only),
        cmocka_unit_test(test_linger_sends_what_is_left),
        cmocka_unit_test(test_linger_ends_and_counts_no_further),
        cmocka_unit_test(test_endless_linger_blocks_the_end_and_is_named),
        cmocka_unit_test(test_drain_waits_until_all_is_handed_over),
        cmocka_unit_test(test_wait_peers_times_out),
        cmocka_unit_test(test_unbind_frees_the_address_and_keeps_the_peers),
        cmocka_unit_test(test_disconnect_sends_the_queue_first),
        cmocka_unit_test(test_one_socket_binds_and_connects_at_many_places),
        cmocka_unit_test(test_ipv6_and_names_connect),
        cmocka_unit_test(test_ipv6_loopback_connects),
        cmocka_unit_test(test_options_of_an_endpoint_hold_for_it_alone),
        cmocka_unit_test(test_message_tells_where_it_came_from),
        cmocka_unit_test(test_thousand_sockets_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
