/* The rules of tenon/transport.h. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <tenon/transport.h>

#include "rules.h"
#include "rules_host.h"

enum { STREAMS_MAX = 4096 };

/* What is known about one stream, found by its state. */
struct stream {
    void *state; /* NULL: free */
    bool is_dialled;
    int fd; /* -1: not told yet */
    dev_t device;
    ino_t inode;
    bool has_ended; /* readv said so */
    bool is_gone; /* or that, or an error */
};

static const tn_transport_ops_t *real;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* over the streams */
static struct stream streams[STREAMS_MAX];

/* The stream with that state; with NULL a free one, or NULL when there are too many to watch. */
static struct stream *stream_of(void *state)
{
    for (int i = 0; i < STREAMS_MAX; i++) {
        if (streams[i].state == state)
            return &streams[i];
    }
    return NULL;
}

/* ---- on purpose ---- */

static atomic_bool cuts_reads, cuts_writes;
static atomic_long die_at, short_writes;

void rules_stream_cut(bool reads, bool writes)
{
    atomic_store(&cuts_reads, reads);
    atomic_store(&cuts_writes, writes);
}

void rules_stream_die_at(long n)
{
    atomic_store(&die_at, n);
}

long rules_stream_short_writes(void)
{
    return atomic_load(&short_writes);
}

int rules_stream_dialled(void)
{
    int fd = -1;

    pthread_mutex_lock(&lock);
    for (int i = 0; i < STREAMS_MAX; i++)
        if (streams[i].state && streams[i].is_dialled && streams[i].fd >= 0)
            fd = streams[i].fd;
    pthread_mutex_unlock(&lock);
    return fd;
}

/* Called before the module's part of an op, and after it. */
static void come_to_die(void)
{
    if (atomic_load(&die_at) > 0 && atomic_fetch_sub(&die_at, 1) == 1)
        raise(SIGKILL);
}

static struct rules_op begin_stream(const char *name)
{
    come_to_die();
    return rules_begin(name);
}

static void end_stream(const struct rules_op *op)
{
    rules_end(op);
    come_to_die();
}

typedef ssize_t move_fn(void *state, const struct iovec *iov, int count);

/* By 1, 2, 3, 1, ... bytes, as far as it goes. */
static ssize_t move_in_pieces(move_fn *move, void *state, const struct iovec *iov, int count)
{
    ssize_t moved = 0;
    size_t step = 1;

    for (int i = 0; i < count; i++) {
        for (size_t at = 0; at < iov[i].iov_len;) {
            size_t left = iov[i].iov_len - at, most = step++ % 3 + 1;
            struct iovec piece = {(char *)iov[i].iov_base + at, left < most ? left : most};
            ssize_t rc = move(state, &piece, 1);

            if (rc <= 0)
                return moved ? moved : rc;
            if ((size_t)rc > piece.iov_len)
                rules_break("readv or writev returned %zd with %zu bytes", rc, piece.iov_len);
            at += (size_t)rc;
            moved += rc;
        }
    }
    return moved;
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
    struct rules_op watch = begin_stream("open");
    int code = real->open(state, stream, rules_host_in_front_of(host), role, address);
    struct stream *known;

    end_stream(&watch);
    rules_check_code("open", code);
    if (code > 0)
        rules_break("open returned %d; it returns 0 or a negative code", code);
    if (code < 0)
        return code;
    pthread_mutex_lock(&lock);
    known = stream_of(state); /* of a stream that had no op to close it */
    if (!known)
        known = stream_of(NULL);
    if (known)
        *known = (struct stream){.state = state, .fd = -1, .is_dialled = role == TN_ROLE_CONNECT};
    pthread_mutex_unlock(&lock);
    return code;
}

static int watched_dial(void *state, const char *address)
{
    struct rules_op watch = begin_stream("dial");
    int code = real->dial(state, address);

    end_stream(&watch);
    rules_check_code("dial", code);
    if (code == -EAGAIN)
        rules_break("dial returned -EAGAIN; a connection that is not there yet is -EINPROGRESS");
    return code;
}

static int watched_established(void *state)
{
    struct rules_op watch = begin_stream("established");
    int code = real->established(state);

    end_stream(&watch);
    rules_check_code("established", code);
    return code;
}

static int watched_handshake(void *state)
{
    struct rules_op watch = begin_stream("handshake");
    int code = real->handshake(state);

    end_stream(&watch);
    rules_check_code("handshake", code);
    if (code == -EAGAIN)
        rules_break("handshake returned -EAGAIN; one that is under way is -EINPROGRESS");
    return code;
}

static ssize_t watched_readv(void *state, const struct iovec *iov, int count)
{
    size_t room = total(iov, count);
    struct rules_op watch = begin_stream("readv");
    ssize_t got = atomic_load(&cuts_reads) ? move_in_pieces(real->readv, state, iov, count)
                                           : real->readv(state, iov, count);
    struct stream *known;
    bool has_ended;

    end_stream(&watch);
    rules_check_code("readv", got);
    if (got > 0 && (size_t)got > room)
        rules_break("readv returned %zd with room for %zu", got, room);
    if (is_fatal(got))
        note_gone(state);
    if (got < 0)
        return got;
    pthread_mutex_lock(&lock);
    known = stream_of(state);
    has_ended = known && known->has_ended && got > 0;
    if (known && got == 0 && room > 0)
        known->has_ended = known->is_gone = true;
    pthread_mutex_unlock(&lock);
    if (has_ended)
        rules_break(
            "readv returned 0, the end of the stream, and bytes afterwards; nothing to read is "
            "-EAGAIN");
    return got;
}

static ssize_t watched_writev(void *state, const struct iovec *iov, int count)
{
    size_t size = total(iov, count);
    struct rules_op watch = begin_stream("writev");
    ssize_t put = atomic_load(&cuts_writes) ? move_in_pieces(real->writev, state, iov, count)
                                            : real->writev(state, iov, count);

    end_stream(&watch);
    if (put > 0 && (size_t)put < size)
        atomic_fetch_add(&short_writes, 1);
    rules_check_code("writev", put);
    if (put > 0 && (size_t)put > size)
        rules_break("writev returned %zd of %zu bytes", put, size);
    if (put == 0 && size > 0)
        rules_break("writev returned 0; nothing taken is -EAGAIN");
    if (is_fatal(put))
        note_gone(state);
    return put;
}

static int watched_flush(void *state)
{
    struct rules_op watch = begin_stream("flush");
    int code = real->flush(state);

    end_stream(&watch);
    rules_check_code("flush", code);
    return code;
}

static void check_descriptor(const char *of, int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        rules_break("the descriptor of %s, %d, is not open", of, fd);
    else if (!(flags & O_NONBLOCK))
        rules_break("the descriptor of %s is not O_NONBLOCK", of);
    else if (!(fcntl(fd, F_GETFD) & FD_CLOEXEC))
        rules_break(
            "the descriptor of %s is not FD_CLOEXEC: programs that this one starts inherit it", of);
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
        rules_break("fd returned %d and later %d; it must not change between established and close",
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
        rules_break("writev raised SIGPIPE when the peer had gone: use sendmsg with MSG_NOSIGNAL");
    pthread_sigmask(SIG_SETMASK, &kept, NULL);
}

static void watched_close(void *state)
{
    struct rules_op watch;
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
    watch = begin_stream("close");
    real->close(state);
    end_stream(&watch);
    if (was.fd >= 0 && fstat(was.fd, &status) == 0 && status.st_dev == was.device &&
        status.st_ino == was.inode)
        rules_break("close left the descriptor %d open", was.fd);
}

/* ---- listeners ---- */

static int watched_accept(void *state, void *stream_state)
{
    struct rules_op watch = rules_begin("accept");
    int code = real->accept(state, stream_state);

    rules_end(&watch);
    rules_check_code("accept", code);
    if (code > 0)
        rules_break("accept returned %d; it returns 0 or a negative code", code);
    return code;
}

/* Whether it blocks is looked at in accept. */
static int watched_listener_fd(void *state)
{
    int fd = real->listener_fd(state);

    if (fd >= 0 && !(fcntl(fd, F_GETFD) & FD_CLOEXEC))
        rules_break(
            "the descriptor of a listener is not FD_CLOEXEC, or not open: programs that this "
            "one starts inherit it");
    return fd;
}

/* ---- on the application's thread ---- */

static int watched_check(const tn_host_t *host, const char *address, unsigned role)
{
    int rc = real->check(rules_host_in_front_of(host), address, role);

    rules_check_code("check", rc);
    return rc;
}

static int watched_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                          const char *address)
{
    int rc = real->listen(state, listener, rules_host_in_front_of(host), address);

    rules_check_code("listen", rc);
    return rc;
}

static int watched_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                           unsigned role, const char *address)
{
    int rc = real->prepare(endpoint_state, setup, rules_host_in_front_of(host), role, address);

    rules_check_code("prepare", rc);
    return rc;
}

static int watched_attach(tn_module_state_t *state, tn_endpoint_t *endpoint, const tn_host_t *host,
                          const char *address, unsigned role)
{
    int rc = real->attach(state, endpoint, rules_host_in_front_of(host), address, role);

    rules_check_code("attach", rc);
    return rc;
}

const tn_module_t *rules_watch_transport(const tn_module_t *module, const tn_feature_t *feature)
{
    static tn_transport_ops_t ops;
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
    WATCH(check);
    WATCH(listen);
    WATCH(prepare);
    WATCH(attach);
#undef WATCH
    return rules_host_know(module, rules_put_in(module, feature, &ops));
}
