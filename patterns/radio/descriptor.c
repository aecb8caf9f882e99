#include "radio.h"

static const tn_option_desc_t radio_options[] = {
    TN_OPTION_BOOL_DESC("xpub_nodrop", 0, "wait for, not drop for, a member that is full"),
    TN_OPTION_END,
};

static const tn_feature_t radio = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "radio",
    .summary = "sends to all that joined the message's group, never waits",
    .priority = 50,
    .ops = &tni_radio_ops,
    .options = radio_options,
};

static const tn_feature_t dish = {
    .size = sizeof(tn_feature_t),
    .kind = TN_PATTERN,
    .name = "dish",
    .summary = "receives the messages of the groups that it joins",
    .priority = 50,
    .ops = &tni_dish_ops,
};

static const tn_feature_t *const features[] = {&radio, &dish, NULL};

TN_MODULE(radio) = {
    TN_MODULE_HEAD("radio"),          .version = "0.1.0",   .license = "MIT",
    .summary = "Groups: radio, dish", .features = features,
};
