#include "monitor/ring.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "monitor/monitor.h"

enum { FIRST_ROOM = 16 };

void tni_event_ring_fini(struct tni_event_ring *ring)
{
    tni_free(ring->slots);
    memset(ring, 0, sizeof *ring);
}

static bool grow(struct tni_event_ring *ring)
{
    size_t room = ring->room ? 2 * ring->room : FIRST_ROOM;
    size_t until_end = ring->room - ring->first;
    tn_event_t *slots;

    if (ring->room == TNI_RING_MAX)
        return false;
    if (room > TNI_RING_MAX)
        room = TNI_RING_MAX;
    slots = tni_malloc(room * sizeof *slots);
    if (!slots)
        return false;
    /* It only grows when full: the oldest lie from `first` to the end, the others before it. */
    if (ring->count > 0) {
        memcpy(slots, ring->slots + ring->first, until_end * sizeof *slots);
        memcpy(slots + until_end, ring->slots, ring->first * sizeof *slots);
    }
    tni_free(ring->slots);
    ring->slots = slots;
    ring->room = room;
    ring->first = 0;
    return true;
}

static bool push(struct tni_event_ring *ring, const tn_event_t *event)
{
    if (ring->count == ring->room && !grow(ring))
        return false;
    ring->slots[(ring->first + ring->count) % ring->room] = *event;
    ring->count++;
    return true;
}

static void take_overflow(struct tni_event_ring *ring, tn_event_t *out_event)
{
    tni_event_init(out_event, TN_EVENT_OVERFLOW);
    out_event->value = (int64_t)ring->lost;
    out_event->time_ms = tni_clock_ms();
    ring->lost = 0;
}

void tni_event_ring_put(struct tni_event_ring *ring, const tn_event_t *event)
{
    /* After a loss the overflow needs a slot in front of the event. */
    if (ring->lost > 0) {
        tn_event_t overflow;

        if (ring->count + 2 > TNI_RING_MAX) {
            ring->lost++;
            return;
        }
        take_overflow(ring, &overflow);
        if (!push(ring, &overflow)) {
            ring->lost = (uint64_t)overflow.value + 1;
            return;
        }
    }
    if (!push(ring, event))
        ring->lost++;
}

bool tni_event_ring_take(struct tni_event_ring *ring, tn_event_t *out_event)
{
    if (ring->count > 0) {
        *out_event = ring->slots[ring->first];
        ring->first = (ring->first + 1) % ring->room;
        ring->count--;
        return true;
    }
    if (ring->lost == 0)
        return false;
    take_overflow(ring, out_event);
    return true;
}
