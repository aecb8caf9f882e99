#include "pair.h"

static const tn_feature_t pair =
    TN_PATTERN_FEATURE("pair", "one peer, both ways", &tni_pair_ops, NULL);

static const tn_feature_t channel = TN_PATTERN_FEATURE(
    "channel", "one peer, both ways, one frame a message", &tni_channel_ops, NULL);

/* A program that is to be small names some of them alone. */
#ifndef TN_ONLY
#define TN_ONLY &pair, &channel
#endif
static const tn_feature_t *const features[] = {TN_ONLY, NULL};

TN_MODULE(pair) = {
    TN_MODULE_HEAD("pair"), .version = "0.1.0",
    .license = "MIT",       .summary = "Exclusive pair, channel",
    .features = features,
};
