/*
 * pace.h: a thread that sends large messages faster than their connection takes them.
 *
 * Left alone it fills the queue up to the high-water mark, which for large messages is more than any
 * cache holds: each is written to memory, and fetched from there again for the kernel. So a send that may
 * block, and finds a megabyte queued for the only connection there is, serves that connection itself
 * until half of it has gone, for a millisecond at most. Where that was in vain (a slow network, a peer
 * that does not read: hardly anything went) the next sends do not try, twice as many each time, and the
 * queue fills up as it would have. Under the socket's lock.
 */
#ifndef TNI_PACE_H
#define TNI_PACE_H

#include "socket/socket.h"

enum { TNI_PACED_FROM = 4 * 1024 }; /* bytes of a message */

/** As tni_sock_leave, after `size` bytes were sent with `flags`. */
void tni_pace_leave(struct tn_sock *sock, size_t size, int flags);

#endif
