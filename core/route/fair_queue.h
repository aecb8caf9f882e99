/*
 * fair_queue.h: whole messages in turn from each pipe that has one.
 *
 * One per socket, embedded in it; a node is embedded in each pipe. Under the socket's lock. Only pipes
 * that may have something are in the ring, so a message costs the same whatever the number of idle
 * pipes; a pipe whose read says -EAGAIN leaves the ring until tni_fair_queue_ready. What is left of a
 * message whose pipe goes away is kept here, so that its reader still gets the whole of it.
 * It is not a queue of messages: those stay in the pipes.
 */
#ifndef TNI_FAIR_QUEUE_H
#define TNI_FAIR_QUEUE_H

#include <stdbool.h>

#include <tenon/message.h>

#include "base/list.h"

struct tn_pipe;
struct tni_fair_queue_rest;

struct tni_fair_queue_node {
    struct tni_link link; /* in the ring while the pipe may have something */
    struct tn_pipe *pipe;
    bool is_member;
};

struct tni_fair_queue {
    struct tni_link active;
    struct tni_fair_queue_node *current; /* the pipe of a message that is begun, or promised */
    struct tni_fair_queue_rest *rest; /* of a message whose pipe has gone */
};

void tni_fair_queue_init(struct tni_fair_queue *queue);
/** All nodes must have been removed. */
void tni_fair_queue_fini(struct tni_fair_queue *queue);
void tni_fair_queue_node_init(struct tni_fair_queue_node *node, struct tn_pipe *pipe);

/** A node that is added already stays as it is; likewise one that is not there is not removed. The
 *  pipe must still be readable at its removal, when a message of it may have to be finished. */
void tni_fair_queue_add(struct tni_fair_queue *queue, struct tni_fair_queue_node *node);
void tni_fair_queue_remove(struct tni_fair_queue *queue, struct tni_fair_queue_node *node);
/** The pipe has something to read again. */
void tni_fair_queue_ready(struct tni_fair_queue *queue, struct tni_fair_queue_node *node);

/** The next frame, borrowed as tni_pipe_read says, and its pipe: NULL when that one has gone in the
 *  middle of the message. `out_pipe` may be NULL. -EAGAIN: no pipe has anything. */
int tni_fair_queue_recv(struct tni_fair_queue *queue, tn_msg_t *out_msg, struct tn_pipe **out_pipe);

/** Whether recv would give a frame. With `out_pipe`, which then says whose it would be, the next recv
 *  is bound to that pipe: its message is delivered even if the pipe goes away in between. */
bool tni_fair_queue_can_recv(struct tni_fair_queue *queue, struct tn_pipe **out_pipe);

/** The pipe to read from, if it is the only one; NULL: not so, or a message is begun. */
static inline struct tn_pipe *tni_fair_queue_only(const struct tni_fair_queue *queue)
{
    const struct tni_link *first = queue->active.next;

    if (first != queue->active.prev || first == &queue->active || queue->current || queue->rest)
        return NULL;
    return tni_container(first, struct tni_fair_queue_node, link)->pipe;
}

#endif
