#include "pipeline.h"

static const tn_feature_t push = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "push",
    .summary = "hands messages out to pull peers in turn",
    .priority = 50,
    .ops = &tni_push_ops,
};

static const tn_feature_t pull = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "pull",
    .summary = "collects messages from push peers fairly",
    .priority = 50,
    .ops = &tni_pull_ops,
};

static const tn_feature_t scatter = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "scatter",
    .summary = "hands messages of one frame out to gather peers in turn",
    .priority = 50,
    .ops = &tni_scatter_ops,
};

static const tn_feature_t gather = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "gather",
    .summary = "collects messages of one frame from scatter peers fairly",
    .priority = 50,
    .ops = &tni_gather_ops,
};

static const tn_feature_t *const features[] = {&push, &pull, &scatter, &gather, NULL};

TN_MODULE(pipeline) = {
    TN_MODULE_HEAD("pipeline"), .version = "0.1.0",
    .license = "MIT",           .summary = "Pipeline: push, pull, scatter, gather",
    .features = features,
};
