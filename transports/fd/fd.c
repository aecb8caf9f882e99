/*
 * fd: a stream socket that somebody else made: fd://3, or fd://NAME, a name of systemd's LISTEN_FDNAMES.
 *
 * One that listens can be bound, and gives connections (systemd, Accept=no). One that is connected can
 * be bound or connected, and gives that one connection (inetd, Accept=yes, a socketpair). From the bind
 * or connect on it belongs to the endpoint, which closes it. Locks: transport.h.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tenon/descriptor.h>

enum { LISTEN_FDS_START = 3, TEXT_SIZE = 24 };

/* What the streams of an endpoint share. */
struct source {
    _Atomic int fd; /* -1: it has become a stream's or the listener's */
};

struct listener {
    tn_sys_listener_t base; /* what listens; or a signal that the one connection is there */
    bool listens;
};

/* ---- addresses ---- */

/* The number, or -1. */
static int parse_number(const char *text)
{
    char *end;
    long number;

    if (*text < '0' || *text > '9' || strlen(text) > 9)
        return -1;
    number = strtol(text, &end, 10);
    return *end ? -1 : (int)number;
}

/* What the service manager passed under this name, or -1. */
static int find_name(const char *name)
{
    const char *pid = secure_getenv("LISTEN_PID"), *count = secure_getenv("LISTEN_FDS");
    const char *names = secure_getenv("LISTEN_FDNAMES");
    int last = count ? parse_number(count) : -1;

    if (!names || !pid || parse_number(pid) != getpid())
        return -1;
    for (int i = 0; i < last; i++) {
        size_t size = strcspn(names, ":");

        if (strlen(name) == size && memcmp(names, name, size) == 0)
            return LISTEN_FDS_START + i;
        names += size + (names[size] == ':');
    }
    return -1;
}

static int fd_check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)role;
    if (parse_number(address) >= 0 || find_name(address) >= 0)
        return 0;
    return host->set_error(
        host, -EINVAL,
        "fd://%s is neither the number of a descriptor, as fd://3, nor a name that "
        "LISTEN_FDNAMES has for this process",
        address);
}

static int refuse(const tn_host_t *host, const char *address, int code, const char *why)
{
    return host->set_error(host, code, "fd://%s: %s; pass a stream socket that %s", address, why,
                           "listens or is connected");
}

static int option_of(int fd, int option)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -errno : value;
}

static int claim(const tn_host_t *host, const char *address, unsigned role, int fd)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int type = option_of(fd, SO_TYPE), code;

    if (type < 0)
        return refuse(host, address, type, strerror(-type));
    if (type != SOCK_STREAM)
        return refuse(host, address, -EINVAL, "it is no stream socket");
    if (option_of(fd, SO_ACCEPTCONN) > 0) {
        if (role == TN_ROLE_CONNECT)
            return refuse(host, address, -EINVAL, "it listens, and can be bound only");
    } else if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0) {
        return refuse(host, address, -errno, "it neither listens nor is connected");
    }
    code = tn_sys_prepare(fd);
    return code < 0 ? refuse(host, address, code, "it cannot be set to be non-blocking") : 0;
}

static int fd_prepare(void *endpoint_state, const tn_setup_t *setup, const tn_host_t *host,
                      unsigned role, const char *address)
{
    struct source *source = endpoint_state;
    int fd = parse_number(address), kept = errno;
    int code;

    (void)setup;
    if (fd < 0)
        fd = find_name(address);
    code = claim(host, address, role, fd);
    errno = kept;
    atomic_store(&source->fd, code < 0 ? -1 : fd);
    return code;
}

static void fd_release(void *endpoint_state)
{
    struct source *source = endpoint_state;
    int fd = atomic_exchange(&source->fd, -1);

    tn_sys_close(&fd);
}

/* ---- listeners ---- */

static int fd_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                     const char *address)
{
    struct listener *self = state;
    struct source *source = host->listener_endpoint(listener);
    int kept = errno, code = 0;

    self->listens = option_of(atomic_load(&source->fd), SO_ACCEPTCONN) > 0;
    if (tn_sys_listener_begin(&self->base, self->listens ? atomic_exchange(&source->fd, -1)
                                                         : eventfd(1, EFD_CLOEXEC)) < 0)
        code = refuse(host, address, -errno, "there is no descriptor for a signal");
    errno = kept;
    return code < 0 ? code : host->listener_set_address(listener, address);
}

static int report(tn_sys_stream_t *self)
{
    char text[TEXT_SIZE];

    snprintf(text, sizeof text, "fd://%d", self->fd);
    self->host->stream_set_addresses(self->stream, text, text);
    return 0;
}

/* The one connection, once. */
static int take_one(struct listener *self, tn_sys_stream_t *stream)
{
    struct source *source = stream->host->stream_endpoint(stream->stream);
    int fd = atomic_exchange(&source->fd, -1), kept = errno;
    uint64_t signal;

    if (fd >= 0 && read(self->base.fd, &signal, sizeof signal) < 0)
        errno = kept;
    return fd < 0 ? -EAGAIN : fd;
}

static int fd_accept(void *state, void *stream_state)
{
    struct listener *self = state;
    tn_sys_stream_t *stream = stream_state;

    stream->fd = self->listens ? tn_sys_accept(self->base.fd, NULL, NULL) : take_one(self, stream);
    return stream->fd < 0 ? stream->fd : report(stream);
}

/* ---- streams ---- */

/* -EPROTO, so that the core does not dial again. */
static int fd_dial(void *state, const char *address)
{
    tn_sys_stream_t *self = state;
    struct source *source = self->host->stream_endpoint(self->stream);

    self->fd = atomic_exchange(&source->fd, -1);
    if (self->fd < 0)
        return self->host->set_error(self->host, -EPROTO,
                                     "fd://%s: the connection has ended, and there is no other",
                                     address);
    return report(self);
}

/* ---- the module ---- */

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .stream_state = sizeof(tn_sys_stream_t),
    .listener_state = sizeof(struct listener),
    .endpoint_state = sizeof(struct source),
    .check = fd_check,
    .prepare = fd_prepare,
    .release = fd_release,
    .listen = fd_listen,
    .listener_fd = tn_sys_listener_fd,
    .accept = fd_accept,
    .unlisten = tn_sys_listener_unlisten,
    .open = tn_sys_stream_open,
    .dial = fd_dial,
    .established = tn_sys_stream_established,
    .readv = tn_sys_stream_readv,
    .writev = tn_sys_stream_writev,
    .fd = tn_sys_stream_fd,
    .close = tn_sys_stream_close,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "fd",
    .summary = "stream sockets that systemd, inetd or the program's parent made",
    .priority = 50,
    .ops = &ops,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(fd) = {
    TN_MODULE_HEAD("fd"), .version = "0.1.0",
    .license = "MIT",     .summary = "fd://3, or fd://NAME of LISTEN_FDNAMES",
    .features = features,
};
