/*
 * poller.c: sockets and descriptors that are waited for again and again.
 *
 * `entries` is what was registered, `items` has those of them that have events, in the same order, for
 * the native call: it is made anew after a change, so that waiting allocates nothing. The poller's own
 * descriptor is an epoll set of what its thread-safe sockets tell of their changes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cancel.h"
#include "dropin.h"
#include "poll.h"

enum { MAGIC_POLLER = 0x7a6d7170 };

struct entry {
    void *socket; /* or NULL for */
    int fd;
    short events;
    void *user_data;
    bool is_in_set; /* its changes are told by the poller's descriptor */
};

struct poller {
    unsigned magic;
    struct entry *entries;
    tn_pollitem_t *items;
    size_t count, item_count, room;
    bool is_changed; /* the items are those of before */
    int set; /* epoll; -1: there is no thread-safe socket */
    size_t set_count;
};

static struct poller *poller_of(void *handle)
{
    struct poller *poller = handle;

    if (poller && poller->magic == MAGIC_POLLER)
        return poller;
    errno = EFAULT;
    return NULL;
}

void *zmq_poller_new(void)
{
    struct poller *poller = calloc(1, sizeof *poller);

    if (!poller) {
        errno = ENOMEM;
        return NULL;
    }
    poller->magic = MAGIC_POLLER;
    poller->set = -1;
    return poller;
}

int zmq_poller_destroy(void **handle)
{
    struct poller *poller = poller_of(handle ? *handle : NULL);
    TNZ_UNCANCELLED;

    if (!poller)
        return -1;
    poller->magic = 0;
    if (poller->set >= 0)
        close(poller->set);
    free(poller->entries);
    free(poller->items);
    free(poller);
    *handle = NULL;
    return 0;
}

int zmq_poller_size(void *handle)
{
    struct poller *poller = poller_of(handle);

    return poller ? (int)poller->count : -1;
}

/* ------------------------------------------------------------------ what is registered */

static struct entry *find(struct poller *poller, const void *socket, int fd)
{
    for (size_t i = 0; i < poller->count; i++)
        if (socket ? poller->entries[i].socket == socket
                   : !poller->entries[i].socket && poller->entries[i].fd == fd)
            return &poller->entries[i];
    return NULL;
}

static bool are_events(short events)
{
    return (events & ~(ZMQ_POLLIN | ZMQ_POLLOUT | ZMQ_POLLERR | ZMQ_POLLPRI)) == 0;
}

static bool make_room(struct poller *poller)
{
    size_t room = poller->room ? 2 * poller->room : 8;
    struct entry *entries;
    tn_pollitem_t *items;

    if (poller->count < poller->room)
        return true;
    entries = realloc(poller->entries, room * sizeof *entries);
    if (!entries)
        return false;
    poller->entries = entries;
    items = realloc(poller->items, room * sizeof *items);
    if (!items)
        return false;
    poller->items = items;
    poller->room = room;
    return true;
}

/* Returns an errno value, or 0. */
static int put_into_set(struct poller *poller, struct entry *entry)
{
    struct epoll_event event = {.events = EPOLLIN};
    int fd = tn_fd(entry->socket, TN_POLLIN | TN_POLLOUT);

    if (fd < 0)
        return tnz_errno(fd);
    if (poller->set < 0)
        poller->set = epoll_create1(EPOLL_CLOEXEC);
    if (poller->set < 0 || epoll_ctl(poller->set, EPOLL_CTL_ADD, fd, &event) < 0)
        return errno;
    entry->fd = fd;
    entry->is_in_set = true;
    poller->set_count++;
    return 0;
}

static int add(struct poller *poller, struct entry entry, bool is_thread_safe)
{
    int number = 0;

    if (!are_events(entry.events) || find(poller, entry.socket, entry.fd))
        return tnz_error(EINVAL);
    if (!make_room(poller))
        return tnz_error(ENOMEM);
    if (is_thread_safe)
        number = put_into_set(poller, &entry);
    if (number)
        return tnz_error(number);
    poller->entries[poller->count++] = entry;
    poller->is_changed = true;
    return 0;
}

static int modify(struct poller *poller, struct entry *entry, short events)
{
    if (!are_events(events) || !entry)
        return tnz_error(EINVAL);
    entry->events = events;
    poller->is_changed = true;
    return 0;
}

static int take_out(struct poller *poller, struct entry *entry)
{
    if (!entry)
        return tnz_error(EINVAL);
    if (entry->is_in_set) {
        epoll_ctl(poller->set, EPOLL_CTL_DEL, entry->fd, NULL);
        poller->set_count--;
    }
    memmove(entry, entry + 1, (size_t)(poller->entries + --poller->count - entry) * sizeof *entry);
    poller->is_changed = true;
    return 0;
}

int zmq_poller_add(void *handle, void *socket, void *user_data, short events)
{
    struct poller *poller = poller_of(handle);
    struct tnz_socket *found = poller ? tnz_registry_find(socket) : NULL;

    if (!found)
        return -1;
    return add(poller,
               (struct entry){.socket = socket, .fd = -1, .events = events, .user_data = user_data},
               found->type->is_thread_safe);
}

int zmq_poller_modify(void *handle, void *socket, short events)
{
    struct poller *poller = poller_of(handle);

    if (!poller || !tnz_registry_find(socket))
        return -1;
    return modify(poller, find(poller, socket, -1), events);
}

int zmq_poller_remove(void *handle, void *socket)
{
    struct poller *poller = poller_of(handle);

    if (!poller || !tnz_registry_find(socket))
        return -1;
    return take_out(poller, find(poller, socket, -1));
}

int zmq_poller_add_fd(void *handle, zmq_fd_t fd, void *user_data, short events)
{
    struct poller *poller = poller_of(handle);

    if (!poller)
        return -1;
    if (fd == -1)
        return tnz_error(EBADF);
    return add(poller, (struct entry){.fd = fd, .events = events, .user_data = user_data}, false);
}

int zmq_poller_modify_fd(void *handle, zmq_fd_t fd, short events)
{
    struct poller *poller = poller_of(handle);

    if (!poller)
        return -1;
    if (fd == -1)
        return tnz_error(EBADF);
    return modify(poller, find(poller, NULL, fd), events);
}

int zmq_poller_remove_fd(void *handle, zmq_fd_t fd)
{
    struct poller *poller = poller_of(handle);

    if (!poller)
        return -1;
    if (fd == -1)
        return tnz_error(EBADF);
    return take_out(poller, find(poller, NULL, fd));
}

int zmq_poller_fd(void *handle, zmq_fd_t *out_fd)
{
    struct poller *poller = poller_of(handle);

    if (!poller)
        return -1;
    if (!out_fd)
        return tnz_error(EFAULT);
    if (poller->set_count == 0)
        return tnz_error(EINVAL);
    *out_fd = poller->set;
    return 0;
}

/* ------------------------------------------------------------------ waiting */

static void remake(struct poller *poller)
{
    poller->item_count = 0;
    for (size_t i = 0; i < poller->count; i++) {
        const struct entry *entry = &poller->entries[i];
        if (!entry->events)
            continue;
        poller->items[poller->item_count++] =
            (tn_pollitem_t){.socket = entry->socket, .fd = entry->fd, .events = entry->events};
    }
    poller->is_changed = false;
}

static int report(const struct poller *poller, zmq_poller_event_t *events, int room)
{
    const tn_pollitem_t *item = poller->items;
    int count = 0;

    for (size_t i = 0; i < poller->count && count < room; i++) {
        const struct entry *entry = &poller->entries[i];
        short happened = entry->events ? (item++)->revents : 0;
        if (!happened)
            continue;
        if (entry->socket && (happened & ZMQ_POLLERR)) /* it was closed */
            return tnz_error(ENOTSOCK);
        events[count++] = (zmq_poller_event_t){.socket = entry->socket,
                                               .fd = entry->socket ? -1 : entry->fd,
                                               .user_data = entry->user_data,
                                               .events = happened};
    }
    return count;
}

int zmq_poller_wait_all(void *handle, zmq_poller_event_t *events, int room, long timeout)
{
    struct poller *poller = poller_of(handle);
    int rc;

    if (!poller)
        return -1;
    if (!events)
        return tnz_error(EFAULT);
    if (room < 1)
        return tnz_error(EINVAL);
    if (poller->is_changed)
        remake(poller);
    if (poller->item_count == 0 && timeout < 0)
        return tnz_error(EFAULT);
    rc = tn_poll(poller->items, poller->item_count, tnz_timeout(timeout));
    if (rc < 0)
        return tnz_fail(rc);
    return rc == 0 ? tnz_error(EAGAIN) : report(poller, events, room);
}

int zmq_poller_wait(void *handle, zmq_poller_event_t *event, long timeout)
{
    if (zmq_poller_wait_all(handle, event, 1, timeout) >= 0)
        return 0;
    if (event)
        *event = (zmq_poller_event_t){.fd = -1};
    return -1;
}
