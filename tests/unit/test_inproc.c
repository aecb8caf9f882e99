/* The inproc module's ops: who is joined with whom, and when. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tenon/tenon.h>

#include "fake_host.h"

extern const tn_module_t inproc_LTX_tenon_module_v1;

enum { COUNT = 40, NAMES = 500, THREADS = 4 };

static const tn_module_t *const module = &inproc_LTX_tenon_module_v1;
static const tn_transport_ops_t *ops;
static struct fake_host fake;
static tn_module_state_t *table;

static int set_up(void **state)
{
    (void)state;
    ops = module->features[0]->ops;
    fake_host_init(&fake);
    fake_alloc_fail_at(0);
    return module->init(&fake.table, &table);
}

static int tear_down(void **state)
{
    (void)state;
    module->fini(&fake.table, table);
    return fake_alloc_balance() == 0 ? 0 : -1;
}

static struct tn_endpoint endpoint(void)
{
    return (struct tn_endpoint){.host = &fake};
}

static int do_bind(struct tn_endpoint *one, const char *name)
{
    return ops->attach(table, one, &fake.table, name, TN_ROLE_BIND);
}

static int do_connect(struct tn_endpoint *one, const char *name)
{
    return ops->attach(table, one, &fake.table, name, TN_ROLE_CONNECT);
}

static void assert_joined(unsigned index, const struct tn_endpoint *connecting,
                          const struct tn_endpoint *bound)
{
    assert_true(index < atomic_load(&fake.join_count));
    assert_ptr_equal(fake.joins[index].connecting, connecting);
    assert_ptr_equal(fake.joins[index].bound, bound);
}

static unsigned joins(void)
{
    return atomic_load(&fake.join_count);
}

static void test_shape_is_message(void **state)
{
    (void)state;
    assert_int_equal(ops->shape, TN_SHAPE_MESSAGE);
    assert_string_equal(module->features[0]->name, "inproc");
}

static void test_names_have_1_to_255_bytes(void **state)
{
    struct tn_endpoint one = endpoint();
    char name[257];

    (void)state;
    memset(name, 'n', sizeof name);
    name[256] = '\0';
    assert_int_equal(ops->check(&fake.table, name, TN_ROLE_BIND), -EINVAL);
    assert_non_null(strstr(fake.error, "255"));
    assert_int_equal(do_bind(&one, name), -EINVAL);
    assert_int_equal(ops->check(&fake.table, "", TN_ROLE_CONNECT), -EINVAL);
    assert_non_null(strstr(fake.error, "empty"));
    assert_int_equal(do_connect(&one, ""), -EINVAL);
    name[255] = '\0';
    assert_int_equal(ops->check(&fake.table, name, TN_ROLE_BIND), 0);
    assert_int_equal(do_bind(&one, name), 0);
    ops->detach(table, &one);
}

static void test_connect_after_bind_is_joined_at_once(void **state)
{
    struct tn_endpoint bound = endpoint(), first = endpoint(), second = endpoint();

    (void)state;
    assert_int_equal(do_bind(&bound, "a"), 0);
    assert_int_equal(do_connect(&first, "a"), 0);
    assert_joined(0, &first, &bound);
    assert_int_equal(do_connect(&second, "a"), 0);
    assert_joined(1, &second, &bound);
}

static void test_bind_joins_those_that_wait_in_order(void **state)
{
    struct tn_endpoint bound = endpoint(), other = endpoint(), waiting[COUNT];

    (void)state;
    assert_int_equal(do_connect(&other, "b"), 0);
    for (int i = 0; i < COUNT; i++) {
        waiting[i] = endpoint();
        assert_int_equal(do_connect(&waiting[i], "a"), 0);
    }
    assert_int_equal(joins(), 0);
    assert_int_equal(do_bind(&bound, "a"), 0);
    assert_int_equal(joins(), COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        assert_joined(i, &waiting[i], &bound);
}

static void test_second_bind_says_in_use(void **state)
{
    struct tn_endpoint first = endpoint(), second = endpoint(), connecting = endpoint();

    (void)state;
    assert_int_equal(do_bind(&first, "a"), 0);
    assert_int_equal(do_bind(&second, "a"), -EADDRINUSE);
    assert_non_null(strstr(fake.error, "inproc://a"));
    ops->detach(table, &second);
    assert_int_equal(do_connect(&connecting, "a"), 0);
    assert_joined(0, &connecting, &first);
}

static void test_one_endpoint_may_bind_after_another_ended(void **state)
{
    struct tn_endpoint first = endpoint(), second = endpoint(), connecting = endpoint();

    (void)state;
    assert_int_equal(do_bind(&first, "a"), 0);
    ops->detach(table, &first);
    assert_int_equal(do_connect(&connecting, "a"), 0);
    assert_int_equal(joins(), 0);
    assert_int_equal(do_bind(&second, "a"), 0);
    assert_joined(0, &connecting, &second);
}

static void test_waiting_connects_that_end_are_not_joined(void **state)
{
    static const int ended[] = {0, 2, 4};
    struct tn_endpoint bound = endpoint(), waiting[5];

    (void)state;
    for (int i = 0; i < 5; i++) {
        waiting[i] = endpoint();
        assert_int_equal(do_connect(&waiting[i], "a"), 0);
    }
    for (size_t i = 0; i < sizeof ended / sizeof *ended; i++)
        ops->detach(table, &waiting[ended[i]]);
    assert_int_equal(do_bind(&bound, "a"), 0);
    assert_int_equal(joins(), 2);
    assert_joined(0, &waiting[1], &bound);
    assert_joined(1, &waiting[3], &bound);
}

static void test_detach_of_a_joined_connect_changes_nothing(void **state)
{
    struct tn_endpoint bound = endpoint(), first = endpoint(), second = endpoint();

    (void)state;
    assert_int_equal(do_bind(&bound, "a"), 0);
    assert_int_equal(do_connect(&first, "a"), 0);
    ops->detach(table, &first);
    assert_int_equal(do_connect(&second, "a"), 0);
    assert_int_equal(joins(), 2);
}

static void test_connect_that_does_not_fit_returns_why_and_leaves_the_table(void **state)
{
    struct tn_endpoint bound = endpoint(), unfit = endpoint(), fit = endpoint();

    (void)state;
    assert_int_equal(do_bind(&bound, "a"), 0);
    unfit.join_code = -TN_ENOCOMPAT;
    assert_int_equal(do_connect(&unfit, "a"), -TN_ENOCOMPAT);
    assert_int_equal(do_connect(&fit, "a"), 0);
    assert_int_equal(joins(), 1);
    ops->detach(table, &bound);
    assert_int_equal(do_bind(&bound, "a"), 0);
    assert_int_equal(joins(), 1);
}

static void test_waiting_connect_that_does_not_fit_is_dropped(void **state)
{
    struct tn_endpoint bound = endpoint(), unfit = endpoint(), fit = endpoint();

    (void)state;
    unfit.join_code = -TN_ENOCOMPAT;
    assert_int_equal(do_connect(&unfit, "a"), 0);
    assert_int_equal(do_connect(&fit, "a"), 0);
    assert_int_equal(do_bind(&bound, "a"), 0);
    assert_int_equal(joins(), 1);
    assert_joined(0, &fit, &bound);
    assert_int_equal(fake.log_lines, 1);
    assert_non_null(strstr(fake.log, "inproc://a"));
    unfit.join_code = 0;
    ops->detach(table, &bound);
    assert_int_equal(do_bind(&bound, "a"), 0);
    assert_int_equal(joins(), 1);
}

static void test_attach_without_memory_leaves_the_table(void **state)
{
    (void)state;
    for (unsigned role = TN_ROLE_BIND; role <= TN_ROLE_CONNECT; role++) {
        struct tn_endpoint one = endpoint(), two = endpoint();
        unsigned nth = 1;

        for (;; nth++) {
            fake_alloc_fail_at(nth);
            if (ops->attach(table, &one, &fake.table, "a", role) == 0)
                break;
            assert_int_equal(fake.error_code, -ENOMEM);
            ops->detach(table, &one);
        }
        fake_alloc_fail_at(0);
        assert_true(nth > 2);
        assert_int_equal(do_bind(&two, "a"), role == TN_ROLE_BIND ? -EADDRINUSE : 0);
        ops->detach(table, &one);
        ops->detach(table, &two);
    }
    assert_int_equal(joins(), 1);
}

static void test_init_without_memory_fails(void **state)
{
    tn_module_state_t *other = NULL;

    (void)state;
    fake_alloc_fail_at(1);
    assert_int_equal(module->init(&fake.table, &other), -ENOMEM);
    assert_null(other);
}

static void test_many_names_are_kept_apart(void **state)
{
    static struct tn_endpoint bound[NAMES], waiting[NAMES];
    char name[16];

    (void)state;
    for (int i = 0; i < NAMES; i++) {
        waiting[i] = endpoint();
        snprintf(name, sizeof name, "name-%d", i);
        /* Growing without memory is put off, not an error. */
        fake_alloc_fail_at(i > COUNT && i % 2 ? 2 : 0);
        (void)do_connect(&waiting[i], name);
        fake_alloc_fail_at(0);
        if (!fake.error_code)
            continue;
        fake.error_code = 0;
        assert_int_equal(do_connect(&waiting[i], name), 0);
    }
    for (int i = 0; i < NAMES; i++) {
        atomic_store(&fake.join_count, 0);
        bound[i] = endpoint();
        snprintf(name, sizeof name, "name-%d", i);
        assert_int_equal(do_bind(&bound[i], name), 0);
        assert_int_equal(joins(), 1);
        assert_joined(0, &waiting[i], &bound[i]);
        ops->detach(table, &waiting[i]);
    }
    for (int i = 0; i < NAMES; i += 2)
        ops->detach(table, &bound[i]);
}

static void *connect_many(void *arg)
{
    struct tn_endpoint *endpoints = arg;

    for (int i = 0; i < NAMES; i++)
        if (do_connect(&endpoints[i], "a") < 0)
            return arg;
    return NULL;
}

/* A connect and a bind at the same moment must not miss each other. */
static void test_every_connect_meets_a_bind_from_another_thread(void **state)
{
    static struct tn_endpoint endpoints[THREADS][NAMES];
    struct tn_endpoint bound = endpoint();
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < NAMES; j++)
            endpoints[i][j] = endpoint();
        assert_int_equal(pthread_create(&threads[i], NULL, connect_many, endpoints[i]), 0);
    }
    assert_int_equal(do_bind(&bound, "a"), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(joins(), THREADS * NAMES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_shape_is_message),
        TEST(test_names_have_1_to_255_bytes),
        TEST(test_connect_after_bind_is_joined_at_once),
        TEST(test_bind_joins_those_that_wait_in_order),
        TEST(test_second_bind_says_in_use),
        TEST(test_one_endpoint_may_bind_after_another_ended),
        TEST(test_waiting_connects_that_end_are_not_joined),
        TEST(test_detach_of_a_joined_connect_changes_nothing),
        TEST(test_connect_that_does_not_fit_returns_why_and_leaves_the_table),
        TEST(test_waiting_connect_that_does_not_fit_is_dropped),
        TEST(test_attach_without_memory_leaves_the_table),
        TEST(test_init_without_memory_fails),
        TEST(test_many_names_are_kept_apart),
        TEST(test_every_connect_meets_a_bind_from_another_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
