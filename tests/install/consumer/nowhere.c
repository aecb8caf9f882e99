/* A transport that takes any address and joins nobody: the least that is a module. */
#include <tenon/transport.h>

static int check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)host;
    (void)address;
    (void)role;
    return 0;
}

static int attach(tn_module_state_t *state, tn_endpoint_t *endpoint, const tn_host_t *host,
                  const char *address, unsigned role)
{
    (void)state;
    (void)endpoint;
    (void)host;
    (void)address;
    (void)role;
    return 0;
}

static void detach(tn_module_state_t *state, tn_endpoint_t *endpoint)
{
    (void)state;
    (void)endpoint;
}

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_MESSAGE,
    .check = check,
    .attach = attach,
    .detach = detach,
};

static const tn_feature_t feature = {
    .size = sizeof feature,
    .kind = TN_TRANSPORT,
    .name = "nowhere",
    .summary = "takes any address and joins nobody",
    .priority = 50,
    .ops = &ops,
};

static const tn_feature_t *const features[] = {&feature, NULL};

TN_MODULE(nowhere) = {
    TN_MODULE_HEAD("nowhere"),           .version = "1.0",     .license = "MIT",
    .summary = "a transport for a test", .features = features,
};
