#include "base/memory.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#endif

enum { CACHE_LINE = 64, WIPED_STACK = 16 * 1024 };

/* Written by tests only; one relaxed load is what it costs everybody else. */
static atomic_bool armed;
static atomic_ulong seen;
static atomic_ulong first_failing;
static atomic_long failing_times;

bool tni_memory_is_refused(void)
{
    unsigned long number, first;
    long times;

    if (!atomic_load_explicit(&armed, memory_order_relaxed))
        return false;
    number = atomic_fetch_add(&seen, 1) + 1;
    first = atomic_load(&first_failing);
    times = atomic_load(&failing_times);
    return first && number >= first && (times < 0 || number < first + (unsigned long)times);
}

unsigned long tni_memory_fail_at(unsigned long nth, long times)
{
    atomic_store(&first_failing, nth);
    atomic_store(&failing_times, times);
    atomic_store(&armed, nth != 0);
    return atomic_exchange(&seen, 0);
}

void *tni_malloc(size_t size)
{
    return tni_memory_is_refused() ? NULL : malloc(size);
}

void *tni_malloc_allowed(size_t size)
{
    return malloc(size);
}

void *tni_calloc(size_t count, size_t size)
{
    return tni_memory_is_refused() ? NULL : calloc(count, size);
}

void *tni_realloc(void *memory, size_t size)
{
    return tni_memory_is_refused() ? NULL : realloc(memory, size);
}

char *tni_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = tni_malloc(size);

    return copy ? memcpy(copy, text, size) : NULL;
}

void *tni_calloc_aligned(size_t size)
{
    size_t whole = (size + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
    void *memory = tni_memory_is_refused() ? NULL : aligned_alloc(CACHE_LINE, whole);

    return memory ? memset(memory, 0, whole) : NULL;
}

void tni_free(void *memory)
{
    free(memory);
}

void tni_free_secret(void *memory, size_t size)
{
    if (memory)
        explicit_bzero(memory, size);
    free(memory);
}

#ifdef __x86_64__
/* What __builtin_cpu_supports("avx512f") says, which would bring 5 KiB along: the processor has them
 * (leaf 7), and the system saves them (XCR0). */
static bool look_for_far_registers(void)
{
    enum { OSXSAVE = 1 << 27, AVX512F = 1 << 16, SAVED = 0xe6 };
    unsigned a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE))
        return false;
    __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    if ((a & SAVED) != SAVED)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & AVX512F);
}

static bool has_far_registers(void)
{
    enum { NOT_ASKED, NO, YES };
    static atomic_int known;
    int answer = atomic_load_explicit(&known, memory_order_relaxed);

    if (answer == NOT_ASKED) {
        answer = look_for_far_registers() ? YES : NO;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer == YES;
}
#endif

/* The C library copies by those that the compiler does not know of here. */
static void wipe_far_registers(void)
{
#ifdef __x86_64__
    if (has_far_registers())
        __asm__ volatile(".irp n,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n\t"
                         "vpxord %zmm\\n, %zmm\\n, %zmm\\n\n\t"
                         ".endr");
#endif
}

/* Registers count, since what is called later may save them on the stack (the dynamic linker does). */
#if defined __has_attribute
#if __has_attribute(zero_call_used_regs)
__attribute__((zero_call_used_regs("all")))
#endif
#endif
__attribute__((noinline)) void
tni_wipe_stack(void)
{
    char depth[WIPED_STACK];

    explicit_bzero(depth, sizeof depth);
    wipe_far_registers();
}
