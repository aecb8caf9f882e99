#include "route/load_balancer.h"

#include <errno.h>

#include <tenon/tenon.h>

#include "base/expect.h"
#include "pipe/pipe.h"

void tni_load_balancer_init(struct tni_load_balancer *balancer, _Atomic(uint64_t) *dropped)
{
    tni_link_init(&balancer->active);
    balancer->current = NULL;
    balancer->is_dropping = false;
    balancer->dropped = dropped;
}

void tni_load_balancer_node_init(struct tni_load_balancer_node *node, struct tn_pipe *pipe)
{
    tni_link_init(&node->link);
    node->pipe = pipe;
    node->is_member = false;
}

void tni_load_balancer_add(struct tni_load_balancer *balancer, struct tni_load_balancer_node *node)
{
    if (node->is_member)
        return;
    node->is_member = true;
    tni_list_append(&balancer->active, &node->link);
}

static TNI_RARE void lose_current(struct tni_load_balancer *balancer)
{
    balancer->current = NULL;
    balancer->is_dropping = true;
    atomic_fetch_add_explicit(&balancer->dropped[TN_DROP_PEER_LOST], 1, memory_order_relaxed);
}

void tni_load_balancer_remove(struct tni_load_balancer *balancer,
                              struct tni_load_balancer_node *node)
{
    if (!node->is_member)
        return;
    if (balancer->current == node) {
        tni_pipe_rollback(node->pipe);
        lose_current(balancer);
    }
    node->is_member = false;
    tni_link_remove(&node->link);
}

void tni_load_balancer_ready(struct tni_load_balancer *balancer,
                             struct tni_load_balancer_node *node)
{
    if (node->is_member && !tni_link_is_linked(&node->link))
        tni_list_append(&balancer->active, &node->link);
}

static TNI_RARE int swallow(struct tni_load_balancer *balancer, tn_msg_t *msg)
{
    balancer->is_dropping = (msg->flags & TN_MSG_MORE) != 0;
    tn_msg_close(msg);
    tn_msg_clear(msg);
    return 0;
}

/* The node that just took a whole message goes behind the others. */
static void rotate(struct tni_load_balancer *balancer, struct tni_load_balancer_node *node)
{
    if (balancer->active.prev == &node->link)
        return;
    tni_link_remove(&node->link);
    tni_list_append(&balancer->active, &node->link);
}

static int send_next(struct tni_load_balancer *balancer, tn_msg_t *msg, struct tn_pipe **out_pipe)
{
    struct tni_load_balancer_node *node = balancer->current;
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;
    int rc = tni_pipe_write(node->pipe, msg);

    if (rc == 0) {
        *out_pipe = node->pipe;
        if (!has_more) {
            balancer->current = NULL;
            rotate(balancer, node);
        }
        return 0;
    }
    tni_pipe_rollback(node->pipe);
    lose_current(balancer);
    return rc == -ENOMEM ? rc : swallow(balancer, msg);
}

static int send_first(struct tni_load_balancer *balancer, tn_msg_t *msg, struct tn_pipe **out_pipe)
{
    bool has_more = (msg->flags & TN_MSG_MORE) != 0;

    while (!tni_list_is_empty(&balancer->active)) {
        struct tni_load_balancer_node *node =
            tni_container(balancer->active.next, struct tni_load_balancer_node, link);
        int rc = tni_pipe_write(node->pipe, msg);

        if (rc == 0) {
            *out_pipe = node->pipe;
            if (has_more)
                balancer->current = node;
            else
                rotate(balancer, node);
            return 0;
        }
        if (rc == -ENOMEM)
            return rc;
        tni_link_remove(&node->link);
    }
    return -EAGAIN;
}

int tni_load_balancer_send(struct tni_load_balancer *balancer, tn_msg_t *msg,
                           struct tn_pipe **out_pipe)
{
    struct tn_pipe *unused;

    if (!out_pipe)
        out_pipe = &unused;
    *out_pipe = NULL;
    if (balancer->current)
        return send_next(balancer, msg, out_pipe);
    if (balancer->is_dropping)
        return swallow(balancer, msg);
    return send_first(balancer, msg, out_pipe);
}

bool tni_load_balancer_can_send(struct tni_load_balancer *balancer)
{
    if (balancer->current || balancer->is_dropping)
        return true;
    while (!tni_list_is_empty(&balancer->active)) {
        struct tni_load_balancer_node *node =
            tni_container(balancer->active.next, struct tni_load_balancer_node, link);

        if (tni_pipe_can_write(node->pipe))
            return true;
        tni_link_remove(&node->link);
    }
    return false;
}
