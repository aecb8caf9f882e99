#include "pubsub.h"

#include <errno.h>

#include <tenon/tenon.h>

#include "publisher.h"

static unsigned pub_poll(void *state)
{
    (void)state;
    return TN_POLLOUT;
}

static int pub_set(void *state, unsigned index, const tn_value_t *value)
{
    struct tni_publisher *publisher = state;

    switch (index) {
    case PUB_INVERT_MATCHING:
        publisher->is_inverted = value->number != 0;
        break;
    case PUB_XPUB_NODROP:
        publisher->is_lossless = value->number != 0;
        break;
    case PUB_ONLY_FIRST_SUBSCRIBE:
        publisher->only_first = value->number != 0;
        break;
    default:
        break;
    }
    return 0;
}

static int pub_get(void *state, unsigned index, tn_value_t *out_value)
{
    struct tni_publisher *publisher = state;

    if (index != PUB_TOPICS_COUNT)
        return -ENOTSUP;
    return tni_get_number(out_value, (int64_t)publisher->host->topics_count(publisher->topics));
}

static const char *const peers[] = {"SUB", "XSUB", NULL};
static const tn_old_type_t old_types[] = {{"PUB", 1}, {"SUB", 2}, {"XSUB", 10}, {NULL, 0}};

const tn_pattern_ops_t tni_pub_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_CONFLATES | TN_PATTERN_ONE_PER_ENDPOINT |
             TN_PATTERN_TAKES_SUBSCRIPTIONS,
    .wire_name = "PUB",
    .peers = peers,
    .old_types = old_types,
    .socket_state = sizeof(struct tni_publisher),
    .pipe_state = sizeof(struct tni_publisher_pipe),
    .open = tni_publisher_open,
    .close = tni_publisher_close,
    .attach = tni_publisher_attach,
    .detach = tni_publisher_detach,
    .connected = tni_publisher_connected,
    .readable = tni_publisher_readable,
    .send = tni_publisher_send,
    .poll = pub_poll,
    .set = pub_set,
    .get = pub_get,
};
