/*
 * cancel.h: when a thread of the program may be ended by pthread_cancel().
 *
 * Where a call of ours sleeps, and nowhere else: a thread that ended in a system call which it makes under
 * a lock, or while it serves a connection, would leave both as they are for ever. So whatever makes
 * such calls in the program's threads does so uncancelled, and a sleep allows it for as long as it lasts.
 * Who holds something meanwhile gives it up in a pthread_cleanup_push() handler.
 */
#ifndef TNI_CANCEL_H
#define TNI_CANCEL_H

#include <pthread.h>

#include "base/expect.h"

/** False: no call of ours knows of it. Programs that are built for size do without. */
enum { TNI_MAY_BE_CANCELLED = !TNI_IS_SMALL };

/** Until `tni_cancel_allow`, which takes what this returns. They may nest. */
static inline int tni_cancel_forbid(void)
{
    int before = PTHREAD_CANCEL_DISABLE;

    if (TNI_MAY_BE_CANCELLED)
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void tni_cancel_allow(int before)
{
    if (TNI_MAY_BE_CANCELLED && before != PTHREAD_CANCEL_DISABLE)
        pthread_setcancelstate(before, &before);
}

/** After that, with the same. */
static inline void tni_cancel_forbid_again(int before)
{
    if (TNI_MAY_BE_CANCELLED && before != PTHREAD_CANCEL_DISABLE)
        tni_cancel_forbid();
}

static inline void tni_cancel_leave_scope(const int *before)
{
    tni_cancel_allow(*before);
}

/** Among the declarations of a function: the thread is not cancelled until it returns. `tni_uncancelled` is
 *  what `tni_cancel_forbid` returned. */
#define TNI_UNCANCELLED                                                                            \
    __attribute__((cleanup(tni_cancel_leave_scope), unused)) int tni_uncancelled =                 \
        tni_cancel_forbid()

/** First in a handler: the frames that it comes from are left without returning. */
static inline void tni_cancel_unwound(void)
{
#ifdef __SANITIZE_ADDRESS__
    void __asan_handle_no_return(void);

    __asan_handle_no_return();
#endif
}

#endif
