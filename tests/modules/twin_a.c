/* Good: provides the same pattern as twin_b. */
#include "fixture.h"

FIXTURE_FEATURES("twin");
TN_MODULE(twin_a) = {TN_MODULE_HEAD("twin_a"), FIXTURE_BODY, .features = fixture_features};
