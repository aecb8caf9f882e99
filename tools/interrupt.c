#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

enum { SECOND_SIGNAL_EXIT = 130 };

static atomic_bool came;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static tn_ctx_t *watched; /* under lock */

static void fill(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

void interrupt_block(void)
{
    sigset_t set;

    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void *wait_for_signals(void *unused)
{
    sigset_t set;
    int number;

    (void)unused;
    fill(&set);
    for (;;) {
        if (sigwait(&set, &number))
            continue;
        if (atomic_exchange(&came, true))
            _exit(SECOND_SIGNAL_EXIT);
        pthread_mutex_lock(&lock);
        if (watched)
            tn_ctx_shutdown(watched);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int interrupt_watch(tn_ctx_t *ctx)
{
    pthread_t thread;
    int code;

    watched = ctx;
    code = pthread_create(&thread, NULL, wait_for_signals, NULL);
    if (code)
        return -code;
    pthread_detach(thread);
    return 0;
}

void interrupt_forget(void)
{
    pthread_mutex_lock(&lock);
    watched = NULL;
    pthread_mutex_unlock(&lock);
}

bool interrupt_came(void)
{
    return atomic_load(&came);
}
