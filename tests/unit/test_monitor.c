#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "monitor/monitor.h"
#include "monitor/ring.h"

static struct tni_monitor_hub hub;

static int open_hub(void **state)
{
    (void)state;
    tni_memory_fail_at(0, 0);
    tni_monitor_hub_init(&hub);
    return 0;
}

static int close_hub(void **state)
{
    (void)state;
    tni_memory_fail_at(0, 0);
    tni_monitor_hub_fini(&hub);
    return 0;
}

static void emit(uint32_t kind, int64_t value)
{
    tn_event_t event;

    tni_event_init(&event, kind);
    event.value = value;
    tni_monitor_emit(&hub, &event);
}

static tn_event_t receive(tn_monitor_t *monitor)
{
    tn_event_t event;

    assert_int_equal(tn_monitor_recv(monitor, &event, 0), 0);
    return event;
}

static void assert_nothing_waits(tn_monitor_t *monitor)
{
    tn_event_t event;

    assert_int_equal(tn_monitor_recv(monitor, &event, 0), -ETIMEDOUT);
}

static bool is_readable(tn_monitor_t *monitor)
{
    struct pollfd item = {.fd = tn_monitor_fd(monitor), .events = POLLIN};

    return poll(&item, 1, 0) == 1;
}

static void test_nobody_wants_until_a_monitor_does(void **state)
{
    tn_monitor_t *monitor;

    (void)state;
    assert_false(tni_monitor_wants(&hub, TN_EVENT_ALL & ~TNI_EVENT_FAILURES));
    monitor = tni_monitor_new(&hub, TN_EVENT_CONNECTED);
    assert_true(tni_monitor_wants(&hub, TN_EVENT_CONNECTED));
    assert_false(tni_monitor_wants(&hub, TN_EVENT_ACCEPTED));
    tn_monitor_close(monitor);
    emit(TN_EVENT_CONNECTED, 0);
    assert_false(tni_monitor_wants(&hub, TN_EVENT_ALL & ~TNI_EVENT_FAILURES));
}

static void test_events_arrive_in_order_by_mask(void **state)
{
    tn_monitor_t *all = tni_monitor_new(&hub, TN_EVENT_ALL);
    tn_monitor_t *one = tni_monitor_new(&hub, TN_EVENT_CONNECTED);
    tn_event_t event;

    (void)state;
    emit(TN_EVENT_ACCEPTED, 1);
    emit(TN_EVENT_CONNECTED, 2);
    event = receive(all);
    assert_int_equal(event.kind, TN_EVENT_ACCEPTED);
    assert_true(event.time_ms > 0);
    assert_int_equal(receive(all).value, 2);
    assert_int_equal(receive(one).value, 2);
    assert_nothing_waits(all);
    assert_nothing_waits(one);
    tn_monitor_close(all);
    tn_monitor_close(one);
}

static void test_descriptor_is_readable_while_an_event_waits(void **state)
{
    tn_monitor_t *monitor = tni_monitor_new(&hub, TN_EVENT_ALL);

    (void)state;
    assert_false(is_readable(monitor));
    emit(TN_EVENT_ACCEPTED, 1);
    emit(TN_EVENT_ACCEPTED, 2);
    assert_true(is_readable(monitor));
    receive(monitor);
    assert_true(is_readable(monitor));
    receive(monitor);
    assert_false(is_readable(monitor));
    emit(TN_EVENT_ACCEPTED, 3);
    assert_true(is_readable(monitor));
    tn_monitor_close(monitor);
}

static void test_overflow_is_told_where_the_loss_was(void **state)
{
    tn_monitor_t *monitor = tni_monitor_new(&hub, TN_EVENT_ACCEPTED);

    (void)state;
    for (int i = 0; i < TNI_RING_MAX + 7; i++)
        emit(TN_EVENT_ACCEPTED, i);
    assert_int_equal(receive(monitor).value, 0);
    emit(TN_EVENT_ACCEPTED, -1);
    assert_int_equal(receive(monitor).value, 1);
    emit(TN_EVENT_ACCEPTED, 5000);
    for (int i = 2; i < TNI_RING_MAX; i++)
        assert_int_equal(receive(monitor).value, i);
    {
        tn_event_t event = receive(monitor);

        assert_int_equal(event.kind, TN_EVENT_OVERFLOW);
        assert_int_equal(event.value, 8);
    }
    assert_int_equal(receive(monitor).value, 5000);
    assert_nothing_waits(monitor);
    tn_monitor_close(monitor);
}

static void test_overflow_is_told_without_a_later_event(void **state)
{
    tn_monitor_t *monitor = tni_monitor_new(&hub, TN_EVENT_ACCEPTED);
    tn_event_t event;

    (void)state;
    for (int i = 0; i < TNI_RING_MAX + 3; i++)
        emit(TN_EVENT_ACCEPTED, i);
    for (int i = 0; i < TNI_RING_MAX; i++)
        assert_int_equal(receive(monitor).value, i);
    assert_true(is_readable(monitor));
    event = receive(monitor);
    assert_int_equal(event.kind, TN_EVENT_OVERFLOW);
    assert_int_equal(event.value, 3);
    assert_false(is_readable(monitor));
    tn_monitor_close(monitor);
}

static void test_ring_that_wraps_keeps_the_order_when_it_grows(void **state)
{
    tn_monitor_t *monitor = tni_monitor_new(&hub, TN_EVENT_ACCEPTED);
    int next = 0, last = 0;

    (void)state;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 13 + round; i++)
            emit(TN_EVENT_ACCEPTED, last++);
        for (int i = 0; i < 9; i++)
            assert_int_equal(receive(monitor).value, next++);
    }
    while (next < last)
        assert_int_equal(receive(monitor).value, next++);
    tn_monitor_close(monitor);
}

static void test_stop_is_the_last_event_and_outlives_the_hub(void **state)
{
    struct tni_monitor_hub *brief = malloc(sizeof *brief);
    tn_monitor_t *monitor;
    tn_event_t event;

    (void)state;
    tni_monitor_hub_init(brief);
    monitor = tni_monitor_new(brief, TN_EVENT_ACCEPTED);
    tni_event_init(&event, TN_EVENT_ACCEPTED);
    tni_monitor_emit(brief, &event);
    tni_monitor_hub_stop(brief);
    tni_monitor_emit(brief, &event);
    tni_monitor_hub_fini(brief);
    free(brief);
    assert_int_equal(receive(monitor).kind, TN_EVENT_ACCEPTED);
    assert_int_equal(receive(monitor).kind, TN_EVENT_STOPPED);
    assert_int_equal(tn_monitor_recv(monitor, &event, -1), -TN_ECLOSED);
    assert_true(is_readable(monitor));
    tn_monitor_close(monitor);
}

static void test_monitor_of_a_stopped_hub_is_stopped(void **state)
{
    tn_monitor_t *monitor;

    (void)state;
    tni_monitor_hub_stop(&hub);
    monitor = tni_monitor_new(&hub, TN_EVENT_ALL);
    assert_int_equal(receive(monitor).kind, TN_EVENT_STOPPED);
    assert_false(tni_monitor_wants(&hub, TN_EVENT_ALL));
    tn_monitor_close(monitor);
}

static void test_bad_arguments_are_errors(void **state)
{
    tn_event_t event;

    (void)state;
    assert_null(tni_monitor_new(&hub, 0));
    assert_int_equal(tni_error_code(), -EINVAL);
    assert_null(tni_monitor_new(&hub, 0x40000000));
    assert_int_equal(tn_monitor_recv(NULL, &event, 0), -EINVAL);
    assert_int_equal(tn_monitor_fd(NULL), -EINVAL);
    tn_monitor_close(NULL);
}

static void test_lack_of_memory_loses_events_and_says_so(void **state)
{
    tn_monitor_t *monitor;
    tn_event_t event;

    (void)state;
    tni_memory_fail_at(1, 1);
    assert_null(tni_monitor_new(&hub, TN_EVENT_ALL));
    assert_int_equal(tni_error_code(), -ENOMEM);
    tni_memory_fail_at(0, 0);
    monitor = tni_monitor_new(&hub, TN_EVENT_ALL);
    tni_memory_fail_at(1, -1);
    emit(TN_EVENT_ACCEPTED, 1);
    emit(TN_EVENT_ACCEPTED, 2);
    tni_memory_fail_at(0, 0);
    emit(TN_EVENT_ACCEPTED, 3);
    event = receive(monitor);
    assert_int_equal(event.kind, TN_EVENT_OVERFLOW);
    assert_int_equal(event.value, 2);
    assert_int_equal(receive(monitor).value, 3);
    tn_monitor_close(monitor);
}

static void test_lack_of_descriptors_is_told(void **state)
{
    struct rlimit kept, none;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
    none = kept;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_null(tni_monitor_new(&hub, TN_EVENT_ALL));
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
    assert_int_equal(tni_error_code(), -EMFILE);
}

static void test_recv_times_out(void **state)
{
    tn_monitor_t *monitor = tni_monitor_new(&hub, TN_EVENT_ALL);
    tn_event_t event;

    (void)state;
    assert_int_equal(tn_monitor_recv(monitor, &event, 1), -ETIMEDOUT);
    tn_monitor_close(monitor);
}

static void note_signal(int number)
{
    (void)number;
}

/* The timer repeats: a signal that comes before the wait begins is not the last one. */
static void test_recv_is_interrupted_by_a_signal(void **state)
{
    tn_monitor_t *monitor = tni_monitor_new(&hub, TN_EVENT_ALL);
    struct sigaction action = {.sa_handler = note_signal}, kept;
    struct itimerval often = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    tn_event_t event;
    int status;

    (void)state;
    sigaction(SIGALRM, &action, &kept);
    setitimer(ITIMER_REAL, &often, NULL);
    status = tn_monitor_recv(monitor, &event, -1);
    setitimer(ITIMER_REAL, &never, NULL);
    sigaction(SIGALRM, &kept, NULL);
    assert_int_equal(status, -EINTR);
    tn_monitor_close(monitor);
}

static void test_failures_are_logged_without_a_monitor(void **state)
{
    char line[512] = "";
    tn_event_t event;
    int kept = dup(STDERR_FILENO), ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(tni_monitor_wants(&hub, TN_EVENT_DISCONNECTED));
    tni_event_init(&event, TN_EVENT_DISCONNECTED);
    event.connection = 7;
    event.error = -ECONNRESET;
    TNI_EVENT_TEXT(event.endpoint, "tcp://127.0.0.1:1");
    dup2(ends[1], STDERR_FILENO);
    tni_monitor_emit(&hub, &event);
    dup2(kept, STDERR_FILENO);
    assert_true(read(ends[0], line, sizeof line - 1) > 0);
    assert_string_equal(line, "tenon: info: session: disconnected: endpoint tcp://127.0.0.1:1, "
                              "peer -, connection 7: Connection reset by peer\n");
    close(ends[0]);
    close(ends[1]);
    close(kept);
}

static void test_event_text_is_cut_to_its_field(void **state)
{
    char field[5];

    (void)state;
    TNI_EVENT_TEXT(field, "abcdefgh");
    assert_string_equal(field, "abcd");
    TNI_EVENT_TEXT(field, NULL);
    assert_string_equal(field, "");
}

static void test_every_event_has_a_name(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind <= TN_EVENT_OVERFLOW; kind *= 2)
        assert_string_not_equal(tn_event_name(kind), "unknown");
    assert_string_equal(tn_event_name(TN_EVENT_HANDSHAKE_FAILED), "handshake_failed");
    assert_string_equal(tn_event_name(0), "unknown");
    assert_string_equal(tn_event_name(3), "unknown");
}

enum { EMITTERS = 3, EACH = 3000 };

static void *emit_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < EACH; i++)
        emit(TN_EVENT_ACCEPTED, 1);
    return NULL;
}

/* What was received and what was lost is all there was. */
static void *count_all(void *monitor)
{
    intptr_t total = 0;
    tn_event_t event;

    while (tn_monitor_recv(monitor, &event, -1) == 0)
        total += event.kind == TN_EVENT_STOPPED ? 0 : (intptr_t)event.value;
    return (void *)total;
}

static void *open_and_close(void *arg)
{
    (void)arg;
    for (int i = 0; i < 200; i++)
        tn_monitor_close(tni_monitor_new(&hub, TN_EVENT_ALL));
    return NULL;
}

static void test_threads_lose_no_event_uncounted(void **state)
{
    tn_monitor_t *monitor = tni_monitor_new(&hub, TN_EVENT_ACCEPTED);
    pthread_t emitters[EMITTERS], reader, opener;
    void *total;

    (void)state;
    assert_int_equal(pthread_create(&reader, NULL, count_all, monitor), 0);
    assert_int_equal(pthread_create(&opener, NULL, open_and_close, NULL), 0);
    for (int i = 0; i < EMITTERS; i++)
        assert_int_equal(pthread_create(&emitters[i], NULL, emit_many, NULL), 0);
    for (int i = 0; i < EMITTERS; i++)
        pthread_join(emitters[i], NULL);
    pthread_join(opener, NULL);
    tni_monitor_hub_stop(&hub);
    pthread_join(reader, &total);
    assert_int_equal((intptr_t)total, EMITTERS * EACH);
    tn_monitor_close(monitor);
}

#define HUB_TEST(name) cmocka_unit_test_setup_teardown(name, open_hub, close_hub)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(test_nobody_wants_until_a_monitor_does),
        HUB_TEST(test_events_arrive_in_order_by_mask),
        HUB_TEST(test_descriptor_is_readable_while_an_event_waits),
        HUB_TEST(test_overflow_is_told_where_the_loss_was),
        HUB_TEST(test_overflow_is_told_without_a_later_event),
        HUB_TEST(test_ring_that_wraps_keeps_the_order_when_it_grows),
        HUB_TEST(test_stop_is_the_last_event_and_outlives_the_hub),
        HUB_TEST(test_monitor_of_a_stopped_hub_is_stopped),
        HUB_TEST(test_bad_arguments_are_errors),
        HUB_TEST(test_lack_of_memory_loses_events_and_says_so),
        HUB_TEST(test_lack_of_descriptors_is_told),
        HUB_TEST(test_recv_times_out),
        HUB_TEST(test_recv_is_interrupted_by_a_signal),
        HUB_TEST(test_failures_are_logged_without_a_monitor),
        HUB_TEST(test_threads_lose_no_event_uncounted),
        cmocka_unit_test(test_event_text_is_cut_to_its_field),
        cmocka_unit_test(test_every_event_has_a_name),
    };

    setenv("TENON_LOG", "info,session", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
