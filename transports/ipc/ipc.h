/*
 * ipc.h: what the files of the ipc module share.
 *
 * Addresses are the path of a socket file, relative ones too; "@name" in the abstract namespace, which
 * needs no file; or, to listen, "*" for a fresh path that nobody else knows. The ops of streams are in
 * stream.c, their bytes in offer.c and transfer.c, listeners in listener.c. State is allocated, zeroed, by
 * the core, and belongs to one stream or listener. Locks: transport.h.
 */
#ifndef TENON_IPC_IPC_H
#define TENON_IPC_IPC_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../common/sock.h"
#include "ring.h"

enum {
    TNI_IPC_PATH_SIZE = sizeof((struct sockaddr_un *)0)->sun_path, /* with its NUL: 107 bytes */
    TNI_IPC_LARGE = 32 * 1024, /* bytes of one write, from where on a ring pays; */
    TNI_IPC_MANY = 64, /* or so many small ones, one soon after the other */
    TNI_IPC_MUCH = 2048, /* of one read: less than the system makes a piece of a large write */
    TNI_IPC_TEXT_SIZE = TNI_IPC_PATH_SIZE + sizeof "ipc://",
};

/** What goes out, and what comes in; see offer.c. */
enum tni_ipc_out_state {
    TNI_IPC_OUT_ALONE, /* there is no ring, and will be none */
    TNI_IPC_OUT_PLAIN, /* nothing large has gone out yet */
    TNI_IPC_OUT_OFFERED,
    TNI_IPC_OUT_HELLO, /* the first write says that we take rings */
    TNI_IPC_OUT_RING,
};

enum tni_ipc_in_state {
    TNI_IPC_IN_ALONE,
    TNI_IPC_IN_PLAIN, /* nothing large has come in yet */
    TNI_IPC_IN_HELLO, /* the first read shows whether the peer takes rings */
    TNI_IPC_IN_LOOKING, /* for descriptors */
    TNI_IPC_IN_RING,
};

/** How often one way is used. */
struct tni_ipc_pace {
    unsigned uses;
    uint64_t since; /* ms: the last full run of them */
};

struct tni_ipc_out {
    uint8_t state;
    bool is_watched; /* somebody will look whether the ring is idle */
    bool is_used; /* since somebody looked */
    bool is_held; /* nothing is to lie behind what was written last before that is read */
    struct tni_ipc_pace pace;
    unsigned offers; /* large writes since there is a ring */
    int ring_fd; /* until the bytes are in the ring */
    uint64_t position; /* of the stream, while the bytes are the socket's */
    uint64_t look_at; /* ms */
    uint64_t put_at; /* ms: the last time that the ring was full, or had been */
    struct tni_ipc_ring ring;
};

struct tni_ipc_in {
    uint8_t state;
    struct tni_ipc_pace pace;
    uint64_t position; /* as above */
    struct tni_ipc_ring ring;
};

struct tni_ipc_stream {
    struct sock_owner owner;
    int fd;
    struct tni_ipc_out out;
    struct tni_ipc_in in;
    char path[TNI_IPC_PATH_SIZE]; /* as written */
};

struct tni_ipc_listener {
    struct sock_owner owner;
    int fd;
    pid_t pid; /* whose file it is: a forked child leaves it alone */
    bool is_ours; /* there is a file to remove, the one with this */
    dev_t device;
    ino_t inode;
    char *directory; /* the private one of the wildcard, or NULL */
    char *file; /* absolute, since the program may change its directory */
    char path[TNI_IPC_PATH_SIZE];
};

int tni_ipc_check(const tn_host_t *host, const char *address, unsigned role);
/** The address for the system, and its length. */
socklen_t tni_ipc_name(const char *path, struct sockaddr_un *out_name);

int tni_ipc_listen(void *state, tn_listener_t *listener, const tn_host_t *host,
                   const char *address);
int tni_ipc_listener_fd(void *state);
int tni_ipc_accept(void *state, void *stream_state);
void tni_ipc_unlisten(void *state);

int tni_ipc_open(void *state, tn_stream_t *stream, const tn_host_t *host, unsigned role,
                 const char *address);
int tni_ipc_dial(void *state, const char *address);
int tni_ipc_established(void *state);
ssize_t tni_ipc_readv(void *state, const struct iovec *iov, int count);
ssize_t tni_ipc_writev(void *state, const struct iovec *iov, int count);
int tni_ipc_fd(void *state);
void tni_ipc_close(void *state);

/** Before a connect, and after an accept from `peer`: sees to it that rings are offered, if the peer takes them
 *  and "ipc.ring_size" allows it. */
void tni_ipc_offer_on_connect(struct tni_ipc_stream *self);
void tni_ipc_offer_on_accept(struct tni_ipc_stream *self, const struct sockaddr_un *peer,
                             socklen_t size);
/** Whether the peer has still to read something from the socket. */
bool tni_ipc_has_unread(const struct tni_ipc_stream *self);
/** Whether what was written last has still to be read before more is written. */
bool tni_ipc_is_still_held(struct tni_ipc_stream *self);
/** As writev, as long as the bytes are the socket's; a ring may have those that follow (offer.c). */
ssize_t tni_ipc_write_socket(struct tni_ipc_stream *self, const struct iovec *iov, int count);
/** `size` bytes were read from the socket without a look for descriptors. True: it looks from now on, and more may be
 *  there, whatever room was left. */
bool tni_ipc_looks_on(struct tni_ipc_stream *self, ssize_t size);
/** A read that looks for descriptors. `out_more`: more may be there, whatever room was left. */
ssize_t tni_ipc_read_descriptors(struct tni_ipc_stream *self, const struct iovec *iov, int count,
                                 bool *out_more);

/** Counts a use. Now and then, whether the last ones came soon one after the other. */
bool tni_ipc_was_often(struct tni_ipc_stream *self, struct tni_ipc_pace *pace);
static inline bool tni_ipc_is_often(struct tni_ipc_stream *self, struct tni_ipc_pace *pace)
{
    return ++pace->uses % TNI_IPC_MANY == 0 && tni_ipc_was_often(self, pace);
}

static inline size_t tni_ipc_size_of(const struct iovec *iov, int count)
{
    size_t size = 0;

    for (int i = 0; i < count; i++)
        size += iov[i].iov_len;
    return size;
}

static inline ssize_t tni_ipc_write_plain(struct tni_ipc_stream *self, const struct iovec *iov,
                                          int count)
{
    ssize_t size = tn_sys_writev(self->fd, iov, count);

    if (size > 0)
        self->out.position += (uint64_t)size;
    return size;
}

/** Whether one item of a filter's list is a number. Pure. */
bool tni_ipc_list_parse(const char *item, size_t size, uint32_t *out_number);
/** -EINVAL with a sentence: a list is malformed. */
int tni_ipc_filter_check(const struct tni_ipc_listener *self);
/** 0, or -EACCES with a sentence: the peer at `fd` may not in. */
int tni_ipc_filter(const struct tni_ipc_listener *self, int fd);

/** Tells the core where the stream leads: both ends have the one name. */
void tni_ipc_report(struct tni_ipc_stream *self, const char *path);

#endif
