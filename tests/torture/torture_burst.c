/*
 * torture_burst: a socket that queued a lot and was drained holds nothing of it any more, nor does the
 * library for later use; what the allocator counts as in use is what it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "base/blocks.h"

enum { BURST = 48 * 1024 * 1024, SLACK = 1024 * 1024, PATIENT_MS = 20000 };

static size_t in_use(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0; /* there is no telling */
#else
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
#endif
}

struct ends {
    tn_socket_t *push, *pull;
};

static struct ends open_ends(tn_ctx_t *ctx, const char *endpoint)
{
    struct ends ends = {tn_socket(ctx, "push"), tn_socket(ctx, "pull")};
    char real[256];
    size_t size = sizeof(real);

    assert_int_equal(tn_set_int(ends.push, "sndhwm", 0), 0);
    assert_int_equal(tn_set_int(ends.pull, "rcvhwm", 0), 0);
    assert_int_equal(tn_set_int(ends.pull, "rcvtimeo", PATIENT_MS), 0);
    assert_int_equal(tn_bind(ends.pull, endpoint), 0);
    assert_int_equal(tn_get_str(ends.pull, "last_endpoint", real, &size), 0);
    assert_int_equal(tn_connect(ends.push, real), 0);
    return ends;
}

static void send_one(tn_socket_t *push, const uint8_t *body, size_t size, bool as_object)
{
    tn_msg_t msg;

    if (!as_object) {
        assert_int_equal(tn_send(push, body, size, TN_DONTWAIT), 0);
        return;
    }
    assert_int_equal(tn_msg_init_copy(&msg, body, size), 0);
    assert_true(tn_msg_send(push, &msg, TN_DONTWAIT) >= 0);
}

static void burst(struct ends ends, size_t size, bool as_object)
{
    size_t count = BURST / size;
    uint8_t *body = calloc(1, size);

    assert_non_null(body);
    for (size_t i = 0; i < count; i++)
        send_one(ends.push, body, size, as_object);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(tn_recv(ends.pull, body, size, 0), size);
    free(body);
}

/* A thread that waits for what does not come gives memory back where no I/O thread does. */
static void wait_until_nothing_is_kept(tn_socket_t *pull)
{
    char byte;

    assert_int_equal(tn_set_int(pull, "rcvtimeo", 300), 0);
    while (tni_blocks_kept() > 0)
        assert_int_equal(tn_recv(pull, &byte, 1, 0), -EAGAIN);
}

static void check_burst(const char *endpoint, size_t size, bool as_object)
{
    tn_ctx_t *ctx = tn_ctx_new();
    struct ends ends = open_ends(ctx, endpoint);
    size_t before;
    char byte = 0;

    assert_int_equal(tn_send(ends.push, "", 1, 0), 0);
    assert_int_equal(tn_recv(ends.pull, &byte, 1, 0), 1);
    before = in_use();
    burst(ends, size, as_object);
    wait_until_nothing_is_kept(ends.pull);
    assert_true(in_use() < before + SLACK);
    assert_int_equal(tn_close(ends.push), 0);
    assert_int_equal(tn_close(ends.pull), 0);
    assert_int_equal(tn_ctx_term(ctx, PATIENT_MS), 0);
    assert_int_equal(tni_blocks_kept(), 0);
}

static void test_small_messages_over_tcp_leave_nothing(void **state)
{
    (void)state;
    check_burst("tcp://127.0.0.1:*", 1000, false);
}

static void test_large_messages_over_tcp_leave_nothing(void **state)
{
    (void)state;
    check_burst("tcp://127.0.0.1:*", 65536, false);
}

static void test_large_objects_over_ipc_leave_nothing(void **state)
{
    (void)state;
    check_burst("ipc://*", 100000, true);
}

static void test_small_messages_over_inproc_leave_nothing(void **state)
{
    (void)state;
    check_burst("inproc://burst", 1000, false);
}

static void test_large_objects_over_inproc_leave_nothing(void **state)
{
    (void)state;
    check_burst("inproc://burst", 65536, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_messages_over_tcp_leave_nothing),
        cmocka_unit_test(test_large_messages_over_tcp_leave_nothing),
        cmocka_unit_test(test_large_objects_over_ipc_leave_nothing),
        cmocka_unit_test(test_small_messages_over_inproc_leave_nothing),
        cmocka_unit_test(test_large_objects_over_inproc_leave_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
