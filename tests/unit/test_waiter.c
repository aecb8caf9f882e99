/* Memory that a thread lends itself for its waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "socket/waiter.h"

static void test_memory_is_used_again(void **state)
{
    uint8_t *first = tni_waiter_lend(1000), *second;

    (void)state;
    assert_non_null(first);
    memset(first, 1, 1000);
    tni_waiter_take_back(first);
    second = tni_waiter_lend(500);
    assert_ptr_equal(second, first);
    for (int i = 0; i < 500; i++)
        assert_int_equal(second[i], 0);
    tni_waiter_take_back(second);
    tni_waiters_trim();
}

static void test_calls_may_nest(void **state)
{
    void *outer = tni_waiter_lend(100), *inner = tni_waiter_lend(100);

    (void)state;
    assert_ptr_not_equal(outer, inner);
    tni_waiter_take_back(inner);
    tni_waiter_take_back(outer);
    inner = tni_waiter_lend(100);
    outer = tni_waiter_lend(100);
    assert_ptr_not_equal(outer, inner);
    tni_waiter_take_back(outer);
    tni_waiter_take_back(inner);
    tni_waiter_take_back(NULL);
    tni_waiters_trim();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_used_again),
        cmocka_unit_test(test_calls_may_nest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
