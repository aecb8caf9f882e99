/*
 * ring.h: the events that wait for the reader of one monitor.
 *
 * Bounded at TNI_RING_MAX; grows to that as it is needed. What does not fit, or finds no memory, is
 * counted, and the count is told as TN_EVENT_OVERFLOW in the place of what was lost. Under the
 * monitor's lock.
 */
#ifndef TNI_MONITOR_RING_H
#define TNI_MONITOR_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/tenon.h>

enum { TNI_RING_MAX = 1000 };

struct tni_event_ring {
    tn_event_t *slots;
    size_t room, first, count;
    uint64_t lost; /* after the newest event */
};

/** All zero is an empty ring. */
void tni_event_ring_fini(struct tni_event_ring *ring);

void tni_event_ring_put(struct tni_event_ring *ring, const tn_event_t *event);

/** The oldest event; false: there is none. */
bool tni_event_ring_take(struct tni_event_ring *ring, tn_event_t *out_event);

static inline bool tni_event_ring_is_empty(const struct tni_event_ring *ring)
{
    return ring->count == 0 && ring->lost == 0;
}

#endif
