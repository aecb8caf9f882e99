#include "control/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { BACKLOG = 8 };

static bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Whether somebody answers there. */
static bool is_alive(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)name, sizeof *name) < 0 &&
                   (errno == ECONNREFUSED || errno == ENOENT);

    if (fd >= 0)
        close(fd);
    return !refused;
}

/* A socket of ours that nobody answers at. */
static bool is_stale(const struct sockaddr_un *name)
{
    struct stat status;

    return lstat(name->sun_path, &status) == 0 && S_ISSOCK(status.st_mode) &&
           status.st_uid == geteuid() && !is_alive(name);
}

/* The mode is that of the descriptor, so that there is no moment at which others could connect. */
static int listen_at(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int code;

    if (fd < 0)
        return -errno;
    if (fchmod(fd, 0600) == 0 && bind(fd, (const struct sockaddr *)name, sizeof *name) == 0 &&
        chmod(name->sun_path, 0600) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    code = -errno;
    close(fd);
    return code;
}

static int take(const struct sockaddr_un *name)
{
    int fd = listen_at(name);

    if (fd == -EADDRINUSE && is_stale(name) && unlink(name->sun_path) == 0)
        fd = listen_at(name);
    return fd;
}

static int set_path(struct sockaddr_un *name, const char *wanted, const char *middle, long pid,
                    const char *end)
{
    int size;

    memset(name, 0, sizeof *name);
    name->sun_family = AF_UNIX;
    if (pid)
        size =
            snprintf(name->sun_path, sizeof name->sun_path, "%s%s%ld%s", wanted, middle, pid, end);
    else
        size = snprintf(name->sun_path, sizeof name->sun_path, "%s", wanted);
    return size < (int)sizeof name->sun_path ? 0 : -ENAMETOOLONG;
}

int tni_control_listen(const char *wanted, struct tni_control_address *out_address)
{
    struct sockaddr_un *name = &out_address->name;
    bool is_dir = is_directory(wanted);
    struct stat status;
    int fd = is_dir ? set_path(name, wanted, "/tenon-", (long)getpid(), ".sock")
                    : set_path(name, wanted, "", 0, "");

    if (fd == 0)
        fd = take(name);
    if (fd == -EADDRINUSE && !is_dir) {
        fd = set_path(name, wanted, ".", (long)getpid(), "");
        if (fd == 0)
            fd = take(name);
    }
    if (fd < 0) {
        tni_fail(
            fd,
            "the control socket %s (TENON_CONTROL, or `control` of a manifest) cannot be made: %s",
            wanted, strerror(-fd));
        name->sun_path[0] = '\0';
        return fd;
    }
    if (stat(name->sun_path, &status) == 0) {
        out_address->device = status.st_dev;
        out_address->inode = status.st_ino;
    }
    return fd;
}

void tni_control_unlink(struct tni_control_address *address)
{
    struct stat status;

    if (address->name.sun_path[0] && lstat(address->name.sun_path, &status) == 0 &&
        status.st_dev == address->device && status.st_ino == address->inode)
        unlink(address->name.sun_path);
    address->name.sun_path[0] = '\0';
}
