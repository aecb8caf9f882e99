/* High-water marks, blocking and resuming, dropping, conflation, and messages that are whole. */
#include "api.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *from, *to;
};

/** Inproc, with marks of `hwm` on both sides: the pipe holds twice as many. */
static struct pair open_pair(const char *from, const char *to, int hwm)
{
    struct pair pair = {api_ctx(), NULL, NULL};

    pair.from = api_socket(pair.ctx, from);
    pair.to = api_socket(pair.ctx, to);
    assert_ok(tn_set_int(pair.from, "sndhwm", hwm));
    assert_ok(tn_set_int(pair.to, "rcvhwm", hwm));
    if (strcmp(to, "sub") == 0)
        assert_ok(tn_subscribe(pair.to, "", 0));
    api_join(pair.to, pair.from, "inproc://flow");
    return pair;
}

static void close_pair(struct pair *pair)
{
    assert_ok(tn_close(pair->from));
    assert_ok(tn_close(pair->to));
    api_ctx_end(pair->ctx);
}

static int fill(tn_socket_t *socket, int most)
{
    int count = 0;

    while (count < most) {
        int code = tn_send(socket, "x", 1, TN_DONTWAIT);
        if (code == -EAGAIN)
            return count;
        assert_ok(code);
        count++;
    }
    return count;
}

static void test_inproc_mark_is_the_sum(void **state)
{
    static const char *const pairs[][2] = {
        {"push", "pull"}, {"pair", "pair"}, {"dealer", "dealer"}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct pair pair = open_pair(pairs[i][0], pairs[i][1], 5);
        assert_int_equal(fill(pair.from, 100), 10);
        close_pair(&pair);
    }
}

static void test_mark_of_zero_is_no_mark(void **state)
{
    struct pair pair = {api_ctx(), NULL, NULL};

    (void)state;
    pair.from = api_socket(pair.ctx, "push");
    pair.to = api_socket(pair.ctx, "pull");
    assert_ok(tn_set_int(pair.from, "sndhwm", 3));
    assert_ok(tn_set_int(pair.to, "rcvhwm", 0));
    api_join(pair.to, pair.from, "inproc://flow");
    assert_int_equal(fill(pair.from, 50000), 50000);
    close_pair(&pair);
}

static void test_full_pipe_resumes_at_the_low_mark(void **state)
{
    struct pair pair = open_pair("push", "pull", 10);
    int taken = 0;

    (void)state;
    assert_int_equal(fill(pair.from, 100), 20);
    while (tn_send(pair.from, "x", 1, TN_DONTWAIT) == -EAGAIN) {
        api_expect(pair.to, "x");
        taken++;
    }
    /* Of the whole mark, or of the receiver's share of it. */
    assert_in_range(taken, 1, 11);
    close_pair(&pair);
}

static void test_tcp_queue_is_bounded_and_resumes(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    static char body[65536];
    int sent = 0, code;

    (void)state;
    assert_ok(tn_set_int(push, "sndhwm", 10));
    assert_ok(tn_set_int(pull, "rcvhwm", 10));
    api_join(pull, push, API_TCP);
    assert_ok(tn_set_int(push, "sndtimeo", 200));
    while ((code = tn_send(push, body, sizeof(body), 0)) == 0)
        assert_true(++sent < 5000);
    assert_int_equal(code, -EAGAIN);
    assert_true(sent >= 20);
    for (int i = 0; i < sent; i++)
        assert_int_equal(assert_ok(tn_recv(pull, body, sizeof(body), 0)), sizeof(body));
    assert_ok(tn_set_int(push, "sndtimeo", API_TIMEOUT_MS));
    assert_ok(tn_send(push, "more", 4, 0));
    api_expect(pull, "more");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

/* A sender of large messages writes to its connection itself for a while, but where nobody reads it
 * queues them all, and does not wait where it may not. */
static void test_large_messages_fill_the_queue_though_nobody_reads(void **state)
{
    enum { MARK = 300, SIZE = 65536 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    uint32_t *body = calloc(1, SIZE);
    uint32_t sent = 0;
    int code;

    (void)state;
    assert_non_null(body);
    assert_ok(tn_set_int(push, "sndhwm", MARK));
    assert_ok(tn_set_int(pull, "rcvhwm", 1));
    api_join(pull, push, API_TCP);
    for (; sent < MARK; sent++) {
        body[0] = sent;
        assert_ok(tn_send(push, body, SIZE, 0));
    }
    for (; (body[0] = sent, code = tn_send(push, body, SIZE, TN_DONTWAIT)) == 0; sent++)
        assert_true(sent < 100 * MARK);
    assert_int_equal(code, -EAGAIN);
    for (uint32_t i = 0; i < sent; i++) {
        assert_int_equal(assert_ok(tn_recv(pull, body, SIZE, 0)), SIZE);
        assert_int_equal(body[0], i);
    }
    free(body);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void *drain_all(void *argument)
{
    tn_socket_t *socket = argument;
    intptr_t count = 0;
    char buffer[64];

    for (;;) {
        ssize_t size = tn_recv(socket, buffer, sizeof(buffer), 0);
        if (size < 0)
            return (void *)(intptr_t)-1;
        if (size == 3 && memcmp(buffer, "end", 3) == 0)
            return (void *)count;
        count++;
    }
}

static void run_blocking_sender(const char *endpoint)
{
    enum { MESSAGES = 20000 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    pthread_t thread;
    void *count;

    assert_ok(tn_set_int(push, "sndhwm", 2));
    assert_ok(tn_set_int(pull, "rcvhwm", 2));
    api_join(pull, push, endpoint);
    assert_int_equal(pthread_create(&thread, NULL, drain_all, pull), 0);
    for (int i = 0; i < MESSAGES; i++)
        api_send(push, "data", 0);
    api_send(push, "end", 0);
    pthread_join(thread, &count);
    assert_int_equal((intptr_t)count, MESSAGES);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_blocked_sender_resumes(void **state)
{
    (void)state;
    run_blocking_sender("inproc://blocking");
    run_blocking_sender(API_TCP);
    run_blocking_sender(API_IPC);
}

static void test_blocked_receiver_times_out(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    char buffer[8], endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_set_int(pull, "rcvtimeo", 20));
    assert_code(tn_recv(pull, buffer, sizeof(buffer), 0), -EAGAIN);
    api_bind(pull, API_TCP, endpoint);
    assert_code(tn_recv(pull, buffer, sizeof(buffer), 0), -EAGAIN);
    assert_ok(tn_set_int(pull, "rcvtimeo", 0));
    assert_code(tn_recv(pull, buffer, sizeof(buffer), 0), -EAGAIN);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_senders_without_peers_block_or_drop(void **state)
{
    static const char *const blocking[] = {"push", "pair", "dealer", "req"};
    static const char *const dropping[] = {"pub", "xpub", "router"};
    tn_ctx_t *ctx = api_ctx();
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    for (int i = 0; i < 4; i++) {
        tn_socket_t *socket = api_socket(ctx, blocking[i]);
        api_bind(socket, API_TCP, endpoint);
        assert_code(tn_send(socket, "x", 1, TN_DONTWAIT), -EAGAIN);
        assert_ok(tn_set_int(socket, "sndtimeo", 10));
        assert_code(tn_send(socket, "x", 1, 0), -EAGAIN);
        assert_ok(tn_close(socket));
    }
    for (int i = 0; i < 3; i++) {
        tn_socket_t *socket = api_socket(ctx, dropping[i]);
        api_bind(socket, API_TCP, endpoint);
        assert_ok(tn_send(socket, "x", 1, TN_MORE));
        assert_ok(tn_send(socket, "y", 1, 0));
        assert_ok(tn_close(socket));
    }
    api_ctx_end(ctx);
}

static void test_push_queues_for_an_absent_peer(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");

    (void)state;
    assert_ok(tn_set_int(push, "sndhwm", 5));
    assert_ok(tn_connect(push, "tcp://127.0.0.1:1"));
    assert_int_equal(fill(push, 100), 5);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_pub_drops_for_the_slow_one_only(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "pub"), *slow = api_socket(ctx, "sub");
    tn_socket_t *fast = api_socket(ctx, "sub");
    char endpoint[API_ENDPOINT_MAX];
    tn_stats_t stats;

    (void)state;
    assert_ok(tn_set_int(pub, "sndhwm", 2));
    assert_ok(tn_set_int(slow, "rcvhwm", 2));
    assert_ok(tn_set_int(fast, "rcvhwm", 0));
    assert_ok(tn_subscribe(slow, "", 0));
    assert_ok(tn_subscribe(fast, "", 0));
    api_bind(pub, "inproc://drops", endpoint);
    assert_ok(tn_connect(slow, endpoint));
    assert_ok(tn_connect(fast, endpoint));
    assert_ok(tn_wait_subscribers(pub, 2, API_TIMEOUT_MS));
    for (int i = 0; i < 100; i++)
        assert_ok(tn_send(pub, "x", 1, TN_DONTWAIT));
    for (int i = 0; i < 100; i++)
        api_expect(fast, "x");
    for (int i = 0; i < 4; i++)
        api_expect(slow, "x");
    api_expect_nothing(slow);
    assert_ok(tn_stats(pub, &stats));
    assert_int_equal(stats.dropped[TN_DROP_HWM], 96);
    assert_ok(tn_close(slow));
    assert_ok(tn_close(fast));
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
}

static void test_conflate_keeps_the_newest(void **state)
{
    static const char *const endpoints[] = {"inproc://conflate", API_TCP};

    (void)state;
    for (int i = 0; i < 2; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
        char text[16], buffer[16] = {0};
        assert_ok(tn_set_int(pull, "conflate", 1));
        api_join(pull, push, endpoints[i]);
        for (int n = 0; n < 1000; n++) {
            snprintf(text, sizeof(text), "%d", n);
            api_send(push, text, 0);
        }
        do {
            memset(buffer, 0, sizeof(buffer));
            assert_ok(tn_recv(pull, buffer, sizeof(buffer) - 1, 0));
        } while (strcmp(buffer, "999") != 0);
        api_expect_nothing(pull);
        assert_ok(tn_close(push));
        assert_ok(tn_close(pull));
        api_ctx_end(ctx);
    }
}

static void test_unfinished_message_is_not_seen(void **state)
{
    struct pair pair = open_pair("push", "pull", 1000);

    (void)state;
    api_send(pair.from, "first", TN_MORE);
    api_send(pair.from, "second", TN_MORE);
    api_expect_nothing(pair.to);
    api_send(pair.from, "third", 0);
    api_expect_frame(pair.to, "first", true);
    api_expect_frame(pair.to, "second", true);
    api_expect_frame(pair.to, "third", false);
    close_pair(&pair);
}

static void test_unfinished_message_dies_with_its_socket(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *cut = api_socket(ctx, "push");
    tn_socket_t *whole = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(cut, endpoint));
    assert_ok(tn_set_int(cut, "linger", -1));
    api_send(cut, "before", 0);
    api_send(cut, "half", TN_MORE);
    assert_ok(tn_close(cut));
    api_expect_frame(pull, "before", false);
    assert_ok(tn_connect(whole, endpoint));
    api_send(whole, "after", 0);
    api_expect_frame(pull, "after", false);
    assert_ok(tn_close(whole));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_message_of_many_frames_ignores_the_mark(void **state)
{
    struct pair pair = open_pair("push", "pull", 1);

    (void)state;
    for (int i = 0; i < 499; i++)
        assert_ok(tn_send(pair.from, "f", 1, TN_MORE | TN_DONTWAIT));
    assert_ok(tn_send(pair.from, "l", 1, TN_DONTWAIT));
    for (int i = 0; i < 499; i++)
        api_expect_frame(pair.to, "f", true);
    api_expect_frame(pair.to, "l", false);
    close_pair(&pair);
}

static void test_push_takes_turns(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pulls[3];
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(push, "inproc://turns", endpoint);
    for (int i = 0; i < 3; i++) {
        pulls[i] = api_socket(ctx, "pull");
        assert_ok(tn_connect(pulls[i], endpoint));
    }
    for (int i = 0; i < 30; i++)
        api_send(push, "job", 0);
    for (int i = 0; i < 3; i++) {
        for (int n = 0; n < 10; n++)
            api_expect(pulls[i], "job");
        api_expect_nothing(pulls[i]);
        assert_ok(tn_close(pulls[i]));
    }
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_pull_is_fair(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *pushes[3];
    static const char *const names[] = {"a", "b", "c"};
    char endpoint[API_ENDPOINT_MAX], buffer[4];
    int counts[3] = {0, 0, 0};

    (void)state;
    api_bind(pull, "inproc://fair", endpoint);
    for (int i = 0; i < 3; i++) {
        pushes[i] = api_socket(ctx, "push");
        assert_ok(tn_connect(pushes[i], endpoint));
        for (int n = 0; n < 100; n++)
            api_send(pushes[i], names[i], 0);
    }
    for (int i = 0; i < 30; i++) {
        assert_ok(tn_recv(pull, buffer, sizeof(buffer), 0));
        counts[buffer[0] - 'a']++;
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(counts[i], 10);
        assert_ok(tn_close(pushes[i]));
    }
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_short_buffer_cuts_and_tells_the_length(void **state)
{
    struct pair pair = open_pair("push", "pull", 10);
    char buffer[4] = "....";

    (void)state;
    api_send(pair.from, "abcdef", 0);
    api_send(pair.from, "next", 0);
    assert_int_equal(assert_ok(tn_recv(pair.to, buffer, 3, 0)), 6);
    assert_memory_equal(buffer, "abc.", 4);
    api_expect(pair.to, "next");
    close_pair(&pair);
}

/* There is no handshake: everything stays in the queue. */
static size_t fill_up(tn_socket_t *push, const void *bytes, size_t size)
{
    size_t count = 0;

    assert_ok(tn_set_int(push, "sndtimeo", 0));
    while (tn_send(push, bytes, size, 0) >= 0)
        count++;
    return count;
}

static void test_a_raised_mark_admits_more_at_once(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX];
    int listener = api_raw_listen(endpoint);

    (void)state;
    assert_ok(tn_set_int(push, "sndhwm", 2));
    assert_ok(tn_connect(push, endpoint));
    assert_int_equal(fill_up(push, "x", 1), 2);
    assert_ok(tn_set_int(push, "sndhwm", 7));
    assert_int_equal(fill_up(push, "x", 1), 5);
    /* A lower one refuses, until so much has gone. */
    assert_ok(tn_set_int(push, "sndhwm", 1));
    assert_int_equal(fill_up(push, "x", 1), 0);
    assert_ok(tn_set_int(push, "sndhwm", 8));
    assert_int_equal(fill_up(push, "x", 1), 1);
    close(listener);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_a_raised_receive_mark_reads_on(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");

    (void)state;
    assert_ok(tn_set_int(pull, "rcvhwm", 1));
    api_join(pull, push, API_TCP);
    for (int i = 0; i < 100; i++)
        api_send(push, "x", 0);
    assert_ok(tn_set_int(pull, "rcvhwm", 0));
    for (int i = 0; i < 100; i++)
        api_expect(pull, "x");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_the_mark_of_an_endpoint_outlives_other_options(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX], with_mark[API_ENDPOINT_MAX + 16];
    int listener = api_raw_listen(endpoint);

    (void)state;
    snprintf(with_mark, sizeof(with_mark), "%s?sndhwm=3", endpoint);
    assert_ok(tn_connect(push, with_mark));
    assert_ok(tn_set_int(push, "rcvtimeo", 5));
    assert_int_equal(fill_up(push, "x", 1), 3);
    close(listener);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_batches_of_one_byte_carry_everything(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    static char bytes[20000];
    static char got[sizeof(bytes)];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i * 7);
    assert_ok(tn_set_int(push, "out_batch_size", 3));
    assert_ok(tn_set_int(pull, "in_batch_size", 1));
    api_join(pull, push, API_TCP);
    api_send(push, "short", TN_MORE);
    assert_ok(tn_send(push, bytes, sizeof(bytes), 0));
    api_expect_frame(pull, "short", true);
    assert_int_equal(assert_ok(tn_recv(pull, got, sizeof(got), 0)), sizeof(got));
    assert_memory_equal(got, bytes, sizeof(got));
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inproc_mark_is_the_sum),
        cmocka_unit_test(test_mark_of_zero_is_no_mark),
        cmocka_unit_test(test_full_pipe_resumes_at_the_low_mark),
        cmocka_unit_test(test_tcp_queue_is_bounded_and_resumes),
        cmocka_unit_test(test_large_messages_fill_the_queue_though_nobody_reads),
        cmocka_unit_test(test_blocked_sender_resumes),
        cmocka_unit_test(test_blocked_receiver_times_out),
        cmocka_unit_test(test_senders_without_peers_block_or_drop),
        cmocka_unit_test(test_push_queues_for_an_absent_peer),
        cmocka_unit_test(test_pub_drops_for_the_slow_one_only),
        cmocka_unit_test(test_conflate_keeps_the_newest),
        cmocka_unit_test(test_unfinished_message_is_not_seen),
        cmocka_unit_test(test_unfinished_message_dies_with_its_socket),
        cmocka_unit_test(test_message_of_many_frames_ignores_the_mark),
        cmocka_unit_test(test_push_takes_turns),
        cmocka_unit_test(test_pull_is_fair),
        cmocka_unit_test(test_a_raised_mark_admits_more_at_once),
        cmocka_unit_test(test_a_raised_receive_mark_reads_on),
        cmocka_unit_test(test_the_mark_of_an_endpoint_outlives_other_options),
        cmocka_unit_test(test_batches_of_one_byte_carry_everything),
        cmocka_unit_test(test_short_buffer_cuts_and_tells_the_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
