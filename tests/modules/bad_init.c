/* init fails with a sentence, until a variable of the environment lets it pass. */
#include <errno.h>
#include <stdlib.h>

#include "fixture.h"

static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)out_state;
    if (getenv("FIXTURE_INIT_PASSES"))
        return 0;
    return host->set_error(host, -ENODEV, "there is no such device as %s", "zapper");
}

FIXTURE_FEATURES("bad_init");
TN_MODULE(bad_init) = {TN_MODULE_HEAD("bad_init"), FIXTURE_BODY, .features = fixture_features,
                       .init = init};
