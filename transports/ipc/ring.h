/*
 * ring.h: memory that the two ends of a connection share, for the bytes of one direction.
 *
 * The writer makes it, a file without a name (memfd), and sends its descriptor over the socket; the
 * reader maps it and says so in it. Each end then copies once, out of or into memory of its own, and the
 * same memory is used over and over: through a socket fresh pages go from one processor's cache to the
 * other's with every write.
 *
 * It moves bytes and wakes nobody. Who finds it empty or full says in it that he waits, and the other one
 * learns from commit or release that he is to be told.
 *
 * Either end may be an enemy of the other. The reader takes a file alone that cannot shrink under it; both
 * keep their own count to themselves, and check the other's. A ring belongs to one stream and its lock.
 */
#ifndef TENON_IPC_RING_H
#define TENON_IPC_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
    TNI_IPC_RING_UNIT = 64 * 1024, /* its size is a multiple of this, */
    TNI_IPC_RING_MAX = 4 * 1024 * 1024, /* and at most this                */
};

struct tni_ipc_shared;

struct tni_ipc_ring {
    struct tni_ipc_shared *shared; /* NULL: there is none */
    size_t size; /* bytes for the stream, */
    size_t window; /* of which the writer uses so many: one unit until it widens */
    uint64_t count; /* that this end has put in or taken out */
};

/** A descriptor that says no more than that rings are taken. Negative: a code. */
int tni_ipc_ring_token(void);
bool tni_ipc_ring_is_token(int fd);

/** Makes one of `size` bytes, a multiple of the unit. Returns the descriptor to send, which is the
 *  caller's to close, or a negative code: -ENOMEM, -EMFILE, -EFBIG, ... */
int tni_ipc_ring_make(struct tni_ipc_ring *ring, size_t size);
/** The reader: maps what came as `fd`, which stays the caller's, and tells the writer. False: it is no
 *  ring, or cannot be mapped. */
bool tni_ipc_ring_attach(struct tni_ipc_ring *ring, int fd);
/** Harmless when there is none. */
void tni_ipc_ring_drop(struct tni_ipc_ring *ring);

/* ---- the writer's end */

bool tni_ipc_ring_is_attached(const struct tni_ipc_ring *ring);
/** It has the bytes of the stream from that one on. */
void tni_ipc_ring_begin(struct tni_ipc_ring *ring, uint64_t position);
/** Copies what there is room for of `iov`. 0: not all of it, and less than `least` bytes; -EPROTO: the
 *  reader's count cannot be. */
ssize_t tni_ipc_ring_put(struct tni_ipc_ring *ring, const struct iovec *iov, int count,
                         size_t least);
/** Whether the reader waits; it is to be told then, and does not wait any more. */
bool tni_ipc_ring_wakes(const struct tni_ipc_ring *ring);
/** Shows the reader what was put. True: it waits, and is to be told. */
bool tni_ipc_ring_commit(struct tni_ipc_ring *ring);
/** The writer waits for half of the ring, or does not any more. While it does the reader must have something to
 *  read on the socket. */
void tni_ipc_ring_await_room(struct tni_ipc_ring *ring, bool waits);
bool tni_ipc_ring_awaits_room(const struct tni_ipc_ring *ring);
/** Uses all of it from now on, whatever memory that costs. False: not yet, something is still to be taken. */
bool tni_ipc_ring_widen(struct tni_ipc_ring *ring);
/** Gives the memory back to the system, and uses one unit again, if all is taken. */
bool tni_ipc_ring_trim(struct tni_ipc_ring *ring);

/* ---- the reader's end */

/** Whether the writer has begun with it at that byte of the stream. */
bool tni_ipc_ring_begins_at(const struct tni_ipc_ring *ring, uint64_t position);
/** Copies what there is to `iov`. 0: it is empty; -EPROTO: the writer's count cannot be. */
ssize_t tni_ipc_ring_take(struct tni_ipc_ring *ring, const struct iovec *iov, int count);
/** Gives the room of what was taken back. True: the writer waits for it, and is to be told. */
bool tni_ipc_ring_release(struct tni_ipc_ring *ring);
/** The reader waits for bytes. False: some have come meanwhile. */
bool tni_ipc_ring_await_bytes(struct tni_ipc_ring *ring);

#endif
