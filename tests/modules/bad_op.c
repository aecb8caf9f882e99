/* A required op is missing. */
#include "fixture.h"

static const tn_pattern_ops_t ops = {
    .size = sizeof ops,
    .flags = TN_PATTERN_SENDS,
    .wire_name = "FIXTURE",
    .peers = fixture_peers,
    .open = fixture_open,
    .close = fixture_close,
    .attach = fixture_attach,
    .detach = fixture_detach,
    .poll = fixture_poll,
};
static const tn_feature_t feature = {.size = sizeof feature,
                                     .kind = TN_PATTERN,
                                     .name = "bad_op",
                                     .summary = "sends, but has no send",
                                     .priority = 50,
                                     .ops = &ops};
static const tn_feature_t *const features[] = {&feature, NULL};

/* Keeps the shared ops in use. */
static const void *const unused = &fixture_ops;

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)host;
    (void)out_state;
    return unused ? 0 : -1;
}

TN_MODULE(bad_op) = {TN_MODULE_HEAD("bad_op"), FIXTURE_BODY, .features = features, .init = init};
