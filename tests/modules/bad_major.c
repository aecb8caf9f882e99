/* The descriptor tells of another major version. */
#include "fixture.h"

FIXTURE_FEATURES("bad_major");
TN_MODULE(bad_major) = {.magic = TN_MODULE_MAGIC,
                        .size = sizeof(tn_module_t),
                        .abi_major = TN_ABI_MAJOR + 1,
                        .name = "bad_major",
                        FIXTURE_BODY,
                        .features = fixture_features};
