#include "../common/adopt.h"
#include "ipc.h"

#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int fail(struct tni_ipc_listener *self, int code, const char *what, const char *advice)
{
    return self->owner.host->set_error(self->owner.host, code, "ipc://%s: %s: %s%s", self->path,
                                       what, strerrordesc_np(-code), advice);
}

static bool is_abstract(const struct tni_ipc_listener *self)
{
    return self->path[0] == '@';
}

/* ---- names ---- */

/* "*": a directory that only this user may enter, with one socket in it. */
static int make_directory(struct tni_ipc_listener *self)
{
    const tn_host_t *host = self->owner.host;
    const char *parent = secure_getenv("TMPDIR");
    int length;

    if (!parent || parent[0] != '/')
        parent = "/tmp";
    length = snprintf(self->path, sizeof self->path, "%s/tenon-XXXXXX/socket", parent);
    if (length >= (int)sizeof self->path) {
        self->path[0] = '\0';
        return host->set_error(host, -ENAMETOOLONG,
                               "ipc://*: a path in TMPDIR=%s would be longer than %d bytes; set "
                               "TMPDIR to a shorter one, or bind to a path",
                               parent, TNI_IPC_PATH_SIZE - 1);
    }
    self->directory = host->alloc((size_t)length + 1);
    if (!self->directory)
        return host->set_error(host, -ENOMEM, "ipc: no memory for the path to listen at");
    memcpy(self->directory, self->path, (size_t)length - strlen("/socket"));
    if (!mkdtemp(self->directory)) {
        int code = -errno;

        host->free(self->directory);
        self->directory = NULL;
        return fail(self, code, "no private directory can be made", "; set TMPDIR to one that can");
    }
    memcpy(self->path, self->directory, strlen(self->directory));
    return 0;
}

static int remember_file(struct tni_ipc_listener *self)
{
    const tn_host_t *host = self->owner.host;
    char working[PATH_MAX] = "";
    size_t size;

    if (self->path[0] != '/' && !getcwd(working, sizeof working))
        return fail(self, -errno, "the working directory has no name", "; use an absolute path");
    size = strlen(working) + 1 + sizeof self->path;
    self->file = host->alloc(size);
    if (!self->file)
        return host->set_error(host, -ENOMEM, "ipc: no memory for the path to listen at");
    snprintf(self->file, size, "%s%s%s", working, working[0] ? "/" : "", self->path);
    return 0;
}

/* ---- taking over what a dead process left ---- */

static int probe(const tn_host_t *host, const struct sockaddr_un *name, socklen_t size)
{
    int fd = sock_new(host, AF_UNIX);
    int code;

    if (fd < 0)
        return fd;
    code = connect(fd, (const struct sockaddr *)name, size) == 0 ? 0 : -errno;
    tn_sys_close(&fd);
    return code;
}

/* Whether somebody listens at the path: 1, 0, or a code when that cannot be known. Refusal must last:
 * a socket also refuses in the moment between its bind and its listen. */
static int is_alive(const tn_host_t *host, const struct sockaddr_un *name, socklen_t size)
{
    static const struct timespec moment = {.tv_nsec = 5000000};
    int code = probe(host, name, size);

    for (int again = 0; again < 2 && code == -ECONNREFUSED; again++) {
        nanosleep(&moment, NULL);
        code = probe(host, name, size);
    }
    switch (code) {
    case -ECONNREFUSED:
    case -ENOENT:
        return 0;
    case 0:
    case -EAGAIN: /* its queue is full */
    case -EPROTOTYPE: /* it is no stream socket */
        return 1;
    default:
        return code;
    }
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* 0: the path is free now. */
static int clear_stale(struct tni_ipc_listener *self, const struct sockaddr_un *name,
                       socklen_t size)
{
    struct stat before, after;
    int alive;

    if (lstat(self->path, &before) < 0)
        return errno == ENOENT ? 0 : fail(self, -errno, "cannot be looked at", "");
    if (!S_ISSOCK(before.st_mode))
        return self->owner.host->set_error(self->owner.host, -EADDRINUSE,
                                           "ipc://%s: a file that is no socket has this path; "
                                           "remove it, or bind to another path",
                                           self->path);
    alive = is_alive(self->owner.host, name, size);
    if (alive < 0)
        return self->owner.host->set_error(self->owner.host, -EADDRINUSE,
                                           "ipc://%s: the path is in use, and whether somebody "
                                           "still listens there cannot be found out (%s); remove "
                                           "the file if nobody does",
                                           self->path, strerrordesc_np(-alive));
    if (alive)
        return fail(self, -EADDRINUSE, "cannot be bound",
                    "; another socket listens there; stop it, or bind to another path");
    if (lstat(self->path, &after) < 0)
        return errno == ENOENT ? 0 : fail(self, -errno, "cannot be looked at", "");
    if (is_same_file(&before, &after) && unlink(self->path) < 0)
        return fail(self, -errno, "the file that a dead process left cannot be removed", "");
    return 0;
}

/* ---- the socket ---- */

static int parse_mode(struct tni_ipc_listener *self, mode_t *out_mode, bool *out_is_set)
{
    const tn_host_t *host = self->owner.host;
    const char *text = sock_option_text(&self->owner, "mode");
    char *end;
    unsigned long mode;

    *out_is_set = text != NULL;
    if (!text)
        return 0;
    if (is_abstract(self))
        return host->set_error(host, -EINVAL,
                               "ipc://%s: an abstract address has no file; remove mode=%s, or bind "
                               "to a path",
                               self->path, text);
    mode = strtoul(text, &end, 8);
    if (*text < '0' || *text > '7' || *end != '\0' || mode > 0777)
        return host->set_error(host, -EINVAL,
                               "ipc://%s: mode=%s is not an octal number from 0 to 0777, such as "
                               "0660",
                               self->path, text);
    *out_mode = (mode_t)mode;
    return 0;
}

static int take_name(struct tni_ipc_listener *self)
{
    struct sockaddr_un name;
    socklen_t size = tni_ipc_name(self->path, &name);
    int code = 0;

    if (bind(self->fd, (struct sockaddr *)&name, size) == 0)
        return 0;
    if (errno == EADDRINUSE && !is_abstract(self)) {
        code = clear_stale(self, &name, size);
        if (code < 0 || bind(self->fd, (struct sockaddr *)&name, size) == 0)
            return code;
    }
    return fail(self, -errno, "cannot be bound", "");
}

/* The mode is set before anybody can connect. */
static int claim_file(struct tni_ipc_listener *self, mode_t mode, bool has_mode)
{
    struct stat file;

    if (is_abstract(self))
        return 0;
    if (lstat(self->path, &file) < 0)
        return fail(self, -errno, "vanished while it was bound", "");
    self->device = file.st_dev;
    self->inode = file.st_ino;
    self->is_ours = true;
    if (has_mode && chmod(self->path, mode) < 0)
        return fail(self, -errno, "the mode cannot be set", "");
    return 0;
}

static int take(struct tni_ipc_listener *self)
{
    int backlog = (int)sock_option_int(&self->owner, "backlog", 100);
    bool has_mode;
    mode_t mode = 0;
    int code = parse_mode(self, &mode, &has_mode);

    if (code < 0)
        return code;
    self->fd = sock_new(self->owner.host, AF_UNIX);
    if (self->fd < 0)
        return self->fd;
    code = sock_set_buffers(&self->owner, self->fd);
    if (code == 0)
        code = take_name(self);
    if (code == 0)
        code = claim_file(self, mode, has_mode);
    if (code == 0 && listen(self->fd, backlog) < 0)
        code = fail(self, -errno, "cannot listen", "");
    return code;
}

static bool is_local(int family)
{
    return family == AF_UNIX;
}

/* The file, if there is one, is not ours and stays. */
static int adopt(struct tni_ipc_listener *self, int fd)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    socklen_t size = sizeof name;
    size_t length;
    int code = sock_adopt(&self->owner, fd, is_local);

    if (code < 0)
        return code;
    if (getsockname(fd, (struct sockaddr *)&name, &size) < 0)
        return fail(self, -errno, "the address of use_fd cannot be read", "");
    length = size - offsetof(struct sockaddr_un, sun_path);
    if (length > 0 && name.sun_path[0] == '\0')
        name.sun_path[0] = '@';
    if (length >= sizeof self->path)
        length = sizeof self->path - 1;
    memcpy(self->path, name.sun_path, length);
    self->path[length] = '\0';
    code = self->owner.host->listener_set_address(self->owner.listener, self->path);
    if (code == 0)
        self->fd = fd;
    return code;
}

int tni_ipc_listen(void *state, tn_listener_t *listener, const tn_host_t *host, const char *address)
{
    struct tni_ipc_listener *self = state;
    int code;

    self->owner = (struct sock_owner){.host = host, .listener = listener};
    self->fd = -1;
    self->pid = getpid();
    code = tni_ipc_check(host, address, TN_ROLE_BIND);
    if (code < 0)
        return code;
    code = tni_ipc_filter_check(self);
    if (code < 0)
        return code;
    if (sock_given_fd(&self->owner) >= 0)
        return adopt(self, sock_given_fd(&self->owner));
    if (strcmp(address, "*") == 0)
        code = make_directory(self);
    else
        memcpy(self->path, address, strlen(address) + 1);
    if (code == 0 && !is_abstract(self))
        code = remember_file(self);
    if (code == 0)
        code = take(self);
    return code < 0 ? code : host->listener_set_address(listener, self->path);
}

int tni_ipc_listener_fd(void *state)
{
    const struct tni_ipc_listener *self = state;

    return self->fd;
}

int tni_ipc_accept(void *state, void *stream_state)
{
    struct tni_ipc_listener *self = state;
    struct tni_ipc_stream *stream = stream_state;
    struct sockaddr_un peer;
    socklen_t size = sizeof peer;
    int fd = tn_sys_accept(self->fd, (struct sockaddr *)&peer, &size);
    int code;

    if (fd < 0)
        return fd;
    code = tni_ipc_filter(self, fd);
    if (code == 0)
        code = sock_set_buffers(&stream->owner, fd);
    if (code < 0) {
        tn_sys_close(&fd);
        return code;
    }
    stream->fd = fd;
    tni_ipc_offer_on_accept(stream, &peer, size);
    tni_ipc_report(stream, self->path);
    return 0;
}

/* Somebody may have removed our file and put another in its place. */
static void remove_file(struct tni_ipc_listener *self)
{
    struct stat file;

    if (self->is_ours && lstat(self->file, &file) == 0 && file.st_dev == self->device &&
        file.st_ino == self->inode)
        unlink(self->file);
    if (self->directory)
        rmdir(self->directory);
}

/* The file goes first, so that nobody finds one that refuses. */
void tni_ipc_unlisten(void *state)
{
    struct tni_ipc_listener *self = state;
    int saved = errno;

    if (self->pid == getpid())
        remove_file(self);
    tn_sys_close(&self->fd);
    self->owner.host->free(self->directory);
    self->owner.host->free(self->file);
    self->directory = NULL;
    self->file = NULL;
    errno = saved;
}
