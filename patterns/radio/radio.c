#include "radio.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <tenon/tenon.h>

#include "../common/quota.h"
#include "groups.h"

struct radio {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tni_groups groups;
    struct radio_pipe *deaf;
    uint64_t memberships;
    bool is_lossless; /* "xpub_nodrop" */
};

struct radio_pipe {
    struct tni_membership *first;
    struct tni_quota quota;
    bool is_deaf; /* datagrams: it gets everything */
    tn_pipe_t *pipe;
    struct radio_pipe *next, *prev; /* of those */
};

static int radio_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct radio *radio = state;

    radio->host = host;
    radio->sock = sock;
    return tni_groups_init(&radio->groups, host);
}

static void radio_close(void *state)
{
    struct radio *radio = state;

    tni_groups_fini(&radio->groups);
}

static void count(struct radio *radio, uint64_t change)
{
    radio->memberships += change;
    radio->host->sock_subscriptions(radio->sock, radio->memberships);
}

static void forget(struct radio *radio, struct radio_pipe *own)
{
    size_t memberships = tni_groups_leave_all(&radio->groups, &own->first);

    tni_quota_clear(&own->quota);
    if (memberships)
        count(radio, (uint64_t)0 - memberships);
}

/* -ENOMEM: the peer would wait in vain. */
static int hear(struct radio *radio, tn_pipe_t *pipe, struct radio_pipe *own, const tn_msg_t *frame)
{
    const uint8_t *name = tn_msg_bytes(frame);
    size_t size = tn_msg_length(frame);
    int rc = 0;

    if (size > TNI_GROUP_MAX)
        return 0; /* no message has such a group */
    if (frame->flags & TN_MSG_JOIN)
        rc = tni_groups_join(&radio->groups, name, size, pipe, &own->first);
    else if (frame->flags & TN_MSG_LEAVE)
        rc = -tni_groups_leave(&radio->groups, name, size, pipe, &own->first);
    if (rc == -ENOMEM)
        return rc;
    if (rc > 0)
        tni_quota_add(&own->quota, size);
    else if (rc < 0)
        tni_quota_remove(&own->quota, size);
    if (rc)
        count(radio, rc > 0 ? 1u : UINT64_MAX);
    return 0;
}

static void radio_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct radio *radio = state;
    struct radio_pipe *own = pipe_state;
    const char *option = NULL, *reason;
    tn_msg_t frame;
    int rc = 0;

    tn_msg_clear(&frame);
    while (rc == 0 && !option && radio->host->pipe_read(pipe, &frame) == 0) {
        rc = hear(radio, pipe, own, &frame);
        radio->host->msg_close(&frame);
        option = tni_quota_exceeded(&own->quota, &reason);
    }
    if (option) {
        forget(radio, own);
        radio->host->pipe_limit(pipe, option, reason);
        return;
    }
    if (rc < 0) { /* when it comes back it joins anew */
        forget(radio, pipe_state);
        radio->host->pipe_close(pipe);
    }
}

static int radio_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct radio *radio = state;
    struct radio_pipe *own = pipe_state;

    radio->host->fan_add(pipe);
    tni_quota_init(&own->quota, radio->host, radio->sock);
    own->is_deaf = radio->host->pipe_is_deaf(pipe) != 0;
    if (!own->is_deaf)
        return 0;
    own->pipe = pipe;
    own->next = radio->deaf;
    if (own->next)
        own->next->prev = own;
    radio->deaf = own;
    return 0;
}

static void forget_deaf(struct radio *radio, struct radio_pipe *own)
{
    if (own->prev)
        own->prev->next = own->next;
    else
        radio->deaf = own->next;
    if (own->next)
        own->next->prev = own->prev;
}

static void radio_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct radio *radio = state;

    struct radio_pipe *own = pipe_state;

    radio->host->fan_remove(pipe);
    forget(radio, own);
    if (own->is_deaf)
        forget_deaf(radio, own);
}

/* What the peer of an earlier connection joined is not what this one wants. */
static int radio_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct radio *radio = state;

    if (radio->host->pipe_connections(pipe) > 1)
        forget(radio, pipe_state);
    return 0;
}

static void address(struct radio *radio, const char *name, size_t size)
{
    const struct tni_group *group = tni_groups_find(&radio->groups, name, size);

    for (struct tni_membership *item = group ? group->members : NULL; item;
         item = item->next_member)
        radio->host->fan_match(item->pipe);
    for (struct radio_pipe *own = radio->deaf; own; own = own->next)
        radio->host->fan_match(own->pipe);
}

static int radio_send(void *state, tn_msg_t *msg)
{
    struct radio *radio = state;
    const tn_host_t *host = radio->host;
    const char *name = msg->group ? msg->group : "";
    size_t size = strlen(name);
    tn_msg_t head;
    int rc;

    address(radio, name, size);
    if (radio->is_lossless && !host->fan_can_send(radio->sock))
        return -EAGAIN;
    tn_msg_borrow(&head, name, size);
    head.flags = TN_MSG_MORE;
    rc = host->fan_send(radio->sock, &head);
    return rc ? rc : host->fan_send(radio->sock, msg);
}

static unsigned radio_poll(void *state)
{
    (void)state;
    return TN_POLLOUT;
}

static int radio_set(void *state, unsigned index, const tn_value_t *value)
{
    struct radio *radio = state;

    if (index == RADIO_XPUB_NODROP)
        radio->is_lossless = value->number != 0;
    return 0;
}

static const char *const peers[] = {"DISH", NULL};

const tn_pattern_ops_t tni_radio_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags = TN_PATTERN_SENDS | TN_PATTERN_TAKES_GROUPS | TN_PATTERN_SINGLE_FRAMES |
             TN_PATTERN_CONNECTS_DATAGRAMS,
    .wire_name = "RADIO",
    .peers = peers,
    .socket_state = sizeof(struct radio),
    .pipe_state = sizeof(struct radio_pipe),
    .open = radio_open,
    .close = radio_close,
    .attach = radio_attach,
    .detach = radio_detach,
    .connected = radio_connected,
    .readable = radio_readable,
    .send = radio_send,
    .poll = radio_poll,
    .set = radio_set,
};
