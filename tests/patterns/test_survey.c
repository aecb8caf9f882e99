#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script.h"

extern const tn_module_t survey_LTX_tenon_module_v1;

static void test_survey_asks_everybody_and_collects(void **state)
{
    (void)state;
    RUN(survey, "surveyor", "peer A", "peer B", "poll o", "recv = EFSM", "send: who|there",
        "out A: ^s1|who|there", "out B: ^s1|who|there", "deadline 1000", "poll o", "recv = EAGAIN",
        "in A: ^s1|me|a", "poll io", "recv: me|a", "in B: ^s1|b", "recv: b", "recv = EAGAIN");
}

static void test_survey_is_over_at_its_deadline(void **state)
{
    (void)state;
    RUN(survey, "surveyor", "set survey_time 50", "peer A", "send: x", "deadline 50", "clock 49",
        "recv = EAGAIN", "clock 1", "poll io", "recv = ETIMEDOUT", "deadline 0", "poll o",
        "recv = EFSM", "in A: ^s1|late", "poll o", "recv = EFSM", "drop state 1");
}

static void test_survey_without_time_has_no_deadline(void **state)
{
    (void)state;
    RUN(survey, "surveyor", "set survey_time -1", "peer A", "send: x", "deadline 0", "clock 100000",
        "recv = EAGAIN", "in A: ^s1|a", "recv: a");
}

static void test_survey_ends_the_one_before(void **state)
{
    (void)state;
    RUN(survey, "surveyor", "peer A", "send: x", "in A: ^s1|old", "clock 600", "send: y",
        "deadline 1000", "out A: ^s1|x", "out A: ^s2|y", "recv = EAGAIN", "drop state 1",
        "in A: ^s2|new", "recv: new");
}

static void test_survey_begun_answer_is_read_to_its_end(void **state)
{
    (void)state;
    RUN(survey, "surveyor", "peer A", "send: x", "in A: ^s1|a|b", "recv+: a", "clock 5000",
        "poll i", "send: y = EFSM", "recv: b", "recv = ETIMEDOUT");
}

static void test_survey_full_and_missing_peers_are_not_waited_for(void **state)
{
    (void)state;
    RUN(survey, "surveyor", "send: nobody", "peer A", "peer B", "hwm A 1", "send: x", "send: y",
        "out A: ^s2|x", "none A", "out B: ^s2|x", "out B: ^s3|y", "drop hwm 1");
}

static void test_survey_malformed_answers_are_dropped(void **state)
{
    (void)state;
    RUN(survey, "surveyor", "peer A", "send: x", "in A: a", "in A: ^0|a", "in A: abcd|a",
        "in A: ^s1|good", "recv: good", "drop malformed 3");
}

static void test_respondent_answers_once(void **state)
{
    (void)state;
    RUN(survey, "respondent", "peer A", "poll -", "send: x = EFSM", "recv = EAGAIN",
        "in A: ^s1|who|there", "poll i", "recv+: who", "send: x = EFSM", "poll i", "recv: there",
        "poll o", "send+: me", "recv = EFSM", "send: a", "out A: ^s1|me|a", "poll -",
        "send: again = EFSM");
}

static void test_respondent_newer_question_takes_the_place(void **state)
{
    (void)state;
    RUN(survey, "respondent", "peer A", "peer B", "in A: ^s1|x", "recv: x", "in B: ^s7|y",
        "poll io", "recv: y", "send: z", "out B: ^s7|z", "none A");
}

static void test_respondent_drops_what_cannot_be_delivered(void **state)
{
    (void)state;
    RUN(survey, "respondent", "peer A", "peer B", "in A: ^s1|x", "recv: x", "detach A", "send: y",
        "drop unroutable 1", "hwm B 1", "in B: ^s1|x", "recv: x", "send: y", "in B: ^s2|x",
        "recv: x", "send: y", "drop hwm 1", "out B: ^s1|y", "none B", "in B: x", "recv = EAGAIN",
        "drop malformed 1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survey_asks_everybody_and_collects),
        cmocka_unit_test(test_survey_is_over_at_its_deadline),
        cmocka_unit_test(test_survey_without_time_has_no_deadline),
        cmocka_unit_test(test_survey_ends_the_one_before),
        cmocka_unit_test(test_survey_begun_answer_is_read_to_its_end),
        cmocka_unit_test(test_survey_full_and_missing_peers_are_not_waited_for),
        cmocka_unit_test(test_survey_malformed_answers_are_dropped),
        cmocka_unit_test(test_respondent_answers_once),
        cmocka_unit_test(test_respondent_newer_question_takes_the_place),
        cmocka_unit_test(test_respondent_drops_what_cannot_be_delivered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
