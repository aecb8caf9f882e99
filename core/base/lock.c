#include "base/lock.h"

#include "base/futex.h"

enum { LOOKS = 16, A_WHILE = 1000 /* ms */ };

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

void tni_lock_wait(struct tni_lock *lock)
{
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit(&lock->word, memory_order_relaxed) == TNI_LOCK_FREE &&
            tni_lock_try(lock))
            return;
        pause_briefly();
    }
    /* Whoever has slept cannot know whether others do. */
    while (atomic_exchange_explicit(&lock->word, TNI_LOCK_WANTED, memory_order_acquire) !=
           TNI_LOCK_FREE)
        tni_futex_wait(&lock->word, TNI_LOCK_WANTED, A_WHILE);
}

void tni_lock_wake(struct tni_lock *lock)
{
    tni_futex_wake_one(&lock->word);
}
