#include "route/fair_queue.h"

#include <errno.h>

#include <tenon/tenon.h>

#include "base/expect.h"
#include "base/memory.h"
#include "message/message.h"
#include "pipe/pipe.h"

struct tni_fair_queue_rest {
    struct tni_fair_queue_rest *next;
    tn_msg_t msg;
};

void tni_fair_queue_init(struct tni_fair_queue *queue)
{
    tni_link_init(&queue->active);
    queue->current = NULL;
    queue->rest = NULL;
}

void tni_fair_queue_fini(struct tni_fair_queue *queue)
{
    while (queue->rest) {
        struct tni_fair_queue_rest *rest = queue->rest;

        queue->rest = rest->next;
        tn_msg_close(&rest->msg);
        tni_free(rest);
    }
}

void tni_fair_queue_node_init(struct tni_fair_queue_node *node, struct tn_pipe *pipe)
{
    tni_link_init(&node->link);
    node->pipe = pipe;
    node->is_member = false;
}

void tni_fair_queue_add(struct tni_fair_queue *queue, struct tni_fair_queue_node *node)
{
    if (node->is_member)
        return;
    node->is_member = true;
    tni_list_append(&queue->active, &node->link);
}

void tni_fair_queue_ready(struct tni_fair_queue *queue, struct tni_fair_queue_node *node)
{
    if (node->is_member && !tni_link_is_linked(&node->link))
        tni_list_append(&queue->active, &node->link);
}

/* Moves one frame out of a pipe that is being removed. Returns whether another one follows it. When
 * it cannot be read or kept, an empty last frame still ends the message; when there is no memory for
 * that either, the message ends where the next one begins. */
static bool keep_frame(struct tni_fair_queue_node *node, struct tni_fair_queue_rest **tail)
{
    struct tni_fair_queue_rest *rest = tni_calloc(1, sizeof(*rest));

    if (!rest)
        return false;
    tn_msg_clear(&rest->msg);
    *tail = rest;
    if (tni_pipe_read(node->pipe, &rest->msg) != 0) {
        tn_msg_clear(&rest->msg);
        return false;
    }
    if (tni_msg_own(&rest->msg) != 0) {
        tn_msg_close(&rest->msg);
        tn_msg_clear(&rest->msg);
        return false;
    }
    return (rest->msg.flags & TN_MSG_MORE) != 0;
}

void tni_fair_queue_remove(struct tni_fair_queue *queue, struct tni_fair_queue_node *node)
{
    if (!node->is_member)
        return;
    if (queue->current == node) {
        struct tni_fair_queue_rest **tail = &queue->rest;

        while (keep_frame(node, tail))
            tail = &(*tail)->next;
        queue->current = NULL;
    }
    node->is_member = false;
    tni_link_remove(&node->link);
}

static TNI_RARE void recv_rest(struct tni_fair_queue *queue, tn_msg_t *out_msg)
{
    struct tni_fair_queue_rest *rest = queue->rest;

    *out_msg = rest->msg;
    queue->rest = rest->next;
    tni_free(rest);
}

/* The node that was just read goes behind the others. */
static void rotate(struct tni_fair_queue *queue, struct tni_fair_queue_node *node)
{
    if (queue->active.prev == &node->link)
        return;
    tni_link_remove(&node->link);
    tni_list_append(&queue->active, &node->link);
}

static struct tni_fair_queue_node *first(struct tni_fair_queue *queue)
{
    if (queue->current)
        return queue->current;
    if (tni_list_is_empty(&queue->active))
        return NULL;
    return tni_container(queue->active.next, struct tni_fair_queue_node, link);
}

int tni_fair_queue_recv(struct tni_fair_queue *queue, tn_msg_t *out_msg, struct tn_pipe **out_pipe)
{
    struct tni_fair_queue_node *node;

    if (TNI_RARELY(queue->rest)) {
        recv_rest(queue, out_msg);
        if (out_pipe)
            *out_pipe = NULL;
        return 0;
    }
    while ((node = first(queue))) {
        int rc = tni_pipe_read(node->pipe, out_msg);

        if (rc == 0) {
            if (out_pipe)
                *out_pipe = node->pipe;
            queue->current = (out_msg->flags & TN_MSG_MORE) ? node : NULL;
            if (!queue->current)
                rotate(queue, node);
            return 0;
        }
        queue->current = NULL;
        tni_link_remove(&node->link);
    }
    return -EAGAIN;
}

/* A single one without messages may stay, unless its end is to be noticed: the next read takes it out. */
static bool is_drained(struct tni_fair_queue *queue)
{
    struct tn_pipe *pipe = tni_fair_queue_only(queue);

    return pipe && tni_pipe_is_drained(pipe);
}

bool tni_fair_queue_can_recv(struct tni_fair_queue *queue, struct tn_pipe **out_pipe)
{
    struct tni_fair_queue_node *node;

    if (out_pipe)
        *out_pipe = NULL;
    if (queue->rest || (queue->current && !out_pipe))
        return true;
    if (!TNI_IS_SMALL && is_drained(queue))
        return false;
    while ((node = first(queue))) {
        if (queue->current || tni_pipe_can_read(node->pipe)) {
            if (out_pipe) {
                queue->current = node;
                *out_pipe = node->pipe;
            }
            return true;
        }
        tni_link_remove(&node->link);
    }
    return false;
}
