/*
 * exchange.h: the ways in which a peer command moves messages.
 *
 * Each runs until its count is reached, its input ends, a timeout passes or the context is shut
 * down, and returns an exit code; what failed has been said. Main thread.
 */
#ifndef TENON_TOOLS_EXCHANGE_H
#define TENON_TOOLS_EXCHANGE_H

#include "peer.h"

/** Input to socket: pub, push. */
int exchange_send(struct peer *peer);
/** Socket to output: sub, pull. */
int exchange_receive(struct peer *peer);
/** Send, receive, and again: req. */
int exchange_request(struct peer *peer);
/** Receive, send, and again: rep. */
int exchange_reply(struct peer *peer);
/** Both ways, independently: pair, dealer, router. */
int exchange_both(struct peer *peer);

#endif
