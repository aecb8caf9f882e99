/*
 * operation.h: what every call that sends or receives has in common.
 *
 * Each is the same: enter the socket, let the pattern try, leave; when it would block, pin the socket,
 * wait, and let it try again each time something was announced. Application threads.
 */
#ifndef TNI_OPERATION_H
#define TNI_OPERATION_H

#include <stdbool.h>
#include <sys/types.h>

#include "socket/socket.h"

enum { TNI_ASKED_EVERY = 256 };

/** A try at something, under the socket's lock: -EAGAIN, or what the call returns. */
typedef ssize_t (*tni_try_fn)(struct tn_sock *sock, void *arg);

/** Goes over from a short turn of turn.h, or enters the socket if `sock` is NULL; NULL with a code. Now and
 *  then, between messages, a cancellation point: so a thread can be cancelled that never has to wait. */
struct tn_sock *tni_operation_begin(struct tn_sock *sock, tn_socket_t *socket);

/** In a socket that was entered; returns unlocked. */
ssize_t tni_operation_run_in(struct tn_sock *sock, tni_try_fn try, void *arg, int flags,
                             bool is_send);
/** Enters the socket first. */
ssize_t tni_operation_run(tn_socket_t *socket, tni_try_fn try, void *arg, int flags, bool is_send);

/** Takes in what was announced; whether there was anything. */
bool tni_sock_take_in(struct tn_sock *sock);

/** Whether another thread is inside a message of this direction. */
static inline bool tni_claim_holds(const struct tn_sock *sock, const struct tni_claim *claim)
{
    return claim->is_taken && sock->options.claim_parts && !claim->is_left &&
           !pthread_equal(claim->owner, pthread_self());
}

/** After a frame of a message: the direction is the calling thread's until the last one. */
void tni_claim_until_last(struct tn_sock *sock, struct tni_claim *claim, bool more);

#endif
