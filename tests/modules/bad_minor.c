/* Needs a newer host. */
#include "fixture.h"

FIXTURE_FEATURES("bad_minor");
TN_MODULE(bad_minor) = {.magic = TN_MODULE_MAGIC,
                        .size = sizeof(tn_module_t),
                        .abi_major = TN_ABI_MAJOR,
                        .abi_minor = TN_ABI_MINOR + 1,
                        .abi_min_minor = TN_ABI_MINOR + 1,
                        .name = "bad_minor",
                        FIXTURE_BODY,
                        .features = fixture_features};
