#include "pair.h"

static const tn_feature_t pair = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "pair",
    .summary = "one peer, both ways",
    .priority = 50,
    .ops = &tni_pair_ops,
};

static const tn_feature_t *const features[] = {&pair, NULL};

TN_MODULE(pair) = {
    TN_MODULE_HEAD("pair"),      .version = "0.1.0",   .license = "MIT",
    .summary = "Exclusive pair", .features = features,
};
