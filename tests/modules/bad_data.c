/* Refers to data that nobody has. */
#include "fixture.h"

extern const int nobody_has_this_data;

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)host;
    (void)out_state;
    return nobody_has_this_data;
}

FIXTURE_FEATURES("bad_data");
TN_MODULE(bad_data) = {TN_MODULE_HEAD("bad_data"), FIXTURE_BODY, .features = fixture_features,
                       .init = init};
