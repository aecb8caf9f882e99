/* REQ, REP, DEALER and ROUTER: states, envelopes, and the options that change them. */
#include "api.h"

struct trio {
    tn_ctx_t *ctx;
    tn_socket_t *server, *client;
    char endpoint[API_ENDPOINT_MAX];
};

static struct trio open_trio(const char *server, const char *client)
{
    struct trio trio;

    trio.ctx = api_ctx();
    trio.server = api_socket(trio.ctx, server);
    trio.client = api_socket(trio.ctx, client);
    api_bind(trio.server, API_TCP, trio.endpoint);
    return trio;
}

static void join(struct trio *trio)
{
    assert_ok(tn_connect(trio->client, trio->endpoint));
    assert_ok(tn_wait_peers(trio->server, 1, API_TIMEOUT_MS));
}

static void close_trio(struct trio *trio)
{
    assert_ok(tn_close(trio->client));
    assert_ok(tn_close(trio->server));
    api_ctx_end(trio->ctx);
}

static void test_req_and_rep_keep_their_order(void **state)
{
    struct trio trio = open_trio("rep", "req");
    char buffer[8];

    (void)state;
    join(&trio);
    assert_code(tn_recv(trio.client, buffer, sizeof(buffer), 0), -TN_EFSM);
    assert_code(tn_send(trio.server, "x", 1, 0), -TN_EFSM);
    api_send(trio.client, "q", 0);
    assert_code(tn_send(trio.client, "q", 1, 0), -TN_EFSM);
    api_expect(trio.server, "q");
    assert_code(tn_recv(trio.server, buffer, sizeof(buffer), 0), -TN_EFSM);
    api_send(trio.server, "a", 0);
    assert_code(tn_send(trio.server, "a", 1, 0), -TN_EFSM);
    api_expect(trio.client, "a");
    close_trio(&trio);
}

static void test_rep_keeps_the_whole_envelope(void **state)
{
    struct trio trio = open_trio("rep", "dealer");

    (void)state;
    join(&trio);
    api_send(trio.client, "hop1", TN_MORE);
    api_send(trio.client, "hop2", TN_MORE);
    api_send(trio.client, "", TN_MORE);
    api_send(trio.client, "body", 0);
    api_expect_frame(trio.server, "body", false);
    api_send(trio.server, "reply", 0);
    api_expect_frame(trio.client, "hop1", true);
    api_expect_frame(trio.client, "hop2", true);
    api_expect_frame(trio.client, "", true);
    api_expect_frame(trio.client, "reply", false);
    close_trio(&trio);
}

static void test_rep_drops_requests_without_delimiter(void **state)
{
    struct trio trio = open_trio("rep", "dealer");
    tn_stats_t stats;

    (void)state;
    join(&trio);
    api_send(trio.client, "no", TN_MORE);
    api_send(trio.client, "delimiter", 0);
    api_send(trio.client, "", TN_MORE);
    api_send(trio.client, "good", 0);
    api_expect(trio.server, "good");
    assert_ok(tn_stats(trio.server, &stats));
    assert_int_equal(stats.dropped[TN_DROP_MALFORMED], 1);
    close_trio(&trio);
}

static void test_router_gives_names_of_its_own(void **state)
{
    struct trio trio = open_trio("router", "dealer");
    char id[256];
    int64_t more;
    ssize_t size;

    (void)state;
    join(&trio);
    api_send(trio.client, "hi", 0);
    size = assert_ok(tn_recv(trio.server, id, sizeof(id), 0));
    assert_int_equal(size, 5);
    assert_int_equal(id[0], 0);
    assert_ok(tn_get_int(trio.server, "rcvmore", &more));
    assert_int_equal(more, 1);
    api_expect_frame(trio.server, "hi", false);
    assert_ok(tn_send(trio.server, id, (size_t)size, TN_MORE));
    api_send(trio.server, "ho", 0);
    api_expect(trio.client, "ho");
    close_trio(&trio);
}

static void test_router_drops_for_unknown_peers_unless_mandatory(void **state)
{
    struct trio trio = open_trio("router", "dealer");
    tn_stats_t stats;

    (void)state;
    api_send(trio.server, "nobody", TN_MORE);
    api_send(trio.server, "lost", 0);
    assert_ok(tn_stats(trio.server, &stats));
    assert_int_equal(stats.dropped[TN_DROP_UNROUTABLE], 1);
    assert_ok(tn_set_int(trio.server, "router_mandatory", 1));
    assert_code(tn_send(trio.server, "nobody", 6, TN_MORE), -EHOSTUNREACH);
    assert_ok(tn_set_blob(trio.client, "routing_id", "known", 5));
    join(&trio);
    api_send(trio.server, "known", TN_MORE);
    api_send(trio.server, "found", 0);
    api_expect(trio.client, "found");
    close_trio(&trio);
}

static void test_mandatory_router_says_full(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *router = api_socket(ctx, "router"), *dealer = api_socket(ctx, "dealer");
    int sent = 0, code;

    (void)state;
    assert_ok(tn_set_int(router, "router_mandatory", 1));
    assert_ok(tn_set_int(router, "sndhwm", 3));
    assert_ok(tn_set_int(dealer, "rcvhwm", 3));
    assert_ok(tn_set_blob(dealer, "routing_id", "D", 1));
    api_join(router, dealer, "inproc://full");
    while ((code = tn_send(router, "D", 1, TN_MORE | TN_DONTWAIT)) == 0) {
        api_send(router, "x", TN_DONTWAIT);
        assert_true(++sent < 100);
    }
    assert_int_equal(code, -EAGAIN);
    assert_int_equal(sent, 6);
    for (int i = 0; i < sent; i++)
        api_expect(dealer, "x");
    api_send(router, "D", TN_MORE);
    api_send(router, "again", 0);
    api_expect(dealer, "again");
    assert_ok(tn_close(router));
    assert_ok(tn_close(dealer));
    api_ctx_end(ctx);
}

static void test_second_peer_of_one_name_is_ignored(void **state)
{
    struct trio trio = open_trio("router", "dealer");
    tn_socket_t *second = api_socket(trio.ctx, "dealer");

    (void)state;
    assert_ok(tn_set_blob(trio.client, "routing_id", "same", 4));
    assert_ok(tn_set_blob(second, "routing_id", "same", 4));
    join(&trio);
    api_send(trio.client, "first", 0);
    api_expect(trio.server, "same");
    api_expect(trio.server, "first");
    assert_ok(tn_connect(second, trio.endpoint));
    api_send(second, "second", 0);
    api_send(trio.server, "same", TN_MORE);
    api_send(trio.server, "to the first", 0);
    api_expect(trio.client, "to the first");
    api_expect_nothing(trio.server);
    assert_ok(tn_close(second));
    close_trio(&trio);
}

static void test_handover_gives_the_name_to_the_second(void **state)
{
    struct trio trio = open_trio("router", "dealer");
    tn_socket_t *second = api_socket(trio.ctx, "dealer");

    (void)state;
    assert_ok(tn_set_int(trio.server, "router_handover", 1));
    assert_ok(tn_set_blob(trio.client, "routing_id", "same", 4));
    assert_ok(tn_set_int(trio.client, "reconnect_ivl", -1));
    assert_ok(tn_set_blob(second, "routing_id", "same", 4));
    join(&trio);
    api_send(trio.client, "first", 0);
    api_expect(trio.server, "same");
    api_expect(trio.server, "first");
    assert_ok(tn_connect(second, trio.endpoint));
    api_send(second, "second", 0);
    api_expect(trio.server, "same");
    api_expect(trio.server, "second");
    api_send(trio.server, "same", TN_MORE);
    api_send(trio.server, "to the second", 0);
    api_expect(second, "to the second");
    assert_ok(tn_close(second));
    close_trio(&trio);
}

static void test_connect_routing_id_names_the_peer(void **state)
{
    struct trio trio = open_trio("dealer", "router");

    (void)state;
    assert_ok(tn_set_int(trio.client, "router_mandatory", 1));
    assert_ok(tn_set_blob(trio.client, "connect_routing_id", "server", 6));
    join(&trio);
    assert_ok(tn_wait_peers(trio.client, 1, API_TIMEOUT_MS));
    api_send(trio.client, "server", TN_MORE);
    api_send(trio.client, "hello", 0);
    api_expect(trio.server, "hello");
    api_send(trio.server, "back", 0);
    api_expect_frame(trio.client, "server", true);
    api_expect(trio.client, "back");
    close_trio(&trio);
}

static void test_probe_announces_the_peer(void **state)
{
    struct trio trio = open_trio("router", "dealer");

    (void)state;
    assert_ok(tn_set_int(trio.client, "probe_router", 1));
    assert_ok(tn_set_blob(trio.client, "routing_id", "P", 1));
    assert_ok(tn_connect(trio.client, trio.endpoint));
    api_expect_frame(trio.server, "P", true);
    api_expect_frame(trio.server, "", false);
    api_send(trio.server, "P", TN_MORE);
    api_send(trio.server, "welcome", 0);
    api_expect(trio.client, "welcome");
    close_trio(&trio);
}

static void test_relaxed_req_may_ask_again(void **state)
{
    struct trio trio = open_trio("router", "req");

    (void)state;
    assert_ok(tn_set_int(trio.client, "req_relaxed", 1));
    assert_ok(tn_set_int(trio.client, "req_correlate", 1));
    assert_ok(tn_set_blob(trio.client, "routing_id", "C", 1));
    join(&trio);
    api_send(trio.client, "one", 0);
    api_send(trio.client, "two", 0);
    for (int i = 0; i < 2; i++) {
        char number[8];
        api_expect_frame(trio.server, "C", true);
        assert_int_equal(assert_ok(tn_recv(trio.server, number, sizeof(number), 0)), 4);
        api_expect_frame(trio.server, "", true);
        api_expect(trio.server, i ? "two" : "one");
        api_send(trio.server, "C", TN_MORE);
        assert_ok(tn_send(trio.server, number, 4, TN_MORE));
        api_send(trio.server, "", TN_MORE);
        api_send(trio.server, i ? "reply two" : "reply one", 0);
    }
    api_expect(trio.client, "reply two");
    close_trio(&trio);
}

static void test_correlated_req_ignores_other_replies(void **state)
{
    struct trio trio = open_trio("router", "req");
    char number[8];

    (void)state;
    assert_ok(tn_set_int(trio.client, "req_correlate", 1));
    assert_ok(tn_set_blob(trio.client, "routing_id", "C", 1));
    join(&trio);
    api_send(trio.client, "ask", 0);
    api_expect(trio.server, "C");
    assert_int_equal(assert_ok(tn_recv(trio.server, number, sizeof(number), 0)), 4);
    api_expect(trio.server, "");
    api_expect(trio.server, "ask");
    number[0] ^= 0x55;
    for (int i = 0; i < 2; i++) {
        api_send(trio.server, "C", TN_MORE);
        assert_ok(tn_send(trio.server, number, 4, TN_MORE));
        api_send(trio.server, "", TN_MORE);
        api_send(trio.server, i ? "right" : "wrong", 0);
        number[0] ^= 0x55;
    }
    api_expect(trio.client, "right");
    close_trio(&trio);
}

static void test_reply_to_a_vanished_client_is_dropped(void **state)
{
    struct trio trio = open_trio("rep", "req");
    tn_socket_t *second = api_socket(trio.ctx, "req");
    tn_monitor_t *monitor = tn_monitor(trio.server, TN_EVENT_DISCONNECTED);
    tn_event_t event;

    (void)state;
    assert_non_null(monitor);
    join(&trio);
    api_send(trio.client, "ask", 0);
    api_expect(trio.server, "ask");
    assert_ok(tn_close(trio.client));
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    api_send(trio.server, "too late", 0);
    assert_ok(tn_connect(second, trio.endpoint));
    api_send(second, "ask", 0);
    api_expect(trio.server, "ask");
    api_send(trio.server, "in time", 0);
    api_expect(second, "in time");
    tn_monitor_close(monitor);
    trio.client = second;
    close_trio(&trio);
}

static void test_pair_refuses_a_second_peer(void **state)
{
    struct trio trio = open_trio("pair", "pair");
    tn_socket_t *second = api_socket(trio.ctx, "pair");

    (void)state;
    join(&trio);
    assert_ok(tn_connect(second, trio.endpoint));
    api_send(second, "intruder", 0);
    api_send(trio.client, "friend", 0);
    api_expect(trio.server, "friend");
    api_send(trio.server, "answer", 0);
    api_expect(trio.client, "answer");
    api_expect_nothing(trio.server);
    assert_ok(tn_close(second));
    close_trio(&trio);
}

static void test_wrong_partner_is_refused_with_a_reason(void **state)
{
    struct trio trio = open_trio("pull", "req");
    tn_monitor_t *monitor = tn_monitor(trio.server, TN_EVENT_HANDSHAKE_FAILED);
    tn_event_t event;

    (void)state;
    assert_non_null(monitor);
    assert_ok(tn_connect(trio.client, trio.endpoint));
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_true(event.reason[0] != '\0');
    assert_true(event.error < 0);
    tn_monitor_close(monitor);
    close_trio(&trio);
}

static void test_router_tells_of_peers_that_come_and_go(void **state)
{
    static const char *const endpoints[] = {API_TCP, API_IPC, "inproc://notify"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *router = api_socket(ctx, "router"), *dealer = api_socket(ctx, "dealer");
        int64_t notify;

        assert_ok(tn_set_int(router, "router_notify", 3));
        assert_ok(tn_get_int(router, "router_notify", &notify));
        assert_int_equal(notify, 3);
        assert_code(tn_set_int(router, "router_notify", 4), -EINVAL);
        assert_ok(tn_set_blob(dealer, "routing_id", "bob", 3));
        api_join(router, dealer, endpoints[i]);
        api_send(dealer, "x", 0);
        api_expect_frame(router, "bob", true);
        api_expect_frame(router, "", false);
        api_expect_frame(router, "bob", true);
        api_expect_frame(router, "x", false);
        assert_ok(tn_close(dealer));
        api_expect_frame(router, "bob", true);
        api_expect_frame(router, "", false);
        api_expect_nothing(router);
        assert_ok(tn_close(router));
        api_ctx_end(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_req_and_rep_keep_their_order),
        cmocka_unit_test(test_rep_keeps_the_whole_envelope),
        cmocka_unit_test(test_rep_drops_requests_without_delimiter),
        cmocka_unit_test(test_router_gives_names_of_its_own),
        cmocka_unit_test(test_router_drops_for_unknown_peers_unless_mandatory),
        cmocka_unit_test(test_mandatory_router_says_full),
        cmocka_unit_test(test_second_peer_of_one_name_is_ignored),
        cmocka_unit_test(test_handover_gives_the_name_to_the_second),
        cmocka_unit_test(test_connect_routing_id_names_the_peer),
        cmocka_unit_test(test_probe_announces_the_peer),
        cmocka_unit_test(test_relaxed_req_may_ask_again),
        cmocka_unit_test(test_correlated_req_ignores_other_replies),
        cmocka_unit_test(test_reply_to_a_vanished_client_is_dropped),
        cmocka_unit_test(test_pair_refuses_a_second_peer),
        cmocka_unit_test(test_wrong_partner_is_refused_with_a_reason),
        cmocka_unit_test(test_router_tells_of_peers_that_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
