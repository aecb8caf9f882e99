/*
 * poll.c: zmq_poll and zmq_ppoll: the native call with errno. A zmq_pollitem_t is a tn_pollitem_t.
 */
#include <limits.h>
#include <signal.h>

#include "dropin.h"
#include "poll.h"

_Static_assert(sizeof(zmq_pollitem_t) == sizeof(tn_pollitem_t) &&
                   offsetof(zmq_pollitem_t, socket) == offsetof(tn_pollitem_t, socket) &&
                   offsetof(zmq_pollitem_t, fd) == offsetof(tn_pollitem_t, fd) &&
                   offsetof(zmq_pollitem_t, events) == offsetof(tn_pollitem_t, events) &&
                   offsetof(zmq_pollitem_t, revents) == offsetof(tn_pollitem_t, revents),
               "a zmq_pollitem_t is a tn_pollitem_t");

int tnz_timeout(long timeout)
{
    if (timeout < 0)
        return -1;
    return timeout < INT_MAX ? (int)timeout : INT_MAX;
}

/* Native polling tells of a closed socket where libzmq refuses to poll. */
static bool has_closed_socket(const zmq_pollitem_t *items, int count)
{
    for (int i = 0; i < count; i++)
        if (items[i].socket && (items[i].revents & ZMQ_POLLERR))
            return true;
    return false;
}

int zmq_ppoll(zmq_pollitem_t *items, int count, long timeout, const sigset_t *mask)
{
    int rc;

    if (count < 0)
        return tnz_error(EINVAL);
    if (count > 0 && !items)
        return tnz_error(EFAULT);
    rc = tn_ppoll((tn_pollitem_t *)(void *)items, (size_t)count, tnz_timeout(timeout), mask);
    if (rc < 0)
        return tnz_fail(rc);
    return rc > 0 && has_closed_socket(items, count) ? tnz_error(ENOTSOCK) : rc;
}

int zmq_poll(zmq_pollitem_t *items, int count, long timeout)
{
    return zmq_ppoll(items, count, timeout, NULL);
}
