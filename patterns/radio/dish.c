#include "radio.h"

#include <errno.h>
#include <stdbool.h>

#include <tenon/tenon.h>

#include "groups.h"

struct dish_pipe {
    struct dish_pipe *next, *prev;
    tn_pipe_t *pipe;
};

struct dish {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tni_groups groups;
    struct dish_pipe *pipes;
    tn_msg_t first; /* found by poll, owned, not yet received */
    bool has_first;
};

static int dish_open(void *state, tn_sock_t *sock, const tn_host_t *host)
{
    struct dish *dish = state;

    dish->host = host;
    dish->sock = sock;
    tn_msg_clear(&dish->first);
    return tni_groups_init(&dish->groups, host);
}

static void dish_close(void *state)
{
    struct dish *dish = state;

    dish->host->msg_close(&dish->first);
    tni_groups_fini(&dish->groups);
}

/* ------------------------------------------------------------------ what is joined */

static int tell(const tn_host_t *host, tn_pipe_t *pipe, const void *name, size_t size, bool add)
{
    tn_msg_t request;

    if (host->pipe_is_deaf(pipe))
        return 0;
    tn_msg_borrow(&request, name, size);
    request.flags = add ? TN_MSG_JOIN : TN_MSG_LEAVE;
    return host->pipe_write(pipe, &request);
}

struct telling {
    const tn_host_t *host;
    tn_pipe_t *pipe;
};

static int tell_one(const struct tni_group *group, void *arg)
{
    const struct telling *telling = arg;

    return tell(telling->host, telling->pipe, group->name, group->size, true);
}

/* A peer that has gone in the meantime is not told, and not missed. */
static int tell_all_to(struct dish *dish, tn_pipe_t *pipe)
{
    struct telling telling = {dish->host, pipe};
    int rc = tni_groups_each(&dish->groups, tell_one, &telling);

    return rc == -EPIPE ? 0 : rc;
}

static int tell_everyone(struct dish *dish, const char *name, size_t size, bool add)
{
    int failure = 0;

    for (struct dish_pipe *item = dish->pipes; item; item = item->next) {
        int rc = tell(dish->host, item->pipe, name, size, add);

        if (rc && rc != -EPIPE)
            failure = rc;
    }
    return failure;
}

static void count(struct dish *dish)
{
    dish->host->sock_subscriptions(dish->sock, dish->groups.count);
}

static int join(struct dish *dish, const char *name, size_t size)
{
    const tn_host_t *host = dish->host;
    struct tni_group *group = tni_groups_find(&dish->groups, name, size);
    int rc;

    if (group)
        return host->set_error(host, -EINVAL, "the group '%s' has been joined already", name);
    group = tni_groups_add(&dish->groups, name, size);
    rc = group ? tell_everyone(dish, name, size, true) : -ENOMEM;
    if (group && rc < 0) {
        tni_groups_remove(&dish->groups, group);
        (void)tell_everyone(dish, name, size, false);
    }
    count(dish);
    return rc;
}

/* What is left here is filtered here, so a peer that could not be told does no harm. */
static int leave(struct dish *dish, const char *name, size_t size)
{
    const tn_host_t *host = dish->host;
    struct tni_group *group = tni_groups_find(&dish->groups, name, size);

    if (!group)
        return host->set_error(host, -EINVAL, "the group '%s' has not been joined", name);
    tni_groups_remove(&dish->groups, group);
    (void)tell_everyone(dish, name, size, false);
    count(dish);
    return 0;
}

static int dish_join(void *state, const char *name, size_t size, int add)
{
    return add ? join(state, name, size) : leave(state, name, size);
}

/* ------------------------------------------------------------------ pipes */

static int dish_attach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dish *dish = state;
    struct dish_pipe *item = pipe_state;
    int rc = tell_all_to(dish, pipe);

    if (rc)
        return rc;
    item->pipe = pipe;
    item->prev = NULL;
    item->next = dish->pipes;
    if (item->next)
        item->next->prev = item;
    dish->pipes = item;
    dish->host->fq_add(pipe);
    return 0;
}

static void dish_detach(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dish *dish = state;
    struct dish_pipe *item = pipe_state;

    if (item->prev)
        item->prev->next = item->next;
    else
        dish->pipes = item->next;
    if (item->next)
        item->next->prev = item->prev;
    dish->host->fq_remove(pipe);
}

static int dish_connected(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dish *dish = state;

    (void)pipe_state;
    return dish->host->pipe_connections(pipe) > 1 ? tell_all_to(dish, pipe) : 0;
}

static void dish_readable(void *state, tn_pipe_t *pipe, void *pipe_state)
{
    struct dish *dish = state;

    (void)pipe_state;
    dish->host->fq_ready(pipe);
}

/* ------------------------------------------------------------------ receiving */

/* The rest of a message of which `frame` has been read. */
static void skip(struct dish *dish, tn_msg_t *frame, int reason)
{
    const tn_host_t *host = dish->host;
    bool has_more = (frame->flags & TN_MSG_MORE) != 0;

    host->msg_close(frame);
    while (has_more && host->fq_recv(dish->sock, frame, NULL) == 0) {
        has_more = (frame->flags & TN_MSG_MORE) != 0;
        host->msg_close(frame);
    }
    tn_msg_clear(frame);
    host->sock_drop(dish->sock, reason, 1);
}

/* One message: its body with its group, or the reason why it was dropped. */
static int take_message(struct dish *dish, tn_msg_t *head, tn_msg_t *out_msg, bool *out_is_dropped)
{
    const tn_host_t *host = dish->host;
    bool is_malformed = !(head->flags & TN_MSG_MORE) || tn_msg_length(head) > TNI_GROUP_MAX;
    struct tni_group *group = NULL;
    int rc;

    *out_is_dropped = true;
    if (!is_malformed)
        group = tni_groups_find(&dish->groups, tn_msg_bytes(head), tn_msg_length(head));
    if (!group) {
        skip(dish, head, is_malformed ? TN_DROP_MALFORMED : TN_DROP_FILTERED);
        return 0;
    }
    host->msg_close(head);
    rc = host->fq_recv(dish->sock, out_msg, NULL);
    if (rc < 0)
        return rc;
    if (out_msg->flags & TN_MSG_MORE) {
        skip(dish, out_msg, TN_DROP_MALFORMED);
        return 0;
    }
    host->msg_set_group(out_msg, group->name);
    *out_is_dropped = false;
    return 0;
}

/* Not every peer filters, and what was left is still under way. */
static int recv_next(struct dish *dish, tn_msg_t *out_msg)
{
    bool is_dropped = true;
    tn_msg_t head;
    int rc = 0;

    while (rc == 0 && is_dropped) {
        rc = dish->host->fq_recv(dish->sock, &head, NULL);
        if (rc == 0)
            rc = take_message(dish, &head, out_msg, &is_dropped);
    }
    return rc;
}

static int dish_recv(void *state, tn_msg_t *out_msg)
{
    struct dish *dish = state;

    if (!dish->has_first)
        return recv_next(dish, out_msg);
    *out_msg = dish->first;
    tn_msg_clear(&dish->first);
    dish->has_first = false;
    return 0;
}

static unsigned dish_poll(void *state)
{
    struct dish *dish = state;

    if (dish->has_first)
        return TN_POLLIN;
    if (recv_next(dish, &dish->first) != 0) {
        tn_msg_clear(&dish->first);
        return 0;
    }
    if (dish->host->msg_own(&dish->first) != 0) {
        skip(dish, &dish->first, TN_DROP_UNREAD);
        return 0;
    }
    dish->has_first = true;
    return TN_POLLIN;
}

static const char *const peers[] = {"RADIO", NULL};

const tn_pattern_ops_t tni_dish_ops = {
    .size = sizeof(tn_pattern_ops_t),
    .flags =
        TN_PATTERN_RECEIVES | TN_PATTERN_REBUILDS | TN_PATTERN_JOINS | TN_PATTERN_BINDS_DATAGRAMS,
    .wire_name = "DISH",
    .peers = peers,
    .socket_state = sizeof(struct dish),
    .pipe_state = sizeof(struct dish_pipe),
    .open = dish_open,
    .close = dish_close,
    .attach = dish_attach,
    .detach = dish_detach,
    .connected = dish_connected,
    .readable = dish_readable,
    .recv = dish_recv,
    .poll = dish_poll,
    .join = dish_join,
};
