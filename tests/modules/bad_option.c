/* The default of an option is out of its own range. */
#include "fixture.h"

static const tn_option_desc_t options[] = {
    TN_OPTION_INT_DESC("depth", "", 1, 5, 10, "too deep"),
    TN_OPTION_END,
};
static const tn_feature_t feature = {FIXTURE_FEATURE("bad_option"), .options = options};
static const tn_feature_t *const features[] = {&feature, NULL};

TN_MODULE(bad_option) = {TN_MODULE_HEAD("bad_option"), FIXTURE_BODY, .features = features};
