/* init fails and says nothing. */
#include <errno.h>

#include "fixture.h"

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)host;
    (void)out_state;
    return -EPROTO;
}

FIXTURE_FEATURES("bad_silent");
TN_MODULE(bad_silent) = {TN_MODULE_HEAD("bad_silent"), FIXTURE_BODY, .features = fixture_features,
                         .init = init};
