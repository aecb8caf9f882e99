#include "subscriber.h"

#include <errno.h>

int tni_subscriber_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct tni_subscriber *subscriber = state;

    subscriber->host = host;
    subscriber->sock = sock;
    subscriber->topics = host->topics_new();
    return subscriber->topics ? 0 : -ENOMEM;
}

void tni_subscriber_close(void *state)
{
    struct tni_subscriber *subscriber = state;

    subscriber->host->topics_free(subscriber->topics);
}

static int tell(const tn_host_t *host, tn_pipe_t *pipe, const void *prefix, size_t size, bool add)
{
    tn_msg_t request;

    tn_msg_borrow(&request, prefix, size);
    request.flags = add ? TN_MSG_SUBSCRIBE : TN_MSG_CANCEL;
    return host->pipe_write(pipe, &request);
}

struct resend {
    const tn_host_t *host;
    tn_pipe_t *pipe;
};

static int resend_one(const uint8_t *prefix, size_t size, uint32_t count, void *arg)
{
    struct resend *resend = arg;

    (void)count;
    return tell(resend->host, resend->pipe, prefix, size, true);
}

/* A peer that has gone in the meantime is not told, and not missed. */
static int tell_all_to(struct tni_subscriber *subscriber, tn_pipe_t *pipe)
{
    struct resend resend = {subscriber->host, pipe};
    int rc = subscriber->host->topics_each(subscriber->topics, resend_one, &resend);

    return rc == -EPIPE ? 0 : rc;
}

int tni_subscriber_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct tni_subscriber *subscriber = state;
    struct tni_subscriber_pipe *item = pipe_state;
    int rc = tell_all_to(subscriber, pipe);

    if (rc)
        return rc;
    item->pipe = pipe;
    item->prev = NULL;
    item->next = subscriber->pipes;
    if (item->next)
        item->next->prev = item;
    subscriber->pipes = item;
    subscriber->host->fq_add(pipe);
    return 0;
}

void tni_subscriber_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct tni_subscriber *subscriber = state;
    struct tni_subscriber_pipe *item = pipe_state;

    if (item->prev)
        item->prev->next = item->next;
    else
        subscriber->pipes = item->next;
    if (item->next)
        item->next->prev = item->prev;
    subscriber->host->fq_remove(pipe);
}

int tni_subscriber_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct tni_subscriber *subscriber = state;

    (void)pipe_state;
    if (subscriber->host->pipe_connections(pipe) <= 1)
        return 0;
    return tell_all_to(subscriber, pipe);
}

static int tell_everyone(struct tni_subscriber *subscriber, const void *prefix, size_t size,
                         bool add)
{
    struct tni_subscriber_pipe *item;
    int failure = 0;

    for (item = subscriber->pipes; item; item = item->next) {
        int rc = tell(subscriber->host, item->pipe, prefix, size, add);

        if (rc && rc != -EPIPE)
            failure = rc;
    }
    return failure;
}

static void count(struct tni_subscriber *subscriber)
{
    subscriber->host->sock_subscriptions(subscriber->sock,
                                         subscriber->host->topics_count(subscriber->topics));
}

static int add_one(struct tni_subscriber *subscriber, const void *prefix, size_t size)
{
    const tn_host_t *host = subscriber->host;
    int added = host->topics_add(subscriber->topics, prefix, size, subscriber);
    int rc;

    if (added < 0)
        return added;
    rc = tell_everyone(subscriber, prefix, size, true);
    if (rc) {
        (void)host->topics_remove(subscriber->topics, prefix, size, subscriber);
        if (added == 1)
            (void)tell_everyone(subscriber, prefix, size, false);
        return rc;
    }
    count(subscriber);
    return 0;
}

/* What is cancelled here is filtered here, so a peer that could not be told does no harm. */
static int remove_one(struct tni_subscriber *subscriber, const void *prefix, size_t size,
                      bool tells_all)
{
    const tn_host_t *host = subscriber->host;
    int rc = host->topics_remove(subscriber->topics, prefix, size, subscriber);

    if (rc == 1 || tells_all)
        (void)tell_everyone(subscriber, prefix, size, false);
    if (rc == 1)
        count(subscriber);
    return 0;
}

int tni_subscriber_change(struct tni_subscriber *subscriber, const void *prefix, size_t size,
                          bool add, bool tells_all)
{
    return add ? add_one(subscriber, prefix, size)
               : remove_one(subscriber, prefix, size, tells_all);
}
