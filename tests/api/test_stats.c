/* Counters of sockets and of peers, and drops by reason. */
#include "api.h"

static void test_traffic_is_counted(void **state)
{
    static const char *const endpoints[] = {API_TCP, "inproc://stats"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
        tn_stats_t stats;
        api_join(pull, push, endpoints[i]);
        api_send(push, "ab", TN_MORE);
        api_send(push, "cde", 0);
        api_send(push, "f", 0);
        for (int n = 0; n < 3; n++)
            assert_ok(tn_recv(pull, (char[8]){0}, 8, 0));
        assert_ok(tn_stats(push, &stats));
        assert_int_equal(stats.messages_sent, 2);
        assert_int_equal(stats.bytes_sent, 6);
        assert_int_equal(stats.messages_received, 0);
        assert_int_equal(stats.peers, 1);
        assert_int_equal(stats.connections_made, 1);
        assert_ok(tn_stats(pull, &stats));
        assert_int_equal(stats.messages_received, 2);
        assert_int_equal(stats.bytes_received, 6);
        for (int n = 0; n < TN_DROP_REASONS; n++)
            assert_int_equal(stats.dropped[n], 0);
        assert_ok(tn_close(push));
        assert_ok(tn_close(pull));
        api_ctx_end(ctx);
    }
}

static void test_peers_are_listed(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *router = api_socket(ctx, "router"), *dealers[3];
    static const char *const ids[] = {"d0", "d1", "d2"};
    char endpoint[API_ENDPOINT_MAX];
    tn_peer_t peers[3];
    int seen = 0;

    (void)state;
    api_bind(router, API_TCP, endpoint);
    assert_int_equal(tn_peers(router, NULL, 0), 0);
    for (int i = 0; i < 3; i++) {
        dealers[i] = api_socket(ctx, "dealer");
        assert_ok(tn_set_blob(dealers[i], "routing_id", ids[i], 2));
        assert_ok(tn_connect(dealers[i], endpoint));
    }
    assert_ok(tn_wait_peers(router, 3, API_TIMEOUT_MS));
    assert_int_equal(tn_peers(router, peers, 2), 3);
    assert_int_equal(tn_peers(router, peers, 3), 3);
    for (int i = 0; i < 3; i++) {
        assert_true(peers[i].connected);
        assert_true(peers[i].connection != 0);
        assert_int_equal(peers[i].routing_id_size, 2);
        assert_string_equal(peers[i].endpoint, endpoint);
        assert_true(strlen(peers[i].remote) > 0);
        seen |= 1 << (peers[i].routing_id[1] - '0');
    }
    assert_int_equal(seen, 7);
    for (int i = 0; i < 3; i++)
        assert_ok(tn_close(dealers[i]));
    assert_ok(tn_close(router));
    api_ctx_end(ctx);
}

static void test_queued_messages_show_at_the_peer(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    tn_peer_t peer;

    (void)state;
    assert_ok(tn_connect(push, "tcp://127.0.0.1:1"));
    for (int i = 0; i < 5; i++)
        api_send(push, "x", 0);
    assert_int_equal(tn_peers(push, &peer, 1), 1);
    assert_false(peer.connected);
    assert_int_equal(peer.queued_out, 5);
    assert_string_equal(peer.endpoint, "tcp://127.0.0.1:1");
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_loss_of_an_accepted_peer_drops_its_queue(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    tn_monitor_t *monitor = tn_monitor(push, TN_EVENT_DISCONNECTED);
    static char body[65536];
    tn_event_t event;
    tn_stats_t stats;

    (void)state;
    assert_non_null(monitor);
    assert_ok(tn_set_int(push, "sndhwm", 500));
    assert_ok(tn_set_int(pull, "rcvhwm", 1));
    api_join(push, pull, API_TCP);
    assert_ok(tn_set_int(push, "sndtimeo", 100));
    while (tn_send(push, body, sizeof(body), 0) == 0)
        continue;
    assert_ok(tn_close(pull));
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    /* The next call on the socket has taken the news in. */
    assert_code(tn_send(push, "x", 1, TN_DONTWAIT), -EAGAIN);
    assert_ok(tn_stats(push, &stats));
    assert_true(stats.dropped[TN_DROP_PEER_LOST] > 0);
    assert_int_equal(stats.connections_lost, 1);
    assert_int_equal(stats.peers, 0);
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_failed_handshakes_are_counted(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *req = api_socket(ctx, "req");
    tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_HANDSHAKE_FAILED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;
    tn_stats_t stats;

    (void)state;
    assert_non_null(monitor);
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(req, endpoint));
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_ok(tn_stats(pull, &stats));
    assert_true(stats.handshakes_failed >= 1);
    assert_int_equal(stats.peers, 0);
    tn_monitor_close(monitor);
    assert_ok(tn_close(req));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_filtered_messages_are_counted(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "pub"), *sub = api_socket(ctx, "sub");
    tn_stats_t stats;

    (void)state;
    /* A filter at the publisher keeps what does not match away: nothing to drop at the subscriber. */
    assert_ok(tn_subscribe(sub, "a", 1));
    api_join(pub, sub, "inproc://filtered");
    assert_ok(tn_wait_subscribers(pub, 1, API_TIMEOUT_MS));
    api_send(pub, "b", 0);
    api_send(pub, "a", 0);
    api_expect(sub, "a");
    assert_ok(tn_stats(sub, &stats));
    assert_int_equal(stats.messages_received, 1);
    assert_int_equal(stats.subscriptions, 1);
    assert_ok(tn_stats(pub, &stats));
    assert_int_equal(stats.subscriptions, 1);
    assert_ok(tn_close(sub));
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traffic_is_counted),
        cmocka_unit_test(test_peers_are_listed),
        cmocka_unit_test(test_queued_messages_show_at_the_peer),
        cmocka_unit_test(test_loss_of_an_accepted_peer_drops_its_queue),
        cmocka_unit_test(test_failed_handshakes_are_counted),
        cmocka_unit_test(test_filtered_messages_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
