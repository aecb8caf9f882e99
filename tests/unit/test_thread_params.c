/* What I/O threads are started with. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "reactor/thread_params.h"

static struct tni_thread_params params_of(const char *cpus, int expected)
{
    struct tni_thread_params params;

    tni_thread_params_init(&params);
    assert_int_equal(tni_thread_params_set_cpus(&params, cpus), expected);
    return params;
}

static void test_lists_and_ranges_name_processors(void **state)
{
    struct tni_thread_params params = params_of("0,2-4,63", 0);

    (void)state;
    assert_true(params.has_cpus);
    assert_int_equal(CPU_COUNT(&params.cpus), 5);
    assert_true(CPU_ISSET(0, &params.cpus) && CPU_ISSET(2, &params.cpus) &&
                CPU_ISSET(3, &params.cpus) && CPU_ISSET(4, &params.cpus) &&
                CPU_ISSET(63, &params.cpus));
    assert_false(params_of("", 0).has_cpus);
}

static void test_malformed_lists_are_refused(void **state)
{
    static const char *const bad[] = {"x",  "1,",  ",1",   "1-",  "3-1",
                                      "-1", "1;2", "1024", "0x1", "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(params_of(bad[i], -EINVAL).has_cpus);
}

static void *idle(void *lock)
{
    pthread_mutex_lock(lock);
    pthread_mutex_unlock(lock);
    return NULL;
}

static void test_a_thread_gets_name_and_processors(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    struct tni_thread_params params;
    cpu_set_t allowed, cpus;
    pthread_t thread;
    char name[16];

    (void)state;
    tni_thread_params_init(&params);
    assert_int_equal(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    for (int i = 0; i < CPU_SETSIZE && !params.has_cpus; i++) {
        params.has_cpus = CPU_ISSET(i, &allowed);
        if (params.has_cpus)
            CPU_SET(i, &params.cpus);
    }
    pthread_mutex_lock(&lock);
    assert_int_equal(pthread_create(&thread, NULL, idle, &lock), 0);
    for (int i = 0; i < TNI_THREAD_NAME_MAX; i++)
        params.name[i] = 'n';
    assert_int_equal(tni_thread_params_apply(&params, thread, 12), 0);
    assert_int_equal(pthread_getname_np(thread, name, sizeof name), 0);
    assert_string_equal(name, "nnnnnnnnnn/io12");
    assert_int_equal(pthread_getaffinity_np(thread, sizeof cpus, &cpus), 0);
    assert_true(CPU_EQUAL(&cpus, &params.cpus));
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
}

static void test_what_the_system_refuses_is_an_error(void **state)
{
    struct tni_thread_params params;

    (void)state;
    tni_thread_params_init(&params);
    params.policy = 9999;
    assert_int_equal(tni_thread_params_apply(&params, pthread_self(), 0), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_and_ranges_name_processors),
        cmocka_unit_test(test_malformed_lists_are_refused),
        cmocka_unit_test(test_a_thread_gets_name_and_processors),
        cmocka_unit_test(test_what_the_system_refuses_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
