/*
 * copy.h: copies bytes of which there are few, but nobody knows how few.
 *
 * Of a size whose range it can tell, gcc copies by an instruction that takes tens of nanoseconds to begin
 * (rep movs); a call of memcpy takes a few.
 */
#ifndef TNI_COPY_H
#define TNI_COPY_H

#include <stddef.h>
#include <string.h>

static inline void tni_copy(void *to, const void *from, size_t size)
{
    __asm__("" : "+r"(size)); /* nothing is known of it any more */
    memcpy(to, from, size);
}

#endif
