/* inproc: connecting before binding, names, and no thread at all. */
#include "api.h"

#include <dirent.h>

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;

    assert_non_null(tasks);
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count - 2;
}

static void test_connect_comes_before_bind(void **state)
{
    enum { CONNECTERS = 5 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *pushes[CONNECTERS];

    (void)state;
    for (int i = 0; i < CONNECTERS; i++) {
        pushes[i] = api_socket(ctx, "push");
        assert_ok(tn_connect(pushes[i], "inproc://later"));
        for (int n = 0; n < 10; n++)
            api_send(pushes[i], "x", 0);
    }
    assert_ok(tn_bind(pull, "inproc://later"));
    for (int n = 0; n < 10 * CONNECTERS; n++)
        api_expect(pull, "x");
    api_expect_nothing(pull);
    for (int i = 0; i < CONNECTERS; i++)
        assert_ok(tn_close(pushes[i]));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_mark_holds_before_the_bind(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    int sent = 0;

    (void)state;
    assert_ok(tn_set_int(push, "sndhwm", 3));
    assert_ok(tn_set_int(pull, "rcvhwm", 4));
    assert_ok(tn_connect(push, "inproc://mark"));
    while (tn_send(push, "x", 1, TN_DONTWAIT) == 0)
        assert_true(++sent < 100);
    assert_int_equal(sent, 3);
    assert_ok(tn_bind(pull, "inproc://mark"));
    while (tn_send(push, "x", 1, TN_DONTWAIT) == 0)
        assert_true(++sent < 100);
    assert_int_equal(sent, 7);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_no_thread_is_started(void **state)
{
    int before = count_threads();
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *a = api_socket(ctx, "pair"), *b = api_socket(ctx, "pair");

    (void)state;
    api_join(a, b, "inproc://quiet");
    api_send(a, "x", 0);
    api_expect(b, "x");
    assert_int_equal(count_threads(), before);
    assert_ok(tn_close(a));
    assert_ok(tn_close(b));
    api_ctx_end(ctx);
}

static void test_names_belong_to_their_context(void **state)
{
    tn_ctx_t *ctx = api_ctx(), *other = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(other, "push");

    (void)state;
    assert_ok(tn_bind(pull, "inproc://mine"));
    assert_ok(tn_connect(push, "inproc://mine"));
    api_send(push, "lost", 0);
    assert_ok(tn_set_int(pull, "rcvtimeo", 20));
    assert_code(tn_recv(pull, (char[8]){0}, 8, 0), -EAGAIN);
    assert_ok(tn_close(pull));
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
    api_ctx_end(other);
}

static void test_name_is_free_again_after_the_end(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *first = api_socket(ctx, "pull"), *second = api_socket(ctx, "pull");
    tn_socket_t *push = api_socket(ctx, "push");

    (void)state;
    assert_ok(tn_bind(first, "inproc://name"));
    assert_code(tn_bind(second, "inproc://name"), -EADDRINUSE);
    assert_ok(tn_unbind(first, "inproc://name"));
    assert_ok(tn_bind(second, "inproc://name"));
    assert_ok(tn_close(second));
    assert_ok(tn_bind(first, "inproc://name"));
    assert_ok(tn_connect(push, "inproc://name"));
    api_send(push, "x", 0);
    api_expect(first, "x");
    assert_ok(tn_close(first));
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_what_was_sent_before_the_close_is_received(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");

    (void)state;
    assert_ok(tn_set_int(push, "linger", -1));
    api_join(pull, push, "inproc://parting");
    for (int i = 0; i < 10; i++)
        api_send(push, "x", 0);
    assert_ok(tn_close(push));
    for (int i = 0; i < 10; i++)
        api_expect(pull, "x");
    api_expect_nothing(pull);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_patterns_that_do_not_go_together_are_refused(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *req = api_socket(ctx, "req");

    (void)state;
    assert_ok(tn_bind(pull, "inproc://odd"));
    assert_code(tn_connect(req, "inproc://odd"), -TN_ENOCOMPAT);
    assert_ok(tn_close(pull));
    assert_ok(tn_close(req));
    api_ctx_end(ctx);
}

static void test_router_knows_its_inproc_peers(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *router = api_socket(ctx, "router"), *dealer = api_socket(ctx, "dealer");

    (void)state;
    assert_ok(tn_set_int(router, "router_mandatory", 1));
    assert_ok(tn_set_blob(dealer, "routing_id", "D", 1));
    assert_ok(tn_connect(dealer, "inproc://router"));
    assert_ok(tn_bind(router, "inproc://router"));
    api_send(router, "D", TN_MORE);
    api_send(router, "hello", 0);
    api_expect(dealer, "hello");
    assert_ok(tn_close(router));
    assert_ok(tn_close(dealer));
    api_ctx_end(ctx);
}

static void test_end_of_the_binder_is_noticed(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");

    (void)state;
    api_join(pull, push, "inproc://gone");
    assert_ok(tn_close(pull));
    assert_code(tn_send(push, "x", 1, TN_DONTWAIT), -EAGAIN);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_thread_is_started),
        cmocka_unit_test(test_connect_comes_before_bind),
        cmocka_unit_test(test_mark_holds_before_the_bind),
        cmocka_unit_test(test_names_belong_to_their_context),
        cmocka_unit_test(test_name_is_free_again_after_the_end),
        cmocka_unit_test(test_what_was_sent_before_the_close_is_received),
        cmocka_unit_test(test_patterns_that_do_not_go_together_are_refused),
        cmocka_unit_test(test_router_knows_its_inproc_peers),
        cmocka_unit_test(test_end_of_the_binder_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
