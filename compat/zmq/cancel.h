/*
 * cancel.h: a thread of the program is not cancelled while the drop-in holds a lock of its own. Native calls
 * see to themselves.
 */
#ifndef TNZ_CANCEL_H
#define TNZ_CANCEL_H

#include <pthread.h>

static inline int tnz_cancel_forbid(void)
{
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static inline void tnz_cancel_leave_scope(const int *before)
{
    int unused;

    pthread_setcancelstate(*before, &unused);
}

/** Among the declarations of a function: until it returns. */
#define TNZ_UNCANCELLED                                                                            \
    __attribute__((cleanup(tnz_cancel_leave_scope), unused)) int tnz_uncancelled =                 \
        tnz_cancel_forbid()

#endif
