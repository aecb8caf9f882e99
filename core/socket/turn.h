/*
 * turn.h: the turn of a call on a socket that goes the short way.
 *
 * Does inline what tni_sock_enter and tni_sock_leave do for all: when anything is out of the ordinary,
 * it has done nothing, and they are called. In a short turn no body may end, and no pattern runs but for
 * the ops that only look at its state; a call that finds that it needs more goes over to an ordinary turn.
 * Application threads.
 */
#ifndef TNI_TURN_H
#define TNI_TURN_H

#include "message/body.h"
#include "socket/ctx.h"
#include "socket/slab.h"

enum {
    TNI_STREAM_TURNS = 400, /* a stream of messages is written to the kernel at least this often */
    /* With the last message still less than TNI_SCRATCH: what is read in one piece ends with a message. */
    TNI_STREAM_BYTES = 112 * 1024,
};

/** Locks the socket. NULL: not done, ask tni_sock_enter. */
static inline struct tn_sock *tni_turn_begin(const tn_socket_t *handle)
{
    struct tn_sock *sock = tni_slab_slot(handle);

    if (!sock ||
        atomic_load_explicit(&sock->fork_generation, memory_order_relaxed) != tni_fork_generation())
        return NULL;
    tni_lock_take(&sock->lock);
    if (__builtin_expect(atomic_load_explicit(&sock->generation, memory_order_relaxed) !=
                                 tni_slab_generation(handle) ||
                             atomic_load_explicit(&sock->state, memory_order_relaxed) !=
                                 TNI_SOCK_OPEN ||
                             atomic_load_explicit(&sock->ctx->is_shut_down, memory_order_relaxed),
                         0)) {
        tni_lock_give(&sock->lock);
        return NULL;
    }
    return sock;
}

/** The same turn is an ordinary one from here on, as after tni_sock_enter. */
static inline void tni_turn_go_on(struct tn_sock *sock)
{
    tni_graveyard_open();
    sock->reading = NULL;
}

static inline void tni_turn_end(struct tn_sock *sock)
{
    if (__builtin_expect(
            !sock->streaming && !sock->has_levels && tni_list_is_empty(&sock->attention), 1)) {
        tni_lock_give(&sock->lock);
        return;
    }
    tni_turn_go_on(sock);
    tni_sock_leave(sock);
}

#endif
