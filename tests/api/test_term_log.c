/* A context that cannot end says why, without being asked. */
#include "api.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *term(void *ctx)
{
    return (void *)(intptr_t)tn_ctx_term(ctx, -1);
}

/* Reads what the library writes to the standard error until it has the words. */
static void expect_words(int fd, const char *words)
{
    static char text[8192];
    static size_t size;

    while (!strstr(text, words)) {
        ssize_t got = read(fd, text + size, sizeof text - 1 - size);
        assert_true(got > 0);
        size += (size_t)got;
        text[size] = '\0';
    }
}

static void test_term_names_each_socket_that_blocks_it(void **state)
{
    tn_ctx_t *ctx = api_ctx(), *other = api_ctx();
    tn_socket_t *open = api_socket(ctx, "pull");
    tn_socket_t *lingering = api_socket(ctx, "push");
    tn_socket_t *pull = api_socket(other, "pull");
    char endpoint[API_ENDPOINT_MAX];
    int ends[2], kept = dup(STDERR_FILENO);
    pthread_t thread;
    void *result;

    (void)state;
    assert_ok(tn_bind(open, "inproc://never-closed"));
    /* An address that nobody else takes meanwhile, as they might a port. */
    snprintf(endpoint, sizeof endpoint, "ipc:///tmp/tenon-term-log-%d", (int)getpid());
    assert_ok(tn_bind(pull, endpoint));
    assert_ok(tn_unbind(pull, endpoint));
    assert_ok(tn_set_int(lingering, "linger", -1));
    assert_ok(tn_set_int(lingering, "reconnect_ivl", 10));
    assert_ok(tn_connect(lingering, endpoint));
    for (int i = 0; i < 5; i++)
        api_send(lingering, "x", 0);
    assert_ok(tn_close(lingering));
    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    assert_int_equal(pthread_create(&thread, NULL, term, ctx), 0);
    expect_words(ends[0], "socket 1, a 'pull' at 'inproc://never-closed', is not closed");
    expect_words(ends[0], "socket 2, a 'push' at 'ipc://");
    expect_words(ends[0], "is closed and still sends (when it was closed: 5 messages for 1 peers, "
                          "most for ipc://");
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    assert_ok(tn_close(open));
    while (tn_bind(pull, endpoint) == -EADDRINUSE)
        continue;
    for (int i = 0; i < 5; i++)
        api_expect(pull, "x");
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_int_equal((intptr_t)result, 0);
    close(kept);
    close(ends[0]);
    close(ends[1]);
    assert_ok(tn_close(pull));
    api_ctx_end(other);
}

/* Nothing is done without a thread's turn, and with a time-out of 0 there is none. */
static void test_term_does_not_blame_what_has_nothing_to_send(void **state)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *pull, *push;

    (void)state;
    assert_non_null(ctx);
    assert_ok(tn_ctx_set_int(ctx, "io_threads", 0));
    pull = api_socket(ctx, "pull");
    push = api_socket(ctx, "push");
    api_join(pull, push, API_IPC);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    assert_code(tn_ctx_term(ctx, 0), -ETIMEDOUT);
    assert_non_null(strstr(tn_last_error(), "had nothing left to send"));
    assert_null(strstr(tn_last_error(), "still sends"));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_term_names_each_socket_that_blocks_it),
        cmocka_unit_test(test_term_does_not_blame_what_has_nothing_to_send),
    };

    unsetenv("TENON_LOG");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
