#include "ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
    HEAD = TNI_IPC_RING_UNIT, /* before the bytes: a page at least, on every machine */
    LINE = 64,
    NEVER_SHRINKS = F_SEAL_SHRINK | F_SEAL_GROW,
    TOKEN_SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

static const uint64_t magic = 0x32676e69726e6e74; /* "tnnring2" */

/* What the two ends write lies apart, so that neither takes the other's cache line in passing. */
struct tni_ipc_shared {
    _Alignas(LINE) uint64_t magic;
    atomic_uint_fast64_t begin; /* where in the stream, and one: 0 is not yet */
    _Alignas(LINE) atomic_uint_fast64_t put; /* the writer's count; */
    atomic_uint_fast64_t window; /* bytes; changed when all is taken, before more is put */
    atomic_bool writer_waits; /* set by the writer, cleared by the reader */
    _Alignas(LINE) atomic_uint_fast64_t taken; /* the reader's */
    atomic_bool reader_waits;
    atomic_bool is_attached;
};

static uint8_t *data_of(const struct tni_ipc_ring *ring)
{
    return (uint8_t *)ring->shared + HEAD;
}

/* A child of fork() has no use for it. */
static int map(struct tni_ipc_ring *ring, int fd, size_t size)
{
    void *memory = mmap(NULL, HEAD + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        return -errno;
    madvise(memory, HEAD + size, MADV_DONTFORK);
    *ring = (struct tni_ipc_ring){.shared = memory, .size = size, .window = TNI_IPC_RING_UNIT};
    return 0;
}

/* ---- making, mapping ---- */

/* The seals tell it; it is empty. Of a descriptor that is no file in memory they cannot be asked, and no other
 * question is. */
int tni_ipc_ring_token(void)
{
    int fd = memfd_create("tenon-ipc-token", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -errno;
    if (fcntl(fd, F_ADD_SEALS, TOKEN_SEALS) == 0)
        return fd;
    close(fd);
    return -ENOTSUP;
}

bool tni_ipc_ring_is_token(int fd)
{
    return fcntl(fd, F_GET_SEALS) == TOKEN_SEALS;
}

/* Growing a file beyond that limit would raise a signal. */
static bool may_have(size_t size)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur >= size;
}

static void use_window(struct tni_ipc_ring *ring, size_t size)
{
    ring->window = size;
    atomic_store(&ring->shared->window, size);
}

static int make(struct tni_ipc_ring *ring, int fd, size_t size)
{
    int code;

    if (!may_have(HEAD + size))
        return -EFBIG;
    if (ftruncate(fd, (off_t)(HEAD + size)) < 0 ||
        fcntl(fd, F_ADD_SEALS, NEVER_SHRINKS | F_SEAL_SEAL) < 0)
        return -errno;
    code = map(ring, fd, size);
    if (code == 0) {
        ring->shared->magic = magic;
        use_window(ring, TNI_IPC_RING_UNIT);
    }
    return code;
}

int tni_ipc_ring_make(struct tni_ipc_ring *ring, size_t size)
{
    int fd = memfd_create("tenon-ipc", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int code;

    if (fd < 0)
        return -errno;
    code = make(ring, fd, size);
    if (code == 0)
        return fd;
    close(fd);
    return code;
}

/* The seals are asked for first: only files in memory have any, and of those no question can block. One of
 * huge pages is refused, as such memory may be wanting when it is touched. */
static size_t size_of(int fd)
{
    struct stat file;
    struct statfs system;
    int seals = fcntl(fd, F_GET_SEALS);

    if (seals < 0 || (seals & NEVER_SHRINKS) != NEVER_SHRINKS || fstat(fd, &file) < 0 ||
        fstatfs(fd, &system) < 0 || system.f_type != TMPFS_MAGIC)
        return 0;
    if (file.st_size < HEAD + TNI_IPC_RING_UNIT || file.st_size > HEAD + TNI_IPC_RING_MAX ||
        file.st_size % TNI_IPC_RING_UNIT != 0)
        return 0;
    return (size_t)file.st_size - HEAD;
}

bool tni_ipc_ring_attach(struct tni_ipc_ring *ring, int fd)
{
    size_t size = size_of(fd);

    if (size == 0 || map(ring, fd, size) < 0)
        return false;
    if (ring->shared->magic != magic) {
        tni_ipc_ring_drop(ring);
        return false;
    }
    atomic_store(&ring->shared->is_attached, true);
    return true;
}

void tni_ipc_ring_drop(struct tni_ipc_ring *ring)
{
    if (ring->shared)
        munmap(ring->shared, HEAD + ring->size);
    ring->shared = NULL;
}

/* ---- bytes ---- */

/* Where a run of bytes at `count` lies: it may go on at the beginning. */
struct place {
    uint8_t *first, *second;
    size_t first_size;
};

static struct place place_of(const struct tni_ipc_ring *ring, uint64_t count, size_t size)
{
    size_t at = (size_t)(count % ring->window), before_end = ring->window - at;

    return (struct place){.first = data_of(ring) + at,
                          .second = data_of(ring),
                          .first_size = size < before_end ? size : before_end};
}

static void copy_in(const struct tni_ipc_ring *ring, const void *from, size_t size)
{
    struct place to = place_of(ring, ring->count, size);

    memcpy(to.first, from, to.first_size);
    memcpy(to.second, (const uint8_t *)from + to.first_size, size - to.first_size);
}

static void copy_out(const struct tni_ipc_ring *ring, void *to, size_t size)
{
    struct place from = place_of(ring, ring->count, size);

    memcpy(to, from.first, from.first_size);
    memcpy((uint8_t *)to + from.first_size, from.second, size - from.first_size);
}

/* Bytes in it, or -EPROTO: one of the two counts is a lie. */
static ssize_t filled(const struct tni_ipc_ring *ring, uint64_t put, uint64_t taken)
{
    return put - taken <= ring->window ? (ssize_t)(put - taken) : -EPROTO;
}

/* ---- the writer ---- */

bool tni_ipc_ring_is_attached(const struct tni_ipc_ring *ring)
{
    return atomic_load(&ring->shared->is_attached);
}

void tni_ipc_ring_begin(struct tni_ipc_ring *ring, uint64_t position)
{
    atomic_store(&ring->shared->begin, position + 1);
}

static ssize_t room(const struct tni_ipc_ring *ring)
{
    ssize_t used = filled(ring, ring->count, atomic_load(&ring->shared->taken));

    return used < 0 ? used : (ssize_t)ring->window - used;
}

ssize_t tni_ipc_ring_put(struct tni_ipc_ring *ring, const struct iovec *iov, int count,
                         size_t least)
{
    ssize_t left = room(ring);
    size_t size = tni_ipc_size_of(iov, count), done = 0;

    if (left < 0)
        return left;
    if ((size_t)left < size && (size_t)left < least)
        return 0;
    if (size > (size_t)left)
        size = (size_t)left;
    while (done < size) {
        size_t part = iov->iov_len < size - done ? iov->iov_len : size - done;
        copy_in(ring, iov->iov_base, part);
        ring->count += part;
        done += part;
        iov++;
    }
    return (ssize_t)size;
}

bool tni_ipc_ring_wakes(const struct tni_ipc_ring *ring)
{
    return atomic_load(&ring->shared->reader_waits) &&
           atomic_exchange(&ring->shared->reader_waits, false);
}

bool tni_ipc_ring_commit(struct tni_ipc_ring *ring)
{
    atomic_store(&ring->shared->put, ring->count);
    return tni_ipc_ring_wakes(ring);
}

void tni_ipc_ring_await_room(struct tni_ipc_ring *ring, bool waits)
{
    atomic_store(&ring->shared->writer_waits, waits);
}

bool tni_ipc_ring_awaits_room(const struct tni_ipc_ring *ring)
{
    return atomic_load(&ring->shared->writer_waits);
}

static bool is_all_taken(const struct tni_ipc_ring *ring)
{
    return room(ring) == (ssize_t)ring->window;
}

bool tni_ipc_ring_widen(struct tni_ipc_ring *ring)
{
    if (ring->window == ring->size)
        return true;
    if (!is_all_taken(ring))
        return false;
    use_window(ring, ring->size);
    return true;
}

bool tni_ipc_ring_trim(struct tni_ipc_ring *ring)
{
    if (!is_all_taken(ring))
        return false;
    use_window(ring, TNI_IPC_RING_UNIT);
    madvise(data_of(ring), ring->size, MADV_REMOVE);
    return true;
}

/* ---- the reader ---- */

/* The writer's word for how much of it is used is taken only for one of the two that there are. */
static ssize_t available(struct tni_ipc_ring *ring)
{
    uint64_t put = atomic_load(&ring->shared->put);

    ring->window =
        atomic_load(&ring->shared->window) == ring->size ? ring->size : TNI_IPC_RING_UNIT;
    return filled(ring, put, ring->count);
}

bool tni_ipc_ring_begins_at(const struct tni_ipc_ring *ring, uint64_t position)
{
    return atomic_load(&ring->shared->begin) == position + 1;
}

ssize_t tni_ipc_ring_take(struct tni_ipc_ring *ring, const struct iovec *iov, int count)
{
    ssize_t left = available(ring), done = 0;

    if (left < 0)
        return left;
    for (int i = 0; i < count && done < left; i++) {
        size_t rest = (size_t)(left - done);
        size_t part = iov[i].iov_len < rest ? iov[i].iov_len : rest;
        copy_out(ring, iov[i].iov_base, part);
        ring->count += part;
        done += (ssize_t)part;
    }
    return done;
}

bool tni_ipc_ring_release(struct tni_ipc_ring *ring)
{
    atomic_store(&ring->shared->taken, ring->count);
    return atomic_load(&ring->shared->writer_waits) &&
           available(ring) <= (ssize_t)ring->window / 2 &&
           atomic_exchange(&ring->shared->writer_waits, false);
}

bool tni_ipc_ring_await_bytes(struct tni_ipc_ring *ring)
{
    atomic_store(&ring->shared->reader_waits, true);
    return available(ring) == 0;
}
