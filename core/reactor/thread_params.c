#include "reactor/thread_params.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { SYSTEM_NAME_MAX = 15 };

void tni_thread_params_init(struct tni_thread_params *params)
{
    memset(params, 0, sizeof *params);
    params->priority = params->policy = -1;
    snprintf(params->name, sizeof params->name, "tenon");
}

/* A number below CPU_SETSIZE; NULL: there is none. */
static const char *read_cpu(const char *text, unsigned long *out_cpu)
{
    char *end;

    if (!isdigit((unsigned char)*text))
        return NULL;
    errno = 0;
    *out_cpu = strtoul(text, &end, 10);
    return errno == 0 && *out_cpu < CPU_SETSIZE ? end : NULL;
}

int tni_thread_params_set_cpus(struct tni_thread_params *params, const char *text)
{
    unsigned long first = 0, last;
    const char *at = text;
    cpu_set_t cpus;

    CPU_ZERO(&cpus);
    while (*at) {
        at = read_cpu(at, &first);
        last = first;
        if (at && *at == '-')
            at = read_cpu(at + 1, &last);
        if (!at || last < first || (*at && *at != ',') || (*at == ',' && !at[1]))
            return tni_fail(-EINVAL, "'%.100s' does not name processors: write 0,2-5", text);
        for (; first <= last; first++)
            CPU_SET(first, &cpus);
        at += *at == ',';
    }
    params->cpus = cpus;
    params->has_cpus = CPU_COUNT(&cpus) > 0;
    return 0;
}

static int apply_scheduling(const struct tni_thread_params *params, pthread_t thread)
{
    struct sched_param param;
    int policy;
    int rc = pthread_getschedparam(thread, &policy, &param);

    if (params->policy >= 0)
        policy = params->policy;
    if (params->priority >= 0)
        param.sched_priority = params->priority;
    if (param.sched_priority < sched_get_priority_min(policy))
        param.sched_priority = sched_get_priority_min(policy);
    if (rc == 0)
        rc = pthread_setschedparam(thread, policy, &param);
    if (rc != 0)
        return tni_fail(-rc,
                        "thread_sched_policy %d with thread_priority %d: %s; SCHED_FIFO and "
                        "SCHED_RR need CAP_SYS_NICE, and a priority of 1 to 99",
                        params->policy, params->priority, strerror(rc));
    return 0;
}

int tni_thread_params_apply(const struct tni_thread_params *params, pthread_t thread,
                            unsigned index)
{
    char suffix[16], name[TNI_THREAD_NAME_MAX + sizeof suffix];
    int room = SYSTEM_NAME_MAX - snprintf(suffix, sizeof suffix, "/io%u", index);
    int rc;

    snprintf(name, sizeof name, "%.*s%s", room, params->name, suffix);
    pthread_setname_np(thread, name);
    if (params->policy >= 0 || params->priority >= 0) {
        rc = apply_scheduling(params, thread);
        if (rc < 0)
            return rc;
    }
    rc = params->has_cpus ? pthread_setaffinity_np(thread, sizeof params->cpus, &params->cpus) : 0;
    return rc == 0 ? 0 : tni_fail(-rc, "thread_cpus: %s", strerror(rc));
}
