/*
 * sock.h: the socket's common options, applied to sockets of the system.
 *
 * Private to the modules of this folder: it is compiled into each of them and is no interface; what
 * others may use as well is in tenon/descriptor.h. Whoever owns the descriptor calls it, under the lock
 * that transport.h names for the op. errno is as it was, as that page asks.
 */
#ifndef TENON_TRANSPORTS_SOCK_H
#define TENON_TRANSPORTS_SOCK_H

#include <netinet/in.h>
#include <stdbool.h>

#include <tenon/descriptor.h>

/** Whose options count: one of the two handles is set. */
struct sock_owner {
    const tn_host_t *host;
    tn_stream_t *stream;
    tn_listener_t *listener;
};

static inline int sock_option(const struct sock_owner *owner, const char *name, tn_value_t *out)
{
    if (owner->listener)
        return owner->host->listener_option(owner->listener, name, out);
    return owner->host->stream_option(owner->stream, name, out);
}

static inline int64_t sock_option_int(const struct sock_owner *owner, const char *name,
                                      int64_t fallback)
{
    tn_value_t value;

    return sock_option(owner, name, &value) < 0 ? fallback : value.number;
}

/** The text of an option, or NULL when it is unset or empty. */
static inline const char *sock_option_text(const struct sock_owner *owner, const char *name)
{
    tn_value_t value;

    if (sock_option(owner, name, &value) < 0 || !value.data || value.size == 0)
        return NULL;
    return value.data;
}

/** setsockopt of an int. A setting that somebody asked for and cannot have is an error. */
static inline int sock_set(const struct sock_owner *owner, int fd, int level, int option,
                           int64_t number, const char *name)
{
    int saved = errno;
    int value = (int)number;
    int code;

    if (setsockopt(fd, level, option, &value, sizeof value) == 0)
        return 0;
    code = -errno;
    errno = saved;
    return owner->host->set_error(owner->host, code,
                                  "the option %s=%d is refused by the system: %s; correct or "
                                  "remove it",
                                  name, value, strerrordesc_np(-code));
}

/** The buffer sizes; before bind and connect, because they decide the window that is announced. */
static inline int sock_set_buffers(const struct sock_owner *owner, int fd)
{
    int64_t sndbuf = sock_option_int(owner, "sndbuf", -1);
    int64_t rcvbuf = sock_option_int(owner, "rcvbuf", -1);
    int code = 0;

    if (sndbuf >= 0)
        code = sock_set(owner, fd, SOL_SOCKET, SO_SNDBUF, sndbuf, "sndbuf");
    if (code == 0 && rcvbuf >= 0)
        code = sock_set(owner, fd, SOL_SOCKET, SO_RCVBUF, rcvbuf, "rcvbuf");
    return code;
}

/** A dual-stack socket needs both: its IPv4 peers look at IP_TOS. */
static inline int sock_set_tos(const struct sock_owner *owner, int fd, int family)
{
    int64_t tos = sock_option_int(owner, "tos", 0);
    int code = 0;

    if (tos <= 0)
        return 0;
    if (family == AF_INET6)
        code = sock_set(owner, fd, IPPROTO_IPV6, IPV6_TCLASS, tos, "tos");
    return code < 0 ? code : sock_set(owner, fd, IPPROTO_IP, IP_TOS, tos, "tos");
}

static inline int sock_set_priority(const struct sock_owner *owner, int fd)
{
    int64_t priority = sock_option_int(owner, "priority", 0);

    if (priority <= 0)
        return 0;
    return sock_set(owner, fd, SOL_SOCKET, SO_PRIORITY, priority, "priority");
}

static inline int sock_bind_to_device(const struct sock_owner *owner, int fd)
{
    const char *device = sock_option_text(owner, "bindtodevice");
    int saved = errno;
    int code;

    if (!device)
        return 0;
    if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) == 0)
        return 0;
    code = -errno;
    errno = saved;
    return owner->host->set_error(owner->host, code,
                                  "the option bindtodevice=%s is refused by the system: %s; name "
                                  "an interface that exists, or give the program CAP_NET_RAW",
                                  device, strerrordesc_np(-code));
}

/** A non-blocking, close-on-exec socket, SOCK_STREAM or SOCK_DGRAM, or a negative code. */
static inline int sock_new_of(const tn_host_t *host, int family, int type)
{
    int saved = errno;
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int code = fd < 0 ? -errno : 0;

    errno = saved;
    if (code == 0)
        return fd;
    return host->set_error(host, code, "no socket can be made: %s%s", strerrordesc_np(-code),
                           code == -EMFILE ? "; raise the limit of open files (ulimit -n)" : "");
}

static inline int sock_new(const tn_host_t *host, int family)
{
    return sock_new_of(host, family, SOCK_STREAM);
}

#endif
