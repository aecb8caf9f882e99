/*
 * context.c: contexts and their options.
 *
 * The native context is made with ours, so that it can be shut down at once; its options are handed
 * over with the first socket, when they take effect, and later changes are kept but change nothing, as
 * in libzmq.
 */
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dropin.h"

enum {
    SOCKET_LIMIT = 65535,
    IO_THREADS_MAX = 64, /* of the native context */
    THREAD_NAME_MAX = 16,
    CPUS_TEXT_MAX = 5 * CPU_SETSIZE,
};

struct tnz_context {
    struct tnz_context *next; /* in the list of those that live */
    pthread_mutex_t lock; /* of all below */
    tn_ctx_t *native;
    bool is_started;
    int io_threads;
    int max_sockets;
    int max_msgsz;
    int thread_priority;
    int thread_sched_policy;
    cpu_set_t cpus; /* empty: any */
    char thread_name[THREAD_NAME_MAX + 1];
    bool zero_copy_recv;
    bool ipv6;
    bool blocky;
};

/* A handle is looked for here before its memory is touched: a program may hand in one that has ended. */
static pthread_mutex_t live_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tnz_context *live;

/* Under the lock: the place that points to the context, or to NULL. */
static struct tnz_context **place_of(const void *handle)
{
    struct tnz_context **place = &live;

    while (*place && *place != handle)
        place = &(*place)->next;
    return place;
}

struct tnz_context *tnz_context_of(void *handle)
{
    struct tnz_context *context;

    pthread_mutex_lock(&live_lock);
    context = *place_of(handle);
    pthread_mutex_unlock(&live_lock);
    if (!context)
        errno = EFAULT;
    return context;
}

static void add_to_live(struct tnz_context *context)
{
    pthread_mutex_lock(&live_lock);
    context->next = live;
    live = context;
    pthread_mutex_unlock(&live_lock);
}

static void remove_from_live(struct tnz_context *context)
{
    struct tnz_context **place;

    pthread_mutex_lock(&live_lock);
    place = place_of(context);
    if (*place)
        *place = context->next;
    pthread_mutex_unlock(&live_lock);
}

/* ------------------------------------------------------------------ life */

void *zmq_ctx_new(void)
{
    struct tnz_context *context = calloc(1, sizeof *context);

    if (!context) {
        errno = ENOMEM;
        return NULL;
    }
    context->native = tn_ctx_new();
    if (!context->native) {
        free(context);
        tnz_fail(tn_last_code());
        return NULL;
    }
    pthread_mutex_init(&context->lock, NULL);
    context->io_threads = ZMQ_IO_THREADS_DFLT;
    context->max_sockets = ZMQ_MAX_SOCKETS_DFLT;
    context->max_msgsz = INT_MAX;
    context->thread_priority = ZMQ_THREAD_PRIORITY_DFLT;
    context->thread_sched_policy = ZMQ_THREAD_SCHED_POLICY_DFLT;
    context->zero_copy_recv = true;
    context->blocky = true;
    add_to_live(context);
    return context;
}

int zmq_ctx_term(void *handle)
{
    struct tnz_context *context = tnz_context_of(handle);
    int rc;

    if (!context)
        return -1;
    rc = tn_ctx_term(context->native, -1);
    if (rc < 0)
        return tnz_fail(rc);
    remove_from_live(context);
    pthread_mutex_destroy(&context->lock);
    free(context);
    return 0;
}

int zmq_ctx_shutdown(void *handle)
{
    struct tnz_context *context = tnz_context_of(handle);
    int rc;

    if (!context)
        return -1;
    rc = tn_ctx_shutdown(context->native);
    return rc < 0 ? tnz_fail(rc) : 0;
}

void *zmq_init(int io_threads)
{
    void *context;

    if (io_threads < 0) {
        errno = EINVAL;
        return NULL;
    }
    context = zmq_ctx_new();
    if (context)
        zmq_ctx_set(context, ZMQ_IO_THREADS, io_threads);
    return context;
}

int zmq_term(void *context)
{
    return zmq_ctx_term(context);
}

int zmq_ctx_destroy(void *context)
{
    return zmq_ctx_term(context);
}

/* ------------------------------------------------------------------ sockets */

static int set_cpus(const struct tnz_context *context)
{
    char text[CPUS_TEXT_MAX];
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &context->cpus))
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%d", used ? "," : "", i);
    return tn_ctx_set_str(context->native, "thread_cpus", text);
}

static int set_threads(const struct tnz_context *context)
{
    int rc = tn_ctx_set_int(context->native, "thread_priority", context->thread_priority);

    if (rc == 0)
        rc = tn_ctx_set_int(context->native, "thread_sched_policy", context->thread_sched_policy);
    if (rc == 0)
        rc = set_cpus(context);
    if (rc == 0 && context->thread_name[0])
        rc = tn_ctx_set_str(context->native, "thread_name", context->thread_name);
    return rc;
}

/* Where libzmq's defaults are not the native ones. A deployment's manifests go before them. */
static const struct {
    const char *name;
    int value;
} defaults[] = {
    {"socket.maxmsgsize", -1},
    {"socket.handshake_ivl", 30000},
    {"socket.max_connections_per_address", 0},
    {"socket.stall_timeout", 0},
    {"socket.max_subscriptions", 0}, /* programs have a million; their bytes are limited */
    {"socket.claim_parts", 0},
    {"socket.zap_enforce_domain", 0},
};

/* Under the lock. Without I/O threads libzmq has inproc alone; ours would make the program drive the
 * connections, so one thread is asked for, which starts at the first network endpoint only. */
static int start(struct tnz_context *context)
{
    int threads = context->io_threads;
    int rc;

    if (context->is_started)
        return 0;
    if (threads < 1)
        threads = 1;
    if (threads > IO_THREADS_MAX)
        threads = IO_THREADS_MAX;
    rc = tn_ctx_set_int(context->native, "io_threads", threads);
    if (rc == 0)
        rc = tn_ctx_set_int(context->native, "max_sockets",
                            context->max_sockets < SOCKET_LIMIT ? context->max_sockets
                                                                : SOCKET_LIMIT);
    if (rc == 0)
        rc = set_threads(context);
    for (size_t i = 0; rc == 0 && i < sizeof defaults / sizeof defaults[0]; i++)
        rc = tn_ctx_set_int(context->native, defaults[i].name, defaults[i].value);
    context->is_started = rc == 0;
    return rc;
}

tn_socket_t *tnz_context_open(struct tnz_context *context, const char *pattern,
                              struct tnz_socket_defaults *out_defaults)
{
    tn_socket_t *socket = NULL;
    int rc;

    pthread_mutex_lock(&context->lock);
    rc = start(context);
    out_defaults->ipv6 = context->ipv6;
    out_defaults->blocky = context->blocky;
    pthread_mutex_unlock(&context->lock);
    if (rc == 0) {
        socket = tn_socket(context->native, pattern);
        rc = socket ? 0 : tn_last_code();
    }
    if (rc < 0)
        tnz_fail(rc == -TN_EMODULE ? -EINVAL : rc);
    return socket;
}

bool tnz_context_is_threadless(struct tnz_context *context)
{
    bool is_threadless;

    pthread_mutex_lock(&context->lock);
    is_threadless = context->io_threads == 0;
    pthread_mutex_unlock(&context->lock);
    return is_threadless;
}

/* ------------------------------------------------------------------ options */

static int set_cpu(struct tnz_context *context, int cpu, bool add)
{
    if (cpu < 0 || cpu >= CPU_SETSIZE || (!add && !CPU_ISSET(cpu, &context->cpus)))
        return EINVAL;
    if (add)
        CPU_SET(cpu, &context->cpus);
    else
        CPU_CLR(cpu, &context->cpus);
    return 0;
}

static int set_number(struct tnz_context *context, int option, int value)
{
    switch (option) {
    case ZMQ_THREAD_AFFINITY_CPU_ADD:
        return set_cpu(context, value, true);
    case ZMQ_THREAD_AFFINITY_CPU_REMOVE:
        return set_cpu(context, value, false);
    case ZMQ_THREAD_NAME_PREFIX:
        snprintf(context->thread_name, sizeof context->thread_name, "%d", value);
        return 0;
    case ZMQ_THREAD_PRIORITY:
        if (value < 0)
            return EINVAL;
        context->thread_priority = value;
        return 0;
    case ZMQ_THREAD_SCHED_POLICY:
        if (value < 0)
            return EINVAL;
        context->thread_sched_policy = value;
        return 0;
    case ZMQ_ZERO_COPY_RECV:
        if (value < 0)
            return EINVAL;
        context->zero_copy_recv = value != 0;
        return 0;
    case ZMQ_IO_THREADS:
        if (value < 0)
            return EINVAL;
        context->io_threads = value;
        return 0;
    case ZMQ_MAX_SOCKETS:
        if (value < 1)
            return EINVAL;
        context->max_sockets = value;
        return 0;
    case ZMQ_MAX_MSGSZ:
        if (value < 0)
            return EINVAL;
        context->max_msgsz = value;
        return 0;
    case ZMQ_IPV6:
        if (value < 0)
            return EINVAL;
        context->ipv6 = value != 0;
        return 0;
    case ZMQ_BLOCKY:
        if (value < 0)
            return EINVAL;
        context->blocky = value != 0;
        return 0;
    default:
        return EINVAL;
    }
}

static int get_number(const struct tnz_context *context, int option, int *out_value)
{
    switch (option) {
    case ZMQ_IO_THREADS:
        *out_value = context->io_threads;
        return 0;
    case ZMQ_MAX_SOCKETS:
        *out_value = context->max_sockets;
        return 0;
    case ZMQ_SOCKET_LIMIT:
        *out_value = SOCKET_LIMIT;
        return 0;
    case ZMQ_MAX_MSGSZ:
        *out_value = context->max_msgsz;
        return 0;
    case ZMQ_THREAD_SCHED_POLICY:
        *out_value = context->thread_sched_policy;
        return 0;
    case ZMQ_THREAD_NAME_PREFIX:
        *out_value = atoi(context->thread_name);
        return 0;
    case ZMQ_ZERO_COPY_RECV:
        *out_value = context->zero_copy_recv;
        return 0;
    case ZMQ_MSG_T_SIZE:
        *out_value = (int)sizeof(zmq_msg_t);
        return 0;
    case ZMQ_IPV6:
        *out_value = context->ipv6;
        return 0;
    case ZMQ_BLOCKY:
        *out_value = context->blocky;
        return 0;
    default:
        return EINVAL;
    }
}

/* The one text there is; an int of four bytes is taken for a number. */
static int set_name(struct tnz_context *context, const void *data, size_t size)
{
    if (!data || size == 0 || size > THREAD_NAME_MAX)
        return EINVAL;
    memcpy(context->thread_name, data, size);
    context->thread_name[size] = '\0';
    return 0;
}

int zmq_ctx_set_ext(void *handle, int option, const void *data, size_t size)
{
    struct tnz_context *context = tnz_context_of(handle);
    int number = EINVAL;
    int value;

    if (!context)
        return -1;
    pthread_mutex_lock(&context->lock);
    if (data && size == sizeof value) {
        memcpy(&value, data, sizeof value);
        number = set_number(context, option, value);
    } else if (option == ZMQ_THREAD_NAME_PREFIX) {
        number = set_name(context, data, size);
    }
    pthread_mutex_unlock(&context->lock);
    return number ? tnz_error(number) : 0;
}

static int get_name(const struct tnz_context *context, void *data, size_t *io_size)
{
    size_t size = strlen(context->thread_name) + 1;

    if (*io_size < size)
        return EINVAL;
    memcpy(data, context->thread_name, size);
    *io_size = size;
    return 0;
}

int zmq_ctx_get_ext(void *handle, int option, void *data, size_t *io_size)
{
    struct tnz_context *context = tnz_context_of(handle);
    int number = EINVAL;
    int value;

    if (!context)
        return -1;
    if (!data || !io_size)
        return tnz_error(EINVAL);
    pthread_mutex_lock(&context->lock);
    if (*io_size == sizeof value) {
        number = get_number(context, option, &value);
        if (number == 0)
            memcpy(data, &value, sizeof value);
    } else if (option == ZMQ_THREAD_NAME_PREFIX) {
        number = get_name(context, data, io_size);
    }
    pthread_mutex_unlock(&context->lock);
    return number ? tnz_error(number) : 0;
}

int zmq_ctx_set(void *context, int option, int value)
{
    return zmq_ctx_set_ext(context, option, &value, sizeof value);
}

int zmq_ctx_get(void *context, int option)
{
    int value;
    size_t size = sizeof value;

    return zmq_ctx_get_ext(context, option, &value, &size) < 0 ? -1 : value;
}
