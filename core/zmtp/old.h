/*
 * old.h: what peers of ZMTP 1.0 and 2.0 send instead of a handshake, and the frames of 1.0 (RFC 13, 15).
 *
 * Pure. After the greeting (greeting.h) such a peer sends its socket type as a byte, unless it is of
 * before versions, and its routing id as a frame; then messages. ZMTP 2.0 has the frames of frame.h. A
 * frame of 1.0 is a length, which counts the flags, then the flags and the body; lengths from 255 on
 * are an FF and eight bytes. There are no commands: subscriptions are messages.
 */
#ifndef TNI_OLD_H
#define TNI_OLD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "zmtp/greeting.h"

enum {
    TNI_OLD_HEADER_MAX = 10, /* of a frame of 1.0, with the flags */
    TNI_OLD_HELLO_MAX = 1 + TNI_OLD_HEADER_MAX + 255,
    TNI_OLD_TYPE_UNKNOWN = -1,
};

struct tni_old_hello {
    int type; /* RFC 15's number, or TNI_OLD_TYPE_UNKNOWN: the peer does not say */
    const uint8_t *routing_id; /* borrows what was read */
    size_t routing_id_size;
};

/** Reads what follows the greeting of an old peer. Returns how much of `bytes` it was, -EAGAIN when it
 *  is not all there, or -EPROTO with a sentence. It may be 0 bytes long. A routing id may begin with a zero byte, as peer.h
 *  says. */
ssize_t tni_old_hello_read(const struct tni_greeting_reader *greeting, const uint8_t *bytes,
                           size_t size, struct tni_old_hello *out_hello);

/** Writes what follows as much of our own greeting as tni_greeting_sendable says, and returns its
 *  size. `status`: of the peer's greeting. */
size_t tni_old_hello_write(enum tni_greeting_status status, uint8_t type, const uint8_t *routing_id,
                           size_t routing_id_size, uint8_t out[TNI_OLD_HELLO_MAX]);

/** Writes the header of a frame of ZMTP 1.0 in its shortest form: 2 or 10 bytes. */
size_t tni_old_frame_encode(uint8_t *out, unsigned flags, uint64_t body_size);

/** As tni_frame_decode. `*out_flags` is TNI_FRAME_MORE or 0: the other bits have no meaning in 1.0. */
int tni_old_frame_decode(const uint8_t *bytes, size_t available, unsigned *out_flags,
                         uint64_t *out_body_size);

#endif
