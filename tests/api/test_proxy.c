/* tn_proxy(): messages both ways, capture, and steering. */
#include "api.h"

#include <pthread.h>

struct proxy {
    tn_ctx_t *ctx;
    tn_socket_t *frontend, *backend, *capture, *control;
    tn_socket_t *copies, *steer;
    char front[API_ENDPOINT_MAX], back[API_ENDPOINT_MAX];
    pthread_t thread;
    int result;
};

static void *run(void *argument)
{
    struct proxy *proxy = argument;

    proxy->result = tn_proxy(proxy->frontend, proxy->backend, proxy->capture, proxy->control);
    return NULL;
}

static void start(struct proxy *proxy, const char *frontend, const char *backend)
{
    memset(proxy, 0, sizeof(*proxy));
    proxy->ctx = api_ctx();
    proxy->frontend = api_socket(proxy->ctx, frontend);
    proxy->backend = api_socket(proxy->ctx, backend);
    proxy->capture = api_socket(proxy->ctx, "push");
    proxy->copies = api_socket(proxy->ctx, "pull");
    proxy->control = api_socket(proxy->ctx, "rep");
    proxy->steer = api_socket(proxy->ctx, "req");
    api_bind(proxy->frontend, API_TCP, proxy->front);
    api_bind(proxy->backend, API_TCP, proxy->back);
    api_join(proxy->copies, proxy->capture, "inproc://copies");
    api_join(proxy->control, proxy->steer, "inproc://control");
    assert_int_equal(pthread_create(&proxy->thread, NULL, run, proxy), 0);
}

static void order(struct proxy *proxy, const char *word)
{
    api_send(proxy->steer, word, 0);
    api_expect(proxy->steer, "");
}

static void end(struct proxy *proxy)
{
    assert_ok(tn_close(proxy->frontend));
    assert_ok(tn_close(proxy->backend));
    assert_ok(tn_close(proxy->capture));
    assert_ok(tn_close(proxy->control));
    assert_ok(tn_close(proxy->copies));
    assert_ok(tn_close(proxy->steer));
    api_ctx_end(proxy->ctx);
}

static void stop(struct proxy *proxy)
{
    order(proxy, "TERMINATE");
    pthread_join(proxy->thread, NULL);
    assert_ok(proxy->result);
    end(proxy);
}

static tn_socket_t *join(struct proxy *proxy, const char *pattern, const char *endpoint)
{
    tn_socket_t *socket = api_socket(proxy->ctx, pattern);

    assert_ok(tn_connect(socket, endpoint));
    return socket;
}

static void test_requests_pass_to_workers_and_back(void **state)
{
    enum { CLIENTS = 3 };
    struct proxy proxy;
    tn_socket_t *clients[CLIENTS], *worker;

    (void)state;
    start(&proxy, "router", "dealer");
    worker = join(&proxy, "rep", proxy.back);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = join(&proxy, "req", proxy.front);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < CLIENTS; i++) {
            api_send(clients[i], "two", TN_MORE);
            api_send(clients[i], "frames", 0);
        }
        for (int i = 0; i < CLIENTS; i++) {
            api_expect_frame(worker, "two", true);
            api_expect_frame(worker, "frames", false);
            api_send(worker, "done", 0);
        }
        for (int i = 0; i < CLIENTS; i++)
            api_expect(clients[i], "done");
    }
    for (int i = 0; i < CLIENTS; i++)
        assert_ok(tn_close(clients[i]));
    assert_ok(tn_close(worker));
    stop(&proxy);
}

static void test_capture_gets_whole_copies(void **state)
{
    struct proxy proxy;
    tn_socket_t *push, *pull;

    (void)state;
    start(&proxy, "pull", "push");
    push = join(&proxy, "push", proxy.front);
    pull = join(&proxy, "pull", proxy.back);
    api_send(push, "one", TN_MORE);
    api_send(push, "two", 0);
    api_expect_frame(proxy.copies, "one", true);
    api_expect_frame(proxy.copies, "two", false);
    api_expect_frame(pull, "one", true);
    api_expect_frame(pull, "two", false);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    stop(&proxy);
}

static void test_paused_proxy_holds_messages_until_resumed(void **state)
{
    struct proxy proxy;
    tn_socket_t *push, *pull;

    (void)state;
    start(&proxy, "pull", "push");
    push = join(&proxy, "push", proxy.front);
    pull = join(&proxy, "pull", proxy.back);
    api_send(push, "first", 0);
    api_expect(pull, "first");
    order(&proxy, "PAUSE");
    api_send(push, "held", 0);
    assert_ok(tn_set_int(pull, "rcvtimeo", 50));
    assert_code(tn_recv(pull, (char[8]){0}, 8, 0), -EAGAIN);
    assert_ok(tn_set_int(pull, "rcvtimeo", API_TIMEOUT_MS));
    order(&proxy, "RESUME");
    api_expect(pull, "held");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    stop(&proxy);
}

static void test_statistics_count_both_sides(void **state)
{
    static const uint64_t wanted[8] = {2, 5, 0, 0, 0, 0, 2, 5};
    struct proxy proxy;
    tn_socket_t *push, *pull;
    tn_msg_t frames[8];

    (void)state;
    start(&proxy, "pull", "push");
    push = join(&proxy, "push", proxy.front);
    pull = join(&proxy, "pull", proxy.back);
    api_send(push, "ab", 0);
    api_send(push, "cde", 0);
    api_expect(pull, "ab");
    api_expect(pull, "cde");
    api_send(proxy.steer, "STATISTICS", 0);
    for (int i = 0; i < 8; i++)
        tn_msg_init(&frames[i]);
    assert_int_equal(assert_ok(tn_recv_parts(proxy.steer, frames, 8, 0)), 8);
    for (int i = 0; i < 8; i++) {
        uint64_t value;
        assert_int_equal(tn_msg_size(&frames[i]), sizeof(value));
        memcpy(&value, tn_msg_data(&frames[i]), sizeof(value));
        assert_int_equal(value, wanted[i]);
        tn_msg_close(&frames[i]);
    }
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    stop(&proxy);
}

static void test_subscriptions_pass_upstream(void **state)
{
    struct proxy proxy;
    tn_socket_t *pub, *sub;

    (void)state;
    start(&proxy, "xsub", "xpub");
    pub = join(&proxy, "pub", proxy.front);
    sub = join(&proxy, "sub", proxy.back);
    assert_ok(tn_subscribe(sub, "t", 1));
    assert_ok(tn_wait_subscribers(pub, 1, API_TIMEOUT_MS));
    api_send(pub, "other", 0);
    api_send(pub, "topic", 0);
    api_expect(sub, "topic");
    assert_ok(tn_close(pub));
    assert_ok(tn_close(sub));
    stop(&proxy);
}

static void test_shutdown_ends_the_proxy(void **state)
{
    struct proxy proxy;

    (void)state;
    start(&proxy, "router", "dealer");
    assert_ok(tn_ctx_shutdown(proxy.ctx));
    pthread_join(proxy.thread, NULL);
    assert_code(proxy.result, -TN_ETERM);
    end(&proxy);
}

static void test_full_backend_holds_the_frontend_back(void **state)
{
    enum { MESSAGES = 800 };
    struct proxy proxy;
    tn_socket_t *push, *pull;
    char text[16];

    (void)state;
    start(&proxy, "pull", "push");
    push = join(&proxy, "push", proxy.front);
    /* Without a backend peer nothing may be taken from the frontend and lost. */
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof(text), "%d", i);
        api_send(push, text, 0);
    }
    pull = join(&proxy, "pull", proxy.back);
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof(text), "%d", i);
        api_expect(pull, text);
    }
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    stop(&proxy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_pass_to_workers_and_back),
        cmocka_unit_test(test_capture_gets_whole_copies),
        cmocka_unit_test(test_paused_proxy_holds_messages_until_resumed),
        cmocka_unit_test(test_statistics_count_both_sides),
        cmocka_unit_test(test_subscriptions_pass_upstream),
        cmocka_unit_test(test_shutdown_ends_the_proxy),
        cmocka_unit_test(test_full_backend_holds_the_frontend_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
