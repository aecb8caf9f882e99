/*
 * load_balancer.h: whole messages in turn to each pipe that takes one.
 *
 * One per socket, embedded in it; a node is embedded in each pipe. Under the socket's lock. A pipe at
 * its high-water mark leaves the ring until tni_load_balancer_ready. When the pipe of an unfinished
 * message goes away, the frames that are still to come of it are swallowed, so that no other peer
 * sees half a message. It holds no messages.
 */
#ifndef TNI_LOAD_BALANCER_H
#define TNI_LOAD_BALANCER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tenon/message.h>

#include "base/list.h"

struct tn_pipe;

struct tni_load_balancer_node {
    struct tni_link link; /* in the ring while the pipe may take a message */
    struct tn_pipe *pipe;
    bool is_member;
};

struct tni_load_balancer {
    struct tni_link active;
    struct tni_load_balancer_node *current; /* the pipe of an unfinished message */
    bool is_dropping; /* an unfinished message without a pipe */
    _Atomic(uint64_t) *dropped;
};

/** `dropped` borrows the socket's counters, TN_DROP_REASONS of them. */
void tni_load_balancer_init(struct tni_load_balancer *balancer, _Atomic(uint64_t) *dropped);
void tni_load_balancer_node_init(struct tni_load_balancer_node *node, struct tn_pipe *pipe);

/** A node that is added already stays as it is; likewise one that is not there is not removed. */
void tni_load_balancer_add(struct tni_load_balancer *balancer, struct tni_load_balancer_node *node);
void tni_load_balancer_remove(struct tni_load_balancer *balancer,
                              struct tni_load_balancer_node *node);
/** The pipe takes messages again. */
void tni_load_balancer_ready(struct tni_load_balancer *balancer,
                             struct tni_load_balancer_node *node);

/** Writes one frame and takes its body. `out_pipe`, which may be NULL, becomes the pipe, or NULL when
 *  the frame was swallowed. -EAGAIN: no pipe takes a message, at a first frame only. -ENOMEM: in the
 *  middle of a message, what follows of it, to its last frame, is swallowed. */
int tni_load_balancer_send(struct tni_load_balancer *balancer, tn_msg_t *msg,
                           struct tn_pipe **out_pipe);
bool tni_load_balancer_can_send(struct tni_load_balancer *balancer);

/** The pipe that takes the next message, if it is the only one that can; NULL: not so, or a message is
 *  unfinished. */
static inline struct tn_pipe *tni_load_balancer_only(const struct tni_load_balancer *balancer)
{
    const struct tni_link *first = balancer->active.next;

    if (first != balancer->active.prev || first == &balancer->active || balancer->current ||
        balancer->is_dropping)
        return NULL;
    return tni_container(first, struct tni_load_balancer_node, link)->pipe;
}

#endif
