/*
 * watch.h: prints the events of a socket to standard error (--verbose).
 *
 * One thread reads the monitor until the socket is closed; stop joins it, after tn_close().
 */
#ifndef TENON_TOOLS_WATCH_H
#define TENON_TOOLS_WATCH_H

#include <pthread.h>

#include <tenon/tenon.h>

struct watch {
    tn_monitor_t *monitor; /* NULL: nothing is watched */
    const char *name;
    pthread_t thread;
};

/** 0 or a negative code. `name` stands in front of each line and is borrowed. */
int watch_start(struct watch *watch, tn_socket_t *socket, const char *name);
/** After the socket was closed. Does nothing when nothing is watched. */
void watch_stop(struct watch *watch);

#endif
