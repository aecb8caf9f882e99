/*
 * monitor_event.h: native events as libzmq's, and those as messages. No state, no lock.
 */
#ifndef TNZ_MONITOR_EVENT_H
#define TNZ_MONITOR_EVENT_H

#include "dropin.h"

enum { TNZ_EVENTS_MAX = 2, TNZ_VALUES_MAX = 2, TNZ_URI_SIZE = 256 };

struct tnz_event {
    uint64_t number; /* ZMQ_EVENT_... */
    uint64_t values[TNZ_VALUES_MAX];
    unsigned value_count;
    bool is_bound; /* version 1 names the local end, otherwise the remote one */
    char local[TNZ_URI_SIZE], remote[TNZ_URI_SIZE];
};

/** Returns how many of libzmq's events, TNZ_EVENTS_MAX at most, a native one is. `is_raw`: of a socket
 *  whose connections carry bytes without a protocol. */
unsigned tnz_event_translate(const tn_event_t *native, bool is_raw, struct tnz_event *out_events);
/** Makes an event without addresses. */
void tnz_event_init(struct tnz_event *event, uint64_t number, uint64_t value);
/** Sends an event in the form of `version`, without waiting. A native code. */
int tnz_event_send(const struct tnz_event *event, tn_socket_t *socket, int version);

#endif
