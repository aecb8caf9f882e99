/*
 * slab.h: the memory of sockets, which is never given back.
 *
 * A slot is reused after its socket has gone, oldest first, with another generation. Any thread.
 */
#ifndef TNI_SLAB_H
#define TNI_SLAB_H

#include "socket/socket.h"

/** A free slot, with its lock made; NULL: no memory. */
struct tn_sock *tni_slab_take(void);
void tni_slab_give(struct tn_sock *sock);

/** A handle holds the generation in the low bits of the slot's address. */
static inline tn_socket_t *tni_slab_handle(const struct tn_sock *sock)
{
    return (tn_socket_t *)((uintptr_t)sock | atomic_load(&sock->generation));
}

/** NULL: it points to something else. */
static inline struct tn_sock *tni_slab_slot(const tn_socket_t *handle)
{
    struct tn_sock *sock =
        (struct tn_sock *)((uintptr_t)handle & ~(uintptr_t)(TNI_SOCK_GENERATIONS - 1));

    return __builtin_expect(sock && sock->self == sock, 1) ? sock : NULL;
}

static inline unsigned tni_slab_generation(const tn_socket_t *handle)
{
    return (unsigned)((uintptr_t)handle & (TNI_SOCK_GENERATIONS - 1));
}

#endif
