/* Calls a function that nobody has. */
#include "fixture.h"

int nobody_has_this_function(void);

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)host;
    (void)out_state;
    return nobody_has_this_function();
}

FIXTURE_FEATURES("bad_function");
TN_MODULE(bad_function) = {TN_MODULE_HEAD("bad_function"), FIXTURE_BODY,
                           .features = fixture_features, .init = init};
