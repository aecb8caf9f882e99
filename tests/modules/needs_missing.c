/* Requires a feature that there is not. */
#include "fixture.h"

static const char *const requires[] = {"transport:nowhere", NULL};

FIXTURE_FEATURES("needs_missing");
TN_MODULE(needs_missing) = {TN_MODULE_HEAD("needs_missing"), FIXTURE_BODY, .requires = requires,
                            .features = fixture_features};
