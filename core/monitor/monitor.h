/*
 * monitor.h: who hears of the events of a socket.
 *
 * A hub is embedded in each socket. Any thread emits, also under the reactor's lock: emitting copies
 * the event into the ring of each monitor that wants it, under short mutexes, never waits for a reader
 * and never runs the program's code. A monitor belongs to the program, outlives the socket, and is
 * counted: one reference is the program's, one the hub's.
 */
#ifndef TNI_MONITOR_H
#define TNI_MONITOR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/tenon.h>

#include "base/list.h"

/** Kinds that tell of a failure: they also go to the log (category session, level info; the others at
 *  level debug). */
#define TNI_EVENT_FAILURES                                                                         \
    (TN_EVENT_BIND_FAILED | TN_EVENT_ACCEPT_FAILED | TN_EVENT_CONNECT_RETRIED |                    \
     TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_DISCONNECTED | TN_EVENT_CLOSE_FAILED)

struct tni_monitor_hub {
    atomic_uint wanted; /* union of the monitors' masks and of what the log wants */
    pthread_mutex_t lock;
    struct tni_link monitors;
    unsigned logged; /* kinds */
    bool is_stopped;
};

void tni_monitor_hub_init(struct tni_monitor_hub *hub);
/** After hub_stop, when no thread emits any more. */
void tni_monitor_hub_fini(struct tni_monitor_hub *hub);

/** Gives every monitor its last event, TN_EVENT_STOPPED, and lets go of it. Later emits do nothing.
 *  May be called again. */
void tni_monitor_hub_stop(struct tni_monitor_hub *hub);

/** Whether anybody would hear of `kind`: ask before filling in an event. */
static inline bool tni_monitor_wants(struct tni_monitor_hub *hub, uint32_t kind)
{
    /* relaxed: a monitor that is being made may miss the events of that moment. */
    return (atomic_load_explicit(&hub->wanted, memory_order_relaxed) & kind) != 0;
}

/** `event->time_ms` is filled in when it is 0. */
void tni_monitor_emit(struct tni_monitor_hub *hub, const tn_event_t *event);

/** Returns new: a monitor of the events in `mask`, or NULL with a sentence: no memory or
 *  descriptors, a mask without a known kind. */
tn_monitor_t *tni_monitor_new(struct tni_monitor_hub *hub, uint32_t mask);

/** Zeroes an event and sets its kind. */
void tni_event_init(tn_event_t *event, uint32_t kind);
/** Copies text into a field of an event, cut to its room; NULL gives "". */
void tni_event_text(char *field, size_t room, const char *text);
#define TNI_EVENT_TEXT(field, text) tni_event_text((field), sizeof(field), (text))

#endif
