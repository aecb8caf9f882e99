/*
 * subscriber.h: what SUB and XSUB have in common: their subscriptions, and telling the peers.
 *
 * Embedded first in the state of either. A subscription goes to every peer each time that the
 * program asks for it, and once more at each connection; its cancellation goes out when nobody here wants it any more. Requests are
 * flagged frames, which no high-water mark stops.
 */
#ifndef TNI_SUBSCRIBER_H
#define TNI_SUBSCRIBER_H

#include <stdbool.h>

#include <tenon/pattern.h>

/** The state of a pipe. */
struct tni_subscriber_pipe {
    struct tni_subscriber_pipe *next;
    struct tni_subscriber_pipe *prev;
    tn_pipe_t *pipe;
};

struct tni_subscriber {
    const tn_host_t *host;
    tn_sock_t *sock;
    struct tn_topics *topics;
    struct tni_subscriber_pipe *pipes;
};

/* Ops of the patterns; `state` is a struct tni_subscriber. */
int tni_subscriber_open(void *state, tn_sock_t *sock, const tn_host_t *host);
void tni_subscriber_close(void *state);
/** -ENOMEM: not all subscriptions could be told; the pipe is not there. */
int tni_subscriber_attach(void *state, tn_pipe_t *pipe, void *pipe_state);
void tni_subscriber_detach(void *state, tn_pipe_t *pipe, void *pipe_state);
int tni_subscriber_connected(void *state, tn_pipe_t *pipe, void *pipe_state);

/** `tells_all`: the peers learn of a cancellation that is not the last one, too. -EMSGSIZE; -ENOMEM:
 *  nothing has changed, except that some peers may send what is then dropped here. */
int tni_subscriber_change(struct tni_subscriber *subscriber, const void *prefix, size_t size,
                          bool add, bool tells_all);

#endif
