/*
 * hand_over.h: how what a turn has written reaches the kernel: at the end of the turn.
 *
 * A message for one idle connection is written by the thread that sent it; so is a stream to one peer, a
 * run at a time. Everything else is left to whoever watches the connections. Under the socket's lock.
 */
#ifndef TNI_HAND_OVER_H
#define TNI_HAND_OVER_H

struct tn_sock;
struct tni_reactor;

/** Ends the turn as far as connections were written to. Returns the reactor that this thread is to serve
 *  itself, once it has unlocked; NULL: another one does. */
struct tni_reactor *tni_sock_hand_over(struct tn_sock *sock);
/** Once it has served that: what is sent next follows this write, however long it took. */
void tni_sock_note_served(struct tn_sock *sock);
/** Tells a connection that it was written to in this turn now, and not at its end. */
void tni_sock_tell(struct tn_sock *sock);
/** A message may have been gathered (fan_out.h): the I/O thread is to see that it goes out. */
void tni_sock_note_gathered(struct tn_sock *sock);
/** Gives pipes what is gathered for them, unless the socket is in use: then later. By a server of
 *  `reactor`, the socket's, before it looks into the inbox; takes the lock itself. */
void tni_sock_give_gathered(struct tn_sock *sock, struct tni_reactor *reactor);

#endif
