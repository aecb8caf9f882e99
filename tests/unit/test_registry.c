/* The registry as the core uses it: lazy, shared by threads, with and without files, short of memory. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/memory.h"
#include "fake_tree.h"
#include "module/dl.h"
#include "module/inspect.h"

enum { THREADS = 16 };

/* ------------------------------------------------------------------ a module without a file */

static int inner_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    (void)state;
    (void)sock;
    (void)host;
    return 0;
}

static void inner_close(void *state)
{
    (void)state;
}

static int inner_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    (void)state;
    (void)pipe;
    (void)pipe_state;
    return 0;
}

static void inner_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    (void)state;
    (void)pipe;
    (void)pipe_state;
}

static unsigned inner_poll(void *state)
{
    (void)state;
    return TN_POLLIN;
}

static const char *const inner_peers[] = {"INNER", NULL};
static const tn_pattern_ops_t inner_ops = {.size = sizeof inner_ops,
                                           .wire_name = "INNER",
                                           .peers = inner_peers,
                                           .open = inner_open,
                                           .close = inner_close,
                                           .attach = inner_attach,
                                           .detach = inner_detach,
                                           .poll = inner_poll};
static const tn_feature_t inner_feature = {.size = sizeof inner_feature,
                                           .kind = TN_PATTERN,
                                           .name = "twin",
                                           .summary = "linked in",
                                           .priority = 50,
                                           .ops = &inner_ops};
static const tn_feature_t *const inner_features[] = {&inner_feature, NULL};
static int inits, finis;

static int inner_init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)host;
    inits++;
    *out_state = (tn_module_state_t *)(void *)&inits;
    return 0;
}

static void inner_fini(const tn_host_t *host, tn_module_state_t *state)
{
    (void)host;
    assert_ptr_equal(state, &inits);
    finis++;
}

static const tn_module_t inner = {
    TN_MODULE_HEAD("inner"),    .version = "1",     .license = "MIT",  .summary = "linked in",
    .features = inner_features, .init = inner_init, .fini = inner_fini};
static const tn_module_t *const inner_modules[] = {&inner, NULL};

/* ------------------------------------------------------------------ */

static int setup(void **state)
{
    static struct fake_tree tree;

    inits = finis = 0;
    fake_tree_init(&tree);
    *state = &tree;
    return 0;
}

static int teardown(void **state)
{
    fake_tree_fini(*state);
    return 0;
}

static void assert_opens(struct fake_tree *tree)
{
    if (fake_tree_open(tree) != 0)
        fail_msg("%s", tni_error_text());
}

static const char *twin_module(struct fake_tree *tree)
{
    const struct tni_feature *feature;

    if (tni_registry_find(tree->registry, TN_PATTERN, "twin", &feature) != 0)
        return tni_error_text();
    return feature->module->name;
}

static void write_good(struct fake_tree *tree)
{
    fake_tree_copy(tree, "good", "good.so");
    fake_tree_write(tree, "api/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\n");
}

static bool is_mapped(const char *path)
{
    void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);

    if (handle)
        dlclose(handle);
    return handle != NULL;
}

static void test_registry_opens_nothing_before_it_is_wanted(void **state)
{
    struct fake_tree *tree = *state;
    const struct tni_feature *feature;
    char path[256];

    write_good(tree);
    snprintf(path, sizeof path, "%s", fake_tree_path(tree, "good.so"));
    assert_opens(tree);
    assert_false(is_mapped(path));
    assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "nothing", &feature),
                     -TN_EMODULE);
    assert_false(is_mapped(path));
    assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "good", &feature), 0);
    assert_true(is_mapped(path));
    fake_tree_close(tree);
    /* Never unmapped: a thread may still be inside. */
    assert_true(is_mapped(path));
}

static void test_registry_feature_has_a_full_table(void **state)
{
    struct fake_tree *tree = *state;
    const struct tni_feature *feature;
    tn_msg_t msg;

    write_good(tree);
    assert_opens(tree);
    assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "better", &feature), 0);
    assert_string_equal(feature->name, "better");
    assert_non_null(feature->options);
    assert_null(feature->options[0].name);
    assert_int_equal(feature->ops.pattern.size, sizeof feature->ops.pattern);
    tn_msg_clear(&msg);
    assert_int_equal(feature->ops.pattern.send(NULL, &msg), -ENOTSUP);
    assert_int_equal(feature->ops.pattern.subscribe(NULL, "", 0, 1), -ENOTSUP);
    assert_int_equal(feature->ops.pattern.connected(NULL, NULL, NULL), 0);
    feature->ops.pattern.writable(NULL, NULL, NULL);
}

static void test_registry_module_state_is_that_of_init(void **state)
{
    struct fake_tree *tree = *state;
    const struct tni_feature *first, *second;

    write_good(tree);
    assert_opens(tree);
    assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "good", &first), 0);
    assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "better", &second), 0);
    assert_non_null(first->module_state);
    assert_ptr_equal(first->module_state, second->module_state);
    assert_ptr_equal(tni_registry_module_state(tree->registry, first->module), first->module_state);
    assert_null(tni_registry_module_state(tree->registry, &inner));
}

static void *find_good(void *arg)
{
    struct fake_tree *tree = arg;
    const struct tni_feature *feature = NULL;

    tni_registry_find(tree->registry, TN_PATTERN, "good", &feature);
    return (void *)feature;
}

static void test_registry_sixteen_threads_find_one_feature(void **state)
{
    struct fake_tree *tree = *state;
    pthread_t threads[THREADS];
    void *found[THREADS];

    write_good(tree);
    assert_opens(tree);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_good, tree), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], &found[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_non_null(found[i]);
        assert_ptr_equal(found[i], found[0]);
    }
}

static void *open_own(void *arg)
{
    struct fake_tree tree = *(struct fake_tree *)arg;
    const struct tni_feature *feature = NULL;
    intptr_t rc;

    tree.config.places = &tree.places;
    tree.host.context = &tree;
    rc = fake_tree_open(&tree);
    if (rc == 0)
        rc = tni_registry_find(tree.registry, TN_PATTERN, "good", &feature);
    fake_tree_close(&tree);
    return (void *)rc;
}

static void test_registry_sixteen_contexts_open_one_module(void **state)
{
    struct fake_tree *tree = *state;
    pthread_t threads[THREADS];
    void *rc;

    write_good(tree);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_own, tree), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &rc), 0);
        assert_null(rc);
    }
}

/* ------------------------------------------------------------------ linked in */

static void test_builtin_starts_once_and_ends(void **state)
{
    struct fake_tree *tree = *state;

    tree->places.builtin = inner_modules;
    tree->config.allow_load = false;
    assert_opens(tree);
    assert_int_equal(inits, 0);
    assert_string_equal(twin_module(tree), "inner");
    assert_string_equal(twin_module(tree), "inner");
    assert_int_equal(inits, 1);
    fake_tree_close(tree);
    assert_int_equal(finis, 1);
}

static void test_builtin_wins_a_tie_and_loses_to_priority(void **state)
{
    struct fake_tree *tree = *state;

    tree->places.builtin = inner_modules;
    fake_tree_write(tree, "vendor/40-twin.conf", "module = twin_a\nprovides = pattern:twin\n");
    assert_opens(tree);
    assert_string_equal(twin_module(tree), "inner");
    fake_tree_close(tree);
    fake_tree_write(tree, "vendor/40-twin.conf",
                    "module = twin_a\nprovides = pattern:twin\npriority = 51\n");
    assert_opens(tree);
    assert_string_equal(twin_module(tree), "twin_a");
}

static void test_builtin_is_replaced_and_masked_by_file_name(void **state)
{
    struct fake_tree *tree = *state;

    tree->places.builtin = inner_modules;
    fake_tree_write(tree, "vendor/50-inner.conf", "module = twin_b\nprovides = pattern:twin\n");
    assert_opens(tree);
    assert_string_equal(twin_module(tree), "twin_b");
    fake_tree_close(tree);
    fake_tree_write(tree, "administrator/50-inner.conf", "");
    assert_opens(tree);
    assert_non_null(strstr(twin_module(tree), "is hidden by"));
}

static void test_builtin_takes_its_manifest_from_any_file(void **state)
{
    struct fake_tree *tree = *state;

    tree->places.builtin = inner_modules;
    fake_tree_write(tree, "vendor/70-mine.conf",
                    "module = inner\nprovides = pattern:twin\npriority = 10\n");
    fake_tree_write(tree, "vendor/40-twin.conf", "module = twin_a\nprovides = pattern:twin\n");
    assert_opens(tree);
    assert_string_equal(twin_module(tree), "twin_a");
}

static void test_core_feature_is_not_touched_by_an_include_list(void **state)
{
    struct fake_tree *tree = *state;

    tree->config.core_modules = inner_modules;
    fake_tree_write(tree, "vendor/50-wire.conf", "module = wire\nprovides = transport:wire\n");
    tree->config.modules = "wire";
    assert_opens(tree);
    assert_string_equal(twin_module(tree), "inner");
    fake_tree_close(tree);
    tree->config.modules = "^twin";
    assert_opens(tree);
    assert_non_null(strstr(twin_module(tree), "excluded"));
}

static void test_builtin_bad_one_keeps_its_reason(void **state)
{
    struct fake_tree *tree = *state;
    static tn_module_t nameless;
    static const tn_module_t *const modules[] = {&nameless, NULL};

    nameless = inner;
    nameless.version = NULL;
    tree->places.builtin = modules;
    assert_opens(tree);
    assert_non_null(strstr(twin_module(tree), "no manifest provides"));
}

/* ------------------------------------------------------------------ memory and directories */

static void test_registry_survives_each_lack_of_memory(void **state)
{
    struct fake_tree *tree = *state;
    unsigned long nth = 1;
    int rc;

    write_good(tree);
    fake_tree_write(tree, "administrator/60-policy.conf",
                    "provides = pattern:good\noption.depth = 7\noption.greeting = hi\n"
                    "deny = transport:tcp\n");
    tree->config.modules = "good,better";
    do {
        const struct tni_feature *feature;
        struct tni_scheme chain;

        tni_memory_fail_at(nth++, 1);
        rc = fake_tree_open(tree);
        if (rc == 0) {
            rc = tni_registry_find(tree->registry, TN_PATTERN, "good", &feature);
            if (rc == 0)
                assert_int_equal(tni_registry_endpoint(tree->registry, "tcp", &chain), -TN_EDENIED);
        }
        tni_memory_fail_at(0, 0);
        if (rc < 0)
            assert_true(rc == -ENOMEM || rc == -TN_EMODULE);
        /* What failed for lack of memory works when there is some again. */
        if (tree->registry && rc == -ENOMEM)
            assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "good", &feature), 0);
        fake_tree_close(tree);
    } while (rc < 0);
    assert_true(nth > 30);
}

static void test_registry_missing_directories(void **state)
{
    struct fake_tree *tree = *state;

    tree->places.vendor = "/nowhere/vendor";
    tree->places.administrator = "/nowhere/administrator";
    assert_int_equal(setenv("TENON_PLUGINS_D", "/nowhere:relative::", 1), 0);
    assert_opens(tree);
    fake_tree_close(tree);
    tree->api[0] = "/nowhere/api";
    assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
    assert_non_null(strstr(tni_error_text(), "/nowhere/api"));
}

struct paths {
    char kinds[200];
};

static int note_path(const tn_module_path_t *path, void *arg)
{
    struct paths *paths = arg;

    strcat(paths->kinds, path->kind);
    strcat(paths->kinds, path->note[0] ? "! " : " ");
    return 0;
}

static void test_registry_tells_its_directories(void **state)
{
    struct fake_tree *tree = *state;
    struct paths paths = {""};

    tree->places.administrator = "/nowhere";
    assert_opens(tree);
    assert_int_equal(tni_inspect_paths(tree->registry, note_path, &paths), 0);
    assert_string_equal(paths.kinds, "vendor administrator! environment API modules ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registry_opens_nothing_before_it_is_wanted),
        TEST(test_registry_feature_has_a_full_table),
        TEST(test_registry_module_state_is_that_of_init),
        TEST(test_registry_sixteen_threads_find_one_feature),
        TEST(test_registry_sixteen_contexts_open_one_module),
        TEST(test_builtin_starts_once_and_ends),
        TEST(test_builtin_wins_a_tie_and_loses_to_priority),
        TEST(test_builtin_is_replaced_and_masked_by_file_name),
        TEST(test_builtin_takes_its_manifest_from_any_file),
        TEST(test_core_feature_is_not_touched_by_an_include_list),
        TEST(test_builtin_bad_one_keeps_its_reason),
        TEST(test_registry_survives_each_lack_of_memory),
        TEST(test_registry_missing_directories),
        TEST(test_registry_tells_its_directories),
    };

    if (!tni_dl_is_available()) {
        print_message("skipped: this build opens no modules at run time\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
