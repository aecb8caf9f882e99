/* A context leaves nothing behind: when it has ended, the process has the descriptors and the threads
 * that it had before, whatever went wrong meanwhile. */
#include "api.h"

#include <dirent.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3, RETRIES = 3 };

/** Entries of a folder of /proc/self; that of the reading itself is among them each time. */
static int count_entries(const char *folder)
{
    DIR *directory = opendir(folder);
    int count = 0;

    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static int descriptors(void)
{
    return count_entries("/proc/self/fd");
}

static int threads(void)
{
    return count_entries("/proc/self/task");
}

/* A thread that was joined, or that looks up a name which nobody waits for any more, may be seen by the
 * kernel for a moment longer. */
static void assert_threads(int wanted)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int i = 0; i < API_TIMEOUT_MS && threads() > wanted; i++)
        nanosleep(&pause, NULL);
    /* One of an earlier test, joined and not yet out of sight, may have been counted before. */
    assert_true(threads() <= wanted);
}

/** Runs `life` several times; after the first, which loads modules and under which a sanitizer starts
 *  its own thread, nothing may be added. */
static void assert_no_trace(void (*life)(const char *endpoint), const char *endpoint)
{
    int descriptors_before, threads_before;

    life(endpoint);
    threads_before = threads();
    descriptors_before = descriptors();
    for (int i = 0; i < ROUNDS; i++) {
        life(endpoint);
        assert_threads(threads_before);
        assert_int_equal(descriptors(), descriptors_before);
    }
}

static void exchange(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *req = api_socket(ctx, "req"), *rep = api_socket(ctx, "rep");
    tn_monitor_t *monitor = tn_monitor(rep, TN_EVENT_ALL);
    tn_event_t event;

    assert_non_null(monitor);
    assert_true(tn_fd(rep, TN_POLLIN) >= 0);
    assert_true(tn_fd(req, TN_POLLOUT) >= 0);
    api_join(rep, req, endpoint);
    for (int i = 0; i < 10; i++) {
        api_send(req, "question", 0);
        api_expect(rep, "question");
        api_send(rep, "answer", 0);
        api_expect(req, "answer");
    }
    assert_ok(tn_close(req));
    assert_ok(tn_close(rep));
    api_expect_event(monitor, TN_EVENT_STOPPED, &event);
    tn_monitor_close(monitor);
    api_ctx_end(ctx);
}

static void come_back(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull;
    char real[API_ENDPOINT_MAX];

    assert_ok(tn_set_int(push, "reconnect_ivl", 1));
    pull = api_socket(ctx, "pull");
    api_bind(pull, endpoint, real);
    assert_ok(tn_connect(push, real));
    for (int i = 0; i < RETRIES; i++) {
        api_send(push, "again", 0);
        api_expect(pull, "again");
        assert_ok(tn_close(pull));
        pull = api_socket(ctx, "pull");
        assert_ok(tn_bind(pull, real));
        assert_ok(tn_wait_peers(pull, 1, API_TIMEOUT_MS));
    }
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void fail_to_bind(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *first = api_socket(ctx, "pull"), *second = api_socket(ctx, "pull");
    char real[API_ENDPOINT_MAX];

    api_bind(first, endpoint, real);
    for (int i = 0; i < RETRIES; i++)
        assert_code(tn_bind(second, real), -EADDRINUSE);
    assert_ok(tn_unbind(first, real));
    assert_ok(tn_close(first));
    assert_ok(tn_close(second));
    api_ctx_end(ctx);
}

static void fail_to_connect(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(push, TN_EVENT_CONNECT_RETRIED);
    tn_event_t event;

    assert_non_null(monitor);
    assert_ok(tn_set_int(push, "reconnect_ivl", 1));
    assert_ok(tn_connect(push, endpoint));
    for (int i = 0; i < RETRIES; i++)
        api_expect_event(monitor, TN_EVENT_CONNECT_RETRIED, &event);
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void end_while_resolving(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");

    assert_ok(tn_connect(push, endpoint));
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void drive_it_ourselves(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push, *pull;

    assert_ok(tn_ctx_set_int(ctx, "io_threads", 0));
    push = api_socket(ctx, "push");
    pull = api_socket(ctx, "pull");
    api_join(pull, push, endpoint);
    api_send(push, "driven", 0);
    api_expect(pull, "driven");
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void *receive_one(void *pull)
{
    char text[8];

    return tn_recv(pull, text, sizeof(text), 0) == 4 ? pull : NULL;
}

/* Each thread that waits has a descriptor to be woken by. */
static void wait_in_another_thread(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    pthread_t thread;
    void *result;

    api_join(pull, push, endpoint);
    assert_int_equal(pthread_create(&thread, NULL, receive_one, pull), 0);
    api_send(push, "wake", 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, pull);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static const char *const everywhere[] = {API_TCP, API_IPC, "inproc://leaks"};

static void on_each_transport(void (*life)(const char *endpoint))
{
    for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
        assert_no_trace(life, everywhere[i]);
}

static void test_exchange_leaves_nothing(void **state)
{
    (void)state;
    on_each_transport(exchange);
}

static void test_reconnects_leave_nothing(void **state)
{
    char abstract[API_ENDPOINT_MAX];

    (void)state;
    assert_no_trace(come_back, API_TCP);
    /* The folder of a wildcard goes with its socket; this name can be taken again. */
    snprintf(abstract, sizeof(abstract), "ipc://@tenon-leaks-%d", (int)getpid());
    assert_no_trace(come_back, abstract);
}

static void test_failed_bind_leaves_nothing(void **state)
{
    (void)state;
    on_each_transport(fail_to_bind);
}

static void test_failed_connect_leaves_nothing(void **state)
{
    (void)state;
    assert_no_trace(fail_to_connect, "tcp://127.0.0.1:1");
    assert_no_trace(fail_to_connect, "ipc:///nonexistent/tenon-leaks");
}

static void test_unresolvable_name_leaves_nothing(void **state)
{
    (void)state;
    /* An empty label: refused before a name server is asked. */
    assert_no_trace(fail_to_connect, "tcp://no..such-name:1");
    assert_no_trace(end_while_resolving, "tcp://no..such-name:1");
    assert_no_trace(end_while_resolving, "tcp://localhost:1");
}

static void test_context_without_threads_leaves_nothing(void **state)
{
    (void)state;
    on_each_transport(drive_it_ourselves);
}

static void test_waiting_thread_leaves_nothing(void **state)
{
    (void)state;
    on_each_transport(wait_in_another_thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange_leaves_nothing),
        cmocka_unit_test(test_reconnects_leave_nothing),
        cmocka_unit_test(test_failed_bind_leaves_nothing),
        cmocka_unit_test(test_failed_connect_leaves_nothing),
        cmocka_unit_test(test_unresolvable_name_leaves_nothing),
        cmocka_unit_test(test_context_without_threads_leaves_nothing),
        cmocka_unit_test(test_waiting_thread_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
