/*
 * datagram.h: the bytes of a datagram that carries a message of a group (RFC 48): the length of the
 * group's name in one byte, the name, the body.
 *
 * Pure; views borrow what was parsed.
 */
#ifndef TNI_DATAGRAM_FORM_H
#define TNI_DATAGRAM_FORM_H

#include <stddef.h>
#include <stdint.h>

enum { TNI_DATAGRAM_GROUP_MAX = 255 };

struct tni_datagram_view {
    const uint8_t *group;
    size_t group_size;
    const uint8_t *body;
    size_t size;
};

/** -EPROTO: empty, or shorter than its group. */
int tni_datagram_parse(const uint8_t *bytes, size_t size, struct tni_datagram_view *out_view);

#endif
