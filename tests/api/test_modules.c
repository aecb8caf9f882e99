/* Modules are loaded when they are used by name, and only those. */
#include "api.h"

#include <stdlib.h>
#include <unistd.h>

#include <tenon/module.h>

#include "../install/consumer/nowhere.c"

/** How many different shared objects of ours are mapped, libtenon itself apart, from lib/tenon/. */
static int count_mapped_modules(void)
{
    char line[512], seen[32][512];
    FILE *maps = fopen("/proc/self/maps", "r");
    int count = 0, i;

    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        char *path = strchr(line, '/');
        if (!path || !strstr(path, "/lib/tenon/") || !strstr(path, ".so"))
            continue;
        for (i = 0; i < count && strcmp(seen[i], path) != 0; i++)
            continue;
        if (i == count && count < 32)
            snprintf(seen[count++], sizeof(seen[0]), "%s", path);
    }
    fclose(maps);
    return count;
}

struct census {
    int features, loaded, transports, patterns;
    bool tcp_loaded, pull_loaded;
};

static int count_feature(const tn_module_info_t *info, void *arg)
{
    struct census *census = arg;
    bool is_loaded = strcmp(info->state, "loaded") == 0;

    census->features++;
    census->loaded += is_loaded;
    census->transports += strcmp(info->kind, "transport") == 0;
    census->patterns += strcmp(info->kind, "pattern") == 0;
    census->tcp_loaded |= is_loaded && strcmp(info->name, "tcp") == 0;
    census->pull_loaded |= is_loaded && strcmp(info->name, "pull") == 0;
    return 0;
}

static struct census take_census(tn_ctx_t *ctx)
{
    struct census census = {0};

    assert_ok(tn_modules(ctx, count_feature, &census));
    return census;
}

static bool is_built_in;

static int look_for_built_in(const tn_module_info_t *info, void *arg)
{
    (void)arg;
    is_built_in |= strcmp(info->name, "tcp") == 0 && strcmp(info->source, "built-in") == 0;
    return 0;
}

static void test_one_pull_on_tcp_maps_two_modules(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull;
    struct census census;

    (void)state;
    assert_ok(tn_modules(ctx, look_for_built_in, NULL));
    if (is_built_in) {
        print_message("the modules are linked in: nothing is loaded\n");
        api_ctx_end(ctx);
        return;
    }
    assert_int_equal(count_mapped_modules(), 0);
    census = take_census(ctx);
    assert_true(census.transports >= 3);
    assert_true(census.patterns >= 11);
    assert_int_equal(census.loaded, 0);
    pull = api_socket(ctx, "pull");
    assert_int_equal(count_mapped_modules(), 1);
    assert_ok(tn_bind(pull, API_TCP));
    assert_int_equal(count_mapped_modules(), 2);
    census = take_census(ctx);
    assert_true(census.tcp_loaded);
    assert_true(census.pull_loaded);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static int stop_at_once(const tn_module_info_t *info, void *arg)
{
    (void)info;
    ++*(int *)arg;
    return 7;
}

static void test_visitor_stops_the_list(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    int calls = 0;

    (void)state;
    assert_int_equal(tn_modules(ctx, stop_at_once, &calls), 7);
    assert_int_equal(calls, 1);
    api_ctx_end(ctx);
}

/* What the administrator says of a pattern's option is what its sockets begin with. */
static void test_deployment_sets_options_of_patterns(void **state)
{
    char directory[] = "/tmp/tenon_defaults_XXXXXX", path[sizeof(directory) + 16];
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket;
    int64_t value;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/90-strict.conf", directory);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("provides = pattern:router\noption.router_mandatory = yes\n", file);
    fclose(file);
    assert_ok(tn_ctx_set_str(ctx, "plugins_d", directory));
    socket = api_socket(ctx, "router");
    assert_ok(tn_get_int(socket, "router_mandatory", &value));
    assert_int_equal(value, 1);
    assert_code(tn_send(socket, "nobody", 6, TN_MORE), -EHOSTUNREACH);
    assert_ok(tn_set_int(socket, "router_mandatory", 0));
    assert_ok(tn_get_int(socket, "router_mandatory", &value));
    assert_int_equal(value, 0);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
    remove(path);
    rmdir(directory);
}

static void test_module_of_the_program_is_as_if_linked_in(void **state)
{
    static tn_module_t odd;
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *socket;

    (void)state;
    odd = nowhere_LTX_tenon_module_v1;
    odd.magic++;
    assert_int_equal(tn_ctx_add_module(ctx, NULL), -EINVAL);
    assert_int_equal(tn_ctx_add_module(ctx, &nowhere_LTX_tenon_module_v1), 0);
    socket = tn_socket(ctx, "pair");
    assert_int_equal(tn_bind(socket, "nowhere://a"), 0);
    assert_int_equal(tn_ctx_add_module(ctx, &nowhere_LTX_tenon_module_v1), -EBUSY);
    assert_int_equal(tn_close(socket), 0);
    assert_int_equal(tn_ctx_term(ctx, -1), 0);

    ctx = tn_ctx_new();
    assert_int_equal(tn_ctx_add_module(ctx, &odd), 0);
    socket = tn_socket(ctx, "pair");
    assert_int_equal(tn_bind(socket, "nowhere://a"), -TN_EMODULE);
    assert_int_equal(tn_close(socket), 0);
    assert_int_equal(tn_ctx_term(ctx, -1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_pull_on_tcp_maps_two_modules),
        cmocka_unit_test(test_visitor_stops_the_list),
        cmocka_unit_test(test_deployment_sets_options_of_patterns),
        cmocka_unit_test(test_module_of_the_program_is_as_if_linked_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
