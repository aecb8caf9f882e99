/*
 * core_module.c: what the core itself provides to the registry: the mechanism NULL, described like
 * that of any module, so that `tenon info` lists it and policy can deny it.
 */
#include <tenon/tenon.h>

#include "session/core_module.h"
#include "zmtp/null.h"

static const tn_feature_t null_feature = {
    .size = sizeof(tn_feature_t),
    .kind = TN_MECHANISM,
    .name = "null",
    .summary = "no authentication and no encryption (RFC 23)",
    .priority = 50,
    .ops = &tni_null_mechanism,
};

static const tn_feature_t *const features[] = {&null_feature, NULL};

static const tn_module_t core_module = {
    TN_MODULE_HEAD("core"), .version = "0.1.0",
    .license = "MIT",       .summary = "what the core provides itself",
    .features = features,
};

const tn_module_t *const tni_core_modules[] = {&core_module, NULL};
