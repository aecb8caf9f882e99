#include "base/lock.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/futex.h"
#include "base/processor.h"

enum { LOOKS = 16, A_WHILE = 1000 /* ms */ };

atomic_bool tni_lock_has_barrier;

static int membarrier(int command)
{
    return (int)syscall(SYS_membarrier, command, 0, 0);
}

void tni_lock_prepare(void)
{
    if (membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) == 0 &&
        membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) == 0)
        atomic_store(&tni_lock_has_barrier, true);
}

/* Whoever gives the lock back from here on sees that somebody sleeps, or has given it back already. */
static void barrier(void)
{
    int kept = errno;

    if (membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED) < 0)
        tni_lock_prepare(); /* a child whose kernel does not hand the registration on */
    errno = kept;
}

void tni_lock_wait(struct tni_lock *lock)
{
    for (int i = 0; i < LOOKS; i++) {
        if (!atomic_load_explicit(&lock->is_held, memory_order_relaxed) && tni_lock_try(lock))
            return;
        tni_pause();
    }
    atomic_fetch_add(&lock->sleepers, 1);
    if (atomic_load(&tni_lock_has_barrier))
        barrier();
    /* Whoever comes by may take it before one that was woken, which then sleeps again. */
    while (!tni_lock_try(lock))
        tni_futex_wait(&lock->is_held, 1, A_WHILE);
    atomic_fetch_sub(&lock->sleepers, 1);
}

void tni_lock_wake(struct tni_lock *lock)
{
    tni_futex_wake_one(&lock->is_held);
}
