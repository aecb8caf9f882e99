#include "pair.h"

static const tn_feature_t pair = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "pair",
    .summary = "one peer, both ways",
    .priority = 50,
    .ops = &tni_pair_ops,
};

static const tn_feature_t channel = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "channel",
    .summary = "one peer, both ways, one frame a message",
    .priority = 50,
    .ops = &tni_channel_ops,
};

static const tn_feature_t *const features[] = {&pair, &channel, NULL};

TN_MODULE(pair) = {
    TN_MODULE_HEAD("pair"), .version = "0.1.0",
    .license = "MIT",       .summary = "Exclusive pair, channel",
    .features = features,
};
