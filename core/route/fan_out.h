/*
 * fan_out.h: one message to many pipes.
 *
 * One per socket, embedded in it; a node is embedded in each pipe. Under the socket's lock. Before the
 * first frame of a message its pipes are marked; the frame goes to the marked ones, and those that
 * took it get the rest of the message too. Whoever is at its high-water mark misses the whole message,
 * which is counted. The marks are gone after the last frame. It holds no messages, and decides nothing
 * about who wants what.
 */
#ifndef TNI_FAN_OUT_H
#define TNI_FAN_OUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tenon/message.h>

#include "base/list.h"

struct tn_pipe;

struct tni_fan_out_node {
    struct tni_link link; /* in `marked` or in `idle` */
    struct tn_pipe *pipe;
    bool is_member;
};

struct tni_fan_out {
    struct tni_link idle;
    struct tni_link marked;
    bool is_sending; /* in the middle of a message: marks may not change */
    _Atomic(uint64_t) *dropped;
};

/** `dropped` borrows the socket's counters, TN_DROP_REASONS of them. */
void tni_fan_out_init(struct tni_fan_out *fan, _Atomic(uint64_t) *dropped);
void tni_fan_out_node_init(struct tni_fan_out_node *node, struct tn_pipe *pipe);

/** A node that is added already stays as it is; likewise one that is not there is not removed. */
void tni_fan_out_add(struct tni_fan_out *fan, struct tni_fan_out_node *node);
void tni_fan_out_remove(struct tni_fan_out *fan, struct tni_fan_out_node *node);

/** Marks one, all, or exactly those that are not marked. Ignored in the middle of a message. */
void tni_fan_out_match(struct tni_fan_out *fan, struct tni_fan_out_node *node);
void tni_fan_out_match_all(struct tni_fan_out *fan);
void tni_fan_out_invert(struct tni_fan_out *fan);

/** Whether every marked pipe takes a message. If not, the marks are cleared. */
bool tni_fan_out_can_send(struct tni_fan_out *fan);

/** Writes one frame to the marked pipes and takes its body. Always 0. */
int tni_fan_out_send(struct tni_fan_out *fan, tn_msg_t *msg);

#endif
