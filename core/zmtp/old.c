#include "zmtp/old.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "zmtp/frame.h"

enum { ESCAPE = 0xff, ROUTING_ID_MAX = 255 };

size_t tni_old_frame_encode(uint8_t *out, unsigned flags, uint64_t body_size)
{
    uint64_t length = body_size + 1;
    uint64_t ordered = htobe64(length);

    if (length < ESCAPE) {
        out[0] = (uint8_t)length;
        out[1] = (uint8_t)flags;
        return 2;
    }
    out[0] = ESCAPE;
    memcpy(out + 1, &ordered, sizeof ordered);
    out[9] = (uint8_t)flags;
    return TNI_OLD_HEADER_MAX;
}

int tni_old_frame_decode(const uint8_t *bytes, size_t available, unsigned *out_flags,
                         uint64_t *out_body_size)
{
    int header = available > 0 && bytes[0] == ESCAPE ? TNI_OLD_HEADER_MAX : 2;
    uint64_t length;

    if (available == 0)
        return 0;
    if (bytes[0] == 0 || (bytes[0] == ESCAPE && available > 1 && bytes[1] > 0x7f))
        return -EPROTO;
    if (available < (size_t)header)
        return 0;
    length = bytes[0];
    if (header == TNI_OLD_HEADER_MAX) {
        memcpy(&length, bytes + 1, sizeof length);
        length = be64toh(length);
    }
    if (length == 0)
        return -EPROTO;
    *out_flags = bytes[header - 1] & TNI_FRAME_MORE;
    *out_body_size = length - 1;
    return header;
}

/* ------------------------------------------------------------------ the hello */

static int malformed(void)
{
    return tni_fail(-EPROTO, "the peer, of ZMTP 2.0 or older, sent a malformed routing id");
}

/* A routing id in a frame that begins at `bytes`: the frame's size. */
static ssize_t read_id(bool is_1_0, const uint8_t *bytes, size_t size, struct tni_old_hello *hello)
{
    unsigned flags = 0;
    uint64_t length = 0;
    int header = is_1_0 ? tni_old_frame_decode(bytes, size, &flags, &length)
                        : tni_frame_decode(bytes, size, &flags, &length);

    if (header == 0)
        return -EAGAIN;
    /* RFC 13: the flags of a routing id are not looked at. */
    if (header < 0 || length > ROUTING_ID_MAX || (flags && !is_1_0))
        return malformed();
    if (size - (size_t)header < length)
        return -EAGAIN;
    hello->routing_id = bytes + header;
    hello->routing_id_size = (size_t)length;
    return (ssize_t)((size_t)header + (size_t)length);
}

/* The greeting's reader took the header of the routing id's frame for the beginning of a signature. */
static ssize_t read_rest_of_id(const struct tni_greeting_reader *greeting, const uint8_t *bytes,
                               size_t size, struct tni_old_hello *hello)
{
    unsigned flags;
    uint64_t length = 0;
    int header = tni_old_frame_decode(greeting->bytes, greeting->taken, &flags, &length);

    if (header != greeting->taken || length > ROUTING_ID_MAX)
        return malformed();
    if (size < length)
        return -EAGAIN;
    hello->routing_id = bytes;
    hello->routing_id_size = (size_t)length;
    return (ssize_t)length;
}

ssize_t tni_old_hello_read(const struct tni_greeting_reader *greeting, const uint8_t *bytes,
                           size_t size, struct tni_old_hello *out_hello)
{
    ssize_t used;

    if (greeting->status == TNI_GREETING_UNVERSIONED) {
        out_hello->type = TNI_OLD_TYPE_UNKNOWN;
        used = read_rest_of_id(greeting, bytes, size, out_hello);
    } else {
        if (size == 0)
            return -EAGAIN;
        out_hello->type = bytes[0];
        used = read_id(greeting->status == TNI_GREETING_V1, bytes + 1, size - 1, out_hello);
        used += used >= 0;
    }
    return used;
}

size_t tni_old_hello_write(enum tni_greeting_status status, uint8_t type, const uint8_t *routing_id,
                           size_t routing_id_size, uint8_t out[TNI_OLD_HELLO_MAX])
{
    size_t size = 0;

    /* To a peer of before versions our signature was the header of this very frame. */
    if (status != TNI_GREETING_UNVERSIONED) {
        out[size++] = type;
        size += status == TNI_GREETING_V1 ? tni_old_frame_encode(out + size, 0, routing_id_size)
                                          : tni_frame_encode(out + size, 0, routing_id_size);
    }
    if (routing_id_size)
        memcpy(out + size, routing_id, routing_id_size);
    return size + routing_id_size;
}
