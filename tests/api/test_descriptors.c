/* Out of descriptors: the listener pauses without spinning, says so, and takes up its work again when
 * there are some; established connections are not disturbed. */
#include "api.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { SPARE = 64 };

static int spare[SPARE], spare_count;
static struct rlimit limit_before;

/** Takes every descriptor up to the limit. */
static void take_all(void)
{
    while (spare_count < SPARE &&
           (spare[spare_count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
        spare_count++;
    assert_true(spare_count < SPARE);
}

static void give_back(int count)
{
    while (spare_count > 0 && count-- > 0)
        close(spare[--spare_count]);
}

static int setup(void **state)
{
    (void)state;
    return getrlimit(RLIMIT_NOFILE, &limit_before);
}

/** Also after a failure, which must not spread to the next test. */
static int teardown(void **state)
{
    (void)state;
    give_back(SPARE);
    return setrlimit(RLIMIT_NOFILE, &limit_before);
}

static double cpu_seconds(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

static void limit_descriptors(void)
{
    struct rlimit limit = limit_before;
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);

    assert_true(next >= 0);
    close(next);
    limit.rlim_cur = (rlim_t)next + SPARE / 2;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void test_listener_pauses_and_resumes(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_ACCEPT_FAILED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;
    double cpu;
    int fd;

    (void)state;
    assert_non_null(monitor);
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_connect(push, endpoint));
    api_send(push, "early", 0);
    api_expect(pull, "early");
    limit_descriptors();
    take_all();
    give_back(1);
    fd = api_raw_connect(endpoint);
    api_expect_event(monitor, TN_EVENT_ACCEPT_FAILED, &event);
    assert_true(event.error == -EMFILE || event.error == -ENFILE);
    cpu = cpu_seconds();
    api_send(push, "meanwhile", 0);
    api_expect(pull, "meanwhile");
    poll(NULL, 0, 400);
    assert_true(cpu_seconds() - cpu < 0.2);
    give_back(SPARE);
    api_raw_handshake(fd, 1, "PUSH");
    api_raw_write(fd, "\0\4late", 6);
    api_expect(pull, "late");
    close(fd);
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_calls_say_that_descriptors_are_short(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX], other[API_ENDPOINT_MAX];
    int code;

    (void)state;
    api_bind(pull, API_TCP, endpoint);
    assert_ok(tn_set_int(push, "reconnect_ivl", 10));
    limit_descriptors();
    take_all();
    assert_code(tn_bind(pull, API_TCP), -EMFILE);
    assert_true(strlen(tn_last_error()) > 0);
    code = tn_connect(push, endpoint);
    if (code == 0)
        api_send(push, "x", 0);
    give_back(SPARE);
    if (code < 0) {
        assert_int_equal(code, -EMFILE);
        assert_ok(tn_connect(push, endpoint));
        api_send(push, "x", 0);
    }
    api_expect(pull, "x");
    api_bind(pull, API_TCP, other);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_ended_context_leaves_no_descriptor(void **state)
{
    int before = -1;

    (void)state;
    for (int i = 0; i < 5; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
        api_join(pull, push, i % 2 ? API_IPC : API_TCP);
        assert_true(tn_fd(pull, TN_POLLIN) >= 0);
        api_send(push, "x", 0);
        api_expect(pull, "x");
        assert_ok(tn_close(push));
        assert_ok(tn_close(pull));
        api_ctx_end(ctx);
        /* The first round may leave what belongs to the process or the thread. */
        if (i == 1)
            before = count_descriptors();
    }
    assert_int_equal(count_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_listener_pauses_and_resumes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls_say_that_descriptors_are_short, setup, teardown),
        cmocka_unit_test(test_ended_context_leaves_no_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
