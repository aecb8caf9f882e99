/* Good: built with the headers of a later minor version, whose structures are longer, and content with this
 * one. */
#define TN_ABI_MIN_MINOR 0
#include "fixture.h"

struct newer_option {
    tn_option_desc_t desc;
    const char *more;
};

struct newer_ops {
    tn_pattern_ops_t ops;
    int (*more)(void *state);
};

struct newer_feature {
    tn_feature_t feature;
    const void *more;
};

static int more(void *state)
{
    (void)state;
    return -1;
}

static const struct newer_option options[] = {
    {{sizeof(struct newer_option), TN_OPTION_INT, 0, "depth", "messages", "how deep", 1, 100, 10,
      NULL},
     "more"},
    {{sizeof(struct newer_option), TN_OPTION_BOOL, 0, "loud", "", "how loud", 0, 1, 1, NULL},
     "more"},
    {TN_OPTION_END, NULL},
};

static const struct newer_ops ops = {
    .ops = {.size = sizeof ops,
            .wire_name = "FIXTURE",
            .peers = fixture_peers,
            .open = fixture_open,
            .close = fixture_close,
            .attach = fixture_attach,
            .detach = fixture_detach,
            .poll = fixture_poll},
    .more = more,
};

static const struct newer_feature feature = {
    .feature = {.size = sizeof feature,
                .kind = TN_PATTERN,
                .name = "newer",
                .summary = "does nothing",
                .priority = 50,
                .ops = &ops,
                .options = &options[0].desc},
    .more = &ops,
};

static const tn_feature_t *const features[] = {&feature.feature, NULL};

/* It works with hosts that lack what came later, and asks. */
static int init(const tn_host_t *host, tn_module_state_t **out_state)
{
    (void)out_state;
    return TN_HOST_HAS(host, stream_wake_at) && host->size == sizeof *host ? 0 : -1;
}

TN_MODULE(newer) = {.magic = TN_MODULE_MAGIC,
                    .size = sizeof(tn_module_t),
                    .abi_major = TN_ABI_MAJOR,
                    .abi_minor = TN_ABI_MINOR + 1,
                    .abi_min_minor = TN_ABI_MIN_MINOR,
                    .name = "newer",
                    FIXTURE_BODY,
                    .features = features,
                    .init = init};
