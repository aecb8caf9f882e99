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

/* After sys/socket.h, which it needs. */
#include <linux/vm_sockets.h>

#include <tenon/descriptor.h>

enum { TEXT_SIZE = 40 };

struct stream {
    tn_sys_stream_t base;
    struct sockaddr_vm peer;
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

/* ---- listeners ---- */

static int take(tn_sys_listener_t *self, tn_listener_t *listener, const tn_host_t *host,
                const char *address)
{
    struct sockaddr_vm name;
    socklen_t size = sizeof name;
    char text[TEXT_SIZE];
    tn_value_t backlog;

    if (!parse(address, TN_ROLE_BIND, &name))
        return vsock_check(host, address, TN_ROLE_BIND);
    if (tn_sys_listener_begin(self, tn_sys_socket(AF_VSOCK)) < 0)
        return fail(host, address, self->fd, "no socket can be made");
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

static void report(struct stream *self)
{
    char peer[TEXT_SIZE], text[TEXT_SIZE + 8];

    print(&self->peer, peer);
    snprintf(text, sizeof text, "vsock://%s", peer);
    self->base.host->stream_set_addresses(self->base.stream, NULL, text);
    self->base.host->stream_set_property(self->base.stream, "Peer-Host", peer);
}

static int vsock_accept(void *state, void *stream_state)
{
    struct stream *stream = stream_state;
    socklen_t size = sizeof stream->peer;

    stream->base.fd =
        tn_sys_accept(tn_sys_listener_fd(state), (struct sockaddr *)&stream->peer, &size);
    if (stream->base.fd < 0)
        return stream->base.fd;
    report(stream);
    return 0;
}

/* ---- streams ---- */

static int vsock_dial(void *state, const char *address)
{
    struct stream *self = state;
    const tn_host_t *host = self->base.host;
    int kept = errno, code = 0;

    if (!parse(address, TN_ROLE_CONNECT, &self->peer))
        return vsock_check(host, address, TN_ROLE_CONNECT);
    self->base.fd = tn_sys_socket(AF_VSOCK);
    if (self->base.fd < 0)
        code = fail(host, address, self->base.fd, "no socket can be made");
    else if (connect(self->base.fd, (struct sockaddr *)&self->peer, sizeof self->peer) == 0)
        report(self);
    else
        code = errno == EINPROGRESS ? -EINPROGRESS : fail(host, address, -errno, "cannot connect");
    errno = kept;
    return code;
}

static int vsock_established(void *state)
{
    struct stream *self = state;
    int code = tn_sys_connected(self->base.fd);

    if (code == 0)
        report(self);
    return code == 0 || code == -EINPROGRESS
               ? code
               : fail(self->base.host, self->base.address, code, "cannot connect");
}

/* ---- the module ---- */

static const tn_transport_ops_t ops = {
    .size = sizeof ops,
    .shape = TN_SHAPE_STREAM,
    .stream_state = sizeof(struct stream),
    .listener_state = sizeof(tn_sys_listener_t),
    .check = vsock_check,
    .listen = vsock_listen,
    .listener_fd = tn_sys_listener_fd,
    .accept = vsock_accept,
    .unlisten = tn_sys_listener_unlisten,
    .open = tn_sys_stream_open,
    .dial = vsock_dial,
    .established = vsock_established,
    .readv = tn_sys_stream_readv,
    .writev = tn_sys_stream_writev,
    .fd = tn_sys_stream_fd,
    .close = tn_sys_stream_close,
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
