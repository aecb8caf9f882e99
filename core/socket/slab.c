#include "socket/slab.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tn_sock *oldest, *newest; /* free slots */

/* Every slab begins with the address of the one before, so that all stay reachable. */
static struct slab {
    struct slab *previous;
} * slabs;

static size_t slot_size(void)
{
    return (sizeof(struct tn_sock) + TNI_SOCK_GENERATIONS - 1) &
           ~(size_t)(TNI_SOCK_GENERATIONS - 1);
}

static void append(struct tn_sock *sock)
{
    sock->next_free = NULL;
    if (newest)
        newest->next_free = sock;
    else
        oldest = sock;
    newest = sock;
}

static void grow(void)
{
    size_t size = TNI_SOCK_GENERATIONS + SLOTS * slot_size();
    struct slab *slab = aligned_alloc(TNI_SOCK_GENERATIONS, size);

    if (!slab)
        return;
    memset(slab, 0, size);
    slab->previous = slabs;
    slabs = slab;
    for (size_t i = 0; i < SLOTS; i++) {
        struct tn_sock *sock =
            (struct tn_sock *)(void *)((char *)slab + TNI_SOCK_GENERATIONS + i * slot_size());
        sock->self = sock;
        tni_lock_init(&sock->lock);
        atomic_init(&sock->calm, 0);
        tni_waitq_init(&sock->waitq);
        tni_mpsc_init(&sock->events);
        atomic_init(&sock->has_one_pipe, false);
        atomic_init(&sock->has_data, false);
        sock->signal_in.fd = sock->signal_out.fd = sock->signal_any.fd = -1;
        append(sock);
    }
}

struct tn_sock *tni_slab_take(void)
{
    struct tn_sock *sock;

    pthread_mutex_lock(&lock);
    if (!oldest)
        grow();
    sock = oldest;
    if (sock) {
        oldest = sock->next_free;
        if (!oldest)
            newest = NULL;
    }
    pthread_mutex_unlock(&lock);
    return sock;
}

void tni_slab_give(struct tn_sock *sock)
{
    pthread_mutex_lock(&lock);
    append(sock);
    pthread_mutex_unlock(&lock);
}
