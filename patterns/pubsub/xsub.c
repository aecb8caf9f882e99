#include "pubsub.h"

#include <errno.h>
#include <stdbool.h>

#include <tenon/tenon.h>

#include "subscriber.h"

struct xsub {
    struct tni_subscriber subscriber; /* first */
    bool is_sending; /* in the middle of a message                 */
    bool is_passing; /* frames of it have gone to the peers        */
    bool only_first;
    bool tells_all_cancels;
};

static int xsub_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct xsub *xsub = state;
    int rc = tni_subscriber_attach(&xsub->subscriber, pipe, pipe_state);

    if (rc == 0)
        xsub->subscriber.host->fan_add(pipe);
    return rc;
}

static void xsub_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct xsub *xsub = state;

    xsub->subscriber.host->fan_remove(pipe);
    tni_subscriber_detach(&xsub->subscriber, pipe, pipe_state);
}

/* A new connection must not get the second half of a message: what was written of it is gone. */
static int xsub_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct xsub *xsub = state;

    if (xsub->subscriber.host->pipe_connections(pipe) > 1) {
        xsub->subscriber.host->fan_remove(pipe);
        xsub->subscriber.host->fan_add(pipe);
    }
    return tni_subscriber_connected(&xsub->subscriber, pipe, pipe_state);
}

static void xsub_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct xsub *xsub = state;

    (void)pipe_state;
    xsub->subscriber.host->fq_ready(pipe);
}

static int change(struct xsub *xsub, tn_msg_t *msg)
{
    const uint8_t *body = tn_msg_bytes(msg);
    bool add = body[0] == TNI_SUBSCRIBE_BYTE;
    int rc = tni_subscriber_change(&xsub->subscriber, body + 1, tn_msg_length(msg) - 1, add,
                                   xsub->tells_all_cancels);

    if (rc == 0)
        tni_take(xsub->subscriber.host, msg);
    return rc;
}

/* Frames after the first go on in the fan-out's message, which the first of them has begun. */
static int pass(struct xsub *xsub, tn_msg_t *msg)
{
    const tn_host_t *host = xsub->subscriber.host;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;

    if (!xsub->is_passing)
        host->fan_match_all(xsub->subscriber.sock);
    xsub->is_passing = has_more;
    return host->fan_send(xsub->subscriber.sock, msg);
}

/* A request inside of a message that is on its way would cut it: RFC 29 knows none. */
static bool is_request(const struct xsub *xsub, const tn_msg_t *msg)
{
    if (xsub->is_passing || (xsub->is_sending && xsub->only_first))
        return false;
    return tn_msg_length(msg) > 0 && tn_msg_bytes(msg)[0] <= TNI_SUBSCRIBE_BYTE;
}

static int xsub_send(void *state, tn_msg_t *msg)
{
    struct xsub *xsub = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    int rc = is_request(xsub, msg) ? change(xsub, msg) : pass(xsub, msg);

    if (rc == 0)
        xsub->is_sending = has_more;
    return rc;
}

static int xsub_recv(void *state, tn_msg_t *out_msg)
{
    struct xsub *xsub = state;

    return xsub->subscriber.host->fq_recv(xsub->subscriber.sock, out_msg, NULL);
}

static unsigned xsub_poll(void *state)
{
    struct xsub *xsub = state;

    return TN_POLLOUT |
           (xsub->subscriber.host->fq_can_recv(xsub->subscriber.sock, NULL) ? TN_POLLIN : 0u);
}

static int xsub_set(void *state, unsigned index, const tn_value_t *value)
{
    struct xsub *xsub = state;

    if (index == XSUB_ONLY_FIRST_SUBSCRIBE)
        xsub->only_first = value->number != 0;
    else if (index == XSUB_VERBOSE_UNSUBSCRIBE)
        xsub->tells_all_cancels = value->number != 0;
    return 0;
}

static int xsub_get(void *state, unsigned index, tn_value_t *out_value)
{
    struct tni_subscriber *subscriber = state;

    if (index != XSUB_TOPICS_COUNT)
        return -ENOTSUP;
    return tni_get_number(out_value, (int64_t)subscriber->host->topics_count(subscriber->topics));
}

static const char *const peers[] = {"PUB", "XPUB", NULL};
/* RFC 15: on the wire of ZMTP 2.0 these are SUB and PUB. */
static const tn_old_type_t old_types[] = {{"SUB", 2}, {"PUB", 1}, {"XPUB", 9}, {NULL, 0}};

const tn_pattern_ops_t tni_xsub_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_REBUILDS | TN_PATTERN_TAKES_TURNS,
    .wire_name = "XSUB",
    .peers = peers,
    .old_types = old_types,
    .socket_state = sizeof(struct xsub),
    .pipe_state = sizeof(struct tni_subscriber_pipe),
    .open = tni_subscriber_open,
    .close = tni_subscriber_close,
    .attach = xsub_attach,
    .detach = xsub_detach,
    .connected = xsub_connected,
    .readable = xsub_readable,
    .send = xsub_send,
    .recv = xsub_recv,
    .poll = xsub_poll,
    .set = xsub_set,
    .get = xsub_get,
};
