/*
 * ctx.h: a context: its modules, its I/O threads, its sockets.
 *
 * Made by tn_ctx_new, ended by tn_ctx_term. `lock` guards the list of sockets and the options; it is
 * taken before no other lock of ours than a socket's free list.
 */
#ifndef TNI_CTX_H
#define TNI_CTX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <tenon/module.h>
#include <tenon/tenon.h>

#include "base/list.h"
#include "options/options.h"
#include "reactor/thread_params.h"

struct tni_asker;
struct tni_iothread;
struct tni_registry;
struct tni_resolver;

enum {
    TNI_IO_THREADS_MAX = 64,
    TNI_DIRECTORIES_MAX = 16,
    TNI_OWN_MODULES_MAX = 16,
    TNI_SOCKETS_MAX = 65535,
};

struct tn_ctx {
    uint32_t magic;
    pthread_mutex_t lock;
    atomic_uint gone; /* counts sockets that have gone, for whoever waits for the last */
    unsigned fork_generation;
    atomic_bool is_shut_down;
    atomic_bool has_descriptors; /* of sockets: I/O threads are to tell of news at once */

    int io_threads;
    int max_sockets;
    int max_connections; /* accepted ones; 0: as many as leave descriptors to the program */
    int64_t max_memory; /* bytes of messages; 0: any number */
    bool allow_load;
    struct tni_thread_params thread_params;
    struct tni_options socket_options; /* what its sockets begin with; ctx_options.h */
    char *directories[TNI_DIRECTORIES_MAX + 1];
    char *modules;
    const tn_module_t *own_modules[TNI_OWN_MODULES_MAX + 1]; /* tn_ctx_add_module's, then NULL */

    tn_host_t host;
    struct tni_registry *registry;

    struct tni_link control_link; /* control.h's */
    struct tni_link sockets;
    int socket_count;
    uint64_t socket_serial;
    atomic_uint_fast64_t connections; /* numbers given out */
    atomic_uint accepted; /* connections that are there now */

    /* network.h's; NULL: not started. Written under the lock. */
    _Atomic(struct tni_iothread *) threads[TNI_IO_THREADS_MAX];
    struct tni_resolver *resolver;
    struct tni_asker *asker;
};

/** The context, or NULL with a code: -EINVAL, -TN_EFORKED. */
struct tn_ctx *tni_ctx_check(tn_ctx_t *ctx);
static inline struct tn_ctx *tni_ctx_of_host(const tn_host_t *host)
{
    return (struct tn_ctx *)host->context;
}
/** Counts forks of this process; compared with what an object was made under. */
extern atomic_uint tni_forks;
static inline unsigned tni_fork_generation(void)
{
    return atomic_load_explicit(&tni_forks, memory_order_relaxed);
}
/** A socket has gone for good. */
void tni_ctx_forget(struct tn_ctx *ctx, struct tni_link *socket_link);
struct tni_registry *tni_ctx_registry(tn_ctx_t *handle);

/** The host table: `functions`, and those of the network. Before a module has been started. */
void tni_ctx_fill_host(struct tn_ctx *ctx, const tn_host_t *functions);
/** 0, or -EBUSY with a sentence: the context has been used. Under its lock. */
int tni_ctx_too_late(const struct tn_ctx *ctx, const char *name);

#endif
