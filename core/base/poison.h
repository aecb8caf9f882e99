/* poison.h: memory that is kept for later is nobody's: with AddressSanitizer a use of it is found. */
#ifndef TNI_POISON_H
#define TNI_POISON_H

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define TNI_POISON(memory, size) ASAN_POISON_MEMORY_REGION(memory, size)
#define TNI_UNPOISON(memory, size) ASAN_UNPOISON_MEMORY_REGION(memory, size)
#else
#define TNI_POISON(memory, size) ((void)(memory), (void)(size))
#define TNI_UNPOISON(memory, size) ((void)(memory), (void)(size))
#endif

#endif
