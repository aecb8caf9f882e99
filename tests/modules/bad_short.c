/* The descriptor is shorter than the first version's. */
#include "fixture.h"

FIXTURE_FEATURES("bad_short");
TN_MODULE(bad_short) = {.magic = TN_MODULE_MAGIC,
                        .size = sizeof(tn_module_t) - 8,
                        .abi_major = TN_ABI_MAJOR,
                        .name = "bad_short",
                        FIXTURE_BODY,
                        .features = fixture_features};
