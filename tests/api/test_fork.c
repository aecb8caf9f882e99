/* A child finds sockets that belong to its parent: every call says so, closing works, and the parent
 * notices nothing. */
#include "api.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer stops a child of a program with threads that starts one of its own. */
#ifdef __has_feature
#define IS_TSAN __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define IS_TSAN 1
#else
#define IS_TSAN 0
#endif

struct family {
    tn_ctx_t *ctx;
    tn_socket_t *push, *pull;
};

static struct family open_family(void)
{
    struct family family;

    family.ctx = api_ctx();
    family.push = api_socket(family.ctx, "push");
    family.pull = api_socket(family.ctx, "pull");
    api_join(family.pull, family.push, API_TCP);
    return family;
}

static void close_family(struct family *family)
{
    assert_ok(tn_close(family->push));
    assert_ok(tn_close(family->pull));
    api_ctx_end(family->ctx);
}

/** Runs `body` in a child; its result is the child's exit code. */
static void in_child(int (*body)(struct family *family), struct family *family)
{
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        _exit(body(family));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void assert_still_works(struct family *family)
{
    for (int i = 0; i < 100; i++) {
        api_send(family->push, "parent", 0);
        api_expect(family->pull, "parent");
    }
}

#define CHECK(call, code)                                                                          \
    do {                                                                                           \
        if ((call) != (code))                                                                      \
            return __LINE__ % 256;                                                                 \
    } while (0)

static int use_everything(struct family *family)
{
    char buffer[8];
    int64_t value;
    tn_stats_t stats;

    CHECK(tn_send(family->push, "x", 1, 0), -TN_EFORKED);
    CHECK(tn_recv(family->pull, buffer, sizeof(buffer), 0), -TN_EFORKED);
    CHECK(tn_bind(family->pull, API_TCP), -TN_EFORKED);
    CHECK(tn_connect(family->push, "tcp://127.0.0.1:1"), -TN_EFORKED);
    CHECK(tn_set_int(family->push, "linger", 0), -TN_EFORKED);
    CHECK(tn_get_int(family->push, "linger", &value), -TN_EFORKED);
    CHECK(tn_stats(family->push, &stats), -TN_EFORKED);
    CHECK(tn_wait_peers(family->push, 1, 0), -TN_EFORKED);
    CHECK(tn_socket(family->ctx, "pair") == NULL, true);
    CHECK(tn_last_code(), -TN_EFORKED);
    return 0;
}

static int close_everything(struct family *family)
{
    CHECK(tn_close(family->push), 0);
    CHECK(tn_close(family->pull), 0);
    CHECK(tn_ctx_term(family->ctx, 1000), 0);
    return 0;
}

static int talk_on_its_own(struct family *family)
{
    struct family own;

    (void)family;
    own.ctx = tn_ctx_new();
    if (!own.ctx)
        return 1;
    if (IS_TSAN)
        CHECK(tn_ctx_set_int(own.ctx, "io_threads", 0), 0);
    own.push = tn_socket(own.ctx, "push");
    own.pull = tn_socket(own.ctx, "pull");
    char endpoint[API_ENDPOINT_MAX], buffer[8];
    size_t size = sizeof(endpoint);
    CHECK(tn_set_int(own.pull, "rcvtimeo", API_TIMEOUT_MS), 0);
    CHECK(tn_bind(own.pull, API_TCP), 0);
    CHECK(tn_get_str(own.pull, "last_endpoint", endpoint, &size), 0);
    CHECK(tn_connect(own.push, endpoint), 0);
    CHECK(tn_send(own.push, "child", 5, 0), 0);
    CHECK(tn_recv(own.pull, buffer, sizeof(buffer), 0), 5);
    return close_everything(&own);
}

static void test_child_gets_an_error_from_each_call(void **state)
{
    struct family family = open_family();

    (void)state;
    in_child(use_everything, &family);
    assert_still_works(&family);
    close_family(&family);
}

static void test_child_closes_without_touching_the_parent(void **state)
{
    struct family family = open_family();

    (void)state;
    in_child(close_everything, &family);
    assert_still_works(&family);
    close_family(&family);
}

static void test_child_makes_a_context_of_its_own(void **state)
{
    struct family family = open_family();

    (void)state;
    in_child(talk_on_its_own, &family);
    assert_still_works(&family);
    close_family(&family);
}

static void test_descriptors_do_not_pass_exec(void **state)
{
    struct family family = open_family();
    int status;
    pid_t pid;

    (void)state;
    assert_true(tn_fd(family.pull, TN_POLLIN) >= 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        /* Only 0, 1, 2 and the one that reads the list are open after exec. */
        execl("/bin/sh", "sh", "-c",
              "for fd in /proc/self/fd/*; do case ${fd##*/} in 0|1|2) continue;; esac; "
              "case $(readlink \"$fd\") in "
              "socket:*|anon_inode:*event*) exit 1;; esac; done; exit 0",
              (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    close_family(&family);
}

/* A child that has the descriptor of a lost connection keeps its place in the parent's set alive. */
static void test_fork_child_may_keep_a_lost_connection(void **state)
{
    static const uint8_t garbage[64] = {0xff, 0xff, 0xff};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_DISCONNECTED);
    char endpoint[API_ENDPOINT_MAX], byte;
    tn_event_t event;
    int raw, until[2];
    pid_t child;

    (void)state;
    assert_non_null(monitor);
    api_bind(pull, API_TCP, endpoint);
    raw = api_raw_connect(endpoint);
    api_raw_handshake(raw, 1, "PUSH");
    assert_ok(tn_wait_peers(pull, 1, API_TIMEOUT_MS));
    assert_int_equal(pipe(until), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(until[1]);
        close(raw);
        _exit(read(until[0], &byte, 1) == 0 ? 0 : 1);
    }
    api_raw_write(raw, garbage, sizeof garbage);
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    close(raw);
    assert_ok(tn_connect(push, endpoint));
    for (int i = 0; i < 100; i++) {
        api_send(push, "still well", 0);
        api_expect(pull, "still well");
    }
    close(until[0]);
    close(until[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_gets_an_error_from_each_call),
        cmocka_unit_test(test_child_closes_without_touching_the_parent),
        cmocka_unit_test(test_child_makes_a_context_of_its_own),
        cmocka_unit_test(test_descriptors_do_not_pass_exec),
        cmocka_unit_test(test_fork_child_may_keep_a_lost_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
