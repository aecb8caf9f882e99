#include "socket/parts.h"

#include <errno.h>

#include "base/error.h"
#include "base/memory.h"

int tni_parts_reserve(struct tni_parts *parts, size_t room)
{
    tn_msg_t *msgs;

    if (room <= parts->room)
        return 0;
    msgs = room <= SIZE_MAX / sizeof *msgs ? tni_realloc(parts->msgs, room * sizeof *msgs) : NULL;
    if (!msgs)
        return tni_fail(-ENOMEM, "no memory for a message of %zu frames", room);
    for (size_t i = parts->room; i < room; i++)
        tn_msg_init(&msgs[i]);
    parts->msgs = msgs;
    parts->room = room;
    return 0;
}

void tni_parts_fini(struct tni_parts *parts)
{
    tni_parts_clear(parts);
    tni_free(parts->msgs);
    *parts = (struct tni_parts){NULL, 0, 0};
}

void tni_parts_clear(struct tni_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++)
        tn_msg_close(&parts->msgs[i]);
    parts->count = 0;
}

uint64_t tni_parts_bytes(const struct tni_parts *parts)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < parts->count; i++)
        bytes += tn_msg_size(&parts->msgs[i]);
    return bytes;
}

int tni_parts_copy(struct tni_parts *to, const struct tni_parts *from)
{
    int status = tni_parts_reserve(to, from->count);

    while (status == 0 && to->count < from->count) {
        status = tn_msg_copy(&to->msgs[to->count], &from->msgs[to->count]);
        to->count += status == 0;
    }
    return status;
}
