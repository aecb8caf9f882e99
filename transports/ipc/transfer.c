/*
 * transfer.c: bytes in and out, through the socket, or through a ring once the two ends share one (offer.c).
 * What goes over the socket then are bells, which say no more than that there is something to look at.
 *
 * A reader that found its ring empty is sent a bell. A writer that found it full sends one, which the
 * reader leaves where it is until half of the ring is free: reading it makes the socket writable anew,
 * which is the event that the writer waits for.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include "ipc.h"

enum {
    LONG_COPY = 32 * 1024, /* bytes: the reader may as well wake up meanwhile */
    LOOK_MS = 500, /* between two looks: unused from one to the next, the ring's memory goes back */
    TRICKLE_MS = 250, /* while the ring is full, until it is filled up with less */
    BELLS = 64, /* read at a time */
    ENTRIES = 8,
};

/* ------------------------------------------------------------------ the ring of what goes out */

static void wake_in(const struct tni_ipc_stream *self, uint64_t now, uint64_t ms)
{
    self->owner.host->stream_wake_at(self->owner.stream, now + ms);
}

/* Sees to it that somebody looks whether the ring is still used. */
static void watch_ring(struct tni_ipc_stream *self)
{
    uint64_t now;

    self->out.is_used = true;
    if (self->out.is_watched)
        return;
    self->out.is_watched = true;
    now = self->owner.host->clock_ms();
    self->out.look_at = now + LOOK_MS;
    wake_in(self, now, LOOK_MS);
}

static void look_at_ring(struct tni_ipc_stream *self)
{
    struct tni_ipc_out *out = &self->out;
    uint64_t now = self->owner.host->clock_ms();
    int kept = errno;

    if (now >= out->look_at) {
        if (!out->is_used && tni_ipc_ring_trim(&out->ring))
            out->is_watched = false;
        out->is_used = false;
        out->look_at = now + LOOK_MS;
    }
    if (out->is_watched)
        wake_in(self, out->look_at, 0);
    errno = kept;
}

static ssize_t judged(const struct tni_ipc_stream *self, ssize_t size)
{
    if (size == -EPROTO)
        self->owner.host->set_error(self->owner.host, -EPROTO,
                                    "ipc: the peer's count of the bytes in the shared memory "
                                    "cannot be; it is no Tenon, or its memory is damaged");
    return size;
}

/* ------------------------------------------------------------------ writing */

/* The event that the last of it was read comes while the system still counts a byte; a piece counts as hundreds. */
bool tni_ipc_has_unread(const struct tni_ipc_stream *self)
{
    int kept = errno, unread = 0;

    if (ioctl(self->fd, SIOCOUTQ, &unread) < 0)
        unread = 0;
    errno = kept;
    return unread > 1;
}

/* Where the socket has no room for it there are bells enough. */
static int ring_bell(const struct tni_ipc_stream *self)
{
    const struct iovec bell = {.iov_base = "", .iov_len = 1};
    ssize_t size = tn_sys_writev(self->fd, &bell, 1);

    return size < 0 && size != -EAGAIN ? (int)size : 0;
}

/* Small pieces of something large would only wake the reader more often. */
static size_t good_part(const struct tni_ipc_stream *self)
{
    return self->out.ring.window / 4;
}

/* What is large has the whole ring. */
static ssize_t put(struct tni_ipc_stream *self, const struct iovec *iov, int count, size_t least)
{
    bool is_large = tni_ipc_size_of(iov, count) >= LONG_COPY;

    if (is_large && least > 1 && !tni_ipc_ring_widen(&self->out.ring))
        return 0;
    return tni_ipc_ring_put(&self->out.ring, iov, count, least);
}

/* One that reads slowly is to be seen to read: any room will do after a while. */
static size_t least_of(const struct tni_ipc_stream *self, uint64_t now)
{
    return now < self->out.put_at + TRICKLE_MS ? good_part(self) : 1;
}

/* First the flag, then the bell: a reader may come across the bell on its way to the first bytes of the ring, which is an
 * event of ours, and not see the flag before; then it needs another bell to tell of the room that it makes. Then
 * there may be room already. */
static int await_room(struct tni_ipc_stream *self)
{
    tni_ipc_ring_await_room(&self->out.ring, true);
    return tni_ipc_has_unread(self) ? 0 : ring_bell(self);
}

static ssize_t put_later(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    uint64_t now = self->owner.host->clock_ms();
    bool begins = !tni_ipc_ring_awaits_room(&self->out.ring);
    ssize_t size = await_room(self);

    if (size < 0)
        return size;
    if (begins)
        self->out.put_at = now;
    size = put(self, iov, count, least_of(self, now));
    if (size == 0) {
        wake_in(self, now, TRICKLE_MS);
        return -EAGAIN;
    }
    self->out.put_at = now;
    if (begins)
        tni_ipc_ring_await_room(&self->out.ring, false);
    return size;
}

static ssize_t write_ring(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    ssize_t size;

    if (tni_ipc_size_of(iov, count) >= LONG_COPY && tni_ipc_ring_wakes(&self->out.ring))
        ring_bell(self);
    size = put(self, iov, count, good_part(self));
    if (size == 0)
        size = put_later(self, iov, count);
    if (size <= 0)
        return judged(self, size);
    /* The bytes are written, whatever becomes of the bell; an end of the connection shows by itself. */
    if (tni_ipc_ring_commit(&self->out.ring))
        ring_bell(self);
    watch_ring(self);
    return size;
}

/* Most writes are short ones. */
ssize_t tni_ipc_writev(void *state, const struct iovec *iov, int count)
{
    struct tni_ipc_stream *self = state;

    if (self->out.state == TNI_IPC_OUT_RING)
        return write_ring(self, iov, count);
    if (self->out.is_held && tni_ipc_is_still_held(self)) {
        wake_in(self, self->owner.host->clock_ms(), TRICKLE_MS);
        return -EAGAIN;
    }
    if (self->out.state <= TNI_IPC_OUT_OFFERED && tni_ipc_size_of(iov, count) < TNI_IPC_LARGE &&
        !tni_ipc_is_often(self, &self->out.pace))
        return tni_ipc_write_plain(self, iov, count);
    return tni_ipc_write_socket(self, iov, count);
}

/* ------------------------------------------------------------------ reading */

/* -EAGAIN, or 0 at the end of the stream. More bells than these bring further events. */
static int read_bells(const struct tni_ipc_stream *self)
{
    char bells[BELLS];
    const struct iovec iov = {.iov_base = bells, .iov_len = sizeof bells};
    ssize_t size = tn_sys_recvv(self->fd, &iov, 1);

    return size > 0 ? -EAGAIN : (int)size;
}

/* What was put in before the end of the stream is there when the socket tells the end. */
static ssize_t read_ring(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    ssize_t size = tni_ipc_ring_take(&self->in.ring, iov, count);

    if (size == 0) {
        int code = read_bells(self);
        if (tni_ipc_ring_await_bytes(&self->in.ring))
            return code;
        size = tni_ipc_ring_take(&self->in.ring, iov, count);
    }
    if (size > 0 && tni_ipc_ring_release(&self->in.ring))
        read_bells(self);
    return judged(self, size);
}

/* What is left of `iov` behind its first `done` bytes. Returns the entries, ENTRIES at most. */
static int rest_of(const struct iovec *iov, int count, size_t done, struct iovec *out)
{
    int used = 0;

    for (int i = 0; i < count && used < ENTRIES; i++) {
        size_t skip = done < iov[i].iov_len ? done : iov[i].iov_len;
        done -= skip;
        if (skip == iov[i].iov_len)
            continue;
        out[used].iov_base = (char *)iov[i].iov_base + skip;
        out[used++].iov_len = iov[i].iov_len - skip;
    }
    return used;
}

static ssize_t read_plain(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    ssize_t size = tn_sys_recvv(self->fd, iov, count);

    if (size > 0)
        self->in.position += (uint64_t)size;
    return size;
}

/* `out_more`: what was read is not all that there is, whatever room is left. */
static ssize_t read_some(struct tni_ipc_stream *self, const struct iovec *iov, int count,
                         bool *out_more)
{
    ssize_t size;

    if (self->in.state == TNI_IPC_IN_RING) {
        size = read_ring(self, iov, count);
        *out_more = size > 0;
    } else if (self->in.state <= TNI_IPC_IN_PLAIN) {
        size = read_plain(self, iov, count);
        *out_more = tni_ipc_looks_on(self, size);
    } else {
        size = tni_ipc_read_descriptors(self, iov, count, out_more);
    }
    return size;
}

/* Goes on until there is no more or the room is full, as transport.h asks. An error behind bytes comes again. */
static ssize_t read_on(struct tni_ipc_stream *self, const struct iovec *iov, int count, size_t done)
{
    struct iovec rest[ENTRIES];
    ssize_t size = 0;
    bool more = true;
    int used;

    while (more && (used = rest_of(iov, count, done, rest)) > 0) {
        size = read_some(self, rest, used, &more);
        if (size > 0)
            done += (size_t)size;
    }
    if (done > 0 && size < 0 && size != -EAGAIN)
        self->owner.host->stream_ready(self->owner.stream, TN_READY_RX);
    return done > 0 ? (ssize_t)done : size;
}

/* `size`: what a plain read gave, or 0; `more`: it is not all. */
static __attribute__((noinline)) ssize_t
read_more(struct tni_ipc_stream *self, const struct iovec *iov, int count, ssize_t size, bool more)
{
    if (more)
        size = read_on(self, iov, count, (size_t)size);
    if (size == -EAGAIN && self->out.is_watched)
        look_at_ring(self);
    return size;
}

/* What is in the ring is wanted now; the bell that it came with can be read afterwards. */
static ssize_t read_ahead(struct tni_ipc_stream *self, const struct iovec *iov, int count)
{
    ssize_t size = tni_ipc_ring_take(&self->in.ring, iov, count);

    if (size <= 0)
        return 0;
    if (tni_ipc_ring_release(&self->in.ring))
        read_bells(self);
    self->owner.host->stream_reads_on(self->owner.stream);
    return size;
}

/* Most reads are short ones. */
ssize_t tni_ipc_readv(void *state, const struct iovec *iov, int count)
{
    struct tni_ipc_stream *self = state;
    ssize_t size = 0;
    bool more = true;

    if (self->in.state == TNI_IPC_IN_RING) {
        size = read_ahead(self, iov, count);
        if (size > 0)
            return size;
    } else if (self->in.state <= TNI_IPC_IN_PLAIN) {
        size = read_plain(self, iov, count);
        more = tni_ipc_looks_on(self, size);
        if (!more && (size == 0 || !self->out.is_watched))
            return size;
    }
    return read_more(self, iov, count, size, more);
}
