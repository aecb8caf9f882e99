/* The lock of one word: that it excludes, that it can be tried, and that those who sleep are woken. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/lock.h"

enum { THREADS = 4, TURNS = 50000 };

struct shared {
    struct tni_lock lock;
    unsigned long counter; /* not atomic: the lock's to guard */
};

static void test_taken_lock_cannot_be_taken_again(void **state)
{
    struct tni_lock lock;

    (void)state;
    tni_lock_init(&lock);
    assert_true(tni_lock_try(&lock));
    assert_false(tni_lock_try(&lock));
    tni_lock_give(&lock);
    tni_lock_take(&lock);
    assert_false(tni_lock_try(&lock));
    tni_lock_give(&lock);
    assert_true(tni_lock_try(&lock));
}

static void *count(void *arg)
{
    struct shared *shared = arg;

    for (int i = 0; i < TURNS; i++) {
        tni_lock_take(&shared->lock);
        shared->counter++;
        tni_lock_give(&shared->lock);
    }
    return NULL;
}

static void test_threads_exclude_each_other(void **state)
{
    struct shared shared = {.counter = 0};
    pthread_t threads[THREADS];

    (void)state;
    tni_lock_init(&shared.lock);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, &shared), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.counter, (unsigned long)THREADS * TURNS);
    assert_true(tni_lock_try(&shared.lock));
    assert_int_equal(atomic_load(&shared.lock.sleepers), 0);
}

static void test_sleepers_all_get_their_turn(void **state)
{
    struct shared shared = {.counter = 0};
    pthread_t threads[THREADS];

    (void)state;
    tni_lock_init(&shared.lock);
    tni_lock_take(&shared.lock);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, &shared), 0);
    /* Until one of them has given up looking and goes to sleep. */
    while (!atomic_load(&shared.lock.sleepers))
        continue;
    assert_int_equal(shared.counter, 0);
    tni_lock_give(&shared.lock);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(shared.counter, (unsigned long)THREADS * TURNS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_lock_cannot_be_taken_again),
        cmocka_unit_test(test_threads_exclude_each_other),
        cmocka_unit_test(test_sleepers_all_get_their_turn),
    };
    int failed = cmocka_run_group_tests_name("exchange", tests, NULL, NULL);

    tni_lock_prepare();
    failed += cmocka_run_group_tests_name("barrier", tests, NULL, NULL);
    return failed;
}
