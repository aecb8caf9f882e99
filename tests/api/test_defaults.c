/* What sockets and contexts begin with: ours, the program's for its contexts, the deployment's for all. */
#include "api.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 128 };

struct deployment {
    char directory[PATH_SIZE];
    char file[2 * PATH_SIZE];
};

static void deploy(struct deployment *deployment, const char *text)
{
    FILE *file;

    snprintf(deployment->directory, sizeof deployment->directory, "/tmp/tenon-deploy-XXXXXX");
    assert_non_null(mkdtemp(deployment->directory));
    snprintf(deployment->file, sizeof deployment->file, "%s/70-limits.conf", deployment->directory);
    file = fopen(deployment->file, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(deployment->file, 0600), 0);
}

static void withdraw(const struct deployment *deployment)
{
    unlink(deployment->file);
    rmdir(deployment->directory);
}

static tn_ctx_t *deployed_ctx(const struct deployment *deployment)
{
    tn_ctx_t *ctx = tn_ctx_new();

    assert_non_null(ctx);
    assert_ok(tn_ctx_set_str(ctx, "plugins_d", deployment->directory));
    return ctx;
}

static void assert_option(tn_socket_t *socket, const char *name, int64_t expected)
{
    int64_t value = -2;

    assert_ok(tn_get_int(socket, name, &value));
    assert_int_equal(value, expected);
}

static void test_context_gives_its_sockets_defaults(void **state)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *socket;
    int64_t value;

    (void)state;
    assert_ok(tn_ctx_set_int(ctx, "socket.max_parts", 7));
    assert_ok(tn_ctx_set_str(ctx, "socket.stall_timeout", "0"));
    assert_ok(tn_ctx_get_int(ctx, "socket.max_parts", &value));
    assert_int_equal(value, 7);
    assert_code(tn_ctx_set_int(ctx, "socket.max_part", 7), -TN_ENOOPTION);
    assert_code(tn_ctx_set_int(ctx, "socket.max_parts", -7), -EINVAL);
    assert_code(tn_ctx_set_int(ctx, "socket.type", 1), -EACCES);
    assert_code(tn_ctx_set_int(ctx, "max_connection", 7), -TN_ENOOPTION);
    assert_non_null(strstr(tn_last_error(), "max_connections"));
    socket = tn_socket(ctx, "pull");
    assert_option(socket, "max_parts", 7);
    assert_option(socket, "stall_timeout", 0);
    assert_option(socket, "max_half_open_per_address", 64);
    assert_code(tn_ctx_set_int(ctx, "socket.max_parts", 8), -EBUSY);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

static void test_deployment_goes_before_the_context(void **state)
{
    struct deployment deployment;
    tn_ctx_t *ctx;
    tn_socket_t *socket;
    int64_t value;

    (void)state;
    deploy(&deployment, "socket.max_parts = 9\nsocket.max_connections_per_address = 100\n"
                        "socket.ipv6 = yes\ncontext.max_connections = 50\n");
    ctx = deployed_ctx(&deployment);
    assert_ok(tn_ctx_set_int(ctx, "socket.max_parts", 7));
    assert_ok(tn_ctx_set_int(ctx, "max_connections", 70));
    socket = tn_socket(ctx, "pull");
    assert_non_null(socket);
    assert_option(socket, "max_parts", 9);
    assert_option(socket, "max_connections_per_address", 100);
    assert_option(socket, "ipv6", 1);
    assert_ok(tn_ctx_get_int(ctx, "max_connections", &value));
    assert_int_equal(value, 50);
    assert_ok(tn_set_int(socket, "max_parts", 11)); /* the program's own word for this one */
    assert_option(socket, "max_parts", 11);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
    withdraw(&deployment);
}

static void assert_refused(const char *text, const char *reason)
{
    struct deployment deployment;
    tn_ctx_t *ctx;

    deploy(&deployment, text);
    ctx = deployed_ctx(&deployment);
    assert_null(tn_socket(ctx, "pull"));
    assert_int_equal(tn_last_code(), -TN_EMODULE);
    if (!strstr(tn_last_error(), reason) || !strstr(tn_last_error(), "70-limits.conf:2"))
        fail_msg("\"%s\" does not say %s", tn_last_error(), reason);
    assert_null(tn_socket(ctx, "pull"));
    api_ctx_end(ctx);
    withdraw(&deployment);
}

static void test_deployment_that_is_not_understood_is_not_ignored(void **state)
{
    (void)state;
    assert_refused("# limits\nsocket.max_part = 9\n", "max_parts");
    assert_refused("# limits\nsocket.max_parts = many\n", "many");
    assert_refused("# limits\nsocket.type = pull\n", "type");
    assert_refused("# limits\ncontext.max_connection = 9\n", "max_connections");
    assert_refused("# limits\ncontext.max_connections = -9\n", "-9");
}

struct found {
    const char *name;
    char value[64], source[512];
};

static int look(const tn_option_info_t *info, void *arg)
{
    struct found *found = arg;

    if (strcmp(info->name, found->name) != 0)
        return 0;
    snprintf(found->value, sizeof found->value, "%s", info->value);
    snprintf(found->source, sizeof found->source, "%s", info->source);
    return 1;
}

static void assert_told(tn_ctx_t *ctx, const char *of, const char *name, const char *value,
                        const char *source)
{
    struct found found = {.name = name};

    assert_int_equal(tn_feature_options(ctx, of, look, &found), 1);
    assert_string_equal(found.value, value);
    if (!strstr(found.source, source))
        fail_msg("%s comes from %s, not %s", name, found.source, source);
}

static void test_info_tells_where_values_come_from(void **state)
{
    struct deployment deployment;
    tn_ctx_t *ctx;

    (void)state;
    deploy(&deployment, "socket.max_parts = 9\ncontext.max_connections = 50\n");
    ctx = deployed_ctx(&deployment);
    assert_ok(tn_ctx_set_int(ctx, "socket.stall_timeout", 7));
    assert_told(ctx, "socket", "max_parts", "9", "70-limits.conf:1");
    assert_told(ctx, "socket", "stall_timeout", "7", "the program");
    assert_told(ctx, "socket", "max_half_open", "1024", "default");
    assert_told(ctx, "socket", "mechanism", "null", "default");
    assert_told(ctx, "context", "max_connections", "50", "70-limits.conf:2");
    assert_told(ctx, "context", "max_sockets", "65535", "default");
    api_ctx_end(ctx);
    withdraw(&deployment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_context_gives_its_sockets_defaults),
        cmocka_unit_test(test_deployment_goes_before_the_context),
        cmocka_unit_test(test_deployment_that_is_not_understood_is_not_ignored),
        cmocka_unit_test(test_info_tells_where_values_come_from),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
