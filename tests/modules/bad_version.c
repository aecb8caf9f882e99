/* Built for a later major version: the symbol itself says so. */
#include "fixture.h"

FIXTURE_FEATURES("bad_version");
extern TN_MODULE_EXPORT const tn_module_t bad_version_LTX_tenon_module_v2;
const tn_module_t bad_version_LTX_tenon_module_v2 = {TN_MODULE_HEAD("bad_version"), FIXTURE_BODY,
                                                     .features = fixture_features};
