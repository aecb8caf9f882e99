#include "pipeline.h"

static const tn_feature_t push =
    TN_PATTERN_FEATURE("push", "hands messages out to pull peers in turn", &tni_push_ops, NULL);

static const tn_feature_t pull =
    TN_PATTERN_FEATURE("pull", "collects messages from push peers fairly", &tni_pull_ops, NULL);

static const tn_feature_t scatter = TN_PATTERN_FEATURE(
    "scatter", "hands messages of one frame out to gather peers in turn", &tni_scatter_ops, NULL);

static const tn_feature_t gather = TN_PATTERN_FEATURE(
    "gather", "collects messages of one frame from scatter peers fairly", &tni_gather_ops, NULL);

/* A program that is to be small names some of them alone. */
#ifndef TN_ONLY
#define TN_ONLY &push, &pull, &scatter, &gather
#endif
static const tn_feature_t *const features[] = {TN_ONLY, NULL};

TN_MODULE(pipeline) = {
    TN_MODULE_HEAD("pipeline"), .version = "0.1.0",
    .license = "MIT",           .summary = "Pipeline: push, pull, scatter, gather",
    .features = features,
};
