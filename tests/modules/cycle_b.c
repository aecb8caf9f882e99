/* Requires cycle_a, which requires it. */
#include "fixture.h"

static const char *const requires[] = {"pattern:cycle_a", NULL};

FIXTURE_FEATURES("cycle_b");
TN_MODULE(cycle_b) = {TN_MODULE_HEAD("cycle_b"), FIXTURE_BODY, .requires = requires,
                      .features = fixture_features};
