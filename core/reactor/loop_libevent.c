#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/clock.h"
#include "base/memory.h"
#include "reactor/loop.h"

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

struct tni_loop *tni_loop_new(int fd)
{
    struct tni_loop *loop = tni_calloc(1, sizeof *loop);
    struct event_config *config = loop ? event_config_new() : NULL;

    if (!config)
        goto fail_config;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    loop->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!loop->base)
        goto fail_config;
    loop->deadline = UINT64_MAX;
    if (event_assign(&loop->readable, loop->base, fd, EV_READ | EV_PERSIST, nothing, loop) < 0 ||
        event_assign(&loop->timer, loop->base, -1, 0, on_timer, loop) < 0 ||
        event_add(&loop->readable, NULL) < 0)
        goto fail_events;
    return loop;

fail_events:
    event_base_free(loop->base);
fail_config:
    tni_free(loop);
    return NULL;
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
