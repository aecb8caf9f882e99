/* A transport of whole messages that joins nobody: no layer can stand on it. */
#include "fixture.h"

static int attach(tn_module_state_t *state, tn_endpoint_t *endpoint, const tn_host_t *host,
                  const char *address, unsigned role)
{
    (void)state;
    (void)endpoint;
    (void)host;
    (void)address;
    (void)role;
    return 0;
}

static void detach(tn_module_state_t *state, tn_endpoint_t *endpoint)
{
    (void)state;
    (void)endpoint;
}

static const tn_transport_ops_t ops = {.size = sizeof ops,
                                       .shape = TN_SHAPE_MESSAGE,
                                       .check = fixture_check,
                                       .attach = attach,
                                       .detach = detach};
static const tn_feature_t feature = {.size = sizeof feature,
                                     .kind = TN_TRANSPORT,
                                     .name = "parcel",
                                     .summary = "joins nobody",
                                     .priority = 50,
                                     .ops = &ops};
static const tn_feature_t pattern = {FIXTURE_FEATURE("parcel")};
static const tn_feature_t *const features[] = {&feature, &pattern, NULL};

TN_MODULE(parcel) = {TN_MODULE_HEAD("parcel"), FIXTURE_BODY, .features = features};
