/* processor.h: hints to the processor about memory that another one reads or writes. */
#ifndef TNI_PROCESSOR_H
#define TNI_PROCESSOR_H

/** In a loop that looks at memory until somebody has written to it. */
static inline void tni_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/** That address will be written to soon, and may lie in another processor's cache now. Need not be one of
 *  ours. */
static inline void tni_will_write(const void *address)
{
#ifdef __x86_64__
    /* gcc has it by the builtin only for processors that it may assume to be new; others skip it. */
    __asm__ volatile("prefetchw %0" : : "m"(*(const char *)address));
#else
    __builtin_prefetch(address, 1);
#endif
}

#endif
