/*
 * fan_out.h: one message to many pipes.
 *
 * One per socket, embedded in it; a node is embedded in each pipe. Under the socket's lock. Before the
 * first frame of a message its pipes are marked; the frame goes to the marked ones, and those that
 * took it get the rest of the message too. Whoever is at its high-water mark misses the whole message,
 * which is counted. It decides nothing about who wants what.
 *
 * The marks of a message are kept until the next one is marked, for it often goes to the same pipes: then
 * tni_fan_out_repeat spares marking them. In a stream of such messages they are gathered, encoded, in one
 * run that all those pipes then get at once, by reference when it is long: so a message costs the
 * sender the same whatever the number of pipes. What is gathered is given to them when it is long enough, when
 * one of them could take no more, when another message goes elsewhere, at any other call that might
 * show that it is missing, and by the I/O thread, which is asked when gathering begins (`gathered`).
 */
#ifndef TNI_FAN_OUT_H
#define TNI_FAN_OUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tenon/message.h>

#include "base/list.h"

struct tn_body;
struct tn_pipe;

struct tni_fan_out_node {
    struct tni_link link; /* in `marked`, `lagging` or `idle` */
    struct tn_pipe *pipe;
    bool is_member;
};

struct tni_fan_out {
    struct tni_link idle;
    struct tni_link marked;
    struct tni_link lagging; /* marked, but at their high-water mark since gathering began */
    bool is_sending; /* in the middle of a message: marks may not change */
    bool is_kept; /* the marks are those of a message that is through */
    bool is_stale; /* and not of everybody who would be marked now */
    bool is_repeated; /* they hold for one more message */
    _Atomic(uint64_t) *dropped;

    struct tn_body *run; /* NULL: none yet. What lies before `begin` belongs to pipes */
    size_t begin, end, bytes; /* what is gathered; and without the frames' heads */
    atomic_uint gathered; /* messages; looked at without the lock */
    unsigned room; /* how many the marked pipes take */
    unsigned takers;
    uint64_t last_ns; /* when a message was last not gathered, or gathering began */
    /** Gives the pipes what is gathered for them; NULL: nothing is. A program that sends to one peer at a time
     *  links none of it. */
    void (*give)(struct tni_fan_out *fan);
};

/** `dropped` borrows the socket's counters, TN_DROP_REASONS of them. */
void tni_fan_out_init(struct tni_fan_out *fan, _Atomic(uint64_t) *dropped);
void tni_fan_out_node_init(struct tni_fan_out_node *node, struct tn_pipe *pipe);

/** A node that is added already stays as it is; likewise one that is not there is not removed. */
void tni_fan_out_add(struct tni_fan_out *fan, struct tni_fan_out_node *node);
void tni_fan_out_remove(struct tni_fan_out *fan, struct tni_fan_out_node *node);

/** Marks one, all, or exactly those that are not marked. Ignored in the middle of a message. The first
 *  of these after a message begins with no marks. */
void tni_fan_out_match(struct tni_fan_out *fan, struct tni_fan_out_node *node);
void tni_fan_out_match_all(struct tni_fan_out *fan);
void tni_fan_out_invert(struct tni_fan_out *fan);

/** Marks those that the last message was for: true. False: they are not known any more. */
bool tni_fan_out_repeat(struct tni_fan_out *fan);

/** Whether every marked pipe takes a message. If not, the marks are cleared. */
bool tni_fan_out_can_send(struct tni_fan_out *fan);

/** Writes one frame to the marked pipes and takes its body. Always 0. */
int tni_fan_out_send(struct tni_fan_out *fan, tn_msg_t *msg);

/** Gives the pipes what is gathered for them. */
static inline void tni_fan_out_flush(struct tni_fan_out *fan)
{
    if (fan->give)
        fan->give(fan);
}

/** Gives memory back, if nothing is gathered. */
void tni_fan_out_shrink(struct tni_fan_out *fan);

#endif
