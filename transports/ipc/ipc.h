/*
 * ipc.h: what the files of the ipc module share.
 *
 * Addresses are the path of a socket file, relative ones too; "@name" in the abstract namespace, which
 * needs no file; or, to listen, "*" for a fresh path that nobody else knows. The ops of streams are in
 * stream.c, those of listeners in listener.c. State is allocated, zeroed, by the core, and belongs to
 * one stream or listener. Locks: transport.h.
 */
#ifndef TENON_IPC_IPC_H
#define TENON_IPC_IPC_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "../common/sock.h"

enum {
    TNI_IPC_PATH_SIZE = sizeof((struct sockaddr_un *)0)->sun_path, /* with its NUL: 107 bytes */
    TNI_IPC_TEXT_SIZE = TNI_IPC_PATH_SIZE + sizeof "ipc://",
};

struct tni_ipc_stream {
    struct sock_owner owner;
    int fd;
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

/** Whether one item of a filter's list is a number. Pure. */
bool tni_ipc_list_parse(const char *item, size_t size, uint32_t *out_number);
/** -EINVAL with a sentence: a list is malformed. */
int tni_ipc_filter_check(const struct tni_ipc_listener *self);
/** 0, or -EACCES with a sentence: the peer at `fd` may not in. */
int tni_ipc_filter(const struct tni_ipc_listener *self, int fd);

/** Tells the core where the stream leads: both ends have the one name. */
void tni_ipc_report(struct tni_ipc_stream *self, const char *path);

#endif
