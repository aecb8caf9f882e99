#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "route/topics.h"

/* Who asks is a pointer that is never looked into. */
static char people[16];

enum { PREFIXES = 400, MODEL_SIZE = 12 };

/* ------------------------------------------------------------------ the naive model */

struct entry {
    uint8_t prefix[MODEL_SIZE];
    size_t size;
    unsigned who;
    unsigned count;
};

struct model {
    struct entry entries[PREFIXES * 16];
    size_t used;
};

static struct entry *model_find(struct model *model, const uint8_t *prefix, size_t size,
                                unsigned who)
{
    for (size_t i = 0; i < model->used; i++) {
        struct entry *entry = &model->entries[i];

        if (entry->who == who && entry->size == size && memcmp(entry->prefix, prefix, size) == 0)
            return entry;
    }
    return NULL;
}

static unsigned model_wanted(const struct model *model, const uint8_t *prefix, size_t size)
{
    unsigned total = 0;

    for (size_t i = 0; i < model->used; i++) {
        const struct entry *entry = &model->entries[i];

        if (entry->size == size && memcmp(entry->prefix, prefix, size) == 0)
            total += entry->count;
    }
    return total;
}

static int model_add(struct model *model, const uint8_t *prefix, size_t size, unsigned who)
{
    int rc = model_wanted(model, prefix, size) == 0;
    struct entry *entry = model_find(model, prefix, size, who);

    if (!entry) {
        assert_true(model->used < sizeof(model->entries) / sizeof(model->entries[0]));
        entry = &model->entries[model->used++];
        memcpy(entry->prefix, prefix, size);
        entry->size = size;
        entry->who = who;
        entry->count = 0;
    }
    return entry->count++ ? 2 : rc;
}

static int model_remove(struct model *model, const uint8_t *prefix, size_t size, unsigned who)
{
    struct entry *entry = model_find(model, prefix, size, who);

    if (!entry)
        return -ENOENT;
    if (--entry->count == 0)
        *entry = model->entries[--model->used];
    return model_wanted(model, prefix, size) == 0;
}

static unsigned model_match(const struct model *model, const uint8_t *data, size_t size)
{
    unsigned set = 0;

    for (size_t i = 0; i < model->used; i++) {
        const struct entry *entry = &model->entries[i];

        if (entry->size <= size && memcmp(entry->prefix, data, entry->size) == 0)
            set |= 1u << entry->who;
    }
    return set;
}

/* ------------------------------------------------------------------ against the model */

struct visits {
    unsigned set;
    unsigned count;
};

static void visit(void *who, void *arg)
{
    struct visits *visits = arg;

    visits->set |= 1u << ((char *)who - people);
    visits->count++;
}

static void check_match(struct tn_topics *topics, const struct model *model, const uint8_t *data,
                        size_t size)
{
    struct visits visits = {0, 0};
    unsigned want = model_match(model, data, size);

    tni_topics_match(topics, data, size, visit, &visits);
    assert_int_equal(visits.set, want);
    assert_int_equal(visits.count, __builtin_popcount(want));
    assert_int_equal(tni_topics_has_match(topics, data, size), want != 0);
}

struct forgetting {
    struct model *model;
    unsigned who;
};

static void check_removed(const uint8_t *prefix, size_t size, int is_last, void *arg)
{
    struct forgetting *forgetting = arg;
    struct entry *entry = model_find(forgetting->model, prefix, size, forgetting->who);

    assert_non_null(entry);
    entry->count = 1;
    assert_int_equal(model_remove(forgetting->model, prefix, size, forgetting->who), is_last);
}

struct listing {
    struct model *model;
    size_t seen;
};

static int check_listed(const uint8_t *prefix, size_t size, uint32_t count, void *arg)
{
    struct listing *listing = arg;

    assert_int_equal(model_wanted(listing->model, prefix, size), count);
    listing->seen++;
    return 0;
}

static size_t model_prefixes(const struct model *model)
{
    size_t count = 0;

    for (size_t i = 0; i < model->used; i++) {
        size_t k = 0;

        while (k < i && (model->entries[k].size != model->entries[i].size ||
                         memcmp(model->entries[k].prefix, model->entries[i].prefix,
                                model->entries[i].size) != 0))
            k++;
        count += k == i;
    }
    return count;
}

static void check_listing(struct tn_topics *topics, struct model *model)
{
    struct listing listing = {model, 0};

    assert_int_equal(tni_topics_each(topics, check_listed, &listing), 0);
    assert_int_equal(listing.seen, model_prefixes(model));
    assert_int_equal(tni_topics_count(topics), listing.seen);
}

static uint32_t seed;

static uint32_t random_below(uint32_t limit)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % limit;
}

/* Few different bytes make many common runs; now and then a byte of any value makes wide nodes. */
static size_t random_prefix(uint8_t *prefix)
{
    size_t size = random_below(MODEL_SIZE + 1);

    for (size_t i = 0; i < size; i++)
        prefix[i] = random_below(8) ? (uint8_t)('a' + random_below(2)) : (uint8_t)random_below(256);
    return size;
}

static void run_against_model(uint32_t start, unsigned steps, unsigned users)
{
    struct tn_topics *topics = tni_topics_new();
    struct model *model = calloc(1, sizeof(*model));

    seed = start;
    for (unsigned step = 0; step < steps; step++) {
        uint8_t prefix[MODEL_SIZE];
        size_t size = random_prefix(prefix);
        unsigned who = random_below(users);
        unsigned what = random_below(100);

        if (what < 45 && model->used < PREFIXES) {
            assert_int_equal(tni_topics_add(topics, prefix, size, &people[who]),
                             model_add(model, prefix, size, who));
        } else if (what < 70 && model->used) {
            struct entry entry = model->entries[random_below((uint32_t)model->used)];

            assert_int_equal(
                tni_topics_remove(topics, entry.prefix, entry.size, &people[entry.who]),
                model_remove(model, entry.prefix, entry.size, entry.who));
        } else if (what < 80) {
            assert_int_equal(tni_topics_remove(topics, prefix, size, &people[who]),
                             model_remove(model, prefix, size, who));
        } else if (what < 99) {
            check_match(topics, model, prefix, size);
        } else {
            struct forgetting forgetting = {model, who};

            tni_topics_forget(topics, &people[who], check_removed, &forgetting);
            for (size_t i = 0; i < model->used; i++)
                assert_int_not_equal(model->entries[i].who, who);
        }
        if (step % 256 == 0)
            check_listing(topics, model);
    }
    check_listing(topics, model);
    tni_topics_free(topics);
    free(model);
}

static void test_random_operations_agree_with_a_model(void **state)
{
    (void)state;
    for (uint32_t start = 1; start <= 20; start++)
        run_against_model(start, 4000, start % 2 ? 16 : 3);
}

/* ------------------------------------------------------------------ one by one */

static void test_empty_prefix_matches_all(void **state)
{
    struct tn_topics *topics = tni_topics_new();

    (void)state;
    assert_int_equal(tni_topics_has_match(topics, NULL, 0), 0);
    assert_int_equal(tni_topics_add(topics, NULL, 0, people), 1);
    assert_int_equal(tni_topics_has_match(topics, NULL, 0), 1);
    assert_int_equal(tni_topics_has_match(topics, "x", 1), 1);
    assert_int_equal(tni_topics_remove(topics, "x", 1, people), -ENOENT);
    assert_int_equal(tni_topics_remove(topics, NULL, 0, people), 1);
    assert_int_equal(tni_topics_has_match(topics, "x", 1), 0);
    tni_topics_free(topics);
    tni_topics_free(NULL);
}

static void count_removed(const uint8_t *prefix, size_t size, int is_last, void *arg)
{
    assert_non_null(prefix);
    assert_int_equal(size, 0);
    assert_int_equal(is_last, 1);
    ++*(unsigned *)arg;
}

static void test_forget_tells_the_empty_prefix(void **state)
{
    struct tn_topics *topics = tni_topics_new();
    unsigned count = 0;

    (void)state;
    tni_topics_forget(topics, people, count_removed, &count);
    assert_int_equal(tni_topics_add(topics, NULL, 0, people), 1);
    assert_int_equal(tni_topics_add(topics, NULL, 0, people), 2);
    tni_topics_forget(topics, people, count_removed, &count);
    assert_int_equal(count, 1);
    tni_topics_free(topics);
}

static int stop(const uint8_t *prefix, size_t size, uint32_t count, void *arg)
{
    (void)prefix;
    (void)size;
    (void)count;
    ++*(unsigned *)arg;
    return 7;
}

static void test_each_stops_when_told(void **state)
{
    struct tn_topics *topics = tni_topics_new();
    unsigned count = 0;

    (void)state;
    assert_int_equal(tni_topics_add(topics, "a", 1, people), 1);
    assert_int_equal(tni_topics_add(topics, "b", 1, people), 1);
    assert_int_equal(tni_topics_each(topics, stop, &count), 7);
    assert_int_equal(count, 1);
    tni_topics_free(topics);
}

static void test_prefix_beyond_the_limit_is_refused(void **state)
{
    struct tn_topics *topics = tni_topics_new();
    uint8_t *prefix = calloc(1, TNI_TOPIC_MAX + 1);

    (void)state;
    assert_int_equal(tni_topics_add(topics, prefix, TNI_TOPIC_MAX + 1, people), -EMSGSIZE);
    assert_int_equal(tni_topics_add(topics, prefix, TNI_TOPIC_MAX, people), 1);
    assert_int_equal(tni_topics_has_match(topics, prefix, TNI_TOPIC_MAX + 1), 1);
    assert_int_equal(tni_topics_remove(topics, prefix, TNI_TOPIC_MAX, people), 1);
    free(prefix);
    tni_topics_free(topics);
}

static void test_a_node_with_every_byte(void **state)
{
    struct tn_topics *topics = tni_topics_new();

    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 256; i++) {
            uint8_t prefix[3] = {'x', (uint8_t)i, 'y'};

            assert_int_equal(tni_topics_add(topics, prefix, 3, &people[i % 16]), 1);
        }
        for (unsigned i = 0; i < 256; i++) {
            uint8_t prefix[3] = {'x', (uint8_t)(i * 7), 'y'};
            struct visits visits = {0, 0};

            tni_topics_match(topics, prefix, 3, visit, &visits);
            assert_int_equal(visits.set, 1u << ((i * 7) % 16));
            assert_int_equal(tni_topics_remove(topics, prefix, 3, &people[(i * 7) % 16]), 1);
            assert_int_equal(tni_topics_has_match(topics, prefix, 3), 0);
        }
        assert_int_equal(tni_topics_count(topics), 0);
    }
    tni_topics_free(topics);
}

static void test_many_users_of_one_prefix(void **state)
{
    enum { USERS = 10000 };
    static char crowd[USERS];
    struct tn_topics *topics = tni_topics_new();

    (void)state;
    for (unsigned i = 0; i < USERS; i++)
        assert_int_equal(tni_topics_add(topics, "news", 4, &crowd[(i * 7919) % USERS]), i == 0);
    for (unsigned i = 0; i < USERS; i++) {
        assert_int_equal(tni_topics_has_match(topics, "newspaper", 9), 1);
        if (i % 2)
            tni_topics_forget(topics, &crowd[i], NULL, NULL);
        else
            assert_int_equal(tni_topics_remove(topics, "news", 4, &crowd[i]), i == USERS - 1);
    }
    assert_int_equal(tni_topics_count(topics), 0);
    tni_topics_free(topics);
}

/* ------------------------------------------------------------------ long and deep */

/* One node for each byte; a call for each would not fit the stack. */
enum { DEPTH = 5000 };

static void *make_deep_trie(void *arg)
{
    const uint8_t *bytes = arg;
    struct tn_topics *topics = tni_topics_new();
    struct visits visits = {0, 0};
    size_t size;

    for (size = 1; size <= DEPTH; size++)
        assert_int_equal(tni_topics_add(topics, bytes, size, people), 1);
    assert_int_equal(tni_topics_add(topics, bytes, TNI_TOPIC_MAX, people), 1);
    tni_topics_match(topics, bytes, TNI_TOPIC_MAX, visit, &visits);
    assert_int_equal(visits.count, 1);
    for (size = 1; size <= DEPTH; size += 2)
        assert_int_equal(tni_topics_remove(topics, bytes, size, people), 1);
    assert_int_equal(tni_topics_remove(topics, bytes, TNI_TOPIC_MAX, people), 1);
    assert_int_equal(tni_topics_add(topics, bytes, DEPTH - 1, &people[1]), 1);
    assert_int_equal(tni_topics_count(topics), DEPTH / 2 + 1);
    tni_topics_forget(topics, people, NULL, NULL);
    assert_int_equal(tni_topics_count(topics), 1);
    for (size = 1; size <= DEPTH; size++)
        (void)tni_topics_add(topics, bytes, size, people);
    tni_topics_free(topics);
    return NULL;
}

static void test_deep_trie_needs_little_stack(void **state)
{
    uint8_t *bytes = malloc(TNI_TOPIC_MAX);
    pthread_attr_t attributes;
    pthread_t thread;

    (void)state;
    memset(bytes, 'd', TNI_TOPIC_MAX);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, 64 * 1024), 0);
    assert_int_equal(pthread_create(&thread, &attributes, make_deep_trie, bytes), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)pthread_attr_destroy(&attributes);
    free(bytes);
}

static void test_splitting_long_labels_keeps_them(void **state)
{
    struct tn_topics *topics = tni_topics_new();
    uint8_t *bytes = malloc(TNI_TOPIC_MAX);

    (void)state;
    for (size_t i = 0; i < TNI_TOPIC_MAX; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    assert_int_equal(tni_topics_add(topics, bytes, TNI_TOPIC_MAX, people), 1);
    for (size_t size = TNI_TOPIC_MAX / 2; size > 0; size /= 2)
        assert_int_equal(tni_topics_add(topics, bytes, size, &people[1]), 1);
    for (size_t size = TNI_TOPIC_MAX / 2; size > 0; size /= 2)
        assert_int_equal(tni_topics_remove(topics, bytes, size, &people[1]), 1);
    assert_int_equal(tni_topics_has_match(topics, bytes, TNI_TOPIC_MAX - 1), 0);
    assert_int_equal(tni_topics_remove(topics, bytes, TNI_TOPIC_MAX, people), 1);
    free(bytes);
    tni_topics_free(topics);
}

/* ------------------------------------------------------------------ without memory */

/* Each allocation of each operation fails once; what failed must have changed nothing. */
static void test_failed_allocations_change_nothing(void **state)
{
    struct tn_topics *topics = tni_topics_new();
    struct model *model = calloc(1, sizeof(*model));

    (void)state;
    seed = 99;
    for (unsigned step = 0; step < 3000; step++) {
        uint8_t prefix[MODEL_SIZE];
        size_t size = random_prefix(prefix);
        unsigned who = random_below(4);

        if (random_below(2) && model->used < PREFIXES) {
            int rc = -ENOMEM;

            for (unsigned nth = 1; rc == -ENOMEM; nth++) {
                (void)tni_memory_fail_at(nth, 1);
                rc = tni_topics_add(topics, prefix, size, &people[who]);
                (void)tni_memory_fail_at(0, 0);
                if (rc == -ENOMEM)
                    check_match(topics, model, prefix, size);
            }
            assert_int_equal(rc, model_add(model, prefix, size, who));
        } else if (model->used) {
            struct entry entry = model->entries[random_below((uint32_t)model->used)];

            (void)tni_memory_fail_at(1, -1);
            assert_int_equal(
                tni_topics_remove(topics, entry.prefix, entry.size, &people[entry.who]),
                model_remove(model, entry.prefix, entry.size, entry.who));
            (void)tni_memory_fail_at(0, 0);
        }
        if (step % 128 == 0)
            check_listing(topics, model);
    }
    (void)tni_memory_fail_at(1, -1);
    for (unsigned who = 0; who < 4; who++)
        tni_topics_forget(topics, &people[who], NULL, NULL);
    assert_int_equal(tni_topics_count(topics), 0);
    assert_null(tni_topics_new());
    (void)tni_memory_fail_at(0, 0);
    tni_topics_free(topics);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_operations_agree_with_a_model),
        cmocka_unit_test(test_empty_prefix_matches_all),
        cmocka_unit_test(test_forget_tells_the_empty_prefix),
        cmocka_unit_test(test_each_stops_when_told),
        cmocka_unit_test(test_prefix_beyond_the_limit_is_refused),
        cmocka_unit_test(test_a_node_with_every_byte),
        cmocka_unit_test(test_many_users_of_one_prefix),
        cmocka_unit_test(test_deep_trie_needs_little_stack),
        cmocka_unit_test(test_splitting_long_labels_keeps_them),
        cmocka_unit_test(test_failed_allocations_change_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
