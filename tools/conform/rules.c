#include "rules.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { FEATURES_MAX = 64, SLEEP_MS = 50, SLEEPS = 10, SENTINEL = 4000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over all that follows */
static char broken[512];
static atomic_int sleeps; /* of ops; without the lock */

void rules_break(const char *format, ...)
{
    va_list args;

    pthread_mutex_lock(&lock);
    if (!broken[0]) {
        va_start(args, format);
        vsnprintf(broken, sizeof broken, format, args);
        va_end(args);
    }
    pthread_mutex_unlock(&lock);
}

const char *rules_broken(void)
{
    const char *first;

    pthread_mutex_lock(&lock);
    first = broken[0] ? broken : NULL;
    pthread_mutex_unlock(&lock);
    return first;
}

/* ---- an op must not sleep: it runs on a thread that serves others too ---- */

struct rules_op rules_begin(const char *name)
{
    struct rules_op op = {.name = name, .kept = errno};
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    op.switches = usage.ru_nvcsw;
    clock_gettime(CLOCK_MONOTONIC, &op.began);
    errno = SENTINEL;
    return op;
}

void rules_end(const struct rules_op *op)
{
    struct timespec now;
    struct rusage usage;
    long ms;

    if (errno != SENTINEL)
        rules_break("%s changed errno to %d (%s); the thread it runs on may be the program's",
                    op->name, errno, strerror(errno));
    errno = op->kept;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_THREAD, &usage);
    ms = (now.tv_sec - op->began.tv_sec) * 1000 + (now.tv_nsec - op->began.tv_nsec) / 1000000;
    /* On a busy machine a few are nothing. */
    if (ms >= SLEEP_MS && usage.ru_nvcsw > op->switches &&
        atomic_fetch_add(&sleeps, 1) + 1 >= SLEEPS)
        rules_break(
            "%s slept for %ld ms; ops must not block: return -EAGAIN or -EINPROGRESS, and let the "
            "descriptor or host->stream_ready tell when there is more",
            op->name, ms);
}

void rules_check_code(const char *op, long code)
{
    if (code < -4095 && !(code <= -5525504 && code > -5525600))
        rules_break("%s returned %ld; it returns 0, a count, or a negative errno code", op, code);
}

const tn_module_t *rules_put_in(const tn_module_t *module, const tn_feature_t *feature,
                                const void *ops)
{
    static tn_feature_t watched_feature;
    static const tn_feature_t *features[FEATURES_MAX + 1];
    static tn_module_t watched;

    watched_feature = *feature;
    watched_feature.ops = ops;
    for (size_t i = 0; module->features[i] && i < FEATURES_MAX; i++)
        features[i] = module->features[i] == feature ? &watched_feature : module->features[i];
    watched = *module;
    watched.features = features;
    return &watched;
}
