/*
 * memory.h: every allocation of the library goes through here, so that a test can make one fail.
 *
 * NULL means that there is none; callers turn it into -ENOMEM. Any thread.
 */
#ifndef TNI_MEMORY_H
#define TNI_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *tni_malloc(size_t size);
void *tni_calloc(size_t count, size_t size);
void *tni_realloc(void *memory, size_t size);
char *tni_strdup(const char *text);
/** Zeroed and aligned to a cache line. */
void *tni_calloc_aligned(size_t size);
void tni_free(void *memory);
/** As tni_free, after the bytes have been overwritten: for what may hold a secret. NULL is allowed. */
void tni_free_secret(void *memory, size_t size);
/** Overwrites what functions that have returned left of a secret on this thread's stack, below the
 *  caller's frame, and in registers. For the ends of calls that handle secrets. */
void tni_wipe_stack(void);

/** For what is used again instead of being allocated anew (blocks.h): whether this allocation is one
 *  that must fail; and the allocation itself, which was not refused. */
bool tni_memory_is_refused(void);
void *tni_malloc_allowed(size_t size);

/** For tests: the n-th allocation from now fails, and `times` from there (-1: all later ones); 0
 *  switches it off. Returns how many allocations there were since the last call. */
unsigned long tni_memory_fail_at(unsigned long nth, long times);

#endif
