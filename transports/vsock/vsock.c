/*
 * vsock: between a virtual machine and its host: vsock://CID:PORT.
 *
 * CID is a number, or "host" (2), "local" (1: this machine), and to bind also "*" (whoever asks). PORT is
 * a number, to bind also "*": a free one. Locks: transport.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After sys/socket.h, which it needs. */
#include <linux/vm_sockets.h>

#include <tenon/transport.h>

enum { TEXT_SIZE = 40 };

struct stream {
    const tn_host_t *host;
    tn_stream_t *stream;
    int fd;
    struct sockaddr_vm peer;
};

struct listener {
    int fd;
    bool is_open;
};

/* ---- addresses ---- */

static bool parse_number(const char *text, size_t size, unsigned *out)
{
    unsigned long long number = 0;

    if (size == 0 || size > 10)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        number = number * 10 + (unsigned)(text[i] - '0');
    }
    *out = (unsigned)number;
    return number < VMADDR_CID_ANY; /* == VMADDR_PORT_ANY */
}

static bool is_word(const char *text, size_t size, const char *word)
{
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

static bool parse(const char *address, unsigned role, struct sockaddr_vm *out)
{
    const char *colon = strchr(address, ':');
    size_t size = colon ? (size_t)(colon - address) : 0;
    bool binds = role == TN_ROLE_BIND;

    *out = (struct sockaddr_vm){.svm_family = AF_VSOCK};
    if (!colon)
        return false;
    if (is_word(address, size, "host"))
        out->svm_cid = VMADDR_CID_HOST;
    else if (is_word(address, size, "local"))
        out->svm_cid = VMADDR_CID_LOCAL;
    else if (binds && is_word(address, size, "*"))
        out->svm_cid = VMADDR_CID_ANY;
    else if (!parse_number(address, size, &out->svm_cid))
        return false;
    if (binds && strcmp(colon + 1, "*") == 0)
        out->svm_port = VMADDR_PORT_ANY;
    else if (!parse_number(colon + 1, strlen(colon + 1), &out->svm_port))
        return false;
    return true;
}

static int vsock_check(const tn_host_t *host, const char *address, unsigned role)
{
    struct sockaddr_vm name;

    if (parse(address, role, &name))
        return 0;
    return host->set_error(host, -EINVAL,
                           "vsock://%s is not vsock://CID:PORT: two numbers; CID may also be "
                           "\"host\" or \"local\", and to bind CID and PORT may be *",
                           address);
}

static void print(const struct sockaddr_vm *name, char out[TEXT_SIZE])
{
    if (name->svm_cid == VMADDR_CID_ANY)
        snprintf(out, TEXT_SIZE, "*:%u", name->svm_port);
    else
        snprintf(out, TEXT_SIZE, "%u:%u", name->svm_cid, name->svm_port);
}

static int fail(const tn_host_t *host, const char *address, int code, const char *what)
{
    const char *advice = "";

    if (code == -EAFNOSUPPORT)
        advice = "; this kernel has no vsock (module vsock)";
    else if (code == -ENODEV || code == -EADDRNOTAVAIL)
        advice = "; this machine has no such CID: load vhost_vsock, vmw_vsock_virtio_transport or "
                 "vsock_loopback";
    return host->set_error(host, code, "vsock://%s: %s: %s%s", address, what, strerror(-code),
                           advice);
}

static int new_socket(void)
{
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd;
}

static void close_quietly(int fd)
{
    int kept = errno;

    if (fd >= 0)
        close(fd);
    errno = kept;
}

/* ---- listeners ---- */

static int take(struct listener *self, tn_listener_t *listener, const tn_host_t *host,
                const char *address)
{
    struct sockaddr_vm name;
    socklen_t size = sizeof name;
    char text[TEXT_SIZE];
    tn_value_t backlog;

    if (!parse(address, TN_ROLE_BIND, &name))
        return vsock_check(host, address, TN_ROLE_BIND);
    self->fd = new_socket();
    if (self->fd < 0)
        return fail(host, address, self->fd, "no socket can be made");
    self->is_open = true;
    if (bind(self->fd, (const struct sockaddr *)&name, sizeof name) < 0)
        return fail(host, address, -errno, "cannot be bound");
    if (host->listener_option(listener, "backlog", &backlog) < 0)
        backlog.number = 100;
    if (listen(self->fd, (int)backlog.number) < 0)
        return fail(host, address, -errno, "cannot listen");
    if (getsockname(self->fd, (struct sockaddr *)&name, &size) < 0)
        return fail(host, address, -errno, "has no name");
    print(&name, text);
    return host->listener_set_address(listener, text);
}

static int vsock_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                        const char *address)
{
    int kept = errno;
    int code = take(state, listener, host, address);

    errno = kept;
    return code;
}

static int vsock_listener_fd(void *state)
{
    const struct listener *self = state;

    return self->fd;
}

static void report(struct stream *self)
{
    char peer[TEXT_SIZE], text[TEXT_SIZE + 8];

    print(&self->peer, peer);
    snprintf(text, sizeof text, "vsock://%s", peer);
    self->host->stream_set_addresses(self->stream, NULL, text);
    self->host->stream_set_property(self->stream, "Peer-Host", peer);
}

static int vsock_accept(void *state, void *stream_state)
{
    struct listener *self = state;
    struct stream *stream = stream_state;
    socklen_t size = sizeof stream->peer;
    int kept = errno, code;

    do
        stream->fd = accept4(self->fd, (struct sockaddr *)&stream->peer, &size,
                             SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (stream->fd < 0 && (errno == EINTR || errno == ECONNABORTED || errno == ECONNRESET));
    code = stream->fd < 0 ? -errno : 0;
    errno = kept;
    if (code == 0)
        report(stream);
    return code;
}

static void vsock_unlisten(void *state)
{
    struct listener *self = state;

    if (self->is_open)
        close_quietly(self->fd);
    self->is_open = false;
}

/* ---- streams ---- */

static int vsock_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
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

static int vsock_dial(void *state, const char *address)
{
    struct stream *self = state;
    int kept = errno, code = 0;

    if (!parse(address, TN_ROLE_CONNECT, &self->peer))
        return vsock_check(self->host, address, TN_ROLE_CONNECT);
    self->fd = new_socket();
    if (self->fd < 0)
        code = fail(self->host, address, self->fd, "no socket can be made");
    else if (connect(self->fd, (struct sockaddr *)&self->peer, sizeof self->peer) == 0)
        report(self);
    else
        code = errno == EINPROGRESS ? -EINPROGRESS
                                    : fail(self->host, address, -errno, "cannot connect");
    errno = kept;
    return code;
}

static int vsock_established(void *state)
{
    struct stream *self = state;
    struct sockaddr_vm peer;
    socklen_t size = sizeof(int), peer_size = sizeof peer;
    int kept = errno, error = 0, code;
    char text[TEXT_SIZE];

    if (getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
        error = errno;
    code = -error;
    if (code == 0 && getpeername(self->fd, (struct sockaddr *)&peer, &peer_size) < 0)
        code = -EINPROGRESS; /* no event yet */
    errno = kept;
    if (code == 0)
        report(self);
    print(&self->peer, text);
    return code == 0 || code == -EINPROGRESS ? code
                                             : fail(self->host, text, code, "cannot connect");
}

static ssize_t result(ssize_t given, int kept)
{
    if (given < 0) {
        given = errno == EINTR ? -EAGAIN : -errno;
        errno = kept;
    }
    return given;
}

static ssize_t vsock_readv(void *state, const struct iovec *iov, int count)
{
    const struct stream *self = state;
    int kept = errno;

    return result(readv(self->fd, iov, count), kept);
}

static ssize_t vsock_writev(void *state, const struct iovec *iov, int count)
{
    const struct stream *self = state;
    struct msghdr header = {.msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)count};
    int kept = errno;

    return result(sendmsg(self->fd, &header, MSG_NOSIGNAL), kept);
}

static int vsock_fd(void *state)
{
    const struct stream *self = state;

    return self->fd;
}

static void vsock_close(void *state)
{
    struct stream *self = state;

    close_quietly(self->fd);
    self->fd = -1;
}

/* ---- the module ---- */

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .stream_state = sizeof(struct stream),
    .listener_state = sizeof(struct listener),
    .check = vsock_check,
    .listen = vsock_listen,
    .listener_fd = vsock_listener_fd,
    .accept = vsock_accept,
    .unlisten = vsock_unlisten,
    .open = vsock_open,
    .dial = vsock_dial,
    .established = vsock_established,
    .readv = vsock_readv,
    .writev = vsock_writev,
    .fd = vsock_fd,
    .close = vsock_close,
};

static const tn_feature_t transport = {
    .size = sizeof transport,
    .kind = TN_TRANSPORT,
    .name = "vsock",
    .summary = "between virtual machines and their host",
    .priority = 50,
    .ops = &ops,
};

static const tn_feature_t *const features[] = {&transport, NULL};

TN_MODULE(vsock) = {
    TN_MODULE_HEAD("vsock"),       .version = "0.1.0",   .license = "MIT",
    .summary = "vsock://CID:PORT", .features = features,
};
