/*
 * context.c: contexts and their options.
 *
 * The native context is made with ours, so that it can be shut down at once; its options are handed
 * over with the first socket, when they take effect, and later changes are kept but change nothing, as
 * in libzmq.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dropin.h"

enum {
    MAGIC_LIVE = 0x7a6d7163,
    SOCKET_LIMIT = 65535,
    IO_THREADS_MAX = 64, /* of the native context */
};

struct tnz_context {
    unsigned magic;
    pthread_mutex_t lock; /* of all below */
    tn_ctx_t *native;
    bool is_started;
    int io_threads;
    int max_sockets;
    int max_msgsz;
    bool ipv6;
    bool blocky;
};

struct tnz_context *tnz_context_of(void *handle)
{
    struct tnz_context *context = handle;

    if (context && context->magic == MAGIC_LIVE)
        return context;
    errno = EFAULT;
    return NULL;
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
    context->magic = MAGIC_LIVE;
    pthread_mutex_init(&context->lock, NULL);
    context->io_threads = ZMQ_IO_THREADS_DFLT;
    context->max_sockets = ZMQ_MAX_SOCKETS_DFLT;
    context->max_msgsz = INT_MAX;
    context->blocky = true;
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
    context->magic = 0;
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
        rc = tn_ctx_set_int(context->native, "max_sockets", context->max_sockets);
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

static int set_number(struct tnz_context *context, int option, int value)
{
    switch (option) {
    case ZMQ_IO_THREADS:
        if (value < 0)
            return EINVAL;
        context->io_threads = value;
        return 0;
    case ZMQ_MAX_SOCKETS:
        if (value < 1 || value > SOCKET_LIMIT)
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

int zmq_ctx_set_ext(void *handle, int option, const void *data, size_t size)
{
    struct tnz_context *context = tnz_context_of(handle);
    int value, number;

    if (!context)
        return -1;
    if (!data || size != sizeof value)
        return tnz_error(EINVAL);
    memcpy(&value, data, sizeof value);
    pthread_mutex_lock(&context->lock);
    number = set_number(context, option, value);
    pthread_mutex_unlock(&context->lock);
    return number ? tnz_error(number) : 0;
}

int zmq_ctx_get_ext(void *handle, int option, void *data, size_t *io_size)
{
    struct tnz_context *context = tnz_context_of(handle);
    int value, number;

    if (!context)
        return -1;
    if (!data || !io_size || *io_size < sizeof value)
        return tnz_error(EINVAL);
    pthread_mutex_lock(&context->lock);
    number = get_number(context, option, &value);
    pthread_mutex_unlock(&context->lock);
    if (number)
        return tnz_error(number);
    memcpy(data, &value, sizeof value);
    *io_size = sizeof value;
    return 0;
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
