/* The resolver, with a lookup that the test holds back and lets go. */
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "session/resolver.h"

enum { HELPERS = 4, QUEUE = 64 };

static struct tni_resolver *resolver;

/* The lookup: "slow..." waits for `gate` after announcing itself, the others answer at once. */
static sem_t entered, gate, left;
static atomic_int lookups;
static atomic_int unblocked_signals;

struct answer {
    sem_t came;
    int status;
    char reason[512];
    struct addrinfo *list;
    atomic_int calls;
    struct tni_resolution *to_cancel; /* inside the call */
    sem_t *hold; /* waited for inside the call */
};

static int numeric(const char *service, const struct addrinfo *hints, struct addrinfo **out_list)
{
    struct addrinfo number = *hints;

    number.ai_flags |= AI_NUMERICHOST;
    return getaddrinfo("127.0.0.1", service, &number, out_list);
}

static int fake_lookup(const char *host, const char *service, const struct addrinfo *hints,
                       struct addrinfo **out_list)
{
    static const struct {
        const char *host;
        int error;
    } failures[] = {
        {"noname", EAI_NONAME},     {"nodata", EAI_NODATA},  {"again", EAI_AGAIN},
        {"fail", EAI_FAIL},         {"memory", EAI_MEMORY},  {"service", EAI_SERVICE},
        {"family", EAI_FAMILY},     {"flags", EAI_BADFLAGS}, {"system", EAI_SYSTEM},
        {"overflow", EAI_OVERFLOW},
    };
    sigset_t mask;
    int error = 0;

    atomic_fetch_add(&lookups, 1);
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    if (!sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGUSR1))
        atomic_fetch_add(&unblocked_signals, 1);
    if (strncmp(host, "slow", 4) == 0) {
        sem_post(&entered);
        sem_wait(&gate);
    }
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        if (strcmp(host, failures[i].host) == 0)
            error = failures[i].error;
    if (error == 0)
        error = numeric(service, hints, out_list);
    if (strncmp(host, "slow", 4) == 0)
        sem_post(&left);
    errno = ENFILE;
    return error;
}

static void on_answer(void *arg, int status, const char *reason, struct addrinfo *list)
{
    struct answer *answer = arg;
    sem_t *hold = answer->hold;

    answer->status = status;
    answer->list = list;
    strncpy(answer->reason, reason, sizeof answer->reason - 1);
    atomic_fetch_add(&answer->calls, 1);
    if (answer->to_cancel)
        tni_resolution_cancel(answer->to_cancel);
    sem_post(&answer->came);
    if (hold)
        sem_wait(hold);
}

static void answer_init(struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    sem_init(&answer->came, 0, 0);
    answer->status = 1;
}

static void answer_fini(struct answer *answer)
{
    if (answer->list)
        freeaddrinfo(answer->list);
    sem_destroy(&answer->came);
}

static int set_up(void **state)
{
    (void)state;
    sem_init(&entered, 0, 0);
    sem_init(&gate, 0, 0);
    sem_init(&left, 0, 0);
    atomic_store(&lookups, 0);
    atomic_store(&unblocked_signals, 0);
    resolver = tni_resolver_new();
    if (!resolver)
        return -1;
    tni_resolver_set_lookup(resolver, fake_lookup);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tni_memory_fail_at(0, 0);
    return atomic_load(&unblocked_signals);
}

static struct tni_resolution *start(const char *host, struct answer *answer)
{
    struct tni_resolution *resolution = NULL;

    assert_int_equal(tni_resolver_start(resolver, host, "5555", AF_INET, AI_NUMERICSERV, on_answer,
                                        answer, &resolution),
                     0);
    assert_non_null(resolution);
    return resolution;
}

static void post_times(sem_t *semaphore, int times)
{
    while (times-- > 0)
        sem_post(semaphore);
}

static void wait_times(sem_t *semaphore, int times)
{
    while (times-- > 0)
        while (sem_wait(semaphore) < 0)
            ;
}

/* ---- answers ---- */

static void test_name_is_answered_with_addresses(void **state)
{
    struct answer answer;
    struct tni_resolution *resolution;
    struct sockaddr_in *name;

    (void)state;
    answer_init(&answer);
    resolution = start("good", &answer);
    wait_times(&answer.came, 1);
    tni_resolution_cancel(resolution);
    assert_int_equal(answer.status, 0);
    assert_non_null(answer.list);
    name = (struct sockaddr_in *)(void *)answer.list->ai_addr;
    assert_int_equal(name->sin_family, AF_INET);
    assert_int_equal(ntohs(name->sin_port), 5555);
    assert_int_equal(answer.list->ai_socktype, SOCK_STREAM);
    tni_resolver_free(resolver);
    answer_fini(&answer);
}

static void test_real_lookup_answers_numbers(void **state)
{
    struct tni_resolver *real = tni_resolver_new();
    struct answer answer;
    struct tni_resolution *resolution;

    (void)state;
    tni_resolver_free(resolver);
    answer_init(&answer);
    assert_int_equal(tni_resolver_start(real, "127.0.0.1", NULL, AF_UNSPEC, AI_NUMERICHOST,
                                        on_answer, &answer, &resolution),
                     0);
    wait_times(&answer.came, 1);
    tni_resolution_cancel(resolution);
    assert_int_equal(answer.status, 0);
    tni_resolver_free(real);
    answer_fini(&answer);
}

static void test_failures_have_codes_and_sentences(void **state)
{
    static const struct {
        const char *host;
        int status;
        const char *words;
    } cases[] = {
        {"noname", -ENXIO, "spelling"},       {"nodata", -ENXIO, "'nodata'"},
        {"again", -ETIMEDOUT, "resolv.conf"}, {"fail", -EIO, "'fail'"},
        {"overflow", -EIO, "'overflow'"},     {"memory", -ENOMEM, "'memory'"},
        {"service", -EINVAL, "'service'"},    {"family", -EINVAL, "'family'"},
        {"flags", -EINVAL, "'flags'"},        {"system", -ENFILE, "open files"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        struct tni_resolution *resolution;

        answer_init(&answer);
        resolution = start(cases[i].host, &answer);
        wait_times(&answer.came, 1);
        tni_resolution_cancel(resolution);
        assert_int_equal(answer.status, cases[i].status);
        assert_null(answer.list);
        assert_non_null(strstr(answer.reason, cases[i].words));
        answer_fini(&answer);
    }
    tni_resolver_free(resolver);
}

static void test_idle_helper_is_used_again(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct answer answer;
        struct tni_resolution *resolution;

        answer_init(&answer);
        resolution = start("good", &answer);
        wait_times(&answer.came, 1);
        tni_resolution_cancel(resolution);
        assert_int_equal(answer.status, 0);
        answer_fini(&answer);
    }
    assert_int_equal(atomic_load(&lookups), 20);
    tni_resolver_free(resolver);
}

/* ---- limits ---- */

static void test_four_names_are_looked_up_at_a_time_and_64_wait(void **state)
{
    static struct answer answers[HELPERS + QUEUE];
    struct tni_resolution *resolutions[HELPERS + QUEUE];
    struct tni_resolution *refused = NULL;

    (void)state;
    for (int i = 0; i < HELPERS; i++) {
        answer_init(&answers[i]);
        resolutions[i] = start("slow", &answers[i]);
    }
    wait_times(&entered, HELPERS);
    for (int i = HELPERS; i < HELPERS + QUEUE; i++) {
        answer_init(&answers[i]);
        resolutions[i] = start("good", &answers[i]);
    }
    assert_int_equal(
        tni_resolver_start(resolver, "good", NULL, AF_INET, 0, on_answer, NULL, &refused), -EBUSY);
    assert_null(refused);
    assert_non_null(strstr(tni_error_text(), "64"));
    assert_int_equal(atomic_load(&lookups), HELPERS);
    post_times(&gate, HELPERS);
    for (int i = 0; i < HELPERS + QUEUE; i++) {
        wait_times(&answers[i].came, 1);
        assert_int_equal(answers[i].status, 0);
        tni_resolution_cancel(resolutions[i]);
        answer_fini(&answers[i]);
    }
    tni_resolver_free(resolver);
}

static void test_start_without_memory_fails(void **state)
{
    struct tni_resolution *resolution = NULL;

    (void)state;
    tni_memory_fail_at(1, 1);
    assert_int_equal(
        tni_resolver_start(resolver, "good", NULL, AF_INET, 0, on_answer, NULL, &resolution),
        -ENOMEM);
    assert_null(resolution);
    tni_memory_fail_at(1, 1);
    assert_null(tni_resolver_new());
    tni_memory_fail_at(0, 0);
    tni_resolver_free(resolver);
}

/* ---- cancelling ---- */

static void test_cancel_of_a_queued_name_keeps_it_from_being_looked_up(void **state)
{
    struct answer slow[HELPERS], queued;
    struct tni_resolution *running[HELPERS], *waiting;

    (void)state;
    for (int i = 0; i < HELPERS; i++) {
        answer_init(&slow[i]);
        running[i] = start("slow", &slow[i]);
    }
    wait_times(&entered, HELPERS);
    answer_init(&queued);
    waiting = start("good", &queued);
    tni_resolution_cancel(waiting);
    post_times(&gate, HELPERS);
    for (int i = 0; i < HELPERS; i++) {
        wait_times(&slow[i].came, 1);
        tni_resolution_cancel(running[i]);
        answer_fini(&slow[i]);
    }
    tni_resolver_free(resolver);
    assert_int_equal(atomic_load(&queued.calls), 0);
    assert_int_equal(atomic_load(&lookups), HELPERS);
    answer_fini(&queued);
}

static void test_cancel_during_a_lookup_returns_before_its_end(void **state)
{
    struct answer cancelled, next;
    struct tni_resolution *resolution;

    (void)state;
    answer_init(&cancelled);
    answer_init(&next);
    resolution = start("slow", &cancelled);
    wait_times(&entered, 1);
    tni_resolution_cancel(resolution);
    sem_post(&gate);
    wait_times(&left, 1);
    resolution = start("good", &next);
    wait_times(&next.came, 1);
    tni_resolution_cancel(resolution);
    tni_resolver_free(resolver);
    assert_int_equal(atomic_load(&cancelled.calls), 0);
    answer_fini(&cancelled);
    answer_fini(&next);
}

struct canceller {
    struct tni_resolution *resolution;
    atomic_int is_over;
};

static void *cancel_in_thread(void *arg)
{
    struct canceller *canceller = arg;

    tni_resolution_cancel(canceller->resolution);
    atomic_store(&canceller->is_over, 1);
    return NULL;
}

static void test_cancel_during_the_answer_waits_for_its_end(void **state)
{
    struct answer answer;
    struct canceller canceller = {.is_over = 0};
    pthread_t thread;
    sem_t hold;

    (void)state;
    sem_init(&hold, 0, 0);
    answer_init(&answer);
    answer.hold = &hold;
    canceller.resolution = start("good", &answer);
    wait_times(&answer.came, 1);
    assert_int_equal(pthread_create(&thread, NULL, cancel_in_thread, &canceller), 0);
    assert_int_equal(atomic_load(&canceller.is_over), 0);
    sem_post(&hold);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&canceller.is_over), 1);
    tni_resolver_free(resolver);
    answer_fini(&answer);
    sem_destroy(&hold);
}

static void test_cancel_inside_the_answer_does_not_wait(void **state)
{
    struct answer slow, answer;
    struct tni_resolution *other;

    (void)state;
    answer_init(&slow);
    answer_init(&answer);
    other = start("slow", &slow);
    wait_times(&entered, 1);
    /* The lookup is held back, so that the answer finds its own request to cancel. */
    slow.to_cancel = other;
    sem_post(&gate);
    wait_times(&slow.came, 1);
    other = start("good", &answer);
    wait_times(&answer.came, 1);
    tni_resolution_cancel(other);
    tni_resolver_free(resolver);
    answer_fini(&slow);
    answer_fini(&answer);
}

static void test_cancel_of_nothing_does_nothing(void **state)
{
    (void)state;
    tni_resolution_cancel(NULL);
    tni_resolver_free(NULL);
    tni_resolver_free(resolver);
}

/* ---- the end ---- */

static void test_free_abandons_what_waits(void **state)
{
    struct answer slow[HELPERS], queued;
    struct tni_resolution *running[HELPERS], *waiting;

    (void)state;
    for (int i = 0; i < HELPERS; i++) {
        answer_init(&slow[i]);
        running[i] = start("slow", &slow[i]);
    }
    wait_times(&entered, HELPERS);
    answer_init(&queued);
    waiting = start("good", &queued);
    tni_resolver_free(resolver); /* returns although four lookups are held back */
    tni_resolution_cancel(waiting);
    tni_resolution_cancel(running[0]);
    post_times(&gate, HELPERS);
    wait_times(&left, HELPERS);
    for (int i = 1; i < HELPERS; i++)
        tni_resolution_cancel(running[i]);
    for (int i = 0; i < HELPERS; i++) {
        assert_int_equal(atomic_load(&slow[i].calls), 0);
        answer_fini(&slow[i]);
    }
    assert_int_equal(atomic_load(&queued.calls), 0);
    assert_int_equal(atomic_load(&lookups), HELPERS);
    answer_fini(&queued);
}

static void test_free_without_use_starts_nothing(void **state)
{
    (void)state;
    tni_resolver_free(resolver);
    assert_int_equal(atomic_load(&lookups), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_name_is_answered_with_addresses),
        TEST(test_real_lookup_answers_numbers),
        TEST(test_failures_have_codes_and_sentences),
        TEST(test_idle_helper_is_used_again),
        TEST(test_four_names_are_looked_up_at_a_time_and_64_wait),
        TEST(test_start_without_memory_fails),
        TEST(test_cancel_of_a_queued_name_keeps_it_from_being_looked_up),
        TEST(test_cancel_during_a_lookup_returns_before_its_end),
        TEST(test_cancel_during_the_answer_waits_for_its_end),
        TEST(test_cancel_inside_the_answer_does_not_wait),
        TEST(test_cancel_of_nothing_does_nothing),
        TEST(test_free_abandons_what_waits),
        TEST(test_free_without_use_starts_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
