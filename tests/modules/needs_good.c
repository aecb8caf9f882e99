/* Requires the pattern of the module good. */
#include "fixture.h"

static const char *const requires[] = {"pattern:good", NULL};

FIXTURE_FEATURES("needs_good");
TN_MODULE(needs_good) = {TN_MODULE_HEAD("needs_good"), FIXTURE_BODY, .requires = requires,
                         .features = fixture_features};
