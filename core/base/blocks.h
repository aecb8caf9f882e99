/*
 * blocks.h: blocks of memory of 8 KiB to 16 MiB that are used again: large bodies, and chunks.
 *
 * The allocator gives such memory back to the system as soon as it can, so that every message pays for
 * fresh pages; and one thread's memory that another frees costs it a lock. A block that is given back
 * stays with the thread, a few of them, and goes on to a store of the process when there are more, from
 * where whoever makes such blocks takes many at once. What nobody has wanted for a while goes back to
 * the system at a sweep, pages first, wherever the allocator has it. Sizes out of that range are plain
 * allocations. Any thread, any lock held; nothing blocks.
 */
#ifndef TNI_BLOCKS_H
#define TNI_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

/** The least size that is kept. */
#define TNI_BLOCK_LEAST ((size_t)8 * 1024)

/** The functions below, of that size and more. */
void *tni_large_block_take(size_t size);
void tni_large_block_give(void *block, size_t size);

/** `size` bytes, not set. NULL: no memory. */
static inline void *tni_block_take(size_t size)
{
    return size < TNI_BLOCK_LEAST ? tni_malloc(size) : tni_large_block_take(size);
}

/** Gives it back; `size` as it was taken with. NULL is allowed. */
static inline void tni_block_give(void *block, size_t size)
{
    if (size < TNI_BLOCK_LEAST)
        tni_free(block);
    else
        tni_large_block_give(block, size);
}

/** Makes it larger, perhaps elsewhere, with the bytes it has. NULL: no memory; it is as it was. */
void *tni_block_resize(void *block, size_t size, size_t larger);
/** How many bytes a block of that size really has. */
size_t tni_block_room(size_t size);

enum { TNI_BLOCKS_SWEEP_MS = 100 };

/** Frees a part of what has not been needed for half a second. Whoever is there to do it calls it every
 *  TNI_BLOCKS_SWEEP_MS until it returns false: nothing is kept any more. */
bool tni_blocks_sweep(void);
/** Whether a sweep may find any. */
bool tni_blocks_are_kept(void);
/** Frees everything that is kept. When the last context has ended. */
void tni_blocks_trim(void);
/** Bytes of blocks of 8 KiB and more that were taken and not given back, in the process. A snapshot; any
 *  thread. */
size_t tni_blocks_used(void);
/** Bytes that are kept for use. A snapshot; any thread. */
size_t tni_blocks_kept(void);

#endif
