/*
 * network.h: where a connection goes: which I/O thread, which reactor.
 *
 * Implements socket/network.h. The list of a socket's reactors has a lock of its own here, as threads
 * that accept for the socket look into it.
 */
#ifndef TNI_SESSION_NETWORK_H
#define TNI_SESSION_NETWORK_H

#include <stdint.h>

struct tn_ctx;
struct tn_sock;
struct tni_iothread;
struct tni_reactor;

/** The least loaded thread of those that `affinity` allows; started if need be. NULL with a sentence. */
struct tni_iothread *tni_network_thread(struct tn_ctx *ctx, uint64_t affinity);
/** The socket's reactor on that thread, made if need be. NULL with a sentence. */
struct tni_reactor *tni_network_reactor(struct tn_sock *sock, struct tni_iothread *thread);

#endif
