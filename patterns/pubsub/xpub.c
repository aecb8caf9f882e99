#include "pubsub.h"

#include <errno.h>

#include <tenon/tenon.h>

#include "inbox.h"
#include "publisher.h"

struct xpub {
    struct tni_publisher publisher; /* first */
    struct tni_inbox inbox;
    struct tn_topics
        *requested; /* manual: what the peers asked for, whatever the program made of it */
    tn_pipe_t *last; /* manual: whose request was read last */
    tn_msg_t welcome;
    bool has_welcome;
    bool is_verbose; /* shows all subscriptions  */
    bool is_verboser; /* and all cancellations    */
    bool is_manual;
    bool sends_to_last; /* the message after a request goes to whom it came from */
};

/* The program is told as far as memory goes; the subscription itself holds. */
static void tell(struct xpub *xpub, uint8_t first_byte, const uint8_t *topic, size_t size,
                 tn_pipe_t *pipe)
{
    const tn_host_t *host = xpub->publisher.host;

    if (tni_inbox_put_request(&xpub->inbox, first_byte, topic, size, pipe) != 0)
        host->sock_drop(xpub->publisher.sock, TN_DROP_UNREAD, 1);
}

static int hear_manual(struct xpub *xpub, tn_pipe_t *pipe, const uint8_t *topic, size_t size,
                       bool add)
{
    const tn_host_t *host = xpub->publisher.host;
    struct tni_publisher_pipe *own = host->pipe_state(pipe);
    int rc;

    if (add)
        rc = host->topics_add(xpub->requested, topic, size, pipe);
    else
        rc = host->topics_remove(xpub->requested, topic, size, pipe);
    if (add && (rc == 0 || rc == 1))
        tni_quota_add(&own->quota, size);
    else if (!add && rc >= 0)
        tni_quota_remove(&own->quota, size);
    if (rc == 2)
        rc = host->topics_remove(xpub->requested, topic, size, pipe);
    if (rc >= 0 || rc == -ENOENT)
        tell(xpub, add ? TNI_SUBSCRIBE_BYTE : TNI_CANCEL_BYTE, topic, size, pipe);
    return rc;
}

static int hear_request(struct xpub *xpub, tn_pipe_t *pipe, const tn_msg_t *request)
{
    const uint8_t *topic = tn_msg_bytes(request);
    size_t size = tn_msg_length(request);
    bool add = (request->flags & TN_MSG_SUBSCRIBE) != 0;
    bool shows_all = xpub->is_verboser || (add && xpub->is_verbose);
    int rc;

    if (xpub->is_manual)
        return hear_manual(xpub, pipe, topic, size, add);
    rc = tni_publisher_subscribe(&xpub->publisher, pipe, topic, size, add);
    if (rc == 1 || rc == -ENOENT || (rc == 0 && shows_all))
        tell(xpub, add ? TNI_SUBSCRIBE_BYTE : TNI_CANCEL_BYTE, topic, size, pipe);
    return rc;
}

static int xpub_heard(struct tni_publisher *publisher, tn_pipe_t *pipe, tn_msg_t *frame,
                      bool is_request)
{
    struct xpub *xpub = (struct xpub *)publisher;

    if (is_request)
        return hear_request(xpub, pipe, frame);
    if (tni_inbox_put(&xpub->inbox, frame, pipe) != 0)
        publisher->host->sock_drop(publisher->sock, TN_DROP_UNREAD, 1);
    return 0;
}

static void xpub_lost(const uint8_t *prefix, size_t size, int is_last, void *publisher)
{
    struct xpub *xpub = publisher;

    if (!xpub->is_manual && (is_last || xpub->is_verboser))
        tell(xpub, TNI_CANCEL_BYTE, prefix, size, NULL);
}

static void lost_request(const uint8_t *prefix, size_t size, int is_last, void *state)
{
    (void)is_last;
    tell(state, TNI_CANCEL_BYTE, prefix, size, NULL);
}

static void forget_requests(struct xpub *xpub, tn_pipe_t *pipe)
{
    tni_inbox_forget(&xpub->inbox, pipe);
    if (xpub->last == pipe)
        xpub->last = NULL;
    if (xpub->publisher.only == pipe)
        xpub->publisher.only = NULL;
    xpub->publisher.host->topics_forget(xpub->requested, pipe, lost_request, xpub);
}

static void xpub_closing(struct tni_publisher *publisher, tn_pipe_t *pipe)
{
    forget_requests((struct xpub *)publisher, pipe);
}

static int xpub_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct xpub *xpub = state;
    int rc;

    tni_inbox_init(&xpub->inbox, host);
    tn_msg_clear(&xpub->welcome);
    xpub->publisher.heard = xpub_heard;
    xpub->publisher.lost = xpub_lost;
    xpub->publisher.closing = xpub_closing;
    rc = tni_publisher_open(&xpub->publisher, sock, host);
    if (rc)
        return rc;
    xpub->requested = host->topics_new();
    if (xpub->requested)
        return 0;
    tni_publisher_close(&xpub->publisher);
    return -ENOMEM;
}

static void xpub_close(void *state)
{
    struct xpub *xpub = state;
    const tn_host_t *host = xpub->publisher.host;

    tni_inbox_fini(&xpub->inbox);
    host->msg_close(&xpub->welcome);
    host->topics_free(xpub->requested);
    tni_publisher_close(&xpub->publisher);
}

/* A subscriber that is full, or memory that is short, costs it the welcome. */
static void welcome(struct xpub *xpub, tn_pipe_t *pipe)
{
    const tn_host_t *host = xpub->publisher.host;
    tn_msg_t copy;

    if (!xpub->has_welcome)
        return;
    tn_msg_clear(&copy);
    if (host->msg_copy(&copy, &xpub->welcome) != 0 || host->pipe_write(pipe, &copy) != 0)
        host->sock_drop(xpub->publisher.sock, TN_DROP_HWM, 1);
    host->msg_close(&copy);
}

static int xpub_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    welcome(state, pipe);
    return tni_publisher_attach(state, pipe, pipe_state);
}

static void xpub_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    forget_requests(state, pipe);
    tni_publisher_detach(state, pipe, pipe_state);
}

static int xpub_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct xpub *xpub = state;

    if (xpub->publisher.host->pipe_connections(pipe) > 1) {
        forget_requests(xpub, pipe);
        if (!xpub->publisher.is_sending)
            welcome(xpub, pipe);
    }
    return tni_publisher_connected(&xpub->publisher, pipe, pipe_state);
}

static int xpub_recv(void *state, tn_msg_t *out_msg)
{
    struct xpub *xpub = state;
    int rc = tni_inbox_get(&xpub->inbox, out_msg, &xpub->last);

    if (rc == 0 && xpub->sends_to_last)
        xpub->publisher.only = xpub->last;
    return rc;
}

static unsigned xpub_poll(void *state)
{
    struct xpub *xpub = state;

    return TN_POLLOUT | (tni_inbox_is_empty(&xpub->inbox) ? 0u : TN_POLLIN);
}

/* The peer that asked may have gone while the program decided: then there is nothing to do. */
static int xpub_subscribe(void *state, const void *prefix, size_t size, int add)
{
    struct xpub *xpub = state;
    const tn_host_t *host = xpub->publisher.host;
    int rc;

    if (!xpub->is_manual)
        return host->set_error(host, -ENOTSUP,
                               "an xpub socket subscribes for its peers only with \"xpub_manual\"");
    if (!xpub->last)
        return 0;
    rc = tni_publisher_subscribe(&xpub->publisher, xpub->last, prefix, size, add != 0);
    return rc == -ENOMEM || rc == -EMSGSIZE ? rc : 0;
}

static int set_welcome(struct xpub *xpub, const tn_value_t *value)
{
    const tn_host_t *host = xpub->publisher.host;
    tn_msg_t message;
    int rc = host->msg_init_copy(&message, value->data, value->size);

    if (rc)
        return rc;
    host->msg_close(&xpub->welcome);
    xpub->welcome = message;
    xpub->has_welcome = value->size > 0;
    return 0;
}

static int xpub_set(void *state, unsigned index, const tn_value_t *value)
{
    struct xpub *xpub = state;
    bool is_on = value->number != 0;

    switch (index) {
    case XPUB_INVERT_MATCHING:
        xpub->publisher.is_inverted = is_on;
        xpub->publisher.may_repeat = false;
        break;
    case XPUB_NODROP:
        xpub->publisher.is_lossless = is_on;
        break;
    case XPUB_ONLY_FIRST_SUBSCRIBE:
        xpub->publisher.only_first = is_on;
        break;
    case XPUB_VERBOSE:
        xpub->is_verbose = is_on;
        break;
    case XPUB_VERBOSER:
        xpub->is_verboser = is_on;
        break;
    case XPUB_MANUAL:
        xpub->is_manual = is_on;
        break;
    case XPUB_MANUAL_LAST_VALUE:
        xpub->is_manual = xpub->sends_to_last = is_on;
        break;
    case XPUB_WELCOME_MSG:
        return set_welcome(xpub, value);
    default:
        break;
    }
    return 0;
}

static int xpub_get(void *state, unsigned index, tn_value_t *out_value)
{
    const struct xpub *xpub = state;
    const struct tni_publisher *publisher = &xpub->publisher;

    if (index == XPUB_MANUAL)
        return tni_get_number(out_value, xpub->is_manual);
    if (index != XPUB_TOPICS_COUNT)
        return -ENOTSUP;
    return tni_get_number(out_value, (int64_t)publisher->host->topics_count(publisher->topics));
}

static const char *const peers[] = {"SUB", "XSUB", NULL};
/* RFC 15: on the wire of ZMTP 2.0 these are PUB and SUB. */
static const tn_old_type_t old_types[] = {{"PUB", 1}, {"SUB", 2}, {"XSUB", 10}, {NULL, 0}};

const tn_pattern_ops_t tni_xpub_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_RECEIVES | TN_PATTERN_SUBSCRIBES |
             TN_PATTERN_TAKES_SUBSCRIPTIONS,
    .wire_name = "XPUB",
    .peers = peers,
    .old_types = old_types,
    .socket_state = sizeof(struct xpub),
    .pipe_state = sizeof(struct tni_publisher_pipe),
    .open = xpub_open,
    .close = xpub_close,
    .attach = xpub_attach,
    .detach = xpub_detach,
    .connected = xpub_connected,
    .readable = tni_publisher_readable,
    .send = tni_publisher_send,
    .recv = xpub_recv,
    .poll = xpub_poll,
    .set = xpub_set,
    .get = xpub_get,
    .subscribe = xpub_subscribe,
};
