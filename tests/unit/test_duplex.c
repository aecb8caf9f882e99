/* What two ends of a pipe share: waking the other, and who frees it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "message/message.h"
#include "pipe/duplex.h"

struct owner {
    atomic_uint woken; /* bits */
    atomic_int released;
};

static void wake(void *owner, unsigned what)
{
    atomic_fetch_or(&((struct owner *)owner)->woken, what);
}

static void unref(void *owner)
{
    atomic_fetch_add(&((struct owner *)owner)->released, 1);
}

static const struct tni_side_ops ops = {.wake = wake, .unref = unref};
static const uint64_t no_mark[2] = {0, 0};
static const bool no_conflate[2] = {false, false};

static struct tni_duplex *duplex_new(void)
{
    struct tni_duplex *duplex = tni_duplex_new(no_mark, no_conflate);

    assert_non_null(duplex);
    return duplex;
}

static void test_waking_reaches_the_other_owner_only(void **state)
{
    struct tni_duplex *duplex = duplex_new();
    struct owner owners[2] = {0};

    (void)state;
    tni_duplex_wake_other(duplex, 0, TNI_WAKE_DATA);
    tni_duplex_own(duplex, 0, &ops, &owners[0]);
    tni_duplex_own(duplex, 1, &ops, &owners[1]);
    tni_duplex_wake_other(duplex, 0, TNI_WAKE_DATA);
    assert_int_equal(owners[0].woken, 0);
    assert_int_equal(owners[1].woken, TNI_WAKE_DATA);
    tni_duplex_wake_other(duplex, 1, TNI_WAKE_SPACE);
    assert_int_equal(owners[0].woken, TNI_WAKE_SPACE);
    tni_duplex_close(duplex, 0);
    tni_duplex_close(duplex, 1);
}

static void test_second_close_frees_and_releases_both(void **state)
{
    struct tni_duplex *duplex = duplex_new();
    struct owner owners[2] = {0};

    (void)state;
    tni_duplex_own(duplex, 0, &ops, &owners[0]);
    tni_duplex_own(duplex, 1, &ops, &owners[1]);
    tni_duplex_close(duplex, 1);
    assert_true(tni_duplex_other_is_closing(duplex, 0));
    assert_false(tni_duplex_other_is_closing(duplex, 1));
    assert_int_equal(owners[0].woken, TNI_WAKE_CLOSED);
    assert_int_equal(owners[0].released + owners[1].released, 0);
    tni_duplex_close(duplex, 0);
    assert_int_equal(owners[0].released, 1);
    assert_int_equal(owners[1].released, 1);
}

static void test_side_that_nobody_owns_counts_as_closed(void **state)
{
    struct tni_duplex *duplex = duplex_new();
    struct owner owner = {0};

    (void)state;
    tni_duplex_own(duplex, 0, &ops, &owner);
    tni_duplex_close(duplex, 0);
    assert_int_equal(owner.released, 1);
}

static void test_committed_can_be_read_after_the_other_closed(void **state)
{
    struct tni_duplex *duplex = duplex_new();
    struct owner owners[2] = {{0}};
    struct tni_frame_view view;
    tn_msg_t msg;

    (void)state;
    tni_duplex_own(duplex, 0, &ops, &owners[0]);
    tni_duplex_own(duplex, 1, &ops, &owners[1]);
    tn_msg_borrow(&msg, "abc", 3);
    assert_int_equal(tni_chain_write(&duplex->way[0], &msg), 0);
    tni_duplex_close(duplex, 0);
    assert_true(tni_chain_peek(&duplex->way[0], &view));
    assert_memory_equal(view.body, "abc", 3);
    tni_duplex_close(duplex, 1);
}

static void test_no_memory_gives_no_duplex(void **state)
{
    const bool conflate[2] = {true, true};

    (void)state;
    for (unsigned long n = 1; n <= 5; n++) {
        tni_memory_fail_at(n, 1);
        assert_null(tni_duplex_new(no_mark, conflate));
    }
    tni_memory_fail_at(0, 0);
}

struct closer {
    struct tni_duplex *duplex;
    unsigned side;
    pthread_barrier_t *barrier;
};

static void *close_side(void *arg)
{
    struct closer *closer = arg;
    tn_msg_t msg;

    tn_msg_borrow(&msg, "abc", 3);
    pthread_barrier_wait(closer->barrier);
    tni_chain_write(&closer->duplex->way[closer->side], &msg);
    tni_duplex_wake_other(closer->duplex, closer->side, TNI_WAKE_DATA);
    tni_duplex_close(closer->duplex, closer->side);
    return NULL;
}

static void test_sides_that_close_together_free_it_once(void **state)
{
    pthread_barrier_t barrier;

    (void)state;
    pthread_barrier_init(&barrier, NULL, 2);
    for (int round = 0; round < 500; round++) {
        struct tni_duplex *duplex = duplex_new();
        struct closer closers[2] = {{duplex, 0, &barrier}, {duplex, 1, &barrier}};
        struct owner owners[2] = {0};
        pthread_t thread;
        for (unsigned side = 0; side < 2; side++)
            tni_duplex_own(duplex, side, &ops, &owners[side]);
        assert_int_equal(pthread_create(&thread, NULL, close_side, &closers[1]), 0);
        close_side(&closers[0]);
        pthread_join(thread, NULL);
        assert_int_equal(owners[0].released, 1);
        assert_int_equal(owners[1].released, 1);
        assert_true(owners[0].woken & owners[1].woken & TNI_WAKE_DATA);
    }
    pthread_barrier_destroy(&barrier);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waking_reaches_the_other_owner_only),
        cmocka_unit_test(test_second_close_frees_and_releases_both),
        cmocka_unit_test(test_side_that_nobody_owns_counts_as_closed),
        cmocka_unit_test(test_committed_can_be_read_after_the_other_closed),
        cmocka_unit_test(test_no_memory_gives_no_duplex),
        cmocka_unit_test(test_sides_that_close_together_free_it_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
