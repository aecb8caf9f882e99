/* Requires cycle_b, which requires it. */
#include "fixture.h"

static const char *const requires[] = {"pattern:cycle_b", NULL};

FIXTURE_FEATURES("cycle_a");
TN_MODULE(cycle_a) = {TN_MODULE_HEAD("cycle_a"), FIXTURE_BODY, .requires = requires,
                      .features = fixture_features};
