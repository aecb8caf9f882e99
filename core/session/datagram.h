/*
 * datagram.h: a session whose transport moves datagrams: nothing is dialled, greeted or lost.
 *
 * It is a session like others to its reactor, its socket and its endpoint (session.h); what it does
 * in its own way is here: it is up as soon as its address is known, and moves whole messages, those of
 * a batch with one call of the transport. A datagram holds a message of two frames: a name and a body
 * (zmtp/datagram.h) or, for a pattern that addresses its datagrams, where it goes to or comes from and
 * the body. What does not fit, cannot be sent, is malformed, or finds the socket full is dropped and
 * counted, and ends nothing. Under the reactor's lock, except where it says otherwise.
 */
#ifndef TNI_DATAGRAM_H
#define TNI_DATAGRAM_H

struct tni_session;
struct tn_endpoint;

/** Takes the address of a bind; the endpoint's text gets the real one. Before the session is in its
 *  reactor; application thread, under the socket's lock. */
int tni_datagram_bind(struct tni_session *session, struct tn_endpoint *endpoint);
/** Whether the endpoint asks for something that datagrams do not give. -ENOTSUP with a sentence. */
int tni_datagram_check(const struct tni_session *session);

#endif
