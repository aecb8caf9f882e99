/*
 * old_peer.h: connections to peers of ZMTP 1.0 and 2.0: from the greeting to the first message.
 *
 * Part of the handshake (handshake.c), under the reactor's lock. Such peers know neither mechanisms nor
 * properties nor commands. What they do not say is empty in the peer's description. Each function that
 * fails left a sentence.
 */
#ifndef TNI_OLD_PEER_H
#define TNI_OLD_PEER_H

#include "message/peer_info.h"
#include "session/session.h"
#include "zmtp/greeting.h"

/** The greeting shows an old peer: answers, or -EPROTO, -TN_ENOCOMPAT: it is not wanted. */
int tni_old_peer_greet(struct tni_session *session, const struct tni_greeting_reader *greeting,
                       const char *mechanism);
/** Takes bytes after the greeting; returns how many. When all have come, `*out_peer` is new, made of
 *  `pieces` and what the peer said, and the connection has its codec. */
ssize_t tni_old_peer_input(struct tni_session *session, const struct tni_greeting_reader *greeting,
                           const uint8_t *bytes, size_t size, struct tni_peer_pieces pieces,
                           struct tn_peer_info **out_peer);
/** The connection to a peer of before versions is up. A publisher sends it whatever it has: that one
 *  filters by itself, and may not know how to subscribe. */
int tni_old_peer_subscribe(struct tni_session *session);

#endif
