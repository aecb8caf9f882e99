/*
 * monitor_inl.h: what the hub and the monitor know of each other.
 *
 * Locks: the hub's before the monitor's. A monitor never refers to its hub: tn_monitor_close() only
 * marks it, and the hub lets go of it at its next event.
 */
#ifndef TNI_MONITOR_INL_H
#define TNI_MONITOR_INL_H

#include "monitor/monitor.h"
#include "monitor/ring.h"

struct tn_monitor {
    struct tni_link link; /* in the hub, under its lock */
    atomic_uint refs;
    uint32_t mask;
    int fd; /* eventfd, not 0 while there is something to receive, and from the stop on */

    pthread_mutex_t lock; /* guards what follows */
    struct tni_event_ring ring;
    bool is_signalled; /* the descriptor is readable */
    bool is_stopped; /* the socket is closed */
    bool is_stop_told; /* TN_EVENT_STOPPED has been received */
    bool is_closed; /* by the program */
};

void tni_monitor_unref(tn_monitor_t *monitor);

/** False: the program has closed it. */
bool tni_monitor_offer(tn_monitor_t *monitor, const tn_event_t *event);

void tni_monitor_stop(tn_monitor_t *monitor);

#endif
