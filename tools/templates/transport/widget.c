/*
 * widget: a transport for Tenon, widget://PATH.
 *
 * Each connection is a Unix domain socket. Everything that knows of sockets is in this file, to be
 * replaced by what your transport does; tenon/transport.h describes each op. In short: no op blocks,
 * errors are negative errno values, host->set_error() adds the sentence that the program reads, and
 * the core allocates, zeroes and frees the two structures below.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* accept4 */
#endif
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <tenon/transport.h>

struct stream {
    const tn_host_t *host;
    tn_stream_t *stream; /* the core's name for it */
    int fd; /* -1: none */
};

struct listener {
    const tn_host_t *host;
    int fd;
    struct sockaddr_un name; /* what is to be unlinked; empty: nothing */
};

/* ---- addresses ---- */

static int check(const tn_host_t *host, const char *address, unsigned role)
{
    (void)role;
    if (address[0] && strlen(address) < sizeof((struct sockaddr_un *)0)->sun_path)
        return 0;
    return host->set_error(host, -EINVAL, "widget://%s: a path of 1 to %zu bytes is needed",
                           address, sizeof((struct sockaddr_un *)0)->sun_path - 1);
}

static struct sockaddr_un name_of(const char *address)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    strncpy(name.sun_path, address, sizeof name.sun_path - 1);
    return name;
}

/* What a call of the system gave, as an op returns it. errno belongs to the program whose thread this
 * may be: it stays as it was. */
static ssize_t result(ssize_t given, int kept)
{
    if (given < 0) {
        given = -errno;
        errno = kept;
    }
    return given;
}

/* A call that failed, as a code and a sentence. */
static int fail(const tn_host_t *host, const char *address, const char *what)
{
    int code = -errno;

    return host->set_error(host, code, "widget://%s: %s: %s", address, what, strerror(-code));
}

/* ---- listeners: bind ---- */

static int listener_option(tn_listener_t *listener, const tn_host_t *host, const char *name)
{
    tn_value_t value;

    return host->listener_option(listener, name, &value) == 0 ? (int)value.number : 0;
}

/* Application thread. If it fails, unlisten is called all the same. */
static int widget_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                         const char *address)
{
    struct listener *self = state;
    struct sockaddr_un name = name_of(address);

    self->host = host;
    self->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        return fail(host, address, "no socket");
    if (listener_option(listener, host, "replace"))
        unlink(address);
    if (bind(self->fd, (const struct sockaddr *)&name, sizeof name) < 0)
        return fail(host, address, "cannot be bound");
    self->name = name;
    if (listen(self->fd, listener_option(listener, host, "backlog")) < 0)
        return fail(host, address, "cannot listen");
    return host->listener_set_address(listener, address);
}

static int widget_listener_fd(void *state)
{
    const struct listener *self = state;

    return self->fd;
}

/* Called until it says -EAGAIN; `stream_state` has been through widget_open. */
static int widget_accept(void *state, void *stream_state)
{
    struct listener *self = state;
    struct stream *stream = stream_state;

    int kept = errno;

    stream->fd = accept4(self->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return stream->fd < 0 ? (int)result(-1, kept) : 0;
}

static void widget_unlisten(void *state)
{
    struct listener *self = state;

    if (self->name.sun_path[0])
        unlink(self->name.sun_path);
    if (self->fd >= 0)
        close(self->fd);
}

/* ---- streams: one connection each, of a bind or of a connect ---- */

static int widget_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                       const char *address)
{
    struct stream *self = state;

    (void)role;
    (void)address;
    self->host = host;
    self->stream = stream;
    self->fd = -1;
    return 0;
}

/* 0: connected. A transport whose connects take time says -EINPROGRESS, and `established` is asked
 * when the descriptor is writable. The core tries again later if it fails. */
static int widget_dial(void *state, const char *address)
{
    struct stream *self = state;
    struct sockaddr_un name = name_of(address);
    int kept = errno, code = 0;

    self->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        code = fail(self->host, address, "no socket");
    else if (connect(self->fd, (const struct sockaddr *)&name, sizeof name) < 0)
        code = fail(self->host, address, "cannot connect");
    errno = kept;
    return code;
}

static int widget_established(void *state)
{
    (void)state;
    return 0;
}

static ssize_t widget_readv(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    int kept = errno;

    return result(readv(self->fd, iov, count), kept);
}

/* sendmsg, because writev would raise SIGPIPE in the program's own thread. */
static ssize_t widget_writev(void *state, const struct iovec *iov, int count)
{
    struct stream *self = state;
    struct msghdr header = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
    int kept = errno;

    return result(sendmsg(self->fd, &header, MSG_NOSIGNAL), kept);
}

static int widget_fd(void *state)
{
    const struct stream *self = state;

    return self->fd;
}

static void widget_close(void *state)
{
    struct stream *self = state;

    if (self->fd >= 0)
        close(self->fd);
}

/* ---- the description of the module ---- */

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .stream_state = sizeof(struct stream),
    .listener_state = sizeof(struct listener),
    .check = check,
    .listen = widget_listen,
    .listener_fd = widget_listener_fd,
    .accept = widget_accept,
    .unlisten = widget_unlisten,
    .open = widget_open,
    .dial = widget_dial,
    .established = widget_established,
    .readv = widget_readv,
    .writev = widget_writev,
    .fd = widget_fd,
    .close = widget_close,
};

/* Set by "widget.replace", or in an endpoint: widget:///tmp/socket?widget.replace=1 */
static const tn_option_desc_t options[] = {
    TN_OPTION_BOOL_DESC("replace", 0, "remove what lies at the path before the bind"),
    TN_OPTION_END,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "widget",
    .summary = "Unix domain sockets, to be edited",
    .priority = 50,
    .ops = &ops,
    .options = options,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(widget) = {
    TN_MODULE_HEAD("widget"),   .version = "0.1.0",   .license = "MIT",
    .summary = "widget://PATH", .features = features,
};
