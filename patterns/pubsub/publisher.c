#include "publisher.h"

#include <errno.h>

#include <tenon/tenon.h>

#include "pubsub.h"

int tni_publisher_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct tni_publisher *publisher = state;

    publisher->host = host;
    publisher->sock = sock;
    publisher->topics = host->topics_new();
    return publisher->topics ? 0 : -ENOMEM;
}

void tni_publisher_close(void *state)
{
    struct tni_publisher *publisher = state;

    if (publisher->topics)
        publisher->host->topics_free(publisher->topics);
    publisher->topics = NULL;
}

int tni_publisher_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct tni_publisher *publisher = state;

    struct tni_publisher_pipe *own = pipe_state;

    tni_quota_init(&own->quota, publisher->host, publisher->sock);
    publisher->host->fan_add(pipe);
    tni_publisher_readable(publisher, pipe, pipe_state);
    return 0;
}

static void forget(struct tni_publisher *publisher, tn_pipe_t *pipe, struct tni_publisher_pipe *own)
{
    publisher->host->topics_forget(publisher->topics, pipe, publisher->lost, publisher);
    publisher->subscriptions -= own->count;
    own->count = 0;
    tni_quota_clear(&own->quota);
    own->is_in_message = false;
    publisher->host->sock_subscriptions(publisher->sock, publisher->subscriptions);
}

void tni_publisher_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct tni_publisher *publisher = state;

    publisher->host->fan_remove(pipe);
    forget(publisher, pipe, pipe_state);
}

int tni_publisher_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct tni_publisher *publisher = state;

    if (publisher->host->pipe_connections(pipe) > 1)
        forget(publisher, pipe, pipe_state);
    tni_publisher_readable(publisher, pipe, pipe_state);
    return 0;
}

int tni_publisher_subscribe(struct tni_publisher *publisher, tn_pipe_t *pipe, const uint8_t *topic,
                            size_t size, bool add)
{
    const tn_host_t *host = publisher->host;
    struct tni_publisher_pipe *own = host->pipe_state(pipe);
    int rc;

    if (add)
        rc = host->topics_add(publisher->topics, topic, size, pipe);
    else
        rc = host->topics_remove(publisher->topics, topic, size, pipe);
    if (rc == 2)
        return host->topics_remove(publisher->topics, topic, size, pipe);
    if (rc < 0)
        return rc;
    own->count += add ? 1u : UINT64_MAX;
    publisher->subscriptions += add ? 1u : UINT64_MAX;
    host->sock_subscriptions(publisher->sock, publisher->subscriptions);
    return rc;
}

/* A request in its older form, as the flagged frame that it stands for. */
static bool read_request(tn_msg_t *frame, tn_msg_t *out_request)
{
    const uint8_t *body = tn_msg_bytes(frame);
    size_t size = tn_msg_length(frame);

    if (size == 0 || body[0] > TNI_SUBSCRIBE_BYTE)
        return false;
    tn_msg_borrow(out_request, body + 1, size - 1);
    out_request->flags = body[0] == TNI_SUBSCRIBE_BYTE ? TN_MSG_SUBSCRIBE : TN_MSG_CANCEL;
    return true;
}

static void let_go(struct tni_publisher *publisher, tn_pipe_t *pipe, struct tni_publisher_pipe *own)
{
    if (publisher->closing)
        publisher->closing(publisher, pipe);
    forget(publisher, pipe, own);
}

static void hear_request(struct tni_publisher *publisher, tn_pipe_t *pipe, tn_msg_t *request)
{
    struct tni_publisher_pipe *own = publisher->host->pipe_state(pipe);
    size_t size = tn_msg_length(request);
    uint64_t before = own->count;
    const char *option, *reason;
    int rc;

    if (publisher->heard)
        rc = publisher->heard(publisher, pipe, request, true);
    else
        rc = tni_publisher_subscribe(publisher, pipe, tn_msg_bytes(request), tn_msg_length(request),
                                     (request->flags & TN_MSG_SUBSCRIBE) != 0);
    /* The peer would wait in vain for what it asked for; when it comes back it asks anew. */
    if (rc == -ENOMEM) {
        let_go(publisher, pipe, own);
        publisher->host->pipe_close(pipe);
        return;
    }
    if (own->count > before)
        tni_quota_add(&own->quota, size);
    else if (own->count < before)
        tni_quota_remove(&own->quota, size);
    option = tni_quota_exceeded(&own->quota, &reason);
    if (option) {
        let_go(publisher, pipe, own);
        publisher->host->pipe_limit(pipe, option, reason);
    }
}

static void hear(struct tni_publisher *publisher, tn_pipe_t *pipe, struct tni_publisher_pipe *own,
                 tn_msg_t *frame)
{
    bool may_request = !own->is_in_message || !publisher->only_first;
    tn_msg_t request;

    own->is_in_message = (frame->flags & TN_MSG_MORE) != 0;
    if (frame->flags & (TN_MSG_SUBSCRIBE | TN_MSG_CANCEL)) {
        hear_request(publisher, pipe, frame);
    } else if (may_request && read_request(frame, &request)) {
        hear_request(publisher, pipe, &request);
    } else if (publisher->heard) {
        (void)publisher->heard(publisher, pipe, frame, false);
    }
}

void tni_publisher_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct tni_publisher *publisher = state;
    tn_msg_t frame;

    tn_msg_clear(&frame);
    while (publisher->host->pipe_read(pipe, &frame) == 0) {
        hear(publisher, pipe, pipe_state, &frame);
        tni_take(publisher->host, &frame);
    }
}

static void mark(void *who, void *arg)
{
    const struct tni_publisher *publisher = arg;

    if (!publisher->only || publisher->only == who)
        publisher->host->fan_match(who);
}

static bool repeat(struct tni_publisher *publisher, const tn_msg_t *frame)
{
    const tn_host_t *host = publisher->host;

    return publisher->may_repeat && !publisher->only &&
           host->topics_again(publisher->topics, tn_msg_bytes(frame), tn_msg_length(frame)) &&
           host->fan_repeat(publisher->sock);
}

/* Marks those who get the message that begins with `frame`. */
static int address(struct tni_publisher *publisher, const tn_msg_t *frame)
{
    const tn_host_t *host = publisher->host;

    if (!repeat(publisher, frame)) {
        host->topics_match(publisher->topics, tn_msg_bytes(frame), tn_msg_length(frame), mark,
                           publisher);
        if (publisher->is_inverted)
            host->fan_invert(publisher->sock);
        publisher->may_repeat = !publisher->only;
    }
    if (publisher->is_lossless && !host->fan_can_send(publisher->sock))
        return -EAGAIN;
    return 0;
}

int tni_publisher_send(void *state, tn_msg_t *msg)
{
    struct tni_publisher *publisher = state;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    int rc = 0;

    if (!publisher->is_sending)
        rc = address(publisher, msg);
    if (rc == 0)
        rc = publisher->host->fan_send(publisher->sock, msg);
    if (rc == 0)
        publisher->is_sending = has_more;
    if (rc == 0)
        publisher->only = NULL;
    return rc;
}
