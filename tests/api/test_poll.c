/* tn_poll() over sockets and descriptors. */
#include "api.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_poll_tells_which_are_ready(void **state)
{
    static const char *const endpoints[] = {API_TCP, "inproc://poll"};

    (void)state;
    for (int e = 0; e < 2; e++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
        tn_socket_t *idle = api_socket(ctx, "pull");
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        api_join(pull, push, endpoints[e]);
        tn_pollitem_t items[] = {{pull, -1, TN_POLLIN, 0},
                                 {push, -1, TN_POLLOUT, 0},
                                 {idle, -1, TN_POLLIN | TN_POLLOUT, 0},
                                 {NULL, ends[0], TN_POLLIN, 0},
                                 {NULL, ends[1], TN_POLLOUT, 0}};
        assert_int_equal(assert_ok(tn_poll(items, 5, 0)), 2);
        assert_int_equal(items[0].revents, 0);
        assert_int_equal(items[1].revents, TN_POLLOUT);
        assert_int_equal(items[2].revents, 0);
        assert_int_equal(items[3].revents, 0);
        assert_int_equal(items[4].revents, TN_POLLOUT);
        items[1].events = items[4].events = 0;
        assert_int_equal(tn_poll(items, 5, 10), 0);
        api_send(push, "x", 0);
        assert_int_equal(assert_ok(tn_poll(items, 5, API_TIMEOUT_MS)), 1);
        assert_int_equal(items[0].revents, TN_POLLIN);
        assert_int_equal(assert_ok(tn_poll(items, 5, API_TIMEOUT_MS)), 1);
        assert_int_equal(write(ends[1], "x", 1), 1);
        assert_int_equal(assert_ok(tn_poll(items, 5, API_TIMEOUT_MS)), 2);
        assert_int_equal(items[3].revents, TN_POLLIN);
        api_expect(pull, "x");
        close(ends[1]);
        assert_int_equal(read(ends[0], (char[8]){0}, 8), 1);
        items[4].fd = -1;
        assert_true(tn_poll(items, 4, API_TIMEOUT_MS) == 1);
        assert_true(items[3].revents != 0);
        close(ends[0]);
        assert_ok(tn_close(push));
        assert_ok(tn_close(pull));
        assert_ok(tn_close(idle));
        api_ctx_end(ctx);
    }
}

static void test_poll_keeps_its_timeout(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    tn_pollitem_t item = {pull, -1, TN_POLLIN, 0};
    int64_t before;

    (void)state;
    assert_ok(tn_bind(pull, API_TCP));
    before = now_ms();
    assert_int_equal(tn_poll(&item, 1, 50), 0);
    assert_in_range(now_ms() - before, 49, 5000);
    before = now_ms();
    assert_int_equal(tn_poll(NULL, 0, 20), 0);
    assert_in_range(now_ms() - before, 19, 5000);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_one_socket_may_appear_twice(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *a = api_socket(ctx, "pair"), *b = api_socket(ctx, "pair");
    tn_pollitem_t items[] = {{a, -1, TN_POLLIN, 0}, {a, -1, TN_POLLOUT, 0}};

    (void)state;
    api_join(a, b, API_TCP);
    assert_int_equal(tn_poll(items, 2, 0), 1);
    api_send(b, "x", 0);
    items[1].events = 0;
    assert_int_equal(tn_poll(items, 2, API_TIMEOUT_MS), 1);
    assert_int_equal(items[0].revents, TN_POLLIN);
    assert_ok(tn_close(a));
    assert_ok(tn_close(b));
    api_ctx_end(ctx);
}

static void test_poll_spans_contexts(void **state)
{
    tn_ctx_t *ctx = api_ctx(), *other = api_ctx();
    tn_socket_t *pulls[] = {api_socket(ctx, "pull"), api_socket(other, "pull")};
    tn_socket_t *push = api_socket(other, "push");
    tn_pollitem_t items[] = {{pulls[0], -1, TN_POLLIN, 0}, {pulls[1], -1, TN_POLLIN, 0}};

    (void)state;
    api_join(pulls[1], push, API_TCP);
    api_send(push, "x", 0);
    assert_int_equal(tn_poll(items, 2, API_TIMEOUT_MS), 1);
    assert_int_equal(items[1].revents, TN_POLLIN);
    assert_ok(tn_close(pulls[0]));
    assert_ok(tn_close(pulls[1]));
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
    api_ctx_end(other);
}

/* Nobody else runs the connections of the two contexts. */
static void test_poll_drives_contexts_without_threads(void **state)
{
    tn_ctx_t *ctxs[2];
    tn_socket_t *pulls[2], *pushes[2];
    tn_pollitem_t items[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        ctxs[i] = api_ctx();
        assert_ok(tn_ctx_set_int(ctxs[i], "io_threads", 0));
        pulls[i] = api_socket(ctxs[i], "pull");
        pushes[i] = api_socket(ctxs[i], "push");
        api_join(pulls[i], pushes[i], API_TCP);
        items[i] = (tn_pollitem_t){pulls[i], -1, TN_POLLIN, 0};
    }
    for (int i = 0; i < 2; i++) {
        api_send(pushes[i], "x", 0);
        assert_int_equal(assert_ok(tn_poll(items, 2, API_TIMEOUT_MS)), 1);
        assert_int_equal(items[i].revents, TN_POLLIN);
        api_expect(pulls[i], "x");
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(tn_close(pulls[i]));
        assert_ok(tn_close(pushes[i]));
        api_ctx_end(ctxs[i]);
    }
}

static void test_many_sockets_poll_together(void **state)
{
    enum { SOCKETS = 100 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pulls[SOCKETS], *pushes[SOCKETS];
    tn_pollitem_t items[SOCKETS];

    (void)state;
    for (int i = 0; i < SOCKETS; i++) {
        pulls[i] = api_socket(ctx, "pull");
        pushes[i] = api_socket(ctx, "push");
        api_join(pulls[i], pushes[i], API_IPC);
        items[i] = (tn_pollitem_t){pulls[i], -1, TN_POLLIN, 0};
    }
    for (int i = SOCKETS - 1; i >= 0; i -= 7) {
        api_send(pushes[i], "x", 0);
        assert_int_equal(tn_poll(items, SOCKETS, API_TIMEOUT_MS), 1);
        assert_int_equal(items[i].revents, TN_POLLIN);
        api_expect(pulls[i], "x");
    }
    for (int i = 0; i < SOCKETS; i++) {
        assert_ok(tn_close(pushes[i]));
        assert_ok(tn_close(pulls[i]));
    }
    api_ctx_end(ctx);
}

static void on_alarm(int number)
{
    (void)number;
}

static void test_signal_interrupts_each_wait(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    tn_pollitem_t item = {pull, -1, TN_POLLIN, 0};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const struct itimerspec soon = {{0, 20000000}, {0, 20000000}}, never = {{0, 0}, {0, 0}};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
    timer_t timer;

    (void)state;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    event._sigev_un._tid = gettid();
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
    assert_code(tn_recv(pull, (char[8]){0}, 8, 0), -EINTR);
    assert_ok(tn_bind(pull, API_TCP));
    assert_code(tn_recv(pull, (char[8]){0}, 8, 0), -EINTR);
    assert_code(tn_poll(&item, 1, API_TIMEOUT_MS), -EINTR);
    assert_code(tn_ctx_term(ctx, -1), -EINTR);
    assert_int_equal(timer_settime(timer, 0, &never, NULL), 0);
    timer_delete(timer);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void on_user_signal(int number)
{
    (void)number;
}

static void test_mask_lets_a_blocked_signal_in(void **state)
{
    struct sigaction action = {.sa_handler = on_user_signal};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    tn_pollitem_t item = {pull, -1, TN_POLLIN, 0};
    sigset_t blocked, none;

    (void)state;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, NULL), 0);
    raise(SIGUSR1);
    assert_int_equal(tn_ppoll(&item, 1, 0, NULL), 0);
    assert_int_equal(tn_ppoll(&item, 1, 0, &blocked), 0);
    assert_code(tn_ppoll(&item, 1, 0, &none), -EINTR);
    raise(SIGUSR1);
    assert_code(tn_ppoll(&item, 1, API_TIMEOUT_MS, &none), -EINTR);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &blocked, NULL), 0);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll_tells_which_are_ready),
        cmocka_unit_test(test_poll_keeps_its_timeout),
        cmocka_unit_test(test_one_socket_may_appear_twice),
        cmocka_unit_test(test_poll_spans_contexts),
        cmocka_unit_test(test_poll_drives_contexts_without_threads),
        cmocka_unit_test(test_many_sockets_poll_together),
        cmocka_unit_test(test_mask_lets_a_blocked_signal_in),
        cmocka_unit_test(test_signal_interrupts_each_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
