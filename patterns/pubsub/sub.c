#include "pubsub.h"

#include <errno.h>
#include <stdbool.h>

#include <tenon/tenon.h>

#include "subscriber.h"

struct sub {
    struct tni_subscriber subscriber; /* first */
    tn_msg_t first; /* found by poll, owned, not yet received */
    bool has_first;
    bool is_receiving; /* in the middle of a message */
    bool is_inverted;
};

static int sub_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct sub *sub = state;

    tn_msg_clear(&sub->first);
    return tni_subscriber_open(&sub->subscriber, sock, host);
}

static void sub_close(void *state)
{
    struct sub *sub = state;

    sub->subscriber.host->msg_close(&sub->first);
    tni_subscriber_close(&sub->subscriber);
}

static void sub_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct sub *sub = state;

    (void)pipe_state;
    sub->subscriber.host->fq_ready(pipe);
}

static bool is_wanted(const struct sub *sub, const void *body, size_t size)
{
    const struct tni_subscriber *subscriber = &sub->subscriber;
    bool has_match = subscriber->host->topics_has_match(subscriber->topics, body, size) != 0;

    return has_match != sub->is_inverted;
}

static int sub_wants(void *state, const void *body, size_t size)
{
    const struct sub *sub = state;

    return !sub->has_first && is_wanted(sub, body, size);
}

static void skip(struct sub *sub, tn_msg_t *frame)
{
    const tn_host_t *host = sub->subscriber.host;
    bool has_more = (frame->flags & TN_MSG_MORE) != 0;

    tni_take(host, frame);
    while (has_more && host->fq_recv(sub->subscriber.sock, frame, NULL) == 0) {
        has_more = (frame->flags & TN_MSG_MORE) != 0;
        tni_take(host, frame);
    }
    host->sock_drop(sub->subscriber.sock, TN_DROP_FILTERED, 1);
}

/* The first frame of the next message that somebody here wants: cancelled topics are still under way,
 * and not every publisher filters. */
static int recv_first(struct sub *sub, tn_msg_t *out_msg)
{
    for (;;) {
        int rc = sub->subscriber.host->fq_recv(sub->subscriber.sock, out_msg, NULL);

        if (rc)
            return rc;
        if (is_wanted(sub, tn_msg_bytes(out_msg), tn_msg_length(out_msg)))
            return 0;
        skip(sub, out_msg);
    }
}

static int sub_recv(void *state, tn_msg_t *out_msg)
{
    struct sub *sub = state;
    int rc = 0;

    if (sub->has_first) {
        *out_msg = sub->first;
        tn_msg_clear(&sub->first);
        sub->has_first = false;
    } else if (sub->is_receiving) {
        rc = sub->subscriber.host->fq_recv(sub->subscriber.sock, out_msg, NULL);
    } else {
        rc = recv_first(sub, out_msg);
    }
    if (rc == 0)
        sub->is_receiving = (out_msg->flags & TN_MSG_MORE) != 0;
    return rc;
}

static unsigned sub_poll(void *state)
{
    struct sub *sub = state;
    const tn_host_t *host = sub->subscriber.host;

    if (sub->has_first || sub->is_receiving)
        return TN_POLLIN;
    if (recv_first(sub, &sub->first) != 0) {
        tn_msg_clear(&sub->first);
        return 0;
    }
    if (host->msg_own(&sub->first) != 0) {
        skip(sub, &sub->first);
        return 0;
    }
    sub->has_first = true;
    return TN_POLLIN;
}

static int sub_subscribe(void *state, const void *prefix, size_t size, int add)
{
    return tni_subscriber_change(state, prefix, size, add != 0, false);
}

static int sub_set(void *state, unsigned index, const tn_value_t *value)
{
    struct sub *sub = state;

    if (index == SUB_INVERT_MATCHING)
        sub->is_inverted = value->number != 0;
    return 0;
}

static int sub_get(void *state, unsigned index, tn_value_t *out_value)
{
    struct tni_subscriber *subscriber = state;

    if (index != SUB_TOPICS_COUNT)
        return -ENOTSUP;
    return tni_get_number(out_value, (int64_t)subscriber->host->topics_count(subscriber->topics));
}

static const char *const peers[] = {"PUB", "XPUB", NULL};
static const tn_old_type_t old_types[] = {{"SUB", 2}, {"PUB", 1}, {"XPUB", 9}, {NULL, 0}};

const tn_pattern_ops_t tni_sub_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_RECEIVES | TN_PATTERN_REBUILDS | TN_PATTERN_CONFLATES |
             TN_PATTERN_ONE_PER_ENDPOINT | TN_PATTERN_SUBSCRIBES | TN_PATTERN_TAKES_TURNS,
    .wire_name = "SUB",
    .peers = peers,
    .old_types = old_types,
    .socket_state = sizeof(struct sub),
    .pipe_state = sizeof(struct tni_subscriber_pipe),
    .open = sub_open,
    .close = sub_close,
    .attach = tni_subscriber_attach,
    .detach = tni_subscriber_detach,
    .connected = tni_subscriber_connected,
    .readable = sub_readable,
    .recv = sub_recv,
    .poll = sub_poll,
    .set = sub_set,
    .get = sub_get,
    .subscribe = sub_subscribe,
    .wants = sub_wants,
};
