/*
 * poller.h: a set of descriptors, over epoll.
 *
 * Two kinds of set are made of it: a reactor's, whose connections are edge triggered and stay in it
 * unchanged, and an I/O thread's arming set, whose members are armed for one report at a time. Any
 * thread may change a set; taking from it is the owner's. The pointer that comes back is the one that
 * was added last for the descriptor.
 */
#ifndef TNI_POLLER_H
#define TNI_POLLER_H

#include <stdbool.h>

enum {
    TNI_POLL_IN = 1,
    TNI_POLL_OUT = 2,
    TNI_POLL_HANGUP = 4,
    TNI_POLL_PERHAPS = 8, /* nobody knows: it may be readable */
};

struct tni_poll_event {
    void *who;
    unsigned events;
};

/** A descriptor, or a negative code. */
int tni_poller_new(void);
/** For ever, both directions, each change once. */
int tni_poller_add_edge(int set, int fd, void *who);
/** Whether an edge of one in the set is its having room to write, too; what is so by then is told. */
void tni_poller_hear_room(int set, int fd, void *who, bool hears);
/** Whenever it is readable. */
int tni_poller_add_level(int set, int fd, void *who);
/** Not yet; tni_poller_arm asks for one report. */
int tni_poller_add_unarmed(int set, int fd, void *who);
int tni_poller_arm(int set, int fd, void *who, bool is_armed);
void tni_poller_remove(int set, int fd);
/** What is ready now, at most `max`; never waits. */
int tni_poller_take(int set, struct tni_poll_event *events, int max);

/** Sleeps until something is ready, or for `ns`. */
void tni_poller_nap(int set, long ns);
/** The calling thread's naps are as short as it says. */
void tni_poller_be_precise(void);

#endif
