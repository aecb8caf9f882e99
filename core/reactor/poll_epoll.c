#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>

#include "reactor/poller.h"

enum { AT_ONCE = 64 };

int tni_poller_new(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int control(int set, int operation, int fd, uint32_t events, void *who)
{
    struct epoll_event event = {.events = events, .data.ptr = who};

    return epoll_ctl(set, operation, fd, &event) < 0 ? -errno : 0;
}

int tni_poller_add_edge(int set, int fd, void *who)
{
    return control(set, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, who);
}

void tni_poller_hear_room(int set, int fd, void *who, bool hears)
{
    control(set, EPOLL_CTL_MOD, fd,
            EPOLLIN | EPOLLRDHUP | EPOLLET | (hears ? (uint32_t)EPOLLOUT : 0), who);
}

int tni_poller_add_level(int set, int fd, void *who)
{
    return control(set, EPOLL_CTL_ADD, fd, EPOLLIN, who);
}

int tni_poller_add_unarmed(int set, int fd, void *who)
{
    return control(set, EPOLL_CTL_ADD, fd, EPOLLONESHOT, who);
}

int tni_poller_arm(int set, int fd, void *who, bool is_armed)
{
    return control(set, EPOLL_CTL_MOD, fd, EPOLLONESHOT | (is_armed ? (uint32_t)EPOLLIN : 0), who);
}

void tni_poller_remove(int set, int fd)
{
    control(set, EPOLL_CTL_DEL, fd, 0, NULL);
}

int tni_poller_take(int set, struct tni_poll_event *events, int max)
{
    struct epoll_event raw[AT_ONCE];
    int count = epoll_wait(set, raw, max < AT_ONCE ? max : AT_ONCE, 0);

    if (count < 0)
        return 0;
    for (int i = 0; i < count; i++) {
        uint32_t bits = raw[i].events;
        events[i].who = raw[i].data.ptr;
        events[i].events = (bits & EPOLLIN ? TNI_POLL_IN : 0) |
                           (bits & EPOLLOUT ? TNI_POLL_OUT : 0) |
                           (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR) ? TNI_POLL_HANGUP : 0);
    }
    return count;
}

void tni_poller_nap(int set, long ns)
{
    const struct timespec limit = {.tv_nsec = ns};
    struct pollfd item = {.fd = set, .events = POLLIN};

    (void)ppoll(&item, 1, &limit, NULL);
}

void tni_poller_be_precise(void)
{
    /* Unless it is told, the kernel lets a thread sleep 50 us longer. */
    (void)prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
}
