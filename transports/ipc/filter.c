/*
 * filter.c: which processes may connect, by what the kernel says of them ("ipc.filter_pid", "_uid",
 * "_gid"). One match in any of the three lists is enough; without a list everybody may.
 */
#include <stdlib.h>

#include "../common/list.h"
#include "ipc.h"

enum { GROUPS_MAX = 1024 };

static const char *const names[] = {"filter_pid", "filter_uid", "filter_gid"};

static const char *list_of(const struct tni_ipc_listener *self, int which)
{
    return sock_option_text(&self->owner, names[which]);
}

bool tni_ipc_list_parse(const char *item, size_t size, uint32_t *out_number)
{
    uint64_t number = 0;

    if (size == 0 || size > 10)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (item[i] < '0' || item[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(item[i] - '0');
    }
    *out_number = (uint32_t)number;
    return number <= UINT32_MAX;
}

int tni_ipc_filter_check(const struct tni_ipc_listener *self)
{
    const tn_host_t *host = self->owner.host;

    for (int which = 0; which < 3; which++) {
        const char *at = list_of(self, which), *item;
        uint32_t number;
        size_t size;

        while (sock_list_next(&at, &item, &size))
            if (!tni_ipc_list_parse(item, size, &number))
                return host->set_error(host, -EINVAL,
                                       "the option ipc.%s has '%.*s', which is no number; write "
                                       "numbers with commas between them",
                                       names[which], (int)size, item);
    }
    return 0;
}

static bool is_in(const struct tni_ipc_listener *self, int which, uint32_t number)
{
    const char *at = list_of(self, which), *item;
    uint32_t listed;
    size_t size;

    while (sock_list_next(&at, &item, &size))
        if (tni_ipc_list_parse(item, size, &listed) && listed == number)
            return true;
    return false;
}

/* The groups beside the main one, where the kernel tells. */
static bool is_in_other_group(const struct tni_ipc_listener *self, int fd)
{
    gid_t groups[GROUPS_MAX];
    socklen_t size = sizeof groups;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
        return false;
    for (size_t i = 0; i < size / sizeof groups[0]; i++)
        if (is_in(self, 2, groups[i]))
            return true;
    return false;
}

int tni_ipc_filter(const struct tni_ipc_listener *self, int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int saved = errno;
    bool may_in;

    if (!list_of(self, 0) && !list_of(self, 1) && !list_of(self, 2))
        return 0;
    may_in = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
             (is_in(self, 0, (uint32_t)peer.pid) || is_in(self, 1, peer.uid) ||
              is_in(self, 2, peer.gid) || is_in_other_group(self, fd));
    errno = saved;
    if (may_in)
        return 0;
    return self->owner.host->set_error(self->owner.host, -EACCES,
                                       "ipc://%s: process %d of user %u is in none of the lists "
                                       "ipc.filter_pid, _uid and _gid, and was not let in",
                                       self->path, (int)peer.pid, (unsigned)peer.uid);
}
