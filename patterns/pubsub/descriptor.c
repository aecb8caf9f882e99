#include "pubsub.h"

#define INVERT_MATCHING_DESC                                                                       \
    TN_OPTION_BOOL_DESC("invert_matching", 0, "send, or deliver, what no subscription matches")
#define NODROP_DESC                                                                                \
    TN_OPTION_BOOL_DESC("xpub_nodrop", 0, "wait for, not drop for, a subscriber that is full")
#define ONLY_FIRST_SUBSCRIBE_DESC                                                                  \
    TN_OPTION_BOOL_DESC("only_first_subscribe", 0,                                                 \
                        "look for subscriptions in the first frame of a message only")
#define TOPICS_COUNT_DESC                                                                          \
    {                                                                                              \
        sizeof(tn_option_desc_t), TN_OPTION_INT, TN_OPTION_NO_SET, "topics_count", "",             \
            "how many different prefixes are subscribed to", 0, INT64_MAX, 0, NULL                 \
    }

static const tn_option_desc_t pub_options[] = {
    INVERT_MATCHING_DESC, NODROP_DESC, ONLY_FIRST_SUBSCRIBE_DESC, TOPICS_COUNT_DESC, TN_OPTION_END,
};

static const tn_option_desc_t sub_options[] = {
    INVERT_MATCHING_DESC,
    TOPICS_COUNT_DESC,
    TN_OPTION_END,
};

static const tn_option_desc_t xpub_options[] = {
    INVERT_MATCHING_DESC,
    NODROP_DESC,
    ONLY_FIRST_SUBSCRIBE_DESC,
    TOPICS_COUNT_DESC,
    TN_OPTION_BOOL_DESC("xpub_verbose", 0, "show each subscription, not only new ones"),
    TN_OPTION_BOOL_DESC("xpub_verboser", 0, "show each subscription and each cancellation"),
    TN_OPTION_BOOL_DESC("xpub_manual", 0,
                        "the program subscribes for the peer whose request it has read"),
    TN_OPTION_BLOB_DESC("xpub_welcome_msg", 1 << 20, "sent to each new subscriber"),
    TN_OPTION_BOOL_DESC("xpub_manual_last_value", 0,
                        "as xpub_manual; what is sent next goes to that peer alone"),
    TN_OPTION_END,
};

static const tn_option_desc_t xsub_options[] = {
    ONLY_FIRST_SUBSCRIBE_DESC,
    TN_OPTION_BOOL_DESC("xsub_verbose_unsubscribe", 0,
                        "pass each cancellation on, not only the last of a topic"),
    TOPICS_COUNT_DESC,
    TN_OPTION_END,
};

static const tn_feature_t pub = TN_PATTERN_FEATURE(
    "pub", "sends to all that subscribed, never waits", &tni_pub_ops, pub_options);

static const tn_feature_t sub =
    TN_PATTERN_FEATURE("sub", "receives what it subscribes to", &tni_sub_ops, sub_options);

static const tn_feature_t xpub = TN_PATTERN_FEATURE(
    "xpub", "pub that receives the subscriptions as messages", &tni_xpub_ops, xpub_options);

static const tn_feature_t xsub = TN_PATTERN_FEATURE(
    "xsub", "sub that sends its subscriptions as messages", &tni_xsub_ops, xsub_options);

/* A program that is to be small names some of them alone. */
#ifndef TN_ONLY
#define TN_ONLY &pub, &sub, &xpub, &xsub
#endif
static const tn_feature_t *const features[] = {TN_ONLY, NULL};

TN_MODULE(pubsub) = {
    TN_MODULE_HEAD("pubsub"), .version = "0.1.0",
    .license = "MIT",         .summary = "Publish and subscribe: pub, sub, xpub, xsub",
    .features = features,
};
