/*
 * registry.c: from a native handle to what the drop-in keeps for it.
 *
 * A table of lists under one lock, which is held for a look-up alone. Grows with the sockets.
 */
#include <stdlib.h>

#include "dropin.h"

enum { BUCKETS = 1024 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tnz_socket *buckets[BUCKETS];

/* The low eight bits of a handle count how often its memory was used. */
static struct tnz_socket **bucket_of(const void *handle)
{
    return &buckets[((uintptr_t)handle >> 8) * 2654435761u % BUCKETS];
}

int tnz_registry_add(struct tnz_context *context, tn_socket_t *handle, const struct tnz_type *type)
{
    struct tnz_socket *socket = calloc(1, sizeof *socket);
    struct tnz_socket **bucket = bucket_of(handle);

    if (!socket)
        return tnz_error(ENOMEM);
    socket->handle = handle;
    socket->context = context;
    socket->type = type;
    socket->values[TNZ_RATE] = 100;
    socket->values[TNZ_RECOVERY_IVL] = 10000;
    pthread_mutex_lock(&lock);
    socket->next = *bucket;
    *bucket = socket;
    pthread_mutex_unlock(&lock);
    return 0;
}

/* Under the lock: the place that points to the socket, or to NULL. */
static struct tnz_socket **place_of(const void *handle)
{
    struct tnz_socket **place = bucket_of(handle);

    while (*place && (*place)->handle != handle)
        place = &(*place)->next;
    return place;
}

struct tnz_socket *tnz_registry_find(void *handle)
{
    struct tnz_socket *socket;

    pthread_mutex_lock(&lock);
    socket = *place_of(handle);
    pthread_mutex_unlock(&lock);
    if (!socket)
        errno = ENOTSOCK;
    return socket;
}

struct tnz_socket *tnz_registry_remove(void *handle)
{
    struct tnz_socket **place, *socket;

    pthread_mutex_lock(&lock);
    place = place_of(handle);
    socket = *place;
    if (socket)
        *place = socket->next;
    pthread_mutex_unlock(&lock);
    return socket;
}
