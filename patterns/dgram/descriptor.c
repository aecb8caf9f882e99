#include "dgram.h"

static const tn_feature_t dgram = TN_PATTERN_FEATURE(
    "dgram", "sends and receives datagrams, each with its address", &tni_dgram_ops, NULL);

static const tn_feature_t *const features[] = {&dgram, NULL};

TN_MODULE(dgram) = {
    TN_MODULE_HEAD("dgram"),       .version = "0.1.0",   .license = "MIT",
    .summary = "Datagrams: dgram", .features = features,
};
