/* Provides one feature twice. */
#include "fixture.h"

static const tn_feature_t feature = {FIXTURE_FEATURE("bad_twice")};
static const tn_feature_t *const features[] = {&feature, &feature, NULL};

TN_MODULE(bad_twice) = {TN_MODULE_HEAD("bad_twice"), FIXTURE_BODY, .features = features};
