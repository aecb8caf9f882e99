/*
 * wait.h: how a thread waits for sockets and descriptors. It serves the sockets' connections meanwhile.
 */
#ifndef TNI_WAIT_H
#define TNI_WAIT_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

struct tn_sock;

/** One thing waited for: -EAGAIN goes on waiting, anything else ends it. Called without locks. */
typedef int (*tni_attempt_fn)(void *arg);

struct tni_wait {
    struct tn_sock **socks; /* pinned by the caller; of any contexts */
    size_t sock_count;
    const struct pollfd *fds;
    size_t fd_count;
    int timeout; /* ms */
    int spin_us; /* at most, before the first sleep */
    const sigset_t
        *mask; /* signals that are blocked while the thread sleeps, as for ppoll(); or NULL */
    tni_attempt_fn attempt;
    /** When the thread is cancelled: before the sockets are unpinned, without locks; or NULL. */
    void (*give_up)(void *arg);
    void *arg;
    /** The attempt was made already, in vain, when the only socket's `changes` were that many; it gives
     *  nothing else before they are more, or something is announced. */
    bool was_tried;
    unsigned changes;
};

/** A cancellation point: a thread that is cancelled leaves everything as if it had not waited, and the sockets
 *  unpinned.
 *
 *  Waits until the attempt gives something else than -EAGAIN, which is returned. -ETIMEDOUT after a last
 *  attempt; -EINTR; -ENOMEM. */
int tni_wait(const struct tni_wait *wait);

#endif
