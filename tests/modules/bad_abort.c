/* init takes the process with it: only a child may find out. */
#include <stdlib.h>

#include "fixture.h"

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)host;
    (void)out_state;
    abort();
}

FIXTURE_FEATURES("bad_abort");
TN_MODULE(bad_abort) = {TN_MODULE_HEAD("bad_abort"), FIXTURE_BODY, .features = fixture_features,
                        .init = init};
