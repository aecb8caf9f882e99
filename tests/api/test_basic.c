/* The way of a message through each transport and the plainest use of each pattern. */
#include "api.h"

static const char *const transports[] = {API_TCP, API_IPC, "inproc://basic"};

enum { TRANSPORTS = 3 };

struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *binder, *connecter;
};

static struct pair pair_open(const char *binder, const char *connecter, const char *endpoint)
{
    struct pair pair;

    pair.ctx = api_ctx();
    pair.binder = api_socket(pair.ctx, binder);
    pair.connecter = api_socket(pair.ctx, connecter);
    if (strcmp(connecter, "sub") == 0)
        assert_ok(tn_subscribe(pair.connecter, "", 0));
    api_join(pair.binder, pair.connecter, endpoint);
    return pair;
}

static void pair_close(struct pair *pair)
{
    assert_ok(tn_close(pair->connecter));
    assert_ok(tn_close(pair->binder));
    api_ctx_end(pair->ctx);
}

static void test_context_makes_and_ends(void **state)
{
    (void)state;
    api_ctx_end(api_ctx());
}

static void test_socket_opens_each_pattern(void **state)
{
    static const char *const patterns[] = {
        "pair", "push", "pull",   "req",    "rep",  "dealer",  "router",  "pub",    "sub",
        "xpub", "xsub", "client", "server", "peer", "channel", "scatter", "gather", "stream"};
    tn_ctx_t *ctx = api_ctx();

    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        assert_ok(tn_close(api_socket(ctx, patterns[i])));
    api_ctx_end(ctx);
}

static void test_inproc_pair_talks_both_ways(void **state)
{
    struct pair pair = pair_open("pair", "pair", "inproc://pair");

    (void)state;
    api_send(pair.connecter, "hello", 0);
    api_expect_frame(pair.binder, "hello", false);
    api_send(pair.binder, "world", 0);
    api_expect(pair.connecter, "world");
    pair_close(&pair);
}

static void test_pair_talks_on_each_transport(void **state)
{
    (void)state;
    for (int i = 0; i < TRANSPORTS; i++) {
        struct pair pair = pair_open("pair", "pair", transports[i]);
        api_send(pair.connecter, "hello", 0);
        api_expect(pair.binder, "hello");
        api_send(pair.binder, "world", 0);
        api_expect(pair.connecter, "world");
        pair_close(&pair);
    }
}

static void test_push_reaches_pull_in_order(void **state)
{
    char text[32];

    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct pair pair = pair_open("pull", "push", transports[t]);
        for (int i = 0; i < 100; i++) {
            snprintf(text, sizeof(text), "%d", i);
            api_send(pair.connecter, text, 0);
        }
        for (int i = 0; i < 100; i++) {
            snprintf(text, sizeof(text), "%d", i);
            api_expect(pair.binder, text);
        }
        api_expect_nothing(pair.binder);
        pair_close(&pair);
    }
}

static void test_req_gets_reply_of_rep(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct pair pair = pair_open("rep", "req", transports[t]);
        for (int i = 0; i < 20; i++) {
            api_send(pair.connecter, "question", 0);
            api_expect(pair.binder, "question");
            api_send(pair.binder, "answer", 0);
            api_expect(pair.connecter, "answer");
        }
        pair_close(&pair);
    }
}

static void test_pub_reaches_sub(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct pair pair = pair_open("pub", "sub", transports[t]);
        assert_ok(tn_wait_subscribers(pair.binder, 1, API_TIMEOUT_MS));
        api_send(pair.binder, "news", 0);
        api_expect(pair.connecter, "news");
        pair_close(&pair);
    }
}

static void test_router_answers_dealer_by_its_id(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *router = api_socket(ctx, "router"), *dealer = api_socket(ctx, "dealer");

        assert_ok(tn_set_blob(dealer, "routing_id", "D1", 2));
        api_join(router, dealer, transports[t]);
        api_send(dealer, "ask", 0);
        api_expect_frame(router, "D1", true);
        api_expect_frame(router, "ask", false);
        api_send(router, "D1", TN_MORE);
        api_send(router, "tell", 0);
        api_expect(dealer, "tell");
        assert_ok(tn_close(router));
        assert_ok(tn_close(dealer));
        api_ctx_end(ctx);
    }
}

static void test_multipart_keeps_its_frames(void **state)
{
    (void)state;
    for (int t = 0; t < TRANSPORTS; t++) {
        struct pair pair = pair_open("pull", "push", transports[t]);
        api_send(pair.connecter, "one", TN_MORE);
        api_send(pair.connecter, "", TN_MORE);
        api_send(pair.connecter, "three", 0);
        api_send(pair.connecter, "alone", 0);
        api_expect_frame(pair.binder, "one", true);
        api_expect_frame(pair.binder, "", true);
        api_expect_frame(pair.binder, "three", false);
        api_expect_frame(pair.binder, "alone", false);
        pair_close(&pair);
    }
}

static void test_sizes_arrive_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 40, 41, 255, 256, 1024, 8192, 65536, 70000, 8u << 20};
    uint8_t *body = test_malloc(8u << 20);

    (void)state;
    for (size_t i = 0; i < 8u << 20; i++)
        body[i] = (uint8_t)(i * 31 >> 3);
    for (int t = 0; t < TRANSPORTS; t++) {
        struct pair pair = pair_open("pull", "push", transports[t]);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            tn_msg_t msg;
            assert_ok(tn_send(pair.connecter, body, sizes[i], 0));
            tn_msg_init(&msg);
            assert_int_equal(assert_ok(tn_msg_recv(pair.binder, &msg, 0)), sizes[i]);
            assert_int_equal(tn_msg_size(&msg), sizes[i]);
            assert_memory_equal(tn_msg_data(&msg), body, sizes[i]);
            tn_msg_close(&msg);
        }
        pair_close(&pair);
    }
    test_free(body);
}

static void test_connect_before_bind_keeps_messages(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *first = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_socket_t *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(first, API_TCP, endpoint);
    assert_ok(tn_close(first));
    assert_ok(tn_set_int(push, "reconnect_ivl", 10));
    assert_ok(tn_connect(push, endpoint));
    api_send(push, "early", 0);
    while (tn_bind(pull, endpoint) == -EADDRINUSE)
        continue;
    api_expect(pull, "early");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_context_makes_and_ends),
        cmocka_unit_test(test_socket_opens_each_pattern),
        cmocka_unit_test(test_inproc_pair_talks_both_ways),
        cmocka_unit_test(test_pair_talks_on_each_transport),
        cmocka_unit_test(test_push_reaches_pull_in_order),
        cmocka_unit_test(test_req_gets_reply_of_rep),
        cmocka_unit_test(test_pub_reaches_sub),
        cmocka_unit_test(test_router_answers_dealer_by_its_id),
        cmocka_unit_test(test_multipart_keeps_its_frames),
        cmocka_unit_test(test_sizes_arrive_whole),
        cmocka_unit_test(test_connect_before_bind_keeps_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
