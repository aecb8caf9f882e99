#include "dgram.h"

static const tn_feature_t dgram = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "dgram",
    .summary = "sends and receives datagrams, each with its address",
    .priority = 50,
    .ops = &tni_dgram_ops,
};

static const tn_feature_t *const features[] = {&dgram, NULL};

TN_MODULE(dgram) = {
    TN_MODULE_HEAD("dgram"),       .version = "0.1.0",   .license = "MIT",
    .summary = "Datagrams: dgram", .features = features,
};
