/* Right symbol, wrong name in the descriptor. */
#include "fixture.h"

FIXTURE_FEATURES("bad_name");
TN_MODULE(bad_name) = {TN_MODULE_HEAD("other_name"), FIXTURE_BODY, .features = fixture_features};
