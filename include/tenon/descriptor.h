/*
 * tenon/descriptor.h: what transports over descriptors of the system have in common.
 *
 * Help for whoever writes one, and no part of the ABI: all of it is compiled into the module. The ops
 * stand in a tn_transport_ops_t as they are, for streams whose state begins with a tn_sys_stream_t and
 * listeners whose state begins with a tn_sys_listener_t, and keep the rules of transport.h: they do not
 * block, raise no SIGPIPE and leave errno as it was. The functions below them do the same for one
 * descriptor, whoever has it. transports/vsock is the example of both.
 */
#ifndef TENON_DESCRIPTOR_H
#define TENON_DESCRIPTOR_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <tenon/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ one descriptor */

/** Closes it, unless it is -1, and makes it -1. */
static inline void tn_sys_close(int *fd)
{
    int kept = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = kept;
}

/** What a read or a write that failed with `error` is to the core. A system call's error says nothing of
 *  the peer: the codes after which a connect is not tried again become "reset". */
static inline int tn_sys_code(int error)
{
    switch (error) {
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
        return -EAGAIN;
#endif
    case EPROTO:
    case EMSGSIZE:
    case EACCES:
    case ECONNREFUSED:
        return -ECONNRESET;
    default:
        return -error;
    }
}

/** `size` of a call that reads or writes, or what its errno is to the core; errno is `kept` again. */
static inline ssize_t tn_sys_result(ssize_t size, int kept)
{
    if (size < 0) {
        size = tn_sys_code(errno);
        errno = kept;
    }
    return size;
}

/** Bytes read, 0 at the end, or a negative code. */
static inline ssize_t tn_sys_readv(int fd, const struct iovec *iov, int count)
{
    int kept = errno;
    ssize_t size;

    do {
        size = count == 1 ? read(fd, iov[0].iov_base, iov[0].iov_len) : readv(fd, iov, count);
    } while (size < 0 && errno == EINTR);
    return tn_sys_result(size, kept);
}

/** The same of a socket, which costs the kernel a little less. */
static inline ssize_t tn_sys_recvv(int fd, const struct iovec *iov, int count)
{
    int kept = errno;
    ssize_t size;

    if (count != 1)
        return tn_sys_readv(fd, iov, count);
    do {
        size = recv(fd, iov[0].iov_base, iov[0].iov_len, 0);
    } while (size < 0 && errno == EINTR);
    return tn_sys_result(size, kept);
}

/** Bytes that a socket has taken, or a negative code. */
static inline ssize_t tn_sys_writev(int fd, const struct iovec *iov, int count)
{
    struct msghdr header;
    int kept = errno;
    ssize_t size;

    memset(&header, 0, sizeof header);
    header.msg_iov = (struct iovec *)iov;
    header.msg_iovlen = (size_t)count;
    do {
        size = count == 1 ? send(fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL)
                          : sendmsg(fd, &header, MSG_NOSIGNAL);
    } while (size < 0 && errno == EINTR);
    return tn_sys_result(size, kept);
}

/** Not blocking, and closed by exec. 0 or a code. */
static inline int tn_sys_prepare(int fd)
{
    int kept = errno, code = 0;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        code = -errno;
    errno = kept;
    return code;
}

/** A new socket, or a negative code. */
static inline int tn_sys_socket(int family)
{
    int kept = errno;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int code = fd < 0 ? -errno : fd;

    errno = kept;
    return code;
}

/** Whether an error of accept belongs to the one connection that it took off the queue. */
static inline int tn_sys_is_transient(int error)
{
    switch (error) {
    case EINTR:
    case ECONNABORTED:
    case ECONNRESET:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ETIMEDOUT:
        return 1;
    default:
        return 0;
    }
}

/** The next connection of a listening socket, or a negative code; past those that died in the queue. With
 *  _GNU_SOURCE no exec in between can inherit it. */
static inline int tn_sys_accept(int listener, struct sockaddr *out_peer, socklen_t *io_size)
{
    socklen_t room = out_peer ? *io_size : 0;
    int kept = errno, fd;

    do {
        if (out_peer)
            *io_size = room;
#ifdef _GNU_SOURCE
        fd = accept4(listener, out_peer, io_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
        fd = accept(listener, out_peer, io_size);
        if (fd >= 0 && tn_sys_prepare(fd) < 0)
            tn_sys_close(&fd);
#endif
    } while (fd < 0 && tn_sys_is_transient(errno));
    if (fd < 0)
        fd = errno == EWOULDBLOCK ? -EAGAIN : -errno;
    errno = kept;
    return fd;
}

/** What has become of a connect that was under way: 0, -EINPROGRESS, or why it failed. */
static inline int tn_sys_connected(int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(int), peer_size = sizeof peer;
    int kept = errno, error = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    if (error == 0 && getpeername(fd, (struct sockaddr *)&peer, &peer_size) < 0)
        error = EINPROGRESS;
    errno = kept;
    return -error;
}

/* ------------------------------------------------------------------ ops of streams */

/** First in the state of a stream. */
typedef struct tn_sys_stream {
    const tn_host_t *host;
    tn_stream_t *stream;
    const char *address; /* valid until close */
    int fd; /* -1: none yet; close closes it */
} tn_sys_stream_t;

static inline int tn_sys_stream_open(void *state, tn_stream_t *stream, const tn_host_t *host,
                                     unsigned role, const char *address)
{
    tn_sys_stream_t *self = (tn_sys_stream_t *)state;

    (void)role;
    self->host = host;
    self->stream = stream;
    self->address = address;
    self->fd = -1;
    return 0;
}

/** For a dial that stands at once. */
static inline int tn_sys_stream_established(void *state)
{
    (void)state;
    return 0;
}

static inline ssize_t tn_sys_stream_readv(void *state, const struct iovec *iov, int count)
{
    return tn_sys_readv(((const tn_sys_stream_t *)state)->fd, iov, count);
}

static inline ssize_t tn_sys_stream_writev(void *state, const struct iovec *iov, int count)
{
    return tn_sys_writev(((const tn_sys_stream_t *)state)->fd, iov, count);
}

static inline int tn_sys_stream_fd(void *state)
{
    return ((const tn_sys_stream_t *)state)->fd;
}

static inline void tn_sys_stream_close(void *state)
{
    tn_sys_close(&((tn_sys_stream_t *)state)->fd);
}

/* ------------------------------------------------------------------ ops of listeners */

/** First in the state of a listener. */
typedef struct tn_sys_listener {
    int fd; /* set by tn_sys_listener_begin */
    int is_open;
} tn_sys_listener_t;

/** In listen: from now on unlisten closes it. Returns `fd`, which may be a negative code. */
static inline int tn_sys_listener_begin(tn_sys_listener_t *self, int fd)
{
    self->fd = fd;
    self->is_open = fd >= 0;
    return fd;
}

static inline int tn_sys_listener_fd(void *state)
{
    return ((const tn_sys_listener_t *)state)->fd;
}

static inline void tn_sys_listener_unlisten(void *state)
{
    tn_sys_listener_t *self = (tn_sys_listener_t *)state;

    if (self->is_open)
        tn_sys_close(&self->fd);
    self->is_open = 0;
}

#ifdef __cplusplus
}
#endif
#endif
