/* What a deployment's files decide: replacement, masks, selection, deny, alias, required. */
#include <errno.h>
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

static const char manifest_tcp[] = "module = tcp\nprovides = transport:tcp\n";
static const char manifest_safe[] = "module = layer_safe\nprovides = transport:safe\n";
static const char manifest_alias[] = "module = layer_safe\nprovides = transport:safe\n"
                                     "alias = transport:tcp\n";
static const char manifest_open[] = "module = layer_open\nprovides = transport:open\n";
static const char manifest_wire[] = "module = wire\nprovides = transport:wire\n";
static const char manifest_good[] = "module = good\nprovides = pattern:good pattern:better\n";

static int setup(void **state)
{
    static struct fake_tree tree;

    fake_tree_init(&tree);
    fake_tree_write(&tree, "vendor/50-tcp.conf", manifest_tcp);
    fake_tree_write(&tree, "vendor/50-wire.conf", manifest_wire);
    fake_tree_write(&tree, "vendor/50-safe.conf", manifest_safe);
    fake_tree_write(&tree, "vendor/50-open.conf", manifest_open);
    fake_tree_write(&tree, "vendor/50-good.conf", manifest_good);
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

static void assert_opens(struct fake_tree *tree)
{
    if (fake_tree_open(tree) != 0)
        fail_msg("%s", tni_error_text());
}

static void assert_chain(struct fake_tree *tree, const char *scheme, const char *expected)
{
    char chain[128];

    if (tni_inspect_chain(tree->registry, scheme, chain, sizeof chain) != 0)
        fail_msg("%s: %s", scheme, tni_error_text());
    assert_string_equal(chain, expected);
}

static void assert_no_chain(struct fake_tree *tree, const char *scheme, int code, const char *why)
{
    struct tni_scheme chain;

    assert_int_equal(tni_registry_endpoint(tree->registry, scheme, &chain), code);
    assert_says(why);
}

static int find_state(const tn_module_info_t *info, void *arg)
{
    const char **wanted = arg; /* feature, module, state to be */

    if (strcmp(info->name, wanted[0]) != 0 || strcmp(info->module, wanted[1]) != 0)
        return 0;
    if (strcmp(info->state, wanted[2]) != 0)
        fail_msg("%s of %s is %s: %s", info->name, info->module, info->state, info->reason);
    return 1;
}

static void assert_state(struct fake_tree *tree, const char *feature, const char *module,
                         const char *state)
{
    const char *wanted[] = {feature, module, state};

    assert_int_equal(tni_inspect_modules(tree->registry, find_state, wanted), 1);
}

/* ------------------------------------------------------------------ files */

static void test_files_empty_one_masks(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/50-good.conf", "# not here\n\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("is hidden by");
    assert_state(tree, "good", "good", "masked");
}

static void test_files_higher_one_replaces(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-twin.conf", "module = twin_a\nprovides = pattern:twin\n");
    fake_tree_write(tree, "api/50-twin.conf", "module = twin_b\nprovides = pattern:twin\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "twin"), 0);
    assert_state(tree, "twin", "twin_b", "loaded");
    assert_state(tree, "twin", "twin_a", "masked");
}

static void test_files_never_masks(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "environment/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\nload = never\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_state(tree, "good", "good", "masked");
}

static void test_files_environment_is_ignored_when_secure(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "environment/50-good.conf", "");
    assert_int_equal(setenv("TENON_MODULES", "^wire", 1), 0);
    tree->places.is_secure = true;
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), 0);
    assert_chain(tree, "wire", "wire");
}

static void test_files_match_is_for_one_program(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/60-other.conf", "match = other\ndeny = pattern:good\n");
    fake_tree_write(tree, "administrator/61-tester.conf",
                    "match = some tester\ndeny = pattern:better\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), 0);
    assert_int_equal(find(tree, "better"), -TN_EDENIED);
}

static void test_files_world_writable_one_is_not_read(void **state)
{
    struct fake_tree *tree = *state;

    assert_int_equal(chmod(fake_tree_path(tree, "vendor/50-good.conf"), 0666), 0);
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("50-good.conf is writable by everybody");
    fake_tree_close(tree);
    fake_tree_write(tree, "administrator/60-policy.conf", "deny = pattern:good\n");
    assert_int_equal(chmod(fake_tree_path(tree, "administrator/60-policy.conf"), 0666), 0);
    assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
    assert_says("so its policy is not known");
}

static void test_files_link_is_judged_where_it_leads(void **state)
{
    struct fake_tree *tree = *state;
    char manifest[256], real[256];

    snprintf(manifest, sizeof manifest, "%s", fake_tree_path(tree, "vendor/50-good.conf"));
    snprintf(real, sizeof real, "%s", fake_tree_path(tree, "elsewhere/50-good.conf"));
    assert_int_equal(mkdir(fake_tree_path(tree, "elsewhere"), 0755), 0);
    assert_int_equal(rename(manifest, real), 0);
    assert_int_equal(symlink(real, manifest), 0);
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), 0);
    fake_tree_close(tree);
    assert_int_equal(chmod(fake_tree_path(tree, "elsewhere"), 0777), 0);
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("elsewhere is writable by everybody");
}

static void test_files_unclear_policy_is_an_error(void **state)
{
    struct fake_tree *tree = *state;
    static const char *const texts[] = {"deny = transprot:tcp\n", "denny = transport:tcp\n",
                                        "deny\n", "required = maybe\n", "alias = pattern:good\n"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fake_tree_write(tree, "administrator/60-policy.conf", texts[i]);
        assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
        assert_says("60-policy.conf:1: ");
    }
}

static void test_files_wrong_module_line_fails_that_module(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\npriority = high\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_says("50-good.conf:3: priority must be");
    assert_chain(tree, "wire", "wire");
}

/* ------------------------------------------------------------------ selection */

static void test_selection_includes(void **state)
{
    struct fake_tree *tree = *state;

    tree->config.modules = "tcp,pattern:good";
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), 0);
    assert_int_equal(find(tree, "better"), -TN_EMODULE);
    assert_says("is excluded by the module selection");
    assert_chain(tree, "tcp", "tcp");
    assert_no_chain(tree, "wire", -TN_EMODULE, "is excluded by the module selection");
    assert_state(tree, "wire", "wire", "excluded");
}

static void test_selection_excludes(void **state)
{
    struct fake_tree *tree = *state;

    assert_int_equal(setenv("TENON_MODULES", "^wire,pattern:good", 1), 0);
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), -TN_EMODULE);
    assert_int_equal(find(tree, "better"), 0);
    assert_no_chain(tree, "wire", -TN_EMODULE, "is excluded by the module selection");
    assert_chain(tree, "tcp", "tcp");
}

static void test_selection_mixed_is_an_error(void **state)
{
    struct fake_tree *tree = *state;

    tree->config.modules = "tcp,^wire";
    assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
    assert_says("mixes");
}

static void test_selection_unknown_name_is_an_error(void **state)
{
    struct fake_tree *tree = *state;
    static const char *const texts[] = {"tcp,wier", "^wier"};

    for (int i = 0; i < 2; i++) {
        tree->config.modules = texts[i];
        assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
        assert_says("names wier, which no manifest provides; did you mean \"wire\"?");
    }
    tree->config.modules = "layer:tcp";
    assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
    assert_says("not NAME or KIND:NAME");
}

static void test_selection_higher_priority_shadows(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-twin_a.conf", "module = twin_a\nprovides = pattern:twin\n");
    fake_tree_write(tree, "vendor/50-twin_b.conf",
                    "module = twin_b\nprovides = pattern:twin\npriority = 60\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "twin"), 0);
    assert_state(tree, "twin", "twin_b", "loaded");
    assert_state(tree, "twin", "twin_a", "shadowed");
}

static void test_selection_tie_goes_by_file_name(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-twin_b.conf", "module = twin_b\nprovides = pattern:twin\n");
    fake_tree_write(tree, "vendor/40-twin.conf", "module = twin_a\nprovides = pattern:twin\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "twin"), 0);
    assert_state(tree, "twin", "twin_a", "loaded");
}

static void test_selection_failed_one_has_no_substitute(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-twin_a.conf", "module = twin_a\nprovides = pattern:twin\n");
    fake_tree_write(tree, "vendor/50-twin.conf",
                    "module = /nowhere/twin.so\nprovides = pattern:twin\npriority = 60\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "twin"), -TN_EMODULE);
    assert_says("/nowhere/twin.so");
}

static void test_selection_unknown_feature_names_the_nearest(void **state)
{
    struct fake_tree *tree = *state;

    assert_opens(tree);
    assert_int_equal(find(tree, "bettr"), -TN_EMODULE);
    assert_says("did you mean \"better\"?");
    assert_no_chain(tree, "tpc", -TN_EMODULE, "did you mean \"tcp\"?");
    assert_int_equal(find(tree, "NOT A NAME"), -TN_EMODULE);
    assert_int_equal(find(tree, "GOOD"), -TN_EMODULE);
    assert_says("did you mean \"good\"?");
}

/* ------------------------------------------------------------------ chains */

static void test_chain_layers_stand_on_what_is_written(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-parcel.conf",
                    "module = parcel\nprovides = transport:parcel pattern:parcel\n");
    assert_opens(tree);
    assert_chain(tree, "tcp", "tcp");
    assert_chain(tree, "safe", "safe+tcp");
    assert_chain(tree, "safe+wire", "safe+wire");
    assert_chain(tree, "open+safe", "open+safe+tcp");
    assert_chain(tree, "parcel", "parcel");
    assert_no_chain(tree, "tcp+wire", -EINVAL, "\"tcp\" is not a layer");
    assert_no_chain(tree, "safe+parcel", -EINVAL, "no layer can stand on it");
    assert_no_chain(tree, "safe+", -EINVAL, "is not a scheme");
    assert_no_chain(tree, "", -EINVAL, "is not a scheme");
    assert_no_chain(tree, "open+open+open+open+open+open+open", -EINVAL, "more than 6 layers");
}

static void test_chain_alias_moves_endpoints_and_does_not_recurse(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/50-safe.conf", manifest_alias);
    assert_opens(tree);
    assert_chain(tree, "tcp", "safe+tcp");
    assert_chain(tree, "safe", "safe+tcp");
    assert_chain(tree, "open+tcp", "open+tcp");
    assert_chain(tree, "wire", "wire");
}

static void test_chain_alias_applies_once(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/50-safe.conf", manifest_alias);
    fake_tree_write(tree, "administrator/50-wire.conf",
                    "module = wire\nprovides = transport:wire\nalias = transport:safe\n");
    assert_opens(tree);
    assert_chain(tree, "tcp", "safe+tcp");
    assert_chain(tree, "safe", "wire");
}

static void test_chain_alias_to_excluded_target_fails(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/50-safe.conf", manifest_alias);
    tree->config.modules = "^safe";
    assert_opens(tree);
    assert_no_chain(tree, "tcp", -TN_EMODULE, "is moved to \"safe\" by policy");
    assert_says("excluded");
}

static void test_chain_deny_reaches_unprotected_chains(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/60-policy.conf", "deny = transport:tcp\n");
    assert_opens(tree);
    assert_no_chain(tree, "tcp", -TN_EDENIED, "deny = transport:tcp");
    assert_no_chain(tree, "open", -TN_EDENIED, "without a layer above that protects it");
    assert_no_chain(tree, "open+tcp", -TN_EDENIED, "60-policy.conf:1");
    assert_chain(tree, "safe", "safe+tcp");
    assert_chain(tree, "safe+open", "safe+open+tcp");
    assert_chain(tree, "open+safe+tcp", "open+safe+tcp");
    assert_chain(tree, "open+wire", "open+wire");
    assert_state(tree, "tcp", "tcp", "denied");
}

static void test_chain_denied_transport_is_not_even_opened(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-wire.conf",
                    "module = /nowhere/wire.so\nprovides = transport:wire\n");
    fake_tree_write(tree, "vendor/60-policy.conf", "deny = transport:wire\n");
    assert_opens(tree);
    assert_no_chain(tree, "wire", -TN_EDENIED, "deny = transport:wire");
}

static void test_chain_deny_layer_reaches_all(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/60-policy.conf", "deny = layer:tcp\n");
    assert_opens(tree);
    assert_no_chain(tree, "tcp", -TN_EDENIED, "deny = layer:tcp");
    assert_no_chain(tree, "safe", -TN_EDENIED, "deny = layer:tcp");
    assert_no_chain(tree, "open+safe+tcp", -TN_EDENIED, "deny = layer:tcp");
    assert_chain(tree, "safe+wire", "safe+wire");
}

static void test_chain_alias_and_deny_go_together(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/50-safe.conf", manifest_alias);
    fake_tree_write(tree, "administrator/60-policy.conf", "deny = transport:tcp\n");
    assert_opens(tree);
    assert_chain(tree, "tcp", "safe+tcp");
    assert_no_chain(tree, "open+tcp", -TN_EDENIED, "deny = transport:tcp");
}

/* ------------------------------------------------------------------ the administrator */

static void test_administrator_deny_cannot_be_lifted(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/60-policy.conf", "deny = pattern:good transport:tcp\n");
    fake_tree_write(tree, "environment/60-policy.conf", "");
    fake_tree_write(tree, "api/60-policy.conf", "# nothing is denied\n");
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), -TN_EDENIED);
    assert_no_chain(tree, "tcp", -TN_EDENIED, "administrator/60-policy.conf:1");
}

static void test_vendor_deny_can_be_lifted(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/60-policy.conf", "deny = pattern:good\n");
    fake_tree_write(tree, "administrator/60-policy.conf", "");
    assert_opens(tree);
    assert_int_equal(find(tree, "good"), 0);
}

static void test_administrator_alias_cannot_be_lifted(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/50-safe.conf", manifest_alias);
    fake_tree_write(tree, "api/50-safe.conf", manifest_safe);
    fake_tree_write(tree, "api/70-wire.conf",
                    "module = wire\nprovides = transport:wire\nalias = transport:tcp\n");
    assert_opens(tree);
    assert_chain(tree, "tcp", "safe+tcp");
    fake_tree_close(tree);
    fake_tree_write(tree, "api/50-safe.conf", "");
    fake_tree_write(tree, "environment/50-safe.conf", "");
    assert_opens(tree);
    assert_no_chain(tree, "tcp", -TN_EMODULE, "is moved to \"safe\" by policy");
}

static void test_administrator_required_cannot_be_lifted(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "administrator/50-wire.conf",
                    "module = wire\nprovides = transport:wire\nrequired = yes\n");
    fake_tree_write(tree, "api/50-wire.conf", "");
    assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
    assert_says("50-wire.conf:3 requires transport:wire");
    fake_tree_write(tree, "api/50-wire.conf", manifest_wire);
    tree->config.modules = "^wire";
    assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
    assert_says("excluded");
}

/* ------------------------------------------------------------------ when to load, options */

static void test_required_module_must_load(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\nrequired = yes\n");
    assert_opens(tree);
    assert_state(tree, "good", "good", "loaded");
    fake_tree_close(tree);
    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = bad_init\nprovides = pattern:bad_init\nrequired = yes\n");
    assert_int_equal(fake_tree_open(tree), -TN_EMODULE);
    assert_says("zapper");
}

static void test_eager_module_may_fail(void **state)
{
    struct fake_tree *tree = *state;

    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\nload = eager\n");
    fake_tree_write(tree, "vendor/50-bad.conf",
                    "module = bad_init\nprovides = pattern:bad_init\nload = eager\n");
    assert_opens(tree);
    assert_state(tree, "good", "good", "loaded");
    assert_state(tree, "bad_init", "bad_init", "failed");
}

static int check_option(const tn_option_info_t *info, void *arg)
{
    const char **wanted = arg; /* name, value, part of the source */

    if (strcmp(info->name, wanted[0]) != 0)
        return 0;
    assert_string_equal(info->value, wanted[1]);
    if (!strstr(info->source, wanted[2]))
        fail_msg("%s comes from %s", info->name, info->source);
    return 1;
}

static void assert_option(struct fake_tree *tree, const char *name, const char *value,
                          const char *source)
{
    const char *wanted[] = {name, value, source};

    assert_int_equal(tni_inspect_options(tree->registry, "good", check_option, wanted), 1);
}

static void test_options_come_from_manifests(void **state)
{
    struct fake_tree *tree = *state;
    const struct tni_feature *feature;
    tn_value_t value;

    fake_tree_write(tree, "vendor/50-good.conf",
                    "module = good\nprovides = pattern:good pattern:better\n"
                    "option.depth = 20\noption.loud = yes\n");
    fake_tree_write(tree, "administrator/60-site.conf",
                    "provides = pattern:good\noption.depth = 30\noption.greeting = good day\n");
    assert_opens(tree);
    assert_option(tree, "depth", "30", "60-site.conf:2");
    assert_option(tree, "loud", "yes", "50-good.conf:4");
    assert_option(tree, "greeting", "good day", "60-site.conf:3");
    assert_option(tree, "seed", "", "default");
    assert_int_equal(tni_registry_find(tree->registry, TN_PATTERN, "good", &feature), 0);
    assert_int_equal(tni_registry_default(tree->registry, feature, "greeting", &value, NULL), 0);
    assert_int_equal(value.size, strlen("good day"));
    assert_string_equal(value.data, "good day");
    assert_int_equal(tni_registry_default(tree->registry, feature, "none", &value, NULL),
                     -TN_ENOOPTION);
}

/* An option's name does not tell of what kind its owner is. */
static void test_options_of_a_missing_module_say_why(void **state)
{
    struct fake_tree *tree = *state;
    const struct tni_feature *feature;

    fake_tree_write(tree, "vendor/50-guard.conf", "module = guard\nprovides = mechanism:guard\n");
    fake_tree_write(tree, "vendor/50-locked.conf",
                    "module = locked\nprovides = mechanism:locked\nload = never\n");
    tree->config.modules = "^guard";
    assert_opens(tree);
    assert_int_equal(tni_registry_owner(tree->registry, "absent", &feature), -TN_EMODULE);
    assert_says("no manifest provides a transport, mechanism or authenticator \"absent\"");
    assert_int_equal(tni_registry_owner(tree->registry, "guard", &feature), -TN_EMODULE);
    assert_says("the mechanism \"guard\"");
    assert_says("is excluded by the module selection");
    assert_int_equal(tni_registry_owner(tree->registry, "locked", &feature), -TN_EMODULE);
    assert_says("the mechanism \"locked\" is switched off by `load = never`");
}

static void test_options_wrong_one_fails_the_module(void **state)
{
    struct fake_tree *tree = *state;
    static const char *const lines[][2] = {
        {"option.dept = 3\n", "there is no option \"dept\"; did you mean \"depth\"?"},
        {"option.depth = 101\n", "option depth is \"101\", not a number from 1 to 100"},
        {"option.loud = perhaps\n", "not yes or no"},
        {"option.seed = abc\n", "cannot be set in a manifest"},
        {"option.greeting = this is far too long to be a greeting\n", "not a text from 0 to 16"},
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char text[200];

        snprintf(text, sizeof text, "%s%s", manifest_good, lines[i][0]);
        fake_tree_write(tree, "vendor/50-good.conf", text);
        assert_opens(tree);
        assert_int_equal(find(tree, "good"), -TN_EMODULE);
        assert_says(lines[i][1]);
        assert_says("50-good.conf:3");
        fake_tree_close(tree);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_files_empty_one_masks),
        TEST(test_files_higher_one_replaces),
        TEST(test_files_never_masks),
        TEST(test_files_environment_is_ignored_when_secure),
        TEST(test_files_match_is_for_one_program),
        TEST(test_files_world_writable_one_is_not_read),
        TEST(test_files_link_is_judged_where_it_leads),
        TEST(test_files_unclear_policy_is_an_error),
        TEST(test_files_wrong_module_line_fails_that_module),
        TEST(test_selection_includes),
        TEST(test_selection_excludes),
        TEST(test_selection_mixed_is_an_error),
        TEST(test_selection_unknown_name_is_an_error),
        TEST(test_selection_higher_priority_shadows),
        TEST(test_selection_tie_goes_by_file_name),
        TEST(test_selection_failed_one_has_no_substitute),
        TEST(test_selection_unknown_feature_names_the_nearest),
        TEST(test_chain_layers_stand_on_what_is_written),
        TEST(test_chain_alias_moves_endpoints_and_does_not_recurse),
        TEST(test_chain_alias_applies_once),
        TEST(test_chain_alias_to_excluded_target_fails),
        TEST(test_chain_deny_reaches_unprotected_chains),
        TEST(test_chain_denied_transport_is_not_even_opened),
        TEST(test_chain_deny_layer_reaches_all),
        TEST(test_chain_alias_and_deny_go_together),
        TEST(test_administrator_deny_cannot_be_lifted),
        TEST(test_vendor_deny_can_be_lifted),
        TEST(test_administrator_alias_cannot_be_lifted),
        TEST(test_administrator_required_cannot_be_lifted),
        TEST(test_required_module_must_load),
        TEST(test_eager_module_may_fail),
        TEST(test_options_come_from_manifests),
        TEST(test_options_of_a_missing_module_say_why),
        TEST(test_options_wrong_one_fails_the_module),
    };

    if (!tni_dl_is_available()) {
        print_message("skipped: this build opens no modules at run time\n");
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
