/*
 * pace.h: a thread that sends large messages faster than their connection takes them.
 *
 * Left alone it fills the queue up to the high-water mark, which for large messages is more than any
 * cache holds: each is written to memory, and fetched from there again for the kernel. So a send that may
 * block, and finds a megabyte queued for the only connection there is, serves that connection itself
 * until half of it has gone, for a millisecond at most. Where that was in vain (a slow network, a peer
 * that does not read: hardly anything went) the next sends do not try, twice as many each time, and the
 * queue fills up as it would have.
 *
 * Of messages that the kernel takes at once the whole queue goes, and those that follow without a pause go
 * straight from the program's memory to the kernel, without a copy of ours: the thread has shown that it
 * makes them faster than they go. What does not fit is queued, and waited for likewise. Under the socket's
 * lock.
 */
#ifndef TNI_PACE_H
#define TNI_PACE_H

#include "socket/socket.h"

enum { TNI_PACED_FROM = 4 * 1024 }; /* bytes of a message */

/** Whether a message of `size` bytes, sent with `flags`, is to go straight to the kernel, if nothing is
 *  queued. The send ends with tni_pace_leave. */
bool tni_pace_is_straight(struct tn_sock *sock, size_t size, int flags);
/** As tni_sock_leave, after `size` bytes were sent with `flags`. */
void tni_pace_leave(struct tn_sock *sock, size_t size, int flags);

#endif
