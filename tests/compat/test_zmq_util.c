/*
 * Counters, stopwatches, threads, timers, Z85 and what the library says of itself.
 */
#include <poll.h>
#include <stdlib.h>

#include "compat.h"

static void test_atomic_counter_counts(void **state)
{
    void *counter = zmq_atomic_counter_new();

    (void)state;
    assert_non_null(counter);
    assert_int_equal(zmq_atomic_counter_value(counter), 0);
    zmq_atomic_counter_set(counter, 3);
    assert_int_equal(zmq_atomic_counter_inc(counter), 3);
    assert_int_equal(zmq_atomic_counter_value(counter), 4);
    assert_int_equal(zmq_atomic_counter_dec(counter), 1);
    zmq_atomic_counter_set(counter, 1);
    assert_int_equal(zmq_atomic_counter_dec(counter), 0);
    zmq_atomic_counter_destroy(&counter);
    assert_null(counter);
}

enum { THREADS = 4, ROUNDS = 10000 };

static void count_up(void *counter)
{
    for (int i = 0; i < ROUNDS; i++)
        zmq_atomic_counter_inc(counter);
}

static void test_threads_run_and_counter_loses_nothing(void **state)
{
    void *counter = zmq_atomic_counter_new();
    void *threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        threads[i] = zmq_threadstart(count_up, counter);
        assert_non_null(threads[i]);
    }
    for (int i = 0; i < THREADS; i++)
        zmq_threadclose(threads[i]);
    assert_int_equal(zmq_atomic_counter_value(counter), THREADS * ROUNDS);
    zmq_atomic_counter_destroy(&counter);
}

static void test_stopwatch_grows(void **state)
{
    void *watch = zmq_stopwatch_start();
    unsigned long first, second;

    (void)state;
    assert_non_null(watch);
    do
        first = zmq_stopwatch_intermediate(watch);
    while (first == 0);
    second = zmq_stopwatch_intermediate(watch);
    assert_true(second >= first);
    assert_true(zmq_stopwatch_stop(watch) >= second);
    zmq_sleep(0);
}

/* ------------------------------------------------------------------ timers */

struct log {
    void *timers;
    int fired[16];
    int count;
    int to_cancel;
};

static void note(int id, void *arg)
{
    struct log *log = arg;

    log->fired[log->count++] = id;
    if (log->to_cancel)
        assert_int_equal(zmq_timers_cancel(log->timers, log->to_cancel), 0);
    log->to_cancel = 0;
}

static void test_timers_refuse_what_is_none(void **state)
{
    void *timers = zmq_timers_new();
    void *none = NULL;
    struct log log = {.timers = timers};
    int id;

    (void)state;
    assert_fails(EFAULT, zmq_timers_destroy(&none));
    assert_fails(EFAULT, zmq_timers_add(NULL, 1, note, NULL));
    assert_fails(EFAULT, zmq_timers_add(timers, 1, NULL, NULL));
    assert_fails(EFAULT, (int)zmq_timers_timeout(NULL));
    assert_fails(EFAULT, zmq_timers_execute(NULL));
    assert_fails(EFAULT, zmq_timers_cancel(NULL, 1));
    assert_fails(EFAULT, zmq_timers_reset(NULL, 1));
    assert_fails(EFAULT, zmq_timers_set_interval(NULL, 1, 1));
    assert_fails(EINVAL, zmq_timers_cancel(timers, 1));
    assert_fails(EINVAL, zmq_timers_reset(timers, 1));
    assert_fails(EINVAL, zmq_timers_set_interval(timers, 1, 1));
    id = zmq_timers_add(timers, 1000, note, &log);
    assert_int_equal(zmq_timers_cancel(timers, id), 0);
    assert_fails(EINVAL, zmq_timers_cancel(timers, id));
    assert_int_equal(zmq_timers_timeout(timers), -1);
    assert_int_equal(zmq_timers_destroy(&timers), 0);
    assert_null(timers);
}

/* Sleeps until the next timer is due. */
static void await(void *timers)
{
    long left;

    while ((left = zmq_timers_timeout(timers)) > 0)
        poll(NULL, 0, (int)left);
    assert_int_equal(left, 0);
}

static void test_timers_fire_when_due_and_again(void **state)
{
    void *timers = zmq_timers_new();
    struct log log = {.timers = timers};
    int slow = zmq_timers_add(timers, 1000 * 1000, note, &log);
    int fast = zmq_timers_add(timers, 20, note, &log);

    (void)state;
    assert_true(slow > 0 && fast > 0 && slow != fast);
    assert_int_equal(zmq_timers_execute(timers), 0);
    assert_true(zmq_timers_timeout(timers) <= 20);
    for (int i = 1; i <= 2; i++) {
        await(timers);
        assert_int_equal(zmq_timers_execute(timers), 0);
        assert_int_equal(log.count, i);
        assert_int_equal(log.fired[i - 1], fast);
    }
    assert_int_equal(zmq_timers_set_interval(timers, slow, 10), 0);
    assert_true(zmq_timers_timeout(timers) <= 10);
    assert_int_equal(zmq_timers_set_interval(timers, fast, 1000 * 1000), 0);
    assert_int_equal(zmq_timers_reset(timers, fast), 0);
    await(timers);
    assert_int_equal(zmq_timers_execute(timers), 0);
    assert_int_equal(log.fired[2], slow);
    assert_int_equal(zmq_timers_destroy(&timers), 0);
}

static void test_timers_cancelled_in_callback_stay_silent(void **state)
{
    void *timers = zmq_timers_new();
    struct log log = {.timers = timers};
    int first = zmq_timers_add(timers, 5, note, &log);
    int second = zmq_timers_add(timers, 10, note, &log);

    (void)state;
    poll(NULL, 0, 12);
    log.to_cancel = second;
    assert_int_equal(zmq_timers_execute(timers), 0);
    assert_int_equal(log.count, 1);
    assert_int_equal(log.fired[0], first);
    assert_int_equal(zmq_timers_destroy(&timers), 0);
}

/* libzmq never comes back. */
static void test_timers_without_interval_fire_once_a_round(void **state)
{
    void *timers;
    struct log log = {.count = 0};

    (void)state;
    SKIP_ON_ORACLE();
    timers = zmq_timers_new();
    zmq_timers_add(timers, 0, note, &log);
    assert_int_equal(zmq_timers_execute(timers), 0);
    assert_int_equal(log.count, 1);
    assert_int_equal(zmq_timers_destroy(&timers), 0);
}

/* ------------------------------------------------------------------ Z85 */

static void test_z85_matches_the_rfc(void **state)
{
    const uint8_t bytes[8] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    uint8_t back[8];
    char text[11];

    (void)state;
    assert_ptr_equal(zmq_z85_encode(text, bytes, sizeof bytes), text);
    assert_string_equal(text, "HelloWorld");
    assert_ptr_equal(zmq_z85_decode(back, text), back);
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_ptr_equal(zmq_z85_encode(text, bytes, 0), text);
    assert_string_equal(text, "");
}

static void test_z85_refuses_what_is_none(void **state)
{
    static const char *const wrong[] = {"",      "HelloWorl", "Hello\"orld", "#####",
                                        "%nSc1", "Hell\x80",  "Hell ",       "Hell\x7f"};
    uint8_t bytes[8] = {0};
    char text[11];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        errno = 0;
        assert_null(zmq_z85_decode(bytes, wrong[i]));
        assert_int_equal(errno, EINVAL);
    }
    assert_ptr_equal(zmq_z85_decode(bytes, "%nSc0"), bytes);
    errno = 0;
    assert_null(zmq_z85_encode(text, bytes, 3));
    assert_int_equal(errno, EINVAL);
}

/* ------------------------------------------------------------------ keys */

static void test_curve_keys_belong_together(void **state)
{
    char public_text[41], secret_text[41], derived[41];

    (void)state;
    if (!zmq_has("curve")) {
        assert_fails(ENOTSUP, zmq_curve_keypair(public_text, secret_text));
        assert_fails(ENOTSUP, zmq_curve_public(derived, secret_text));
        return;
    }
    assert_int_equal(zmq_curve_keypair(public_text, secret_text), 0);
    assert_int_equal(strlen(public_text), 40);
    assert_int_equal(strlen(secret_text), 40);
    assert_int_equal(zmq_curve_public(derived, secret_text), 0);
    assert_string_equal(derived, public_text);
    /* RFC 7748, 6.1: Alice's keys. */
    assert_int_equal(zmq_curve_public(derived, "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"), 0);
    assert_string_equal(derived, "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
    secret_text[3] = '"';
    assert_fails(EINVAL, zmq_curve_public(derived, secret_text));
}

/* ------------------------------------------------------------------ capabilities */

static void test_has_knows_ipc_and_nothing_unheard_of(void **state)
{
    (void)state;
    assert_int_equal(zmq_has("ipc"), 1);
    assert_int_equal(zmq_has("tcp"), 0);
    assert_int_equal(zmq_has("no such thing"), 0);
    assert_int_equal(zmq_has(""), 0);
    assert_int_equal(zmq_has("vmci"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_atomic_counter_counts),
        cmocka_unit_test(test_threads_run_and_counter_loses_nothing),
        cmocka_unit_test(test_stopwatch_grows),
        cmocka_unit_test(test_timers_refuse_what_is_none),
        cmocka_unit_test(test_timers_fire_when_due_and_again),
        cmocka_unit_test(test_timers_cancelled_in_callback_stay_silent),
        cmocka_unit_test(test_timers_without_interval_fire_once_a_round),
        cmocka_unit_test(test_z85_matches_the_rfc),
        cmocka_unit_test(test_z85_refuses_what_is_none),
        cmocka_unit_test(test_curve_keys_belong_together),
        cmocka_unit_test(test_has_knows_ipc_and_nothing_unheard_of),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
