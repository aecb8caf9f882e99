/*
 * thread_params.h: what the I/O threads of a context are started with: name, scheduling, processors.
 *
 * Belongs to the context; written under its lock before the threads start, read when they do.
 */
#ifndef TNI_THREAD_PARAMS_H
#define TNI_THREAD_PARAMS_H

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>

enum { TNI_THREAD_NAME_MAX = 16 };

struct tni_thread_params {
    int priority; /* -1: that of the thread that starts them */
    int policy; /* SCHED_OTHER, ...; -1: likewise */
    bool has_cpus;
    cpu_set_t cpus;
    char name[TNI_THREAD_NAME_MAX + 1]; /* prefix */
};

void tni_thread_params_init(struct tni_thread_params *params);

/** Processors as "0,2-5"; an empty text: any. Pure. -EINVAL: nothing has changed. */
int tni_thread_params_set_cpus(struct tni_thread_params *params, const char *text);

/** Applies them to a thread that was just started, the `index`-th of its context. A negative code
 *  with a sentence: the system refused. */
int tni_thread_params_apply(const struct tni_thread_params *params, pthread_t thread,
                            unsigned index);

#endif
