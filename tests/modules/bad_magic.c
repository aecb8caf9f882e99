/* The first four bytes are something else's. */
#include "fixture.h"

FIXTURE_FEATURES("bad_magic");
TN_MODULE(bad_magic) = {.magic = 0x12345678,
                        .size = sizeof(tn_module_t),
                        .abi_major = TN_ABI_MAJOR,
                        .name = "bad_magic",
                        FIXTURE_BODY,
                        .features = fixture_features};
