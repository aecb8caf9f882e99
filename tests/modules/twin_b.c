/* Good: provides the same pattern as twin_a. */
#include "fixture.h"

FIXTURE_FEATURES("twin");
TN_MODULE(twin_b) = {TN_MODULE_HEAD("twin_b"), FIXTURE_BODY, .features = fixture_features};
