/*
 * signals.h: the descriptors of tn_fd, which tell a program's own loop what a socket has.
 *
 * Made when they are first asked for; a socket without one pays a test. Those of one event are level
 * triggered: lowered and raised at the end of each turn. The one of both tells of changes. The functions
 * that other threads need (notify, hold, release) are in socket.h.
 */
#ifndef TNI_SIGNALS_H
#define TNI_SIGNALS_H

#include "socket/socket.h"

/** At the end of a turn: the levels say what holds now. Under the socket's lock. */
void tni_signals_update(struct tn_sock *sock);

/** The socket is being closed: nobody raises them any more. */
void tni_signals_end(struct tn_sock *sock);
/** Closes the descriptors without a lock: in a child process. */
void tni_signals_close(struct tn_sock *sock);

#endif
