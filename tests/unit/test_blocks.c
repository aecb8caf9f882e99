/* Blocks of memory that are used again: by the same thread, by others, and given back in the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/blocks.h"
#include "base/memory.h"

enum { KIB = 1024, SIZE = 64 * KIB, MANY = 200 };

static int nothing_kept(void **state)
{
    (void)state;
    tni_blocks_trim();
    assert_int_equal(tni_blocks_kept(), 0);
    return 0;
}

static void test_room_is_at_least_the_size_and_not_much_more(void **state)
{
    (void)state;
    for (size_t size = 1; size < 20u * KIB * KIB; size += size / 7 + 1) {
        assert_true(tni_block_room(size) >= size);
        assert_true(tni_block_room(size) <= size + size / 4 + 1);
        assert_int_equal(tni_block_room(tni_block_room(size)), tni_block_room(size));
    }
    assert_int_equal(tni_block_room(8 * KIB), 8 * KIB);
    assert_int_equal(tni_block_room(16u * KIB * KIB), 16u * KIB * KIB);
}

static void test_given_back_is_taken_again(void **state)
{
    void *block = tni_block_take(SIZE);

    (void)state;
    memset(block, 1, SIZE);
    tni_block_give(block, SIZE);
    assert_int_equal(tni_blocks_kept(), SIZE);
    assert_ptr_equal(tni_block_take(SIZE - 100), block);
    assert_int_equal(tni_blocks_kept(), 0);
    memset(block, 2, SIZE);
    tni_block_give(block, SIZE - 100);
    tni_block_give(NULL, SIZE);
}

static void test_other_sizes_are_not_kept(void **state)
{
    (void)state;
    tni_block_give(tni_block_take(8 * KIB - 1), 8 * KIB - 1);
    tni_block_give(tni_block_take(16u * KIB * KIB + 1), 16u * KIB * KIB + 1);
    assert_int_equal(tni_blocks_kept(), 0);
}

static void test_refused_memory_is_refused_though_some_is_kept(void **state)
{
    (void)state;
    tni_block_give(tni_block_take(SIZE), SIZE);
    tni_memory_fail_at(1, 1);
    assert_null(tni_block_take(SIZE));
    tni_memory_fail_at(0, 0);
    tni_block_give(tni_block_take(SIZE), SIZE);
}

static void check_resize(size_t from, size_t to)
{
    uint8_t *block = tni_block_take(from), *larger;

    memset(block, 7, from);
    tni_memory_fail_at(1, 1);
    assert_null(tni_block_resize(block, from, to));
    tni_memory_fail_at(0, 0);
    assert_int_equal(block[from - 1], 7);
    larger = tni_block_resize(block, from, to);
    assert_non_null(larger);
    for (size_t i = 0; i < from; i += from / 3)
        assert_int_equal(larger[i], 7);
    memset(larger, 8, to);
    tni_block_give(larger, to);
}

static void test_resize_keeps_the_bytes(void **state)
{
    (void)state;
    check_resize(100, 200);
    check_resize(100, SIZE);
    check_resize(SIZE - 100, SIZE);
    check_resize(SIZE, 2 * SIZE);
    check_resize(SIZE, 17u * KIB * KIB);
    check_resize(17u * KIB * KIB, 34u * KIB * KIB);
}

static void *take_many(void *blocks)
{
    for (int i = 0; i < MANY; i++)
        ((void **)blocks)[i] = tni_block_take(SIZE);
    return NULL;
}

static void *give_many(void *blocks)
{
    for (int i = 0; i < MANY; i++)
        tni_block_give(((void **)blocks)[i], SIZE);
    return NULL;
}

static void in_a_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, function, argument), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_what_one_thread_frees_another_uses(void **state)
{
    void *blocks[MANY];

    (void)state;
    take_many(blocks);
    in_a_thread(give_many, blocks);
    assert_true(tni_blocks_kept() > (size_t)MANY * SIZE / 2);
    assert_true(tni_blocks_are_kept());
    take_many(blocks);
    assert_int_equal(tni_blocks_kept(), 0);
    give_many(blocks);
}

static void test_kept_memory_is_bounded(void **state)
{
    enum { LARGE = 4 * KIB * KIB, LOT = 60 };
    void *blocks[LOT];

    (void)state;
    for (int i = 0; i < LOT; i++)
        blocks[i] = tni_block_take(LARGE);
    for (int i = 0; i < LOT; i++)
        tni_block_give(blocks[i], LARGE);
    assert_true(tni_blocks_kept() <= 140u * KIB * KIB);
}

static void test_sweeps_free_everything_in_the_end(void **state)
{
    void *blocks[MANY];

    (void)state;
    take_many(blocks);
    give_many(blocks);
    while (tni_blocks_sweep())
        usleep(1000);
    assert_int_equal(tni_blocks_kept(), 0);
    assert_false(tni_blocks_are_kept());
}

enum { RING = 32, ROUNDS = 10000 };

static struct {
    _Atomic(uint64_t *) slots[RING];
} ring;

static size_t size_in_round(unsigned round)
{
    return (size_t)8 * KIB << round % 3;
}

static void *produce(void *unused)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t *block = tni_block_take(size_in_round(round)), *expected;
        *block = round;
        do
            expected = NULL;
        while (!atomic_compare_exchange_weak(&ring.slots[round % RING], &expected, block) &&
               sched_yield() == 0);
        if (round % 1000 == 0)
            tni_blocks_sweep();
    }
    return unused;
}

static void *consume(void *unused)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t *block;
        do
            block = atomic_exchange(&ring.slots[round % RING], NULL);
        while (!block && sched_yield() == 0);
        assert_int_equal(*block, round);
        tni_block_give(block, size_in_round(round));
    }
    return unused;
}

static void test_threads_pass_blocks_round(void **state)
{
    pthread_t producer;

    (void)state;
    assert_int_equal(pthread_create(&producer, NULL, produce, NULL), 0);
    consume(NULL);
    assert_int_equal(pthread_join(producer, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_room_is_at_least_the_size_and_not_much_more, nothing_kept),
        cmocka_unit_test_teardown(test_given_back_is_taken_again, nothing_kept),
        cmocka_unit_test_teardown(test_other_sizes_are_not_kept, nothing_kept),
        cmocka_unit_test_teardown(test_refused_memory_is_refused_though_some_is_kept, nothing_kept),
        cmocka_unit_test_teardown(test_resize_keeps_the_bytes, nothing_kept),
        cmocka_unit_test_teardown(test_what_one_thread_frees_another_uses, nothing_kept),
        cmocka_unit_test_teardown(test_kept_memory_is_bounded, nothing_kept),
        cmocka_unit_test_teardown(test_sweeps_free_everything_in_the_end, nothing_kept),
        cmocka_unit_test_teardown(test_threads_pass_blocks_round, nothing_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
