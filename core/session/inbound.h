/*
 * inbound.h: what a connection's bytes mean once it is up: frames into the socket's chain, commands.
 *
 * Under the reactor's lock. receive.c reads the bytes; inbound.c takes frames apart; commands.c answers
 * commands; large.c collects bodies that come in many pieces. Each function that fails left a
 * sentence, and the connection ends.
 */
#ifndef TNI_INBOUND_H
#define TNI_INBOUND_H

#include "base/expect.h"
#include "session/session.h"

/** A body above this is collected by itself if it is not all there. */
enum { TNI_LARGE = 8 * 1024 };
/** One up to this size is copied into the socket's chain, if it is all there. */
enum { TNI_COPIED = 16 * 1024 };

/** Delivers the frames at the front of `bytes`, as many as are whole and as the socket takes. Returns
 *  the bytes used; what is left is the beginning of a frame, or `session->is_paused`. */
ssize_t tni_inbound_messages(struct tni_session *session, const uint8_t *bytes, size_t size);
/** The same, all of them, if they are whole messages of frames of less than 256 bytes and nothing is out of the
 *  ordinary. False: nothing was done. */
bool tni_inbound_short(struct tni_session *session, const uint8_t *bytes, size_t size);
/** Where in the socket's chain `*out_room` bytes that are probably a stream of small messages may be read to. NULL:
 *  read them elsewhere. */
uint8_t *tni_inbound_place(struct tni_session *session, size_t *out_room);
/** Delivers the messages at the front of the `size` bytes there, as long as they are whole, of small frames, and the
 *  socket takes them. Returns the bytes used; the others are no longer there after the next delivery. */
size_t tni_inbound_placed(struct tni_session *session, size_t size);
/** Delivers a data frame, by copying it. */
int tni_inbound_frame(struct tni_session *session, unsigned flags, const uint8_t *body,
                      size_t size);
/** Delivers a data frame whose bytes lie in `body`, which is taken in any case. */
int tni_inbound_body(struct tni_session *session, unsigned flags, struct tn_body *body,
                     const uint8_t *data, size_t size);
/** Whether a frame of that size may come; `overhead`: what a codec's frame may have more. */
int tni_inbound_check_size(const struct tni_session *session, unsigned flags, uint64_t size,
                           size_t overhead);
/** Keeps account of messages of several frames; for each data frame, once. */
int tni_inbound_count(struct tni_session *session, unsigned flags, uint64_t size);
/** Whether the socket takes one more message; if not, `session->is_paused` is set. */
bool tni_inbound_has_room(struct tni_session *session);
/** A command frame's body. */
int tni_inbound_command(struct tni_session *session, const uint8_t *body, size_t size);
int tni_inbound_no_memory(void) TNI_RARE;

int tni_large_begin(struct tni_session *session, unsigned flags, uint64_t size);
/** Where its next bytes may be read to. */
int tni_large_room(struct tni_session *session, struct iovec *out_iov);
/** How many bytes fit into what there is of it. */
uint64_t tni_large_room_left(const struct tni_session *session);
/** Takes what belongs to it; returns how much. */
ssize_t tni_large_take(struct tni_session *session, const uint8_t *bytes, size_t size);
/** All of it has come. */
int tni_large_done(struct tni_session *session);

#endif
