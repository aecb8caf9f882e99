#include "monitor/monitor_inl.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

/* Under the lock. An eventfd takes a 1 without blocking and loses nothing to a signal. */
static void update_signal(tn_monitor_t *monitor)
{
    bool is_wanted = monitor->is_stopped || !tni_event_ring_is_empty(&monitor->ring);
    int kept = errno;
    ssize_t done;
    uint64_t one = 1;
    TNI_UNCANCELLED;

    if (is_wanted == monitor->is_signalled)
        return;
    if (is_wanted)
        done = write(monitor->fd, &one, sizeof one);
    else
        done = read(monitor->fd, &one, sizeof one);
    if (done == sizeof one)
        monitor->is_signalled = is_wanted;
    errno = kept;
}

static tn_monitor_t *monitor_alloc(uint32_t mask)
{
    tn_monitor_t *monitor = tni_calloc(1, sizeof *monitor);

    if (!monitor) {
        tni_fail(-ENOMEM, "no memory for a monitor");
        return NULL;
    }
    monitor->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (monitor->fd < 0) {
        tni_fail(-errno, "no descriptor for a monitor: %s", strerrordesc_np(errno));
        tni_free(monitor);
        return NULL;
    }
    tni_link_init(&monitor->link);
    atomic_init(&monitor->refs, 2);
    monitor->mask = mask;
    pthread_mutex_init(&monitor->lock, NULL);
    return monitor;
}

tn_monitor_t *tni_monitor_new(struct tni_monitor_hub *hub, uint32_t mask)
{
    const uint32_t known = 2 * TN_EVENT_CONNECT_FAILED - 1;
    tn_monitor_t *monitor;
    bool is_stopped;

    if ((mask & known) == 0) {
        tni_fail(-EINVAL, "a monitor of no event: the mask 0x%x has none of tn_event_kind", mask);
        return NULL;
    }
    monitor = monitor_alloc(mask & known);
    if (!monitor)
        return NULL;
    pthread_mutex_lock(&hub->lock);
    is_stopped = hub->is_stopped;
    if (!is_stopped) {
        tni_list_append(&hub->monitors, &monitor->link);
        atomic_fetch_or_explicit(&hub->wanted, monitor->mask, memory_order_relaxed);
    }
    pthread_mutex_unlock(&hub->lock);
    if (is_stopped) {
        tni_monitor_stop(monitor);
        tni_monitor_unref(monitor);
    }
    return monitor;
}

void tni_monitor_unref(tn_monitor_t *monitor)
{
    TNI_UNCANCELLED;

    /* acq_rel: the freeing thread comes after the other's last use. */
    if (atomic_fetch_sub_explicit(&monitor->refs, 1, memory_order_acq_rel) != 1)
        return;
    close(monitor->fd);
    tni_event_ring_fini(&monitor->ring);
    pthread_mutex_destroy(&monitor->lock);
    tni_free(monitor);
}

bool tni_monitor_offer(tn_monitor_t *monitor, const tn_event_t *event)
{
    bool is_closed;

    pthread_mutex_lock(&monitor->lock);
    is_closed = monitor->is_closed;
    if (!is_closed && (monitor->mask & event->kind) != 0) {
        tni_event_ring_put(&monitor->ring, event);
        update_signal(monitor);
    }
    pthread_mutex_unlock(&monitor->lock);
    return !is_closed;
}

void tni_monitor_stop(tn_monitor_t *monitor)
{
    pthread_mutex_lock(&monitor->lock);
    monitor->is_stopped = true;
    update_signal(monitor);
    pthread_mutex_unlock(&monitor->lock);
}

/* 0, -EAGAIN: nothing yet, -TN_ECLOSED. */
static int take(tn_monitor_t *monitor, tn_event_t *out_event)
{
    int status = 0;

    pthread_mutex_lock(&monitor->lock);
    if (tni_event_ring_take(&monitor->ring, out_event)) {
        update_signal(monitor);
    } else if (!monitor->is_stopped) {
        status = -EAGAIN;
    } else if (monitor->is_stop_told) {
        status = -TN_ECLOSED;
    } else {
        monitor->is_stop_told = true;
        tni_event_init(out_event, TN_EVENT_STOPPED);
        out_event->time_ms = tni_clock_ms();
    }
    pthread_mutex_unlock(&monitor->lock);
    return status;
}

/* 0: look again. */
static int await(tn_monitor_t *monitor, int timeout, uint64_t started_ms)
{
    struct pollfd item = {.fd = monitor->fd, .events = POLLIN};
    int left = timeout;

    if (timeout >= 0) {
        uint64_t spent = tni_clock_ms() - started_ms;

        if (spent >= (uint64_t)timeout)
            return -ETIMEDOUT;
        left = timeout - (int)spent;
    }
    return poll(&item, 1, left) < 0 ? -errno : 0;
}

int tn_monitor_recv(tn_monitor_t *monitor, tn_event_t *out_event, int timeout)
{
    uint64_t started_ms;
    int status;

    if (!monitor || !out_event)
        return tni_fail(-EINVAL, "tn_monitor_recv: the monitor or the event is NULL");
    started_ms = timeout > 0 ? tni_clock_ms() : 0;
    while ((status = take(monitor, out_event)) == -EAGAIN) {
        status = timeout == 0 ? -ETIMEDOUT : await(monitor, timeout, started_ms);
        if (status < 0)
            break;
    }
    return status < 0 ? tni_fail_code(status) : 0;
}

int tn_monitor_fd(tn_monitor_t *monitor)
{
    return monitor ? monitor->fd : tni_fail(-EINVAL, "tn_monitor_fd: the monitor is NULL");
}

void tn_monitor_close(tn_monitor_t *monitor)
{
    if (!monitor)
        return;
    pthread_mutex_lock(&monitor->lock);
    monitor->is_closed = true;
    tni_event_ring_fini(&monitor->ring);
    pthread_mutex_unlock(&monitor->lock);
    tni_monitor_unref(monitor);
}
