#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "reactor/loop.h"

enum { DESCRIPTORS = 4 };

struct tni_loop {
    struct event_base *base;
    struct event readable;
    struct event timer;
    uint64_t deadline; /* that `timer` is set to */
};

/* What is ready is looked at by whoever called tni_loop_sleep. */
static void nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct tni_loop *loop = arg;

    (void)fd;
    (void)what;
    loop->deadline = UINT64_MAX;
}

/* An event base takes three descriptors, and when it gets none for its signals libevent ends the
 * process: it is asked for one only when there are some. */
static int check_descriptors(int fd)
{
    int probes[DESCRIPTORS];
    int count = 0;
    int rc = 0;

    while (rc == 0 && count < DESCRIPTORS) {
        probes[count] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (probes[count] < 0)
            rc = -errno;
        else
            count++;
    }
    while (count)
        close(probes[--count]);
    return rc;
}

static int fill(struct tni_loop *loop, int fd)
{
    struct event_config *config = event_config_new();

    if (!config)
        return -ENOMEM;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!loop->base)
        return -ENOMEM;
    loop->deadline = UINT64_MAX;
    if (event_assign(&loop->readable, loop->base, fd, EV_READ | EV_PERSIST, nothing, loop) < 0 ||
        event_assign(&loop->timer, loop->base, -1, 0, on_timer, loop) < 0 ||
        event_add(&loop->readable, NULL) < 0) {
        event_base_free(loop->base);
        return -ENOMEM;
    }
    return 0;
}

int tni_loop_new(int fd, struct tni_loop **out_loop)
{
    struct tni_loop *loop;
    int rc = check_descriptors(fd);

    if (rc < 0)
        return rc;
    loop = tni_calloc(1, sizeof *loop);
    if (!loop)
        return -ENOMEM;
    rc = fill(loop, fd);
    if (rc < 0) {
        tni_free(loop);
        return rc;
    }
    *out_loop = loop;
    return 0;
}

void tni_loop_free(struct tni_loop *loop)
{
    if (!loop)
        return;
    event_del(&loop->readable);
    event_del(&loop->timer);
    event_base_free(loop->base);
    tni_free(loop);
}

static void set_timer(struct tni_loop *loop, uint64_t deadline)
{
    uint64_t now = tni_clock_ms();
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timeval interval = {.tv_sec = (time_t)(left / 1000),
                               .tv_usec = (suseconds_t)(left % 1000) * 1000};

    if (deadline == loop->deadline)
        return;
    loop->deadline = deadline;
    if (deadline == UINT64_MAX)
        event_del(&loop->timer);
    else
        event_add(&loop->timer, &interval);
}

void tni_loop_sleep(struct tni_loop *loop, uint64_t deadline)
{
    set_timer(loop, deadline);
    event_base_loop(loop->base, EVLOOP_ONCE);
}
