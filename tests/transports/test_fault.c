/* The layer fault: each fault by itself, as the socket above it sees it. */
#include "api.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BIG = 50000 };

static void exchange(tn_ctx_t *ctx, const char *bind, const char *connect)
{
    tn_socket_t *one = api_socket(ctx, "pair"), *two = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX], other[2 * API_ENDPOINT_MAX], *big = malloc(BIG);

    assert_non_null(big);
    memset(big, 'x', BIG);
    api_bind(one, bind, endpoint);
    snprintf(other, sizeof other, "%.*s%s%s", (int)strcspn(connect, ":"), connect,
             strchr(endpoint, ':'), strchr(connect, '?') ? strchr(connect, '?') : "");
    assert_ok(tn_connect(two, other));
    for (int i = 0; i < 20; i++) {
        api_send(one, "there", 0);
        api_expect(two, "there");
        api_send(two, "back", 0);
        api_expect(one, "back");
    }
    assert_ok(tn_send(one, big, BIG, 0));
    assert_int_equal(tn_recv(two, big, BIG, 0), BIG);
    for (int i = 0; i < BIG; i++)
        assert_int_equal(big[i], 'x');
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    free(big);
}

static void test_fault_without_options_does_nothing(void **state)
{
    tn_ctx_t *ctx = api_ctx();

    (void)state;
    exchange(ctx, "fault://127.0.0.1:*", "fault://");
    exchange(ctx, "fault+ipc://*", "ipc://");
    exchange(ctx, "fault+fault+tcp://127.0.0.1:*", "tcp://");
    api_ctx_end(ctx);
}

static void test_fault_fragments_and_refusals_change_nothing(void **state)
{
    tn_ctx_t *ctx = api_ctx();

    (void)state;
    exchange(ctx, "fault+tcp://127.0.0.1:*?fragment=1&refuse=300", "tcp://");
    exchange(ctx, "tcp://127.0.0.1:*", "fault+tcp://?fragment=3&refuse=900");
    exchange(ctx, "fault+ipc://*?fragment=1000&refuse=10&seed=7", "fault+ipc://?fragment=1");
    api_ctx_end(ctx);
}

static void test_fault_delays_change_nothing(void **state)
{
    tn_ctx_t *ctx = api_ctx();

    (void)state;
    exchange(ctx, "fault+tcp://127.0.0.1:*?delay=2", "fault+tcp://?delay=3&seed=9");
    api_ctx_end(ctx);
}

/* A peer sees exactly as many bytes as the connection was given. */
static void test_fault_cut_is_exact(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = api_socket(ctx, "pair");
    char where[API_ENDPOINT_MAX], endpoint[2 * API_ENDPOINT_MAX], byte;
    int listener = api_raw_listen(where);

    (void)state;
    assert_ok(tn_set_int(socket, "reconnect_ivl", 1));
    snprintf(endpoint, sizeof endpoint, "fault+%s?cut=3&cut_step=2", where);
    assert_ok(tn_connect(socket, endpoint));
    for (int wanted = 3; wanted <= 9; wanted += 2) {
        int peer = accept(listener, NULL, NULL), got = 0;

        while (read(peer, &byte, 1) == 1)
            got++;
        assert_int_equal(got, wanted);
        close(peer);
    }
    assert_ok(tn_close(socket));
    close(listener);
    api_ctx_end(ctx);
}

/* Cut at every byte of the handshake and of the first message, it comes through in the end. */
static void test_fault_cut_connections_come_again(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = api_socket(ctx, "dealer"), *two = api_socket(ctx, "dealer");
    char endpoint[API_ENDPOINT_MAX], other[2 * API_ENDPOINT_MAX];

    (void)state;
    api_bind(one, API_TCP, endpoint);
    snprintf(other, sizeof other, "fault+%s?cut=0&cut_step=7", endpoint);
    assert_ok(tn_set_int(two, "reconnect_ivl", 1));
    assert_ok(tn_connect(two, other));
    api_send(two, "whole", 0);
    api_expect(one, "whole");
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

static tn_monitor_t *connect_to_victim(tn_socket_t *victim, tn_socket_t *peer, const char *options)
{
    tn_monitor_t *monitor = tn_monitor(victim, TN_EVENT_ALL);
    char endpoint[API_ENDPOINT_MAX], where[2 * API_ENDPOINT_MAX];

    assert_non_null(monitor);
    api_bind(peer, API_TCP, endpoint);
    snprintf(where, sizeof where, "fault+%s?%s", endpoint, options);
    assert_ok(tn_connect(victim, where));
    return monitor;
}

static void expect_end(const char *options, uint32_t kind, int code)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *victim = api_socket(ctx, "dealer"), *peer = api_socket(ctx, "dealer");
    tn_monitor_t *monitor = connect_to_victim(victim, peer, options);
    tn_event_t event;

    api_expect_event(monitor, kind, &event);
    assert_int_equal(event.error, code);
    tn_monitor_close(monitor);
    assert_ok(tn_close(victim));
    assert_ok(tn_close(peer));
    api_ctx_end(ctx);
}

static void test_fault_half_open_peer_is_found_out_by_heartbeats(void **state)
{
    (void)state;
    expect_end("half_open=400&heartbeat_ivl=20", TN_EVENT_DISCONNECTED, -ETIMEDOUT);
}

static void test_fault_dropped_bytes_end_the_handshake(void **state)
{
    (void)state;
    expect_end("drop=1000&handshake_ivl=50", TN_EVENT_HANDSHAKE_FAILED, -ETIMEDOUT);
}

/* The same seed, the same faults: how far a connection comes before a byte of it is dropped. */
static int bytes_before_a_drop(tn_ctx_t *ctx, int seed)
{
    tn_socket_t *socket = api_socket(ctx, "pair");
    char where[API_ENDPOINT_MAX], endpoint[2 * API_ENDPOINT_MAX], greeting[64];
    int listener = api_raw_listen(where), peer, got = 0;
    ssize_t size;

    snprintf(endpoint, sizeof endpoint,
             "fault+%s?fragment=1&drop=100&seed=%d&handshake_ivl=50&reconnect_ivl=-1", where, seed);
    assert_ok(tn_connect(socket, endpoint));
    peer = accept(listener, NULL, NULL);
    while ((size = read(peer, greeting, sizeof greeting)) > 0)
        got += (int)size;
    close(peer);
    close(listener);
    assert_ok(tn_close(socket));
    return got;
}

static void test_fault_seed_decides(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    int first = bytes_before_a_drop(ctx, 1), different = 0;

    (void)state;
    assert_int_equal(bytes_before_a_drop(ctx, 1), first);
    for (int seed = 2; seed < 6; seed++)
        different += bytes_before_a_drop(ctx, seed) != first;
    assert_true(different > 0);
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fault_without_options_does_nothing),
        cmocka_unit_test(test_fault_fragments_and_refusals_change_nothing),
        cmocka_unit_test(test_fault_delays_change_nothing),
        cmocka_unit_test(test_fault_cut_is_exact),
        cmocka_unit_test(test_fault_cut_connections_come_again),
        cmocka_unit_test(test_fault_half_open_peer_is_found_out_by_heartbeats),
        cmocka_unit_test(test_fault_dropped_bytes_end_the_handshake),
        cmocka_unit_test(test_fault_seed_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
