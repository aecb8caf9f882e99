/*
 * offer.c: how the bytes of a stream come from the socket into a ring.
 *
 * Who connects shows by the name of its socket that it takes rings. Who accepts such a connection answers with a
 * descriptor beside its first bytes: nobody else is ever sent one, since what comes with a descriptor ends a
 * read early (unix(7)), which not every program expects.
 *
 * With the first large write a ring is offered, its descriptor beside ordinary bytes. Once the peer has
 * attached, the ring is told from which byte of the stream on it has them, and one byte more, of no
 * meaning, is sent with a descriptor: it is the last one of what is read with it. A reader looks for
 * descriptors, which is dearer, only once it has read much at a time; so the offer is made more than once.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/random.h>

#include "ipc.h"

enum {
    OFTEN_MS = 50, /* for TNI_IPC_MANY uses of one way: about a millisecond each, and a ring pays */
    PATIENCE = 64, /* large writes, until a peer that has not attached is taken not to */
};

union descriptor {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr header; /* for its alignment */
};

static size_t ring_size(const struct tni_ipc_stream *self)
{
    int64_t size = sock_option_int(&self->owner, "ring_size", 0);

    return ((size_t)size + TNI_IPC_RING_UNIT - 1) / TNI_IPC_RING_UNIT * TNI_IPC_RING_UNIT;
}

/* ------------------------------------------------------------------ who takes rings */

static const char own_name[] = "tenon-ipc-1-"; /* in the abstract namespace, with a number behind */

enum { NAME_SIZE = sizeof own_name - 1 };

/* Without the name there will be no ring, which is no error. */
static bool take_name(int fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    uint64_t number;
    int length;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
        return false;
    length = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "%s%016llx", own_name,
                      (unsigned long long)number);
    return bind(fd, (struct sockaddr *)&name,
                (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) == 0;
}

void tni_ipc_offer_on_connect(struct tni_ipc_stream *self)
{
    int kept = errno;

    if (ring_size(self) && take_name(self->fd))
        self->in.state = TNI_IPC_IN_HELLO;
    errno = kept;
}

void tni_ipc_offer_on_accept(struct tni_ipc_stream *self, const struct sockaddr_un *peer,
                             socklen_t size)
{
    if (size < offsetof(struct sockaddr_un, sun_path) + 1 + NAME_SIZE || peer->sun_path[0] ||
        memcmp(peer->sun_path + 1, own_name, NAME_SIZE) != 0 || !ring_size(self))
        return;
    self->in.state = TNI_IPC_IN_PLAIN;
    self->out.state = TNI_IPC_OUT_HELLO;
}

/* ------------------------------------------------------------------ the writer's side */

static void make_ring(struct tni_ipc_stream *self)
{
    int kept = errno;

    self->out.ring_fd = tni_ipc_ring_make(&self->out.ring, ring_size(self));
    self->out.state = self->out.ring_fd >= 0 ? TNI_IPC_OUT_OFFERED : TNI_IPC_OUT_ALONE;
    errno = kept;
}

static void give_up(struct tni_ipc_out *out)
{
    tni_ipc_ring_drop(&out->ring);
    tn_sys_close(&out->ring_fd);
    out->state = TNI_IPC_OUT_ALONE;
}

static ssize_t send_with(int fd, int descriptor, const struct iovec *iov, int count)
{
    union descriptor control = {{0}};
    struct msghdr message = {.msg_iov = (struct iovec *)iov,
                             .msg_iovlen = (size_t)count,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int kept = errno;
    ssize_t size;

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    do {
        size = sendmsg(fd, &message, MSG_NOSIGNAL);
    } while (size < 0 && errno == EINTR);
    return tn_sys_result(size, kept);
}

/* Where descriptors cannot be sent, the bytes can. */
static ssize_t offer(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    ssize_t size = send_with(self->fd, self->out.ring_fd, iov, count);

    if (size == -EAGAIN)
        return size;
    if (size < 0) {
        give_up(&self->out);
        return tni_ipc_write_plain(self, iov, count);
    }
    self->out.position += (uint64_t)size;
    return size;
}

bool tni_ipc_was_often(struct tni_ipc_stream *self, struct tni_ipc_pace *pace)
{
    uint64_t before = pace->since;

    pace->since = self->owner.host->clock_ms();
    return pace->since - before <= OFTEN_MS;
}

/* The 1st large write, the 2nd, 4th, 8th, ... */
static bool is_to_offer(struct tni_ipc_out *out)
{
    out->offers++;
    return (out->offers & (out->offers - 1)) == 0;
}

/* A reader that does not look for descriptors takes what came with one for the last that there is. In a large write
 * it sees by the size that it is not; what is behind a small one has to wait until that is read, which makes
 * the socket writable anew. */
static ssize_t offer_beside(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    ssize_t size = offer(self, iov, count);

    self->out.is_held = size > 0 && size < TNI_IPC_LARGE && self->out.state == TNI_IPC_OUT_OFFERED;
    return size;
}

bool tni_ipc_is_still_held(struct tni_ipc_stream *self)
{
    self->out.is_held = tni_ipc_has_unread(self);
    return self->out.is_held;
}

/* 0, the state says how it went; -EAGAIN. */
static int begin_ring(struct tni_ipc_stream *self)
{
    struct iovec one = {.iov_base = "", .iov_len = 1};
    ssize_t size;

    tni_ipc_ring_begin(&self->out.ring, self->out.position);
    size = send_with(self->fd, self->out.ring_fd, &one, 1);
    if (size == -EAGAIN)
        return -EAGAIN;
    if (size < 0) {
        give_up(&self->out);
    } else {
        tn_sys_close(&self->out.ring_fd);
        self->out.state = TNI_IPC_OUT_RING;
    }
    return 0;
}

static ssize_t write_large(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    struct tni_ipc_out *out = &self->out;

    if (out->state == TNI_IPC_OUT_PLAIN)
        make_ring(self);
    if (out->state == TNI_IPC_OUT_OFFERED) {
        if (tni_ipc_ring_is_attached(&out->ring))
            return begin_ring(self) < 0 ? -EAGAIN : tni_ipc_writev(self, iov, count);
        if (is_to_offer(out))
            return offer_beside(self, iov, count);
        if (out->offers > PATIENCE)
            give_up(out);
    }
    return tni_ipc_write_plain(self, iov, count);
}

/* Where it cannot be said there is no ring either way: the peer does not look for any. */
static ssize_t say_hello(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    int kept = errno;
    int token = tni_ipc_ring_token();
    ssize_t size = token < 0 ? token : send_with(self->fd, token, iov, count);

    tn_sys_close(&token);
    errno = kept;
    if (size == -EAGAIN)
        return size;
    if (size < 0) {
        self->out.state = TNI_IPC_OUT_ALONE;
        return tni_ipc_write_plain(self, iov, count);
    }
    self->out.state = TNI_IPC_OUT_PLAIN;
    self->out.position += (uint64_t)size;
    return size;
}

ssize_t tni_ipc_write_socket(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    if (self->out.state == TNI_IPC_OUT_HELLO)
        return say_hello(self, iov, count);
    if (self->out.state == TNI_IPC_OUT_ALONE)
        return tni_ipc_write_plain(self, iov, count);
    return write_large(self, iov, count);
}

/* ------------------------------------------------------------------ the reader's side */

/* The first answer of who was connected to. One that was lost for want of room in the table was sent. */
static void take_hello(struct tni_ipc_stream *self, int fd)
{
    if (fd >= 0 && !tni_ipc_ring_is_token(fd))
        return;
    self->in.state = TNI_IPC_IN_PLAIN;
    self->out.state = TNI_IPC_OUT_PLAIN;
}

/* The first descriptor is a ring; any other is one that was offered again, or the sign that the bytes are in the
 * ring, if the last byte read is the one that it names. For that there need not be room in the table. */
static void take_ring(struct tni_ipc_stream *self, int fd, uint64_t last_byte)
{
    if (!self->in.ring.shared)
        tni_ipc_ring_attach(&self->in.ring, fd);
    else if (tni_ipc_ring_begins_at(&self->in.ring, last_byte))
        self->in.state = TNI_IPC_IN_RING;
}

static int descriptor_of(struct msghdr *message)
{
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

/* Whatever came is closed. */
static void take_descriptor(struct tni_ipc_stream *self, struct msghdr *message, size_t size)
{
    int fd = descriptor_of(message);

    if (self->in.state == TNI_IPC_IN_HELLO)
        take_hello(self, fd);
    else
        take_ring(self, fd, self->in.position + size - 1);
    tn_sys_close(&fd);
}

static ssize_t receive(int fd, struct msghdr *message)
{
    ssize_t size;

    do {
        size = recvmsg(fd, message, MSG_CMSG_CLOEXEC);
    } while (size < 0 && errno == EINTR);
    return size < 0 ? tn_sys_code(errno) : size;
}

ssize_t tni_ipc_read_descriptors(struct tni_ipc_stream *self, const struct iovec *iov, int count,
                                 bool *out_more)
{
    union descriptor control;
    struct msghdr message = {.msg_iov = (struct iovec *)iov,
                             .msg_iovlen = (size_t)count,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    int kept = errno;
    ssize_t size = receive(self->fd, &message);

    *out_more = size > 0 && (message.msg_controllen > 0 || message.msg_flags & MSG_CTRUNC);
    if (*out_more)
        take_descriptor(self, &message, (size_t)size);
    else if (size > 0 && self->in.state == TNI_IPC_IN_HELLO)
        self->in.state = TNI_IPC_IN_ALONE;
    if (size > 0)
        self->in.position += (uint64_t)size;
    errno = kept;
    return self->in.state == TNI_IPC_IN_RING && size > 0 ? size - 1 : size;
}

bool tni_ipc_looks_on(struct tni_ipc_stream *self, ssize_t size)
{
    if (self->in.state != TNI_IPC_IN_PLAIN || size <= 0 ||
        (size < TNI_IPC_MUCH && !tni_ipc_is_often(self, &self->in.pace)))
        return false;
    self->in.state = TNI_IPC_IN_LOOKING;
    return true;
}
