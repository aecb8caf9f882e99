/*
 * thread.c: threads of the program. Signals are blocked in them, so that the program's other threads
 * get those that come for the process.
 */
#include <signal.h>
#include <stdlib.h>

#include "dropin.h"

struct thread {
    zmq_thread_fn *run;
    void *arg;
    pthread_t id;
};

static void *run(void *arg)
{
    struct thread *thread = arg;

    thread->run(thread->arg);
    return NULL;
}

void *zmq_threadstart(zmq_thread_fn *function, void *arg)
{
    struct thread *thread;
    sigset_t all, before;
    int number;

    if (!function) {
        errno = EFAULT;
        return NULL;
    }
    thread = malloc(sizeof *thread);
    if (!thread) {
        errno = ENOMEM;
        return NULL;
    }
    *thread = (struct thread){.run = function, .arg = arg};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    number = pthread_create(&thread->id, NULL, run, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number) {
        free(thread);
        errno = number;
        return NULL;
    }
    return thread;
}

void zmq_threadclose(void *handle)
{
    struct thread *thread = handle;

    if (!thread)
        return;
    pthread_join(thread->id, NULL);
    free(thread);
}
