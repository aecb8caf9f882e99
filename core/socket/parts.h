/*
 * parts.h: the frames of one whole message, in room that is used again.
 *
 * Every object in the room is an initialised message; the first `count` of them are the frames.
 * Belongs to one thread.
 */
#ifndef TNI_PARTS_H
#define TNI_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <tenon/tenon.h>

struct tni_parts {
    tn_msg_t *msgs;
    size_t count, room;
};

/** All zero is an empty one. -ENOMEM: nothing has changed. */
int tni_parts_reserve(struct tni_parts *parts, size_t room);

void tni_parts_fini(struct tni_parts *parts);

/** Closes the frames. */
void tni_parts_clear(struct tni_parts *parts);

/** Size of all bodies. */
uint64_t tni_parts_bytes(const struct tni_parts *parts);

/** Makes `to`, which is empty, share the frames of `from`. -ENOMEM: `to` may have some of them. */
int tni_parts_copy(struct tni_parts *to, const struct tni_parts *from);

#endif
