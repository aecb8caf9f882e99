/* What wrong use gets: the right code, and a sentence that says what was wrong. */
#include "api.h"

static tn_ctx_t *ctx;

static int setup(void **state)
{
    (void)state;
    ctx = api_ctx();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    api_ctx_end(ctx);
    return 0;
}

static void assert_says(const char *word)
{
    if (!strstr(tn_last_error(), word))
        print_error("\"%s\" does not say \"%s\"\n", tn_last_error(), word);
    assert_non_null(strstr(tn_last_error(), word));
}

static void test_unknown_pattern_names_the_nearest(void **state)
{
    (void)state;
    assert_null(tn_socket(ctx, "dealr"));
    assert_int_equal(tn_last_code(), -TN_EMODULE);
    assert_says("dealr");
    assert_says("dealer");
    assert_null(tn_socket(ctx, ""));
    assert_null(tn_socket(ctx, NULL));
    assert_true(tn_last_code() < 0);
    assert_null(tn_socket(NULL, "pair"));
    assert_true(tn_last_code() < 0);
}

static void test_unknown_scheme_names_the_nearest(void **state)
{
    tn_socket_t *socket = api_socket(ctx, "pull");

    (void)state;
    assert_code(tn_bind(socket, "tcpp://127.0.0.1:*"), -TN_EMODULE);
    assert_says("tcpp");
    assert_says("\"tcp\"");
    assert_code(tn_connect(socket, "carrier-pigeon://coop:1"), -TN_EMODULE);
    assert_says("carrier-pigeon");
    assert_ok(tn_close(socket));
}

static void test_malformed_endpoints_are_refused(void **state)
{
    static const char *const endpoints[] = {"",
                                            "tcp",
                                            "tcp:",
                                            "tcp:/",
                                            "tcp://",
                                            "://x",
                                            "127.0.0.1:5555",
                                            "tcp://127.0.0.1",
                                            "tcp://127.0.0.1:",
                                            "tcp://127.0.0.1:65536",
                                            "tcp://127.0.0.1:-1",
                                            "tcp://127.0.0.1:12x",
                                            "tcp://[::1:5555",
                                            "ipc://",
                                            "inproc://"};
    tn_socket_t *socket = api_socket(ctx, "pull");

    (void)state;
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        int bound = tn_bind(socket, endpoints[i]);
        int connected = tn_connect(socket, endpoints[i]);
        if (bound >= 0 || connected >= 0)
            print_error("\"%s\" is accepted: %d %d\n", endpoints[i], bound, connected);
        assert_true(bound < 0 && connected < 0);
        assert_true(strlen(tn_last_error()) > 0);
    }
    assert_code(tn_bind(socket, NULL), -EINVAL);
    assert_code(tn_connect(socket, NULL), -EINVAL);
    assert_code(tn_connect(socket, "tcp://127.0.0.1:0"), -EINVAL);
    assert_code(tn_connect(socket, "tcp://127.0.0.1:*"), -EINVAL);
    assert_ok(tn_close(socket));
}

static void test_long_ipc_path_is_refused(void **state)
{
    tn_socket_t *socket = api_socket(ctx, "pull");
    char endpoint[300] = "ipc:///tmp/";

    (void)state;
    memset(endpoint + strlen(endpoint), 'x', 200);
    assert_true(tn_bind(socket, endpoint) < 0);
    assert_true(tn_connect(socket, endpoint) < 0);
    assert_ok(tn_close(socket));
}

static void test_port_in_use_says_where(void **state)
{
    tn_socket_t *first = api_socket(ctx, "pull"), *second = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(first, API_TCP, endpoint);
    assert_code(tn_bind(second, endpoint), -EADDRINUSE);
    assert_says(strrchr(endpoint, ':'));
    api_bind(first, "inproc://taken", endpoint);
    assert_code(tn_bind(second, "inproc://taken"), -EADDRINUSE);
    assert_ok(tn_close(first));
    assert_ok(tn_close(second));
}

static void test_ipc_of_a_living_listener_is_in_use(void **state)
{
    tn_socket_t *first = api_socket(ctx, "pull"), *second = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(first, API_IPC, endpoint);
    assert_code(tn_bind(second, endpoint), -EADDRINUSE);
    assert_ok(tn_close(first));
    assert_ok(tn_close(second));
}

static void test_unresolvable_name_is_an_event(void **state)
{
    tn_socket_t *socket = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(socket, TN_EVENT_ALL);
    tn_event_t event;

    (void)state;
    assert_non_null(monitor);
    assert_ok(tn_connect(socket, "tcp://does-not-exist.invalid:5555"));
    api_expect_event(monitor, TN_EVENT_CONNECT_RETRIED, &event);
    assert_true(event.error < 0);
    assert_non_null(strstr(event.endpoint, "does-not-exist.invalid"));
    assert_true(event.reason[0] != '\0');
    tn_monitor_close(monitor);
    assert_ok(tn_close(socket));
}

static void test_unknown_option_names_the_nearest(void **state)
{
    tn_socket_t *socket = api_socket(ctx, "router");
    int64_t value;

    (void)state;
    assert_code(tn_set_int(socket, "sndhmw", 1), -TN_ENOOPTION);
    assert_says("sndhwm");
    assert_code(tn_set_int(socket, "router_mandatry", 1), -TN_ENOOPTION);
    assert_says("router_mandatory");
    assert_code(tn_get_int(socket, "no such thing at all", &value), -TN_ENOOPTION);
    assert_code(tn_set_int(socket, "", 1), -TN_ENOOPTION);
    assert_code(tn_ctx_set_int(ctx, "io_thread", 1), -TN_ENOOPTION);
    assert_ok(tn_close(socket));
}

static void test_options_are_checked(void **state)
{
    tn_socket_t *socket = api_socket(ctx, "dealer");
    char text[4], id[256] = {0};
    size_t size = sizeof(text);

    (void)state;
    assert_code(tn_set_int(socket, "sndhwm", -1), -EINVAL);
    assert_says("sndhwm");
    assert_code(tn_set_str(socket, "sndhwm", "many"), -EINVAL);
    assert_code(tn_set_int(socket, "conflate", 2), -EINVAL);
    assert_code(tn_set_blob(socket, "routing_id", id, 256), -EINVAL);
    assert_code(tn_set_int(socket, "rcvmore", 1), -EACCES);
    assert_code(tn_set_int(socket, "tcp.keepalive", 7), -EINVAL);
    assert_code(tn_bind(socket, "tcp://127.0.0.1:*?sndhwm=lots"), -EINVAL);
    assert_code(tn_bind(socket, "tcp://127.0.0.1:*?sndhmw=1"), -TN_ENOOPTION);
    assert_code(tn_get_str(socket, "type", text, &size), -EMSGSIZE);
    assert_int_equal(size, sizeof("dealer"));
    assert_ok(tn_close(socket));
}

static void test_options_read_back(void **state)
{
    tn_socket_t *socket = api_socket(ctx, "dealer");
    char text[32], id[255];
    size_t size = sizeof(text), id_size = sizeof(id);
    int64_t value;

    (void)state;
    assert_ok(tn_get_int(socket, "sndhwm", &value));
    assert_int_equal(value, 1000);
    assert_ok(tn_set_int(socket, "sndhwm", 7));
    assert_ok(tn_get_int(socket, "sndhwm", &value));
    assert_int_equal(value, 7);
    assert_ok(tn_get_str(socket, "type", text, &size));
    assert_string_equal(text, "dealer");
    assert_int_equal(size, sizeof("dealer"));
    assert_ok(tn_set_blob(socket, "routing_id", "a\0b", 3));
    assert_ok(tn_get_blob(socket, "routing_id", id, &id_size));
    assert_int_equal(id_size, 3);
    assert_memory_equal(id, "a\0b", 3);
    assert_ok(tn_set_int(socket, "tcp.keepalive", 1));
    assert_ok(tn_get_int(socket, "tcp.keepalive", &value));
    assert_int_equal(value, 1);
    assert_ok(tn_close(socket));
}

static void test_null_and_closed_sockets_are_errors(void **state)
{
    tn_socket_t *socket = api_socket(ctx, "pair");
    tn_pollitem_t item = {socket, -1, TN_POLLIN, 0};
    char buffer[8];
    tn_msg_t msg;
    int64_t value;
    tn_stats_t stats;

    (void)state;
    tn_msg_init(&msg);
    assert_ok(tn_close(socket));
    for (int i = 0; i < 2; i++, socket = NULL) {
        assert_code(tn_close(socket), -TN_ECLOSED);
        assert_code(tn_bind(socket, "inproc://x"), -TN_ECLOSED);
        assert_code(tn_connect(socket, "inproc://x"), -TN_ECLOSED);
        assert_code(tn_unbind(socket, "inproc://x"), -TN_ECLOSED);
        assert_code(tn_disconnect(socket, "inproc://x"), -TN_ECLOSED);
        assert_code(tn_send(socket, "x", 1, 0), -TN_ECLOSED);
        assert_code(tn_recv(socket, buffer, sizeof(buffer), 0), -TN_ECLOSED);
        assert_code(tn_msg_send(socket, &msg, 0), -TN_ECLOSED);
        assert_code(tn_msg_recv(socket, &msg, 0), -TN_ECLOSED);
        assert_code(tn_send_parts(socket, &msg, 1, 0), -TN_ECLOSED);
        assert_code(tn_recv_parts(socket, &msg, 1, 0), -TN_ECLOSED);
        assert_code(tn_send_batch(socket, &msg, 1, 0), -TN_ECLOSED);
        assert_code(tn_recv_batch(socket, &msg, 1, 0), -TN_ECLOSED);
        assert_code(tn_set_int(socket, "sndhwm", 1), -TN_ECLOSED);
        assert_code(tn_get_int(socket, "sndhwm", &value), -TN_ECLOSED);
        assert_code(tn_subscribe(socket, "", 0), -TN_ECLOSED);
        assert_code(tn_fd(socket, TN_POLLIN), -TN_ECLOSED);
        assert_code(tn_stats(socket, &stats), -TN_ECLOSED);
        assert_code(tn_peers(socket, NULL, 0), -TN_ECLOSED);
        assert_code(tn_wait_peers(socket, 1, 0), -TN_ECLOSED);
        assert_code(tn_drain(socket, 0), -TN_ECLOSED);
        assert_null(tn_monitor(socket, TN_EVENT_ALL));
        assert_int_equal(tn_last_code(), -TN_ECLOSED);
    }
    assert_int_equal(assert_ok(tn_poll(&item, 1, 0)), 1);
    assert_int_equal(item.revents, TN_POLLERR);
}

static void test_wrong_direction_is_not_supported(void **state)
{
    static const char *const senders[] = {"push", "pub"}, *const receivers[] = {"pull", "sub"};
    char buffer[8];

    (void)state;
    for (int i = 0; i < 2; i++) {
        tn_socket_t *sender = api_socket(ctx, senders[i]);
        tn_socket_t *receiver = api_socket(ctx, receivers[i]);
        assert_code(tn_recv(sender, buffer, sizeof(buffer), TN_DONTWAIT), -ENOTSUP);
        assert_code(tn_send(receiver, "x", 1, TN_DONTWAIT), -ENOTSUP);
        assert_ok(tn_close(sender));
        assert_ok(tn_close(receiver));
    }
}

static void test_subscribing_is_for_subscribers(void **state)
{
    tn_socket_t *push = api_socket(ctx, "push");

    (void)state;
    assert_code(tn_subscribe(push, "x", 1), -ENOTSUP);
    assert_code(tn_unsubscribe(push, "x", 1), -ENOTSUP);
    assert_ok(tn_close(push));
}

static void test_bad_arguments_are_errors(void **state)
{
    tn_socket_t *pair = api_socket(ctx, "pair");
    char buffer[8];

    (void)state;
    assert_code(tn_send(pair, NULL, 1, TN_DONTWAIT), -EINVAL);
    assert_code(tn_recv(pair, NULL, 1, TN_DONTWAIT), -EINVAL);
    assert_code(tn_msg_send(pair, NULL, 0), -EINVAL);
    assert_code(tn_msg_recv(pair, NULL, 0), -EINVAL);
    assert_code(tn_set_str(pair, "metadata", NULL), -EINVAL);
    assert_code(tn_poll(NULL, 1, 0), -EINVAL);
    assert_code(tn_recv(pair, buffer, 0, TN_DONTWAIT), -EAGAIN);
    assert_ok(tn_close(pair));
}

static void test_undoing_what_was_not_done_is_no_entry(void **state)
{
    tn_socket_t *pair = api_socket(ctx, "pair");

    (void)state;
    assert_code(tn_unbind(pair, "tcp://127.0.0.1:1"), -ENOENT);
    assert_code(tn_disconnect(pair, "tcp://127.0.0.1:1"), -ENOENT);
    assert_ok(tn_close(pair));
}

static void test_context_options_are_checked(void **state)
{
    tn_ctx_t *own = api_ctx();
    tn_socket_t *socket;
    int64_t value;

    (void)state;
    assert_ok(tn_ctx_get_int(own, "io_threads", &value));
    assert_int_equal(value, 1);
    assert_code(tn_ctx_set_int(own, "io_threads", 65), -EINVAL);
    assert_code(tn_ctx_set_int(own, "io_threads", -1), -EINVAL);
    assert_ok(tn_ctx_set_int(own, "max_sockets", 2));
    socket = api_socket(own, "pair");
    assert_code(tn_ctx_set_int(own, "io_threads", 2), -EBUSY);
    assert_ok(tn_close(api_socket(own, "pair")));
    assert_code(tn_ctx_fd(own), -ENOTSUP);
    assert_code(tn_ctx_step(own), -ENOTSUP);
    assert_ok(tn_close(socket));
    api_ctx_end(own);
}

static void test_too_many_sockets_is_emfile(void **state)
{
    tn_ctx_t *own = api_ctx();
    tn_socket_t *sockets[3];

    (void)state;
    assert_ok(tn_ctx_set_int(own, "max_sockets", 3));
    for (int i = 0; i < 3; i++)
        sockets[i] = api_socket(own, "pair");
    assert_null(tn_socket(own, "pair"));
    assert_int_equal(tn_last_code(), -EMFILE);
    assert_ok(tn_close(sockets[0]));
    sockets[0] = api_socket(own, "pair");
    for (int i = 0; i < 3; i++)
        assert_ok(tn_close(sockets[i]));
    api_ctx_end(own);
}

static void test_shutdown_fails_every_later_call(void **state)
{
    tn_ctx_t *own = api_ctx();
    tn_socket_t *socket = api_socket(own, "pair");
    char buffer[8];

    (void)state;
    assert_ok(tn_ctx_shutdown(own));
    assert_code(tn_send(socket, "x", 1, 0), -TN_ETERM);
    assert_code(tn_recv(socket, buffer, sizeof(buffer), 0), -TN_ETERM);
    assert_code(tn_bind(socket, "inproc://x"), -TN_ETERM);
    assert_null(tn_socket(own, "pair"));
    assert_int_equal(tn_last_code(), -TN_ETERM);
    assert_ok(tn_ctx_shutdown(own));
    assert_ok(tn_close(socket));
    api_ctx_end(own);
}

static void test_termination_names_the_open_socket(void **state)
{
    tn_ctx_t *own = api_ctx();
    tn_socket_t *socket = api_socket(own, "dealer");

    (void)state;
    assert_code(tn_ctx_term(own, 10), -ETIMEDOUT);
    assert_says("dealer");
    assert_ok(tn_close(socket));
    api_ctx_end(own);
}

static void test_every_code_has_a_name(void **state)
{
    (void)state;
    assert_non_null(tn_strerror(0));
    assert_string_equal(tn_strerror(-TN_ETERM), tn_strerror(TN_ETERM));
    for (int code = TN_ETERM; code <= TN_ENOOPTION; code++)
        assert_true(strlen(tn_strerror(code)) > 0);
    assert_non_null(tn_strerror(123456));
    assert_non_null(tn_event_name(TN_EVENT_LISTENING));
    assert_non_null(tn_event_name(0));
    assert_non_null(tn_drop_name(TN_DROP_HWM));
    assert_non_null(tn_drop_name(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_pattern_names_the_nearest),
        cmocka_unit_test(test_unknown_scheme_names_the_nearest),
        cmocka_unit_test(test_malformed_endpoints_are_refused),
        cmocka_unit_test(test_long_ipc_path_is_refused),
        cmocka_unit_test(test_port_in_use_says_where),
        cmocka_unit_test(test_ipc_of_a_living_listener_is_in_use),
        cmocka_unit_test(test_unresolvable_name_is_an_event),
        cmocka_unit_test(test_unknown_option_names_the_nearest),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_options_read_back),
        cmocka_unit_test(test_null_and_closed_sockets_are_errors),
        cmocka_unit_test(test_wrong_direction_is_not_supported),
        cmocka_unit_test(test_subscribing_is_for_subscribers),
        cmocka_unit_test(test_bad_arguments_are_errors),
        cmocka_unit_test(test_undoing_what_was_not_done_is_no_entry),
        cmocka_unit_test(test_context_options_are_checked),
        cmocka_unit_test(test_too_many_sockets_is_emfile),
        cmocka_unit_test(test_shutdown_fails_every_later_call),
        cmocka_unit_test(test_termination_names_the_open_socket),
        cmocka_unit_test(test_every_code_has_a_name),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
