/*
 * monitor.h: what the rest of the drop-in tells the monitors of its sockets.
 */
#ifndef TNZ_MONITOR_H
#define TNZ_MONITOR_H

#include "dropin.h"

/** Has the events that are there so far sent before this returns: libzmq tells of a bind within it. */
void tnz_monitor_flush(struct tnz_socket *socket);
/** The socket was closed: sends its last events and ends the monitor, if there is one. */
void tnz_monitor_end(struct tnz_socket *socket);

#endif
