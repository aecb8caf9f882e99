/*
 * frame.h: the header of a ZMTP 2.0 and 3.x frame (RFC 15, 23, 37): flags, size, then the body.
 *
 * Inline because every message passes here. No state, no lock, any thread. The limit on the size of a
 * message ("maxmsgsize") is the session's to check, as it knows it.
 */
#ifndef TNI_FRAME_H
#define TNI_FRAME_H

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum tni_frame_flag {
    TNI_FRAME_MORE = 1,
    TNI_FRAME_LONG = 2,
    TNI_FRAME_COMMAND = 4,
};

enum {
    TNI_FRAME_SHORT_MAX = 255, /* the largest body whose size takes one byte */
    TNI_FRAME_SHORT_HEADER = 2,
    TNI_FRAME_HEADER_MAX = 9,
};

static inline size_t tni_frame_header_size(uint64_t body_size)
{
    return body_size <= TNI_FRAME_SHORT_MAX ? TNI_FRAME_SHORT_HEADER : TNI_FRAME_HEADER_MAX;
}

/** Writes the header of a body of `body_size` bytes, below 2^63, in its shortest form, and returns the
 *  header's size, 2 or 9. `flags`: MORE or COMMAND; LONG is set here. */
static inline size_t tni_frame_encode(uint8_t *out, unsigned flags, uint64_t body_size)
{
    uint64_t size;

    if (body_size <= TNI_FRAME_SHORT_MAX) {
        out[0] = (uint8_t)flags;
        out[1] = (uint8_t)body_size;
        return TNI_FRAME_SHORT_HEADER;
    }
    out[0] = (uint8_t)(flags | TNI_FRAME_LONG);
    size = htobe64(body_size);
    memcpy(out + 1, &size, sizeof size);
    return TNI_FRAME_HEADER_MAX;
}

/** Reads a header: its size (2 or 9), 0 when more bytes are needed, -EPROTO. `*out_flags` has MORE and
 *  COMMAND, never LONG; both results are written only when the header is whole. */
static inline int tni_frame_decode(const uint8_t *bytes, size_t available, unsigned *out_flags,
                                   uint64_t *out_body_size)
{
    unsigned flags;
    uint64_t size;

    if (available == 0)
        return 0;
    flags = bytes[0];
    if (flags > 7 ||
        (flags & (TNI_FRAME_MORE | TNI_FRAME_COMMAND)) == (TNI_FRAME_MORE | TNI_FRAME_COMMAND))
        return -EPROTO;
    if (!(flags & TNI_FRAME_LONG)) {
        if (available < TNI_FRAME_SHORT_HEADER)
            return 0;
        *out_flags = flags;
        *out_body_size = bytes[1];
        return TNI_FRAME_SHORT_HEADER;
    }
    if (available > 1 && bytes[1] > 0x7f)
        return -EPROTO;
    if (available < TNI_FRAME_HEADER_MAX)
        return 0;
    memcpy(&size, bytes + 1, sizeof size);
    *out_flags = flags & (TNI_FRAME_MORE | TNI_FRAME_COMMAND);
    *out_body_size = be64toh(size);
    return TNI_FRAME_HEADER_MAX;
}

/** Why tni_frame_decode refused these bytes, to go on after "the peer". */
const char *tni_frame_reason(const uint8_t *bytes, size_t available);

#endif
