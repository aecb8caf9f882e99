/* SURVEYOR and RESPONDENT as a program sees them: over each transport, and against the clock. */
#include "api.h"

#include <pthread.h>
#include <unistd.h>

static void answer(tn_socket_t *respondent, const char *question, const char *text)
{
    api_expect(respondent, question);
    api_send(respondent, text, 0);
}

static void survey(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *surveyor = api_socket(ctx, "surveyor"), *peers[3];
    char bound[API_ENDPOINT_MAX], text[8], buffer[8];

    assert_ok(tn_set_int(surveyor, "survey_time", API_TIMEOUT_MS));
    api_bind(surveyor, endpoint, bound);
    for (int i = 0; i < 3; i++) {
        peers[i] = api_socket(ctx, "respondent");
        assert_ok(tn_connect(peers[i], bound));
    }
    assert_ok(tn_wait_peers(surveyor, 3, API_TIMEOUT_MS));
    for (int round = 0; round < 20; round++) {
        snprintf(text, sizeof text, "q%d", round);
        api_send(surveyor, text, 0);
        for (int i = 0; i < 3; i++)
            answer(peers[i], text, text + 1);
        for (int i = 0; i < 3; i++)
            api_expect(surveyor, text + 1);
    }
    /* Two answers come, and then the time is up. */
    assert_ok(tn_set_int(surveyor, "survey_time", 100));
    api_send(surveyor, "two", 0);
    answer(peers[0], "two", "a");
    answer(peers[1], "two", "a");
    api_expect(peers[2], "two");
    for (int i = 0; i < 2; i++) {
        ssize_t size = tn_recv(surveyor, buffer, sizeof buffer, 0);
        if (size == -ETIMEDOUT) /* a slow machine */
            break;
        assert_int_equal(size, 1);
    }
    while (tn_recv(surveyor, buffer, sizeof buffer, 0) == 1)
        ;
    assert_code(tn_recv(surveyor, buffer, sizeof buffer, 0), -TN_EFSM);
    /* Too late: the next survey does not see it. */
    api_send(peers[2], "late", 0);
    assert_ok(tn_set_int(surveyor, "survey_time", API_TIMEOUT_MS));
    api_send(surveyor, "next", 0);
    answer(peers[2], "next", "in time");
    api_expect(surveyor, "in time");
    for (int i = 0; i < 3; i++)
        assert_ok(tn_close(peers[i]));
    assert_ok(tn_close(surveyor));
    api_ctx_end(ctx);
}

static void test_survey_collects_over_any_transport(void **state)
{
    (void)state;
    survey("inproc://survey");
    survey(API_TCP);
    survey(API_IPC);
}

/* Nobody sends anything: it is the deadline that wakes. */
static void wait_for_deadline(const char *endpoint, int io_threads)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *surveyor, *peer;
    tn_pollitem_t item = {.events = TN_POLLIN};
    char buffer[8];

    assert_ok(tn_ctx_set_int(ctx, "io_threads", io_threads));
    surveyor = api_socket(ctx, "surveyor");
    peer = api_socket(ctx, "respondent");
    assert_ok(tn_set_int(surveyor, "survey_time", 30));
    assert_ok(tn_set_int(surveyor, "rcvtimeo", -1));
    api_join(surveyor, peer, endpoint);
    api_send(surveyor, "anybody", 0);
    assert_code(tn_recv(surveyor, buffer, sizeof buffer, 0), -ETIMEDOUT);
    assert_non_null(strstr(tn_last_error(), "30 ms"));
    api_send(surveyor, "anybody", 0);
    item.socket = surveyor;
    assert_int_equal(tn_poll(&item, 1, -1), 1);
    assert_int_equal(item.revents, TN_POLLIN);
    assert_code(tn_recv(surveyor, buffer, sizeof buffer, 0), -ETIMEDOUT);
    /* A time-out of the call's own comes first, and does not end the survey. */
    assert_ok(tn_set_int(surveyor, "survey_time", API_TIMEOUT_MS));
    assert_ok(tn_set_int(surveyor, "rcvtimeo", 1));
    api_send(surveyor, "third", 0);
    assert_code(tn_recv(surveyor, buffer, sizeof buffer, 0), -EAGAIN);
    assert_ok(tn_set_int(surveyor, "rcvtimeo", -1));
    api_expect(peer, "anybody");
    api_expect(peer, "anybody");
    answer(peer, "third", "me");
    api_expect(surveyor, "me");
    assert_ok(tn_close(surveyor));
    assert_ok(tn_close(peer));
    api_ctx_end(ctx);
}

static void test_survey_deadline_ends_a_wait(void **state)
{
    (void)state;
    wait_for_deadline("inproc://deadline", 1);
    wait_for_deadline(API_TCP, 1);
    wait_for_deadline("inproc://deadline", 0);
    wait_for_deadline(API_TCP, 0);
}

static void *ask_later(void *arg)
{
    api_send(arg, "anybody", 0);
    return NULL;
}

/* Whoever waits already hears of a deadline that another thread sets. */
static void test_survey_of_another_thread_wakes_who_polls(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *surveyor = api_socket(ctx, "surveyor");
    tn_pollitem_t item = {.socket = surveyor, .events = TN_POLLIN};
    pthread_t thread;

    (void)state;
    assert_ok(tn_set_int(surveyor, "survey_time", 10));
    assert_ok(tn_bind(surveyor, "inproc://nobody"));
    assert_int_equal(pthread_create(&thread, NULL, ask_later, surveyor), 0);
    assert_int_equal(tn_poll(&item, 1, -1), 1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_ok(tn_close(surveyor));
    api_ctx_end(ctx);
}

static void test_survey_patterns_keep_to_themselves(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *surveyor = api_socket(ctx, "surveyor"), *req = api_socket(ctx, "req");

    (void)state;
    assert_ok(tn_bind(surveyor, "inproc://survey"));
    assert_code(tn_connect(req, "inproc://survey"), -TN_ENOCOMPAT);
    assert_ok(tn_close(surveyor));
    assert_ok(tn_close(req));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survey_collects_over_any_transport),
        cmocka_unit_test(test_survey_deadline_ends_a_wait),
        cmocka_unit_test(test_survey_of_another_thread_wakes_who_polls),
        cmocka_unit_test(test_survey_patterns_keep_to_themselves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
