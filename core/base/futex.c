#include "base/futex.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int tni_futex_wait(atomic_uint *word, unsigned expected, uint64_t limit)
{
    /* Never without a limit: the kernel would resume that one after a handler with SA_RESTART. */
    struct timespec left = {.tv_sec = (time_t)(limit / 1000),
                            .tv_nsec = (long)(limit % 1000) * 1000000};

    if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &left, NULL, 0) == 0)
        return 0;
    return errno == EINTR || errno == ETIMEDOUT ? -errno : 0;
}

void tni_futex_wake(atomic_uint *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

void tni_futex_wake_one(atomic_uint *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
