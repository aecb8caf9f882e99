/*
 * raw.h: connections that carry bytes without ZMTP, for host->sock_raw.
 *
 * There is no handshake: such a connection is up as soon as its streams stand. A message goes out as the
 * bytes of its body; what comes in becomes messages of at most 8192 bytes, as it arrives. Under the
 * reactor's lock.
 */
#ifndef TNI_SESSION_RAW_H
#define TNI_SESSION_RAW_H

struct tni_session;

/** The streams stand: the connection is up. -ENOMEM ends it. */
int tni_raw_begin(struct tni_session *session);

#endif
