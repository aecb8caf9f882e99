/*
 * adopt.h: a descriptor that the program, or who started it, made and set to listening ("use_fd").
 *
 * From success on it is the listener's, which closes it. Private to the modules of this folder, like
 * sock.h.
 */
#ifndef TENON_TRANSPORTS_ADOPT_H
#define TENON_TRANSPORTS_ADOPT_H

#include <fcntl.h>

#include "sock.h"

static inline int sock_adopt_fail(const struct sock_owner *owner, int fd, int code, const char *why)
{
    return owner->host->set_error(owner->host, code,
                                  "use_fd=%d: %s; give a stream socket of this transport on which "
                                  "bind() and listen() were called",
                                  fd, why);
}

/** Makes it ready for us. `is_ours`: whether the transport speaks that address family. */
static inline int sock_adopt(const struct sock_owner *owner, int fd, bool (*is_ours)(int family))
{
    int listens = 0, family = 0, saved = errno;
    socklen_t size = sizeof listens;
    int code = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size) < 0)
        code = sock_adopt_fail(owner, fd, -errno, "it is no open socket");
    else if (!listens)
        code = sock_adopt_fail(owner, fd, -EINVAL, "it does not listen");
    else if (!is_ours(family))
        code = sock_adopt_fail(owner, fd, -EAFNOSUPPORT, "it has another address family");
    else if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        code = sock_adopt_fail(owner, fd, -errno, "it cannot be set to be non-blocking");
    errno = saved;
    return code;
}

/** What "use_fd" says, or -1. */
static inline int sock_given_fd(const struct sock_owner *owner)
{
    return (int)sock_option_int(owner, "use_fd", -1);
}

#endif
