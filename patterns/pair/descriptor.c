#include "pair.h"

static const tn_feature_t pair =
    TN_PATTERN_FEATURE("pair", "one peer, both ways", &tni_pair_ops, NULL);

static const tn_feature_t channel = TN_PATTERN_FEATURE(
    "channel", "one peer, both ways, one frame a message", &tni_channel_ops, NULL);

static const tn_feature_t *const features[] = {&pair, &channel, NULL};

TN_MODULE(pair) = {
    TN_MODULE_HEAD("pair"), .version = "0.1.0",
    .license = "MIT",       .summary = "Exclusive pair, channel",
    .features = features,
};
