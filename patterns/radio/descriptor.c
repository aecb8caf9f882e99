#include "radio.h"

static const tn_option_desc_t radio_options[] = {
    TN_OPTION_BOOL_DESC("xpub_nodrop", 0, "wait for, not drop for, a member that is full"),
    TN_OPTION_END,
};

static const tn_feature_t radio =
    TN_PATTERN_FEATURE("radio", "sends to all that joined the message's group, never waits",
                       &tni_radio_ops, radio_options);

static const tn_feature_t dish = TN_PATTERN_FEATURE(
    "dish", "receives the messages of the groups that it joins", &tni_dish_ops, NULL);

/* A program that is to be small names some of them alone. */
#ifndef TN_ONLY
#define TN_ONLY &radio, &dish
#endif
static const tn_feature_t *const features[] = {TN_ONLY, NULL};

TN_MODULE(radio) = {
    TN_MODULE_HEAD("radio"),          .version = "0.1.0",   .license = "MIT",
    .summary = "Groups: radio, dish", .features = features,
};
