/* The heap of deadlines: order, moving, cancelling, and lack of memory. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "reactor/timers.h"

enum { TIMERS = 200 };

struct alarm {
    struct tni_timer timer; /* first */
    unsigned fired;
};

static struct alarm alarms[TIMERS];
static struct tni_timers heap;
static uint64_t last_fired;
static unsigned total_fired;

static void fire(struct tni_timer *timer)
{
    struct alarm *alarm = (struct alarm *)(void *)timer;

    assert_true(timer->deadline >= last_fired);
    last_fired = timer->deadline;
    alarm->fired++;
    total_fired++;
}

static int start(void **state)
{
    (void)state;
    memset(alarms, 0, sizeof alarms);
    for (int i = 0; i < TIMERS; i++)
        alarms[i].timer.fire = fire;
    last_fired = total_fired = 0;
    tni_timers_init(&heap);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    tni_timers_fini(&heap);
    return 0;
}

static bool set(int i, uint64_t deadline)
{
    bool is_first = false;

    assert_int_equal(tni_timer_set(&heap, &alarms[i].timer, deadline, &is_first), 0);
    return is_first;
}

static void test_timers_fire_in_order_and_once(void **state)
{
    (void)state;
    for (int i = 0; i < TIMERS; i++)
        set(i, (uint64_t)(i * 7919 % 1000));
    for (uint64_t now = 0; now < 1100; now += 10) {
        uint64_t next = tni_timers_next(&heap);
        assert_true(next > now - 10 || now == 0);
        tni_timers_run(&heap, now);
        for (int i = 0; i < TIMERS; i++)
            assert_int_equal(alarms[i].fired, (uint64_t)(i * 7919 % 1000) <= now);
    }
    assert_int_equal(tni_timers_next(&heap), UINT64_MAX);
}

static void test_first_to_fire_is_told(void **state)
{
    (void)state;
    assert_true(set(0, 100));
    assert_false(set(1, 200));
    assert_true(set(2, 50));
    assert_true(set(1, 10));
    assert_int_equal(tni_timers_next(&heap), 10);
    assert_false(set(1, 300));
    assert_int_equal(tni_timers_next(&heap), 50);
}

static void test_moved_timer_fires_at_its_new_time_only(void **state)
{
    (void)state;
    set(0, 100);
    set(1, 50);
    set(0, 20);
    tni_timers_run(&heap, 30);
    assert_int_equal(alarms[0].fired, 1);
    set(1, 500);
    tni_timers_run(&heap, 100);
    assert_int_equal(alarms[1].fired, 0);
    tni_timers_run(&heap, 500);
    assert_int_equal(alarms[1].fired, 1);
}

static void test_cancelled_timer_does_not_fire(void **state)
{
    (void)state;
    for (int i = 0; i < TIMERS; i++)
        set(i, (uint64_t)(i * 31 % 97));
    for (int i = 0; i < TIMERS; i += 2)
        tni_timer_cancel(&heap, &alarms[i].timer);
    tni_timer_cancel(&heap, &alarms[0].timer);
    tni_timers_run(&heap, 1000);
    for (int i = 0; i < TIMERS; i++)
        assert_int_equal(alarms[i].fired, i % 2);
}

/* Every deadline in an array is the model. */
static void test_random_operations_agree_with_an_array(void **state)
{
    uint64_t wanted[TIMERS];
    uint32_t seed = 1;
    uint64_t now = 0;

    (void)state;
    for (int i = 0; i < TIMERS; i++)
        wanted[i] = UINT64_MAX;
    for (int step = 0; step < 20000; step++) {
        uint64_t least = UINT64_MAX;
        int i;
        seed = seed * 1664525 + 1013904223;
        i = (int)(seed >> 8) % TIMERS;
        if ((seed >> 28) < 10) {
            wanted[i] = now + 1 + (seed >> 16) % 500;
            set(i, wanted[i]);
        } else if ((seed >> 28) < 13) {
            wanted[i] = UINT64_MAX;
            tni_timer_cancel(&heap, &alarms[i].timer);
        } else {
            now += (seed >> 16) % 40;
            tni_timers_run(&heap, now);
            for (int k = 0; k < TIMERS; k++)
                if (wanted[k] <= now)
                    wanted[k] = UINT64_MAX;
        }
        for (int k = 0; k < TIMERS; k++) {
            least = wanted[k] < least ? wanted[k] : least;
            assert_int_equal(alarms[k].timer.place != 0, wanted[k] != UINT64_MAX);
        }
        assert_int_equal(tni_timers_next(&heap), least);
    }
}

static void test_no_memory_leaves_the_others_set(void **state)
{
    bool is_first;
    int count = 0;

    (void)state;
    tni_memory_fail_at(2, -1);
    while (count < TIMERS &&
           tni_timer_set(&heap, &alarms[count].timer, (uint64_t)count, &is_first) == 0)
        count++;
    tni_memory_fail_at(0, 0);
    assert_in_range(count, 1, TIMERS - 1);
    assert_false(is_first);
    assert_int_equal(alarms[count].timer.place, 0);
    tni_timers_run(&heap, 1000);
    assert_int_equal(total_fired, count);
}

static void test_reserved_timers_need_no_memory(void **state)
{
    (void)state;
    for (int i = 0; i < TIMERS; i++)
        assert_int_equal(tni_timers_reserve(&heap), 0);
    tni_memory_fail_at(1, -1);
    for (int i = 0; i < TIMERS; i++)
        set(i, (uint64_t)i);
    tni_timers_run(&heap, TIMERS);
    assert_int_equal(total_fired, TIMERS);
    tni_timers_unreserve(&heap);
    assert_int_equal(tni_timers_reserve(&heap), 0);
    for (int i = 0; i < TIMERS && tni_timers_reserve(&heap) == 0; i++)
        continue;
    assert_int_equal(tni_timers_reserve(&heap), -ENOMEM);
    tni_memory_fail_at(0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_timers_fire_in_order_and_once, start, stop),
        cmocka_unit_test_setup_teardown(test_first_to_fire_is_told, start, stop),
        cmocka_unit_test_setup_teardown(test_moved_timer_fires_at_its_new_time_only, start, stop),
        cmocka_unit_test_setup_teardown(test_cancelled_timer_does_not_fire, start, stop),
        cmocka_unit_test_setup_teardown(test_random_operations_agree_with_an_array, start, stop),
        cmocka_unit_test_setup_teardown(test_no_memory_leaves_the_others_set, start, stop),
        cmocka_unit_test_setup_teardown(test_reserved_timers_need_no_memory, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
