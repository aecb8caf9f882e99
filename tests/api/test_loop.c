/* Inside other event loops: tn_fd() under epoll, and a context without I/O threads that a program
 * drives itself. */
#include "api.h"

#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    assert_true(fd >= 0);
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static bool is_readable(int fd, int timeout)
{
    struct epoll_event event;
    int epoll = epoll_create1(EPOLL_CLOEXEC), count;

    assert_int_equal(watch(epoll, fd), 0);
    do
        count = epoll_wait(epoll, &event, 1, timeout);
    while (count < 0 && errno == EINTR); /* as it is when the process was stopped and goes on */
    close(epoll);
    return count == 1;
}

static void run_readable(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    int fd = (int)assert_ok(tn_fd(pull, TN_POLLIN));

    assert_int_equal(tn_fd(pull, TN_POLLIN), fd);
    api_join(pull, push, endpoint);
    api_expect_nothing(pull);
    assert_false(is_readable(fd, 0));
    api_send(push, "one", 0);
    api_send(push, "two", 0);
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    api_expect(pull, "one");
    /* Level: nothing new came, and it still tells of the second. */
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    api_expect(pull, "two");
    api_expect_nothing(pull);
    assert_false(is_readable(fd, 20));
    api_send(push, "three", 0);
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    api_expect(pull, "three");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_descriptor_tells_of_messages(void **state)
{
    (void)state;
    run_readable("inproc://fd");
    run_readable(API_TCP);
}

static void test_descriptor_tells_of_room(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    int fd, sent = 0;

    (void)state;
    assert_ok(tn_set_int(push, "sndhwm", 2));
    assert_ok(tn_set_int(pull, "rcvhwm", 2));
    fd = (int)assert_ok(tn_fd(push, TN_POLLOUT));
    assert_code(tn_send(push, "x", 1, TN_DONTWAIT), -EAGAIN);
    assert_false(is_readable(fd, 0));
    api_join(pull, push, "inproc://room");
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    while (tn_send(push, "x", 1, TN_DONTWAIT) == 0)
        sent++;
    assert_false(is_readable(fd, 20));
    for (int i = 0; i < sent; i++)
        api_expect(pull, "x");
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static int events_of(tn_socket_t *socket)
{
    int64_t events = -1;

    assert_ok(tn_get_int(socket, "events", &events));
    return (int)events;
}

static void run_changes(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    int fd = (int)assert_ok(tn_fd(pull, TN_POLLIN | TN_POLLOUT));

    assert_int_equal(tn_fd(pull, TN_POLLIN | TN_POLLOUT), fd);
    assert_code(tn_fd(pull, TN_POLLERR), -EINVAL);
    api_join(pull, push, endpoint);
    assert_int_equal(events_of(pull), 0);
    assert_false(is_readable(fd, 0));
    api_send(push, "one", 0);
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    assert_int_equal(events_of(pull), TN_POLLIN);
    /* The change is known now, and the message still there. */
    assert_false(is_readable(fd, 20));
    api_send(push, "two", 0);
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    api_expect(pull, "one");
    api_expect(pull, "two");
    api_expect_nothing(pull);
    assert_false(is_readable(fd, 20));
    assert_ok(tn_ctx_shutdown(ctx));
    assert_true(is_readable(fd, API_TIMEOUT_MS));
    assert_code(tn_recv(pull, NULL, 0, TN_DONTWAIT), -TN_ETERM);
    assert_true(is_readable(fd, 0));
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_descriptor_tells_of_changes(void **state)
{
    (void)state;
    run_changes("inproc://changes");
    run_changes(API_TCP);
}

static void test_descriptor_made_late_tells_of_what_is_there(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");

    (void)state;
    api_join(pull, push, "inproc://late");
    api_send(push, "x", 0);
    assert_true(is_readable((int)assert_ok(tn_fd(pull, TN_POLLIN | TN_POLLOUT)), 0));
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

/** Echoes until `count` messages have passed, woken by epoll alone. */
static void serve_by_epoll(tn_socket_t *rep, int count)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event;
    char buffer[64];

    assert_int_equal(watch(epoll, tn_fd(rep, TN_POLLIN)), 0);
    while (count > 0) {
        ssize_t size;
        assert_int_equal(epoll_wait(epoll, &event, 1, API_TIMEOUT_MS), 1);
        while ((size = tn_recv(rep, buffer, sizeof(buffer), TN_DONTWAIT)) >= 0) {
            assert_ok(tn_send(rep, buffer, (size_t)size, 0));
            count--;
        }
        assert_int_equal(size, -EAGAIN);
    }
    close(epoll);
}

static void test_service_runs_under_epoll(void **state)
{
    enum { CLIENTS = 5 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *rep = api_socket(ctx, "rep"), *reqs[CLIENTS];
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(rep, API_TCP, endpoint);
    for (int i = 0; i < CLIENTS; i++) {
        reqs[i] = api_socket(ctx, "req");
        assert_ok(tn_connect(reqs[i], endpoint));
    }
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < CLIENTS; i++)
            api_send(reqs[i], "ask", 0);
        serve_by_epoll(rep, CLIENTS);
        for (int i = 0; i < CLIENTS; i++)
            api_expect(reqs[i], "ask");
    }
    for (int i = 0; i < CLIENTS; i++)
        assert_ok(tn_close(reqs[i]));
    assert_ok(tn_close(rep));
    api_ctx_end(ctx);
}

/** One turn of a foreign loop around a context that has no thread. */
static void turn(tn_ctx_t *ctx, int epoll, int64_t until)
{
    struct epoll_event event;
    int deadline = tn_ctx_deadline(ctx);
    int64_t left = until - now_ms();

    assert_true(left > 0);
    if (left > 10) /* what other contexts do is not told by the descriptor */
        left = 10;
    if (deadline >= 0 && deadline < left)
        left = deadline;
    assert_true(epoll_wait(epoll, &event, 1, (int)left) >= 0);
    assert_ok(tn_ctx_step(ctx));
}

static void drive_until(tn_ctx_t *ctx, tn_socket_t *socket, const char *text)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int64_t until = now_ms() + API_TIMEOUT_MS;
    char buffer[64];
    ssize_t size;

    assert_int_equal(watch(epoll, tn_ctx_fd(ctx)), 0);
    while ((size = tn_recv(socket, buffer, sizeof(buffer), TN_DONTWAIT)) == -EAGAIN)
        turn(ctx, epoll, until);
    assert_int_equal(assert_ok(size), strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
    close(epoll);
}

static tn_ctx_t *threadless(void)
{
    tn_ctx_t *ctx = api_ctx();

    assert_ok(tn_ctx_set_int(ctx, "io_threads", 0));
    return ctx;
}

static void test_context_without_threads_is_driven_by_epoll(void **state)
{
    tn_ctx_t *ctx = threadless(), *other = api_ctx();
    tn_socket_t *server = api_socket(ctx, "rep"), *client = api_socket(other, "req");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(server, API_TCP, endpoint);
    assert_ok(tn_connect(client, endpoint));
    for (int i = 0; i < 20; i++) {
        api_send(client, "ask", 0);
        drive_until(ctx, server, "ask");
        api_send(server, "tell", 0);
        assert_ok(tn_ctx_step(ctx));
        api_expect(client, "tell");
    }
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(other);
    api_ctx_end(ctx);
}

static void test_context_without_threads_connects_and_retries(void **state)
{
    tn_ctx_t *ctx = threadless(), *other = api_ctx();
    tn_socket_t *client = api_socket(ctx, "dealer"), *server = api_socket(other, "dealer");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    api_bind(server, API_TCP, endpoint);
    assert_ok(tn_close(server));
    assert_ok(tn_set_int(client, "reconnect_ivl", 10));
    assert_ok(tn_connect(client, endpoint));
    for (int i = 0; i < 50; i++)
        assert_ok(tn_ctx_step(ctx));
    server = api_socket(other, "dealer");
    while (tn_bind(server, endpoint) == -EADDRINUSE)
        continue;
    api_send(client, "knock", 0);
    drive_until(ctx, server, "knock");
    api_send(server, "hello", 0);
    drive_until(ctx, client, "hello");
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(other);
    api_ctx_end(ctx);
}

static void test_context_without_threads_works_in_blocking_calls(void **state)
{
    tn_ctx_t *ctx = threadless();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");

    (void)state;
    api_join(pull, push, API_TCP);
    for (int i = 0; i < 100; i++)
        api_send(push, "x", 0);
    for (int i = 0; i < 100; i++)
        api_expect(pull, "x");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_socket_descriptors_work_without_threads(void **state)
{
    tn_ctx_t *ctx = threadless();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");

    (void)state;
    api_join(pull, push, "inproc://threadless");
    assert_true(tn_fd(pull, TN_POLLIN) >= 0);
    api_expect_nothing(pull);
    api_send(push, "x", 0);
    assert_true(is_readable(tn_fd(pull, TN_POLLIN), API_TIMEOUT_MS));
    api_expect(pull, "x");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptor_tells_of_messages),
        cmocka_unit_test(test_descriptor_tells_of_room),
        cmocka_unit_test(test_descriptor_tells_of_changes),
        cmocka_unit_test(test_descriptor_made_late_tells_of_what_is_there),
        cmocka_unit_test(test_service_runs_under_epoll),
        cmocka_unit_test(test_context_without_threads_is_driven_by_epoll),
        cmocka_unit_test(test_context_without_threads_connects_and_retries),
        cmocka_unit_test(test_context_without_threads_works_in_blocking_calls),
        cmocka_unit_test(test_socket_descriptors_work_without_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
