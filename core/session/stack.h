/*
 * stack.h: the streams of one connection: the transport at the bottom, its layers above.
 *
 * Owned by a session, under its reactor's lock. A module sees one stream of it (tn_stream_t) and its own
 * state. Reading and writing go to the top; a layer reaches the one below through the host table.
 */
#ifndef TNI_STACK_H
#define TNI_STACK_H

#include <stdbool.h>
#include <sys/uio.h>

#include <tenon/transport.h>

#include "message/properties.h"
#include "module/registry.h"
#include "session/config.h"

struct tni_session;

struct tn_stream {
    struct tni_session *session;
    const struct tni_feature *feature;
    void *state;
    unsigned level; /* 0: the transport */
    bool is_open;
    bool is_ready; /* established, or its handshake is done */
};

struct tni_stack {
    unsigned depth;
    struct tn_stream *streams; /* one block with their states; NULL: none */
    char *local, *remote; /* its addresses; NULL: unknown */
    bool lacks_address; /* for want of memory */
    struct tni_properties found; /* by the streams, about the peer */
    bool may_hold; /* a layer was at work since the last flush */
};

/** Allocates and opens every stream. Negative: nothing is left. */
int tni_stack_open(struct tni_stack *stack, struct tni_session *session,
                   const struct tni_config *config);
/** Frees the addresses, which stay known after the close, for the events that report it. */
void tni_stack_forget(struct tni_stack *stack);
/** Closes from the top. Harmless when it is closed. */
void tni_stack_close(struct tni_stack *stack);

static inline struct tn_stream *tni_stack_bottom(const struct tni_stack *stack)
{
    return &stack->streams[0];
}

static inline const tn_transport_ops_t *tni_stream_ops(const struct tn_stream *stream)
{
    return &stream->feature->ops.transport;
}

static inline bool tni_stack_is_open(const struct tni_stack *stack)
{
    return stack->streams != NULL;
}

int tni_stack_dial(struct tni_stack *stack, const char *address);
/** Goes on with connecting and with the layers' handshakes: 0 when all stand, -EINPROGRESS. */
int tni_stack_advance(struct tni_stack *stack);
/** Whether the transport at the bottom stands. */
static inline bool tni_stack_is_connected(const struct tni_stack *stack)
{
    return stack->streams && stack->streams[0].is_ready;
}

/** The descriptor of the bottom, or -1. */
int tni_stack_fd(const struct tni_stack *stack);
/** Has the layers hand on what they hold: 0 when nothing is left, -EAGAIN, or a code. */
int tni_stack_flush(struct tni_stack *stack);

static inline ssize_t tni_stack_readv(struct tni_stack *stack, const struct iovec *iov, int count)
{
    struct tn_stream *top = &stack->streams[stack->depth - 1];

    stack->may_hold = stack->depth > 1;
    return tni_stream_ops(top)->readv(top->state, iov, count);
}

static inline ssize_t tni_stack_writev(struct tni_stack *stack, const struct iovec *iov, int count)
{
    struct tn_stream *top = &stack->streams[stack->depth - 1];

    stack->may_hold = stack->depth > 1;
    return tni_stream_ops(top)->writev(top->state, iov, count);
}

/** The entries of the host table for streams. */
void tni_stack_complete(tn_host_t *host);

#endif
