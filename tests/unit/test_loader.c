/* Each way in which a module can be unfit: nothing is registered, and the reason is the true one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "fake_tree.h"
#include "module/dl.h"
#include "module/inspect.h"

static int setup(void **state)
{
    static struct fake_tree tree;

    fake_tree_init(&tree);
    *state = &tree;
    return 0;
}

static int teardown(void **state)
{
    fake_tree_fini(*state);
    return 0;
}

static void assert_says(const char *expected)
{
    if (!strstr(tni_error_text(), expected))
        fail_msg("expected \"%s\" in: %s", expected, tni_error_text());
}

static int find(struct fake_tree *tree, const char *name)
{
    const struct tni_feature *feature;

    return tni_registry_find(tree->registry, TN_PATTERN, name, &feature);
}

struct seen {
    const char *name;
    char state[32];
    char reason[5000];
    unsigned rows;
};

static int look(const tn_module_info_t *info, void *arg)
{
    struct seen *seen = arg;

    if (strcmp(info->name, seen->name) == 0) {
        snprintf(seen->state, sizeof seen->state, "%s", info->state);
        snprintf(seen->reason, sizeof seen->reason, "%s", info->reason);
        seen->rows++;
    }
    return 0;
}

static void assert_state(struct fake_tree *tree, const char *name, const char *state,
                         const char *reason)
{
    struct seen seen = {.name = name};

    assert_int_equal(tni_inspect_modules(tree->registry, look, &seen), 0);
    assert_int_not_equal(seen.rows, 0);
    assert_string_equal(seen.state, state);
    if (!strstr(seen.reason, reason))
        fail_msg("expected \"%s\" in: %s", reason, seen.reason);
}

/* The same reason from the lookup and in the table, twice. */
static void assert_unfit(struct fake_tree *tree, const char *name, const char *reason)
{
    const char *const names[] = {name, NULL};

    fake_tree_patterns(tree, names);
    assert_int_equal(fake_tree_open(tree), 0);
    assert_state(tree, name, "available", "");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(find(tree, name), -TN_EMODULE);
        assert_says(reason);
        assert_state(tree, name, "failed", reason);
    }
}

#define UNFIT(test_name, module, reason)                                                           \
    static void test_load_##test_name(void **state)                                                \
    {                                                                                              \
        assert_unfit(*state, module, reason);                                                      \
    }

UNFIT(missing_file_says_so, "absent", "absent.so: cannot open shared object file: No such file")
UNFIT(no_symbol_is_no_module, "bad_symbol", "it is not a Tenon module")
UNFIT(other_symbol_was_renamed, "bad_renamed", "original_LTX_tenon_module_v1")
UNFIT(other_version_symbol_says_abi, "bad_version", "another major version of the ABI")
UNFIT(wrong_magic_says_so, "bad_magic", "wrong magic number 0x12345678")
UNFIT(other_major_says_abi, "bad_major", "built for ABI 2.0")
UNFIT(newer_minor_says_abi, "bad_minor", "needs at least ABI 1.2")
UNFIT(short_descriptor_says_so, "bad_short", "fewer than the")
UNFIT(wrong_name_says_both, "bad_name", "it calls itself \"other_name\"")
UNFIT(missing_op_names_it, "bad_op", "the op \"send\" is missing")
UNFIT(op_without_its_companions_names_them, "bad_trio", "the op \"delimited_from\" is missing")
UNFIT(ops_without_their_flags_say_so, "bad_flags",
      "its flags do not go with the op \"delimited_to\"")
UNFIT(undefined_function_names_it, "bad_function", "undefined symbol: nobody_has_this_function")
UNFIT(undefined_data_names_it, "bad_data", "undefined symbol: nobody_has_this_data")
UNFIT(failed_init_says_its_sentence, "bad_init", "there is no such device as zapper")
UNFIT(silent_init_says_its_code, "bad_silent", "Protocol error")
UNFIT(feature_twice_names_it, "bad_twice", "it provides pattern:bad_twice twice")
UNFIT(bad_default_names_option, "bad_option", "the default of option depth is out of its range")
UNFIT(missing_requirement_names_it, "needs_missing", "requires transport:nowhere")

static void test_load_text_file_is_not_elf(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "api/50-text.conf", "module = text\nprovides = pattern:text\n");
    fake_tree_write(tree, "text.so", "this is a text\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "text"), -TN_EMODULE);
    assert_says("text.so: ");
    assert_null(strstr(tni_error_text(), "file not found"));
}

static void test_load_older_minor(void **state)
{
    struct fake_tree *tree = *state;
    static const char *const names[] = {"older", NULL};
    const struct tni_feature *feature;

    fake_tree_patterns(tree, names);
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "older", &feature), 0);
    assert_non_null(feature->ops.pattern.recv);
    assert_null(feature->ops.pattern.delimited_to);
    assert_null(feature->ops.pattern.delimited_from);
    assert_null(feature->ops.pattern.delimited_done);
    assert_state(tree, "older", "loaded", "");
}

/* Its structures are longer than ours, and its ops and options more. */
static void test_load_newer_minor_that_is_content(void **state)
{
    struct fake_tree *tree = *state;
    static const char *const names[] = {"newer", NULL};

    fake_tree_patterns(tree, names);
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "newer"), 0);
    assert_state(tree, "newer", "loaded", "");
}

static void test_load_requirement_cycle_is_told(void **state)
{
    struct fake_tree *tree = *state;
    static const char *const names[] = {"cycle_a", "cycle_b", NULL};

    fake_tree_patterns(tree, names);
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "cycle_a"), -TN_EMODULE);
    assert_says("a cycle");
    assert_state(tree, "cycle_b", "failed", "a cycle");
    assert_int_equal(find(tree, "cycle_b"), -TN_EMODULE);
    assert_says("a cycle");
}

static void test_load_requirement_is_loaded_first(void **state)
{
    struct fake_tree *tree = *state;
    static const char *const names[] = {"needs_good", NULL};

    fake_tree_patterns(tree, names);
    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "needs_good"), 0);
    assert_state(tree, "good", "loaded", "");
}

static void test_load_failed_requirement_is_asked_again(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_copy(tree, "needs_good", "needs_good.so");
    fake_tree_write(tree, "api/50-needs_good.conf",
                    "module = needs_good\nprovides = pattern:needs_good\n");
    fake_tree_write(tree, "api/50-good.conf",
                    "module = /nowhere/good.so\n"
                    "provides = pattern:good pattern:better\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "needs_good"), -TN_EMODULE);
    assert_says("it requires pattern:good, but module /nowhere/good.so");
}

static void test_load_lying_manifest_is_told(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-good.conf", "module = good\nprovides = pattern:good\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("the module provides pattern:better");
    fake_tree_close(tree);
    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better pattern:best\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "best"), -TN_EMODULE);
    assert_says("says that it provides pattern:best");
}

static void test_load_lying_requires_is_told(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\n"
                    "provides = pattern:good pattern:better\n"
                    "requires = transport:wire\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("requires transport:wire");
}

static void copy_good(struct fake_tree *tree)
{
    fake_tree_copy(tree, "good", "good.so");
    fake_tree_write(tree, "api/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\n");
}

static void test_load_world_writable_file_is_refused(void **state)
{
    struct fake_tree *tree = *state;

    copy_good(tree);
    assert_int_equal(chmod(fake_tree_path(tree, "good.so"), 0666), 0);
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("good.so is writable by everybody");
}

static void test_load_world_writable_directory_is_refused(void **state)
{
    struct fake_tree *tree = *state;

    copy_good(tree);
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(chmod(tree->root, 0777), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("is writable by everybody");
    assert_int_equal(chmod(tree->root, 0700), 0);
}

static void test_load_group_writable_file_depends_on_privilege(void **state)
{
    struct fake_tree *tree = *state;

    copy_good(tree);
    assert_int_equal(chmod(fake_tree_path(tree, "good.so"), 0664), 0);
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), 0);
    fake_tree_close(tree);
    tree->places.is_privileged = true;
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("writable by the group");
}

static void test_load_failed_file_is_tried_again_when_it_changes(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "api/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\n");
    fake_tree_write(tree, "good.so", "not yet\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    fake_tree_copy(tree, "good", "good.so");
    assert_int_equal(find(tree, "good"), 0);
    assert_state(tree, "good", "loaded", "");
}

static void test_load_failed_init_is_tried_again_after_touch(void **state)
{
    struct fake_tree *tree = *state;
    struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    char path[256];

    fake_tree_copy(tree, "bad_init", "bad_init.so");
    fake_tree_write(tree, "api/50-bad_init.conf",
                    "module = bad_init\nprovides = pattern:bad_init\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "bad_init"), -TN_EMODULE);
    assert_int_equal(setenv("FIXTURE_INIT_PASSES", "1", 1), 0);
    assert_int_equal(find(tree, "bad_init"), -TN_EMODULE);
    snprintf(path, sizeof path, "%s", fake_tree_path(tree, "bad_init.so"));
    assert_int_equal(utimensat(-1, path, times, 0), 0);
    assert_int_equal(find(tree, "bad_init"), 0);
    assert_int_equal(unsetenv("FIXTURE_INIT_PASSES"), 0);
}

static void test_load_pinned_file_must_be_the_one(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\nsha256 = "
                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n");
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("is not the file that `sha256`");
}

static void test_load_switched_off_says_so(void **state)
{
    struct fake_tree *tree = *state;

    copy_good(tree);
    tree->config.allow_load = false;
    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("\"allow_load\" is 0");
}

static int probe(struct fake_tree *tree, const char *name)
{
    char path[4200];

    snprintf(path, sizeof path, "%s/%s.so", tree->modules, name);
    return tni_inspect_probe(tree->registry, path);
}

static void test_probe_tells_good_from_bad(void **state)
{
    struct fake_tree *tree = *state;

    assert_int_equal(fake_tree_open(tree), 0);
    assert_int_equal(probe(tree, "good"), 0);
    assert_int_equal(probe(tree, "layer_safe"), 0);
    assert_int_equal(probe(tree, "bad_op"), -TN_EMODULE);
    assert_says("bad_op.so: pattern bad_op: the op \"send\" is missing");
    assert_int_equal(probe(tree, "bad_init"), -TN_EMODULE);
    assert_says("zapper");
    assert_int_equal(probe(tree, "nothing_here"), -TN_EMODULE);
    assert_int_equal(tni_inspect_probe(tree->registry, "relative.so"), -TN_EMODULE);
#ifndef TENON_INSTRUMENTED
    assert_int_equal(probe(tree, "bad_constructor"), -TN_EMODULE);
    assert_says("constructors");
#endif
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_load_missing_file_says_so),
        TEST(test_load_no_symbol_is_no_module),
        TEST(test_load_other_symbol_was_renamed),
        TEST(test_load_other_version_symbol_says_abi),
        TEST(test_load_wrong_magic_says_so),
        TEST(test_load_other_major_says_abi),
        TEST(test_load_newer_minor_says_abi),
        TEST(test_load_short_descriptor_says_so),
        TEST(test_load_wrong_name_says_both),
        TEST(test_load_missing_op_names_it),
        TEST(test_load_undefined_function_names_it),
        TEST(test_load_undefined_data_names_it),
        TEST(test_load_failed_init_says_its_sentence),
        TEST(test_load_silent_init_says_its_code),
        TEST(test_load_feature_twice_names_it),
        TEST(test_load_bad_default_names_option),
        TEST(test_load_missing_requirement_names_it),
        TEST(test_load_text_file_is_not_elf),
        TEST(test_load_newer_minor_that_is_content),
        TEST(test_load_older_minor),
        TEST(test_load_op_without_its_companions_names_them),
        TEST(test_load_ops_without_their_flags_say_so),
        TEST(test_load_requirement_cycle_is_told),
        TEST(test_load_requirement_is_loaded_first),
        TEST(test_load_failed_requirement_is_asked_again),
        TEST(test_load_lying_manifest_is_told),
        TEST(test_load_lying_requires_is_told),
        TEST(test_load_world_writable_file_is_refused),
        TEST(test_load_world_writable_directory_is_refused),
        TEST(test_load_group_writable_file_depends_on_privilege),
        TEST(test_load_failed_file_is_tried_again_when_it_changes),
        TEST(test_load_failed_init_is_tried_again_after_touch),
        TEST(test_load_pinned_file_must_be_the_one),
        TEST(test_load_switched_off_says_so),
        TEST(test_probe_tells_good_from_bad),
    };

    if (!tni_dl_is_available()) {
        print_message("skipped: this build opens no modules at run time\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
