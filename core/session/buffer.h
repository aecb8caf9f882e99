/*
 * buffer.h: bytes that wait, exactly as many as there are.
 *
 * Appended at the end, taken from the front. Owner's lock. Empty it holds no memory. What has been taken is
 * overwritten, as commands of a handshake may be secret; tni_buffer_drop, for messages, saves that.
 */
#ifndef TNI_BUFFER_H
#define TNI_BUFFER_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/memory.h"

struct tni_buffer {
    uint8_t *bytes;
    size_t from, size; /* bytes[from .. size) wait */
};

static inline size_t tni_buffer_left(const struct tni_buffer *buffer)
{
    return buffer->size - buffer->from;
}

static inline void tni_buffer_drop(struct tni_buffer *buffer)
{
    tni_free(buffer->bytes);
    memset(buffer, 0, sizeof *buffer);
}

static inline void tni_buffer_clear(struct tni_buffer *buffer)
{
    tni_free_secret(buffer->bytes, buffer->size);
    memset(buffer, 0, sizeof *buffer);
}

static inline int tni_buffer_append(struct tni_buffer *buffer, const uint8_t *bytes, size_t size)
{
    size_t left = tni_buffer_left(buffer);
    uint8_t *grown;

    if (size == 0)
        return 0;
    if (buffer->from) {
        memmove(buffer->bytes, buffer->bytes + buffer->from, left);
        buffer->from = 0;
        buffer->size = left;
    }
    grown = tni_realloc(buffer->bytes, left + size);
    if (!grown)
        return -ENOMEM;
    memcpy(grown + left, bytes, size);
    buffer->bytes = grown;
    buffer->size = left + size;
    return 0;
}

static inline void tni_buffer_take(struct tni_buffer *buffer, size_t size)
{
    buffer->from += size;
    if (buffer->from == buffer->size)
        tni_buffer_clear(buffer);
}

#endif
