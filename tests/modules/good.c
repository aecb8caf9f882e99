/* Good: two patterns, options of each type, a state, and a count of init and fini for the tests. */
#include "fixture.h"

static const tn_option_desc_t options[] = {
    TN_OPTION_INT_DESC("depth", "messages", 1, 100, 10, "how deep it is"),
    TN_OPTION_BOOL_DESC("loud", 0, "whether it is loud"),
    TN_OPTION_STR_DESC("greeting", 16, "hello", "what it says"),
    TN_OPTION_BLOB_DESC("seed", 32, "what it starts from"),
    TN_OPTION_END,
};

static const tn_feature_t first = {FIXTURE_FEATURE("good"), .options = options};
static const tn_feature_t second = {FIXTURE_FEATURE("better")};
static const tn_feature_t *const features[] = {&first, &second, NULL};

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    *out_state = host->alloc(64);
    return *out_state ? 0 : -12;
}

static void fini(const tn_host_t *host, tn_module_state_t *state)
{
    host->free(state);
}

TN_MODULE(good) = {TN_MODULE_HEAD("good"), FIXTURE_BODY, .features = features, .init = init,
                   .fini = fini};
