/*
 * publisher.h: what PUB and XPUB have in common: who wants what, and sending it to them.
 *
 * Embedded first in the state of either. A peer's request is accepted in both of its forms, as a
 * flagged frame and as the message 01 or 00 and a topic, from any peer at any time; it takes effect
 * when the pipe becomes readable. The owner learns of requests and of other messages by `heard`.
 */
#ifndef TNI_PUBLISHER_H
#define TNI_PUBLISHER_H

#include <stdbool.h>

#include <tenon/pattern.h>

#include "../common/quota.h"

struct tni_publisher;

/** The state of a pipe. */
struct tni_publisher_pipe {
    uint64_t count; /* of its subscriptions                                        */
    struct tni_quota quota; /* what it asks for                                            */
    bool is_in_message; /* the next frame goes on with a message                       */
};

struct tni_publisher {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tn_topics *topics;
    uint64_t subscriptions;
    bool is_sending; /* in the middle of a message */
    bool is_inverted;
    bool is_lossless; /* "xpub_nodrop" */
    bool only_first;
    bool may_repeat; /* the marks of the last message were all whom its topic is for */
    tn_pipe_t *only; /* the next message is for this one alone, if it matches; XPUB */
    /** A frame from a peer that is not a request, or, with is_request, a topic that it wants
     *  (TN_MSG_SUBSCRIBE in the flags) or no longer wants. May be NULL. XPUB. -ENOMEM: the request was
     *  not heard. */
    int (*heard)(struct tni_publisher *publisher, tn_pipe_t *pipe, tn_msg_t *frame,
                 bool is_request);
    /** The pipe is about to be closed from here. May be NULL. XPUB. */
    void (*closing)(struct tni_publisher *publisher, tn_pipe_t *pipe);
    /** A subscription of a peer that has gone. May be NULL. XPUB. */
    void (*lost)(const uint8_t *prefix, size_t size, int is_last, void *publisher);
};

/* Ops of the patterns; `state` is a struct tni_publisher. */
int tni_publisher_open(void *state, tn_sock_t *sock, const tn_host_t *host);
void tni_publisher_close(void *state);
int tni_publisher_attach(void *state, tn_pipe_t *pipe, void *pipe_state);
void tni_publisher_detach(void *state, tn_pipe_t *pipe, void *pipe_state);
/** What the peer of an earlier connection wanted is not what this one wants. */
int tni_publisher_connected(void *state, tn_pipe_t *pipe, void *pipe_state);
/** Reads everything the pipe has. */
void tni_publisher_readable(void *state, tn_pipe_t *pipe, void *pipe_state);
int tni_publisher_send(void *state, tn_msg_t *msg);

/** Adds or removes a subscription: 1 when it was the first, or is now none, of its topic; 0; -ENOENT,
 *  -EMSGSIZE, -ENOMEM. Not counted: a peer says once that it no longer wants what it asked for twice. */
int tni_publisher_subscribe(struct tni_publisher *publisher, tn_pipe_t *pipe, const uint8_t *topic,
                            size_t size, bool add);

#endif
