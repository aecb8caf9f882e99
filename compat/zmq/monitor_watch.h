/*
 * monitor_watch.h: moves the events of monitored sockets to the sockets that programs read them from.
 *
 * Native events come into being under locks that no socket may be used under; they wait in the native
 * monitor's queue. One thread of the process, which lives as long as there are monitors, sleeps on their
 * descriptors and sends; a call that wants its events sent at once sends them itself. All of it is under
 * one lock, which is not held asleep.
 */
#ifndef TNZ_MONITOR_WATCH_H
#define TNZ_MONITOR_WATCH_H

#include "monitor_event.h"

struct tnz_monitor;

struct tnz_monitor_config {
    tn_monitor_t *source;
    tn_socket_t *target; /* bound to the program's endpoint */
    uint64_t events; /* ZMQ_EVENT_... */
    int version;
    bool is_raw; /* the socket is a STREAM */
};

/** Takes the source and the target. NULL with errno: ENOMEM, EAGAIN: no thread. */
struct tnz_monitor *tnz_watch_begin(const struct tnz_monitor_config *config);
/** Sends what there is, then ZMQ_EVENT_MONITOR_STOPPED if that `is_told`, and ends the monitor. */
void tnz_watch_end(struct tnz_monitor *monitor, bool is_told);
/** Sends what there is. */
void tnz_watch_flush(struct tnz_monitor *monitor);
/** Sends an event that is not of the source. A native code; 0 also when nobody asked for it. */
int tnz_watch_send(struct tnz_monitor *monitor, const struct tnz_event *event);
/** Whether an event was asked for. */
bool tnz_watch_wants(const struct tnz_monitor *monitor, uint64_t event);

#endif
