/*
 * array.h: arrays that grow by one, for the registry's lists.
 *
 * The capacity is the next power of two above the count, so that only the count is kept. No lock.
 */
#ifndef TNI_ARRAY_H
#define TNI_ARRAY_H

#include <stddef.h>

#include "base/memory.h"

/** The array with room for one more than `count` items; NULL: no memory, the old one is intact. */
static inline void *tni_array_grow(void *array, size_t count, size_t item_size)
{
    if (array && (count & (count - 1)))
        return array;
    return tni_realloc(array, (count ? 2 * count : 1) * item_size);
}

#endif
