#include "ipc.h"

#include <stdio.h>

int tni_ipc_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                 const char *address)
{
    struct tni_ipc_stream *self = state;

    (void)role;
    (void)address;
    self->owner = (struct sock_owner){.host = host, .stream = stream};
    self->fd = -1;
    self->out.ring_fd = -1;
    return 0;
}

/* The peer's process stands for a host; messages without it are as good. */
static void tell_process(struct tni_ipc_stream *self)
{
    struct ucred who;
    socklen_t size = sizeof who;
    char text[64];

    if (getsockopt(self->fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
        return;
    snprintf(text, sizeof text, "localhost:%u:%u:%d", (unsigned)who.uid, (unsigned)who.gid,
             (int)who.pid);
    self->owner.host->stream_set_property(self->owner.stream, "Peer-Host", text);
}

void tni_ipc_report(struct tni_ipc_stream *self, const char *path)
{
    char text[TNI_IPC_TEXT_SIZE];

    snprintf(text, sizeof text, "ipc://%s", path);
    self->owner.host->stream_set_addresses(self->owner.stream, text, text);
    tell_process(self);
}

static const char *advice(int code)
{
    switch (code) {
    case -ECONNREFUSED:
        return "; nobody listens there any more";
    case -ENOENT:
        return "; nobody has bound it yet";
    case -EACCES:
        return "; the file's mode or a directory above it forbids it";
    default:
        return "";
    }
}

static int fail(struct tni_ipc_stream *self, int code)
{
    return self->owner.host->set_error(self->owner.host, code, "ipc://%s: cannot connect: %s%s",
                                       self->path, strerrordesc_np(-code), advice(code));
}

static int dial(struct tni_ipc_stream *self, const char *address)
{
    const tn_host_t *host = self->owner.host;
    struct sockaddr_un name;
    int code = tni_ipc_check(host, address, TN_ROLE_CONNECT);

    if (code < 0)
        return code;
    memcpy(self->path, address, strlen(address) + 1);
    self->fd = sock_new(host, AF_UNIX);
    if (self->fd < 0)
        return self->fd;
    code = sock_set_buffers(&self->owner, self->fd);
    if (code < 0)
        return code;
    tni_ipc_offer_on_connect(self);
    if (connect(self->fd, (struct sockaddr *)&name, tni_ipc_name(address, &name)) == 0) {
        tni_ipc_report(self, self->path);
        return 0;
    }
    /* The listener's queue is full. The system will not tell when there is room. */
    if (errno == EAGAIN)
        return host->set_error(host, -ECONNREFUSED,
                               "ipc://%s: cannot connect: the queue of the listener is full; raise "
                               "its \"backlog\"",
                               self->path);
    return fail(self, -errno);
}

int tni_ipc_dial(void *state, const char *address)
{
    int saved = errno;
    int code = dial(state, address);

    errno = saved;
    return code;
}

/* A connect in this family has succeeded or failed when it returns. */
int tni_ipc_established(void *state)
{
    (void)state;
    return 0;
}

int tni_ipc_fd(void *state)
{
    const struct tni_ipc_stream *self = state;

    return self->fd;
}

void tni_ipc_close(void *state)
{
    struct tni_ipc_stream *self = state;

    tni_ipc_ring_drop(&self->out.ring);
    tni_ipc_ring_drop(&self->in.ring);
    tn_sys_close(&self->out.ring_fd);
    tn_sys_close(&self->fd);
}
