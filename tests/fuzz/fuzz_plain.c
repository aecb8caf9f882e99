/* PLAIN, both sides: the first byte says which; then a script of commands. Also each command by itself:
 * what is parsed and built again is the same bytes. */
#include "mechanism.h"

#include "mechanisms/plain/command.h"

extern const tn_module_t plain_LTX_tenon_module_v1;

static int is_server;

static int option(const tn_setup_t *setup, const char *name, tn_value_t *out_value)
{
    (void)setup;
    *out_value = (tn_value_t){.type = TN_OPTION_STR, .data = "name", .size = 4};
    if (strcmp(name, "server") == 0)
        *out_value = (tn_value_t){.type = TN_OPTION_BOOL, .number = is_server};
    return 0;
}

static void check_hello(const uint8_t *data, size_t size)
{
    struct plain_text user, password;
    struct plain_view view;
    uint8_t built[1024];

    if (plain_parse(data, size, &view) < 0 || view.command != PLAIN_HELLO ||
        plain_parse_hello(&view, &user, &password) < 0)
        return;
    CHECK(plain_build_hello(built, sizeof built, &user, &password) == (ssize_t)size);
    CHECK(memcmp(built, data, size) == 0);
    CHECK(plain_build_hello(built, size - 1, &user, &password) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const tn_mechanism_ops_t *ops = plain_LTX_tenon_module_v1.features[0]->ops;
    void *state = calloc(1, ops->state_size), *endpoint = calloc(1, ops->endpoint_state);
    tn_handshake_info_t info = {.size = sizeof info,
                                .metadata = (const uint8_t *)"\1a\0\0\0\1b",
                                .metadata_size = 7,
                                .endpoint_state = endpoint};
    tn_host_t own = host;
    uint8_t out[8192];

    CHECK(state && endpoint);
    own.setup_option = option;
    is_server = size > 0 && data[0] & 1;
    CHECK(ops->prepare(endpoint, NULL, &own, 1) == is_server);
    CHECK(ops->open(state, &own, &info) == is_server);
    CHECK((ops->next_command(state, out, sizeof out) > 0) == !is_server);
    if (size > 0)
        run_script(ops, state, data + 1, size - 1);
    ops->close(state);
    free(state);
    free(endpoint);
    check_hello(data, size);
    return 0;
}
