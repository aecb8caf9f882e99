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
#include <sys/stat.h>
#include <time.h>

#include <tenon/transport.h>

enum { FEATURES_MAX = 64, STREAMS_MAX = 4096, SLEEP_MS = 50, SLEEPS = 4, SENTINEL = 4000 };

/* What is known about one stream, found by its state. */
struct stream {
    void *state; /* NULL: free */
    int fd; /* -1: not told yet */
    dev_t device;
    ino_t inode;
    bool has_ended; /* readv said so */
    bool is_gone; /* or that, or an error */
};

static const tn_transport_ops_t *real;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over all that follows */
static struct stream streams[STREAMS_MAX];
static char broken[512];
static atomic_int sleeps; /* of ops; without the lock */

static void breaks(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void breaks(const char *format, ...)
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

/* The stream with that state; with NULL a free one, or NULL when there are too many to watch. */
static struct stream *stream_of(void *state)
{
    for (int i = 0; i < STREAMS_MAX; i++) {
        if (streams[i].state == state)
            return &streams[i];
    }
    return NULL;
}

/* ---- an op must not sleep: it runs on a thread that serves others too ---- */

struct watch {
    const char *op;
    int kept; /* errno, which is the program's */
    struct timespec began;
    long switches;
};

static struct watch begin(const char *op)
{
    struct watch watch = {.op = op, .kept = errno};
    struct rusage usage;

    getrusage(RUSAGE_THREAD, &usage);
    watch.switches = usage.ru_nvcsw;
    clock_gettime(CLOCK_MONOTONIC, &watch.began);
    errno = SENTINEL;
    return watch;
}

static void end(const struct watch *watch)
{
    struct timespec now;
    struct rusage usage;
    long ms;

    if (errno != SENTINEL)
        breaks("%s changed errno to %d (%s); the thread it runs on may be the program's", watch->op,
               errno, strerror(errno));
    errno = watch->kept;
    clock_gettime(CLOCK_MONOTONIC, &now);
    getrusage(RUSAGE_THREAD, &usage);
    ms = (now.tv_sec - watch->began.tv_sec) * 1000 + (now.tv_nsec - watch->began.tv_nsec) / 1000000;
    /* On a busy machine once is nothing. */
    if (ms >= SLEEP_MS && usage.ru_nvcsw > watch->switches &&
        atomic_fetch_add(&sleeps, 1) + 1 >= SLEEPS)
        breaks(
            "%s slept for %ld ms; ops must not block: return -EAGAIN or -EINPROGRESS, and let the "
            "descriptor or host->stream_ready tell when there is more",
            watch->op, ms);
}

static void check_code(const char *op, long code)
{
    if (code < -4095 && !(code <= -5525504 && code > -5525600))
        breaks("%s returned %ld; it returns 0, a count, or a negative errno code", op, code);
}

static size_t total(const struct iovec *iov, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    return size;
}

/* ---- streams ---- */

static void note_gone(void *state)
{
    struct stream *known;

    pthread_mutex_lock(&lock);
    known = stream_of(state);
    if (known)
        known->is_gone = true;
    pthread_mutex_unlock(&lock);
}

static bool is_fatal(ssize_t code)
{
    return code < 0 && code != -EAGAIN && code != -EINTR;
}

static int watched_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                        const char *address)
{
    struct watch watch = begin("open");
    int code = real->open(state, stream, host, role, address);
    struct stream *known;

    end(&watch);
    check_code("open", code);
    if (code > 0)
        breaks("open returned %d; it returns 0 or a negative code", code);
    if (code < 0)
        return code;
    pthread_mutex_lock(&lock);
    known = stream_of(NULL);
    if (known)
        *known = (struct stream){.state = state, .fd = -1};
    pthread_mutex_unlock(&lock);
    return code;
}

static int watched_dial(void *state, const char *address)
{
    struct watch watch = begin("dial");
    int code = real->dial(state, address);

    end(&watch);
    check_code("dial", code);
    if (code == -EAGAIN)
        breaks("dial returned -EAGAIN; a connection that is not there yet is -EINPROGRESS");
    return code;
}

static int watched_established(void *state)
{
    struct watch watch = begin("established");
    int code = real->established(state);

    end(&watch);
    check_code("established", code);
    return code;
}

static int watched_handshake(void *state)
{
    struct watch watch = begin("handshake");
    int code = real->handshake(state);

    end(&watch);
    check_code("handshake", code);
    if (code == -EAGAIN)
        breaks("handshake returned -EAGAIN; one that is under way is -EINPROGRESS");
    return code;
}

static ssize_t watched_readv(void *state, const struct iovec *iov, int count)
{
    size_t room = total(iov, count);
    struct watch watch = begin("readv");
    ssize_t got = real->readv(state, iov, count);
    struct stream *known;

    end(&watch);
    check_code("readv", got);
    if (got > 0 && (size_t)got > room)
        breaks("readv returned %zd with room for %zu", got, room);
    if (is_fatal(got))
        note_gone(state);
    if (got < 0)
        return got;
    pthread_mutex_lock(&lock);
    known = stream_of(state);
    if (known && known->has_ended && got > 0 && !broken[0])
        snprintf(
            broken, sizeof broken,
            "readv returned 0, the end of the stream, and bytes afterwards; nothing to read is "
            "-EAGAIN");
    if (known && got == 0 && room > 0)
        known->has_ended = known->is_gone = true;
    pthread_mutex_unlock(&lock);
    return got;
}

static ssize_t watched_writev(void *state, const struct iovec *iov, int count)
{
    size_t size = total(iov, count);
    struct watch watch = begin("writev");
    ssize_t put = real->writev(state, iov, count);

    end(&watch);
    check_code("writev", put);
    if (put > 0 && (size_t)put > size)
        breaks("writev returned %zd of %zu bytes", put, size);
    if (put == 0 && size > 0)
        breaks("writev returned 0; nothing taken is -EAGAIN");
    if (is_fatal(put))
        note_gone(state);
    return put;
}

static int watched_flush(void *state)
{
    struct watch watch = begin("flush");
    int code = real->flush(state);

    end(&watch);
    check_code("flush", code);
    return code;
}

static void check_descriptor(const char *of, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        breaks("the descriptor of %s, %d, is not open", of, fd);
    else if (!(flags & O_NONBLOCK))
        breaks("the descriptor of %s is not O_NONBLOCK", of);
    else if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
        breaks("the descriptor of %s is not FD_CLOEXEC: programs that this one starts inherit it",
               of);
}

static int watched_fd(void *state)
{
    int fd = real->fd(state), before = -1;
    struct stream *known;
    struct stat status;

    if (fd < 0)
        return fd;
    check_descriptor("a stream", fd);
    pthread_mutex_lock(&lock);
    known = stream_of(state);
    if (known) {
        before = known->fd;
        known->fd = fd;
        if (fstat(fd, &status) == 0) {
            known->device = status.st_dev;
            known->inode = status.st_ino;
        }
    }
    pthread_mutex_unlock(&lock);
    if (before >= 0 && before != fd)
        breaks("fd returned %d and later %d; it must not change between established and close",
               before, fd);
    return fd;
}

/* The peer has gone, so what is written now goes nowhere; it must not cost the program its life either. Threads
 * of the library block signals, so that one may lie pending. */
static void check_broken_pipe(void *state)
{
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    sigset_t pipe, kept, pending;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &kept);
    real->writev(state, &iov, 1);
    sigpending(&pending);
    if (sigismember(&pending, SIGPIPE))
        breaks("writev raised SIGPIPE when the peer had gone: use sendmsg with MSG_NOSIGNAL");
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
}

static void watched_close(void *state)
{
    struct watch watch;
    struct stream was = {.fd = -1};
    struct stream *known;
    struct stat status;

    pthread_mutex_lock(&lock);
    known = stream_of(state);
    if (known) {
        was = *known;
        known->state = NULL;
    }
    pthread_mutex_unlock(&lock);
    if (was.is_gone && real->shape == TN_SHAPE_STREAM)
        check_broken_pipe(state);
    watch = begin("close");
    real->close(state);
    end(&watch);
    if (was.fd >= 0 && fstat(was.fd, &status) == 0 && status.st_dev == was.device &&
        status.st_ino == was.inode)
        breaks("close left the descriptor %d open", was.fd);
}

/* ---- listeners ---- */

static int watched_accept(void *state, void *stream_state)
{
    struct watch watch = begin("accept");
    int code = real->accept(state, stream_state);

    end(&watch);
    check_code("accept", code);
    if (code > 0)
        breaks("accept returned %d; it returns 0 or a negative code", code);
    return code;
}

static int watched_listener_fd(void *state)
{
    int fd = real->listener_fd(state);

    if (fd >= 0)
        check_descriptor("a listener", fd);
    return fd;
}

const tn_module_t *rules_watch(const tn_module_t *module, const tn_feature_t *feature)
{
    static tn_transport_ops_t ops;
    static tn_feature_t watched_feature;
    static const tn_feature_t *features[FEATURES_MAX + 1];
    static tn_module_t watched;
    size_t size;

    real = feature->ops;
    size = real->size < sizeof ops ? real->size : sizeof ops;
    memcpy(&ops, real, size);
    ops.size = (uint32_t)size;
#define WATCH(op)                                                                                  \
    if (ops.op)                                                                                    \
    ops.op = watched_##op
    WATCH(open);
    WATCH(dial);
    WATCH(established);
    WATCH(handshake);
    WATCH(readv);
    WATCH(writev);
    WATCH(flush);
    WATCH(fd);
    WATCH(close);
    WATCH(accept);
    WATCH(listener_fd);
#undef WATCH
    watched_feature = *feature;
    watched_feature.ops = &ops;
    for (size_t i = 0; module->features[i] && i < FEATURES_MAX; i++)
        features[i] = module->features[i] == feature ? &watched_feature : module->features[i];
    watched = *module;
    watched.features = features;
    return &watched;
}
