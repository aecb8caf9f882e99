#include "monitor_watch.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cancel.h"

enum state {
    AWAITS_EVENT,
    AWAITS_ROOM, /* the program's socket is not connected yet, or full */
    IS_OVER, /* the monitored socket or the context has gone */
};

struct tnz_monitor {
    struct tnz_monitor *next;
    struct tnz_monitor_config config;
    enum state state;
    struct tnz_event waiting[TNZ_EVENTS_MAX]; /* translated, not sent */
    unsigned waiting_at, waiting_count;
    bool must_end, is_told, has_ended;
};

static struct watcher {
    pthread_mutex_t lock;
    pthread_cond_t ended; /* a monitor, or the thread */
    struct tnz_monitor *monitors;
    pthread_t thread;
    bool has_thread; /* not joined */
    bool is_leaving; /* the thread found no monitor */
    int wakefd;
    tn_pollitem_t *items; /* the thread's, while it runs */
    size_t room;
} watcher = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER, .wakefd = -1};

/* ------------------------------------------------------------------ moving events */

/* Under the lock. -EAGAIN: there is no room. */
static int send_waiting(struct tnz_monitor *monitor)
{
    int rc;

    while (monitor->waiting_at < monitor->waiting_count) {
        const struct tnz_event *event = &monitor->waiting[monitor->waiting_at];
        rc = monitor->config.events & event->number
                 ? tnz_event_send(event, monitor->config.target, monitor->config.version)
                 : 0;
        if (rc < 0)
            return rc;
        monitor->waiting_at++;
    }
    return 0;
}

/* Under the lock. */
static void move_events(struct tnz_monitor *monitor)
{
    tn_event_t event;
    int rc;

    for (;;) {
        rc = send_waiting(monitor);
        if (rc < 0) {
            monitor->state = rc == -EAGAIN || rc == -ENOMEM ? AWAITS_ROOM : IS_OVER;
            return;
        }
        rc = tn_monitor_recv(monitor->config.source, &event, 0);
        if (rc < 0) {
            monitor->state = rc == -TN_ECLOSED ? IS_OVER : AWAITS_EVENT;
            return;
        }
        monitor->waiting_at = 0;
        monitor->waiting_count =
            tnz_event_translate(&event, monitor->config.is_raw, monitor->waiting);
    }
}

static void finish(struct tnz_monitor *monitor)
{
    struct tnz_event stopped;

    move_events(monitor);
    tnz_event_init(&stopped, ZMQ_EVENT_MONITOR_STOPPED, 0);
    if (monitor->is_told && (monitor->config.events & stopped.number))
        tnz_event_send(&stopped, monitor->config.target, monitor->config.version);
    tn_monitor_close(monitor->config.source);
    tn_close(monitor->config.target);
    monitor->has_ended = true;
    pthread_cond_broadcast(&watcher.ended);
}

/* ------------------------------------------------------------------ the thread */

static void wake(void)
{
    const uint64_t one = 1;

    if (write(watcher.wakefd, &one, sizeof one) < 0) {
        /* Full: it is readable already. */
    }
}

static void serve_all(void)
{
    struct tnz_monitor **place = &watcher.monitors;

    while (*place) {
        struct tnz_monitor *monitor = *place;
        if (monitor->must_end) {
            *place = monitor->next;
            finish(monitor);
        } else {
            if (monitor->state != IS_OVER)
                move_events(monitor);
            place = &monitor->next;
        }
    }
}

static tn_pollitem_t item_of(const struct tnz_monitor *monitor)
{
    if (monitor->state == AWAITS_ROOM)
        return (tn_pollitem_t){.socket = monitor->config.target, .fd = -1, .events = TN_POLLOUT};
    return (tn_pollitem_t){.fd = monitor->state == IS_OVER ? -1
                                                           : tn_monitor_fd(monitor->config.source),
                           .events = TN_POLLIN};
}

static bool make_room(size_t room)
{
    tn_pollitem_t *items =
        room > watcher.room ? realloc(watcher.items, room * sizeof *items) : NULL;

    if (items) {
        watcher.items = items;
        watcher.room = room;
    }
    return room <= watcher.room;
}

/* False: there is no memory for all. */
static bool collect(size_t *out_count)
{
    size_t count = 0;
    bool is_whole = true;

    watcher.items[count++] = (tn_pollitem_t){.fd = watcher.wakefd, .events = TN_POLLIN};
    for (struct tnz_monitor *monitor = watcher.monitors; monitor; monitor = monitor->next) {
        is_whole = make_room(count + 1);
        if (!is_whole)
            break;
        watcher.items[count++] = item_of(monitor);
    }
    *out_count = count;
    return is_whole;
}

enum { RETRY_MS = 10, FIRST_ROOM = 8 };

/* What cannot be waited for is looked at now and then. */
static void await(bool is_whole, size_t count)
{
    int rc = tn_poll(watcher.items, count, is_whole ? -1 : RETRY_MS);
    uint64_t drained;

    if (rc < 0 && rc != -TN_ETERM)
        poll(NULL, 0, RETRY_MS);
    if (read(watcher.wakefd, &drained, sizeof drained) < 0) {
        /* It was a monitor. */
    }
}

static void *watch(void *arg)
{
    bool is_whole;
    size_t count;

    (void)arg;
    pthread_mutex_lock(&watcher.lock);
    for (;;) {
        serve_all();
        if (!watcher.monitors)
            break;
        is_whole = collect(&count);
        pthread_mutex_unlock(&watcher.lock);
        await(is_whole, count);
        pthread_mutex_lock(&watcher.lock);
    }
    watcher.is_leaving = true;
    pthread_cond_broadcast(&watcher.ended);
    pthread_mutex_unlock(&watcher.lock);
    return NULL;
}

/* Under the lock, which is released meanwhile. */
static void join_if_leaving(void)
{
    pthread_t thread = watcher.thread;

    if (!watcher.has_thread || !watcher.is_leaving)
        return;
    watcher.has_thread = false;
    pthread_mutex_unlock(&watcher.lock);
    pthread_join(thread, NULL);
    pthread_mutex_lock(&watcher.lock);
}

/* In a child the thread is not there, and the monitors are the parent's. */
static void forget(void)
{
    pthread_mutex_init(&watcher.lock, NULL);
    pthread_cond_init(&watcher.ended, NULL);
    watcher.monitors = NULL;
    watcher.has_thread = false;
    if (watcher.wakefd >= 0)
        close(watcher.wakefd);
    watcher.wakefd = -1;
}

static void mind_forks(void)
{
    pthread_atfork(NULL, NULL, forget);
}

/* Under the lock. Returns an errno value, or 0. */
static int start_thread(void)
{
    sigset_t all, before;
    int number;

    if (watcher.has_thread)
        return 0;
    if (watcher.wakefd < 0)
        watcher.wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (watcher.wakefd < 0)
        return errno;
    if (!make_room(FIRST_ROOM))
        return ENOMEM;
    watcher.is_leaving = false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    number = pthread_create(&watcher.thread, NULL, watch, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    watcher.has_thread = number == 0;
    return number;
}

/* Under the lock, which is released meanwhile: whoever ends the last monitor joins the thread. */
static void join_thread(void)
{
    while (watcher.has_thread && !watcher.is_leaving && !watcher.monitors)
        pthread_cond_wait(&watcher.ended, &watcher.lock);
    join_if_leaving();
}

/* ------------------------------------------------------------------ monitors */

struct tnz_monitor *tnz_watch_begin(const struct tnz_monitor_config *config)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct tnz_monitor *monitor = calloc(1, sizeof *monitor);
    int number;
    TNZ_UNCANCELLED;

    if (!monitor) {
        errno = ENOMEM;
        return NULL;
    }
    pthread_once(&once, mind_forks);
    monitor->config = *config;
    pthread_mutex_lock(&watcher.lock);
    join_if_leaving();
    number = start_thread();
    if (number == 0) {
        monitor->next = watcher.monitors;
        watcher.monitors = monitor;
        wake();
        pthread_cond_broadcast(&watcher.ended);
    }
    pthread_mutex_unlock(&watcher.lock);
    if (number == 0)
        return monitor;
    free(monitor);
    errno = number;
    return NULL;
}

/* Under the lock: not in a child. */
static bool is_ours(const struct tnz_monitor *monitor)
{
    const struct tnz_monitor *each = watcher.monitors;

    while (each && each != monitor)
        each = each->next;
    return each != NULL;
}

void tnz_watch_end(struct tnz_monitor *monitor, bool is_told)
{
    TNZ_UNCANCELLED;

    pthread_mutex_lock(&watcher.lock);
    if (is_ours(monitor)) {
        monitor->is_told = is_told;
        monitor->must_end = true;
        wake();
        while (!monitor->has_ended)
            pthread_cond_wait(&watcher.ended, &watcher.lock);
        join_thread();
    }
    pthread_mutex_unlock(&watcher.lock);
    free(monitor);
}

/* What does not fit waits for room now, in the thread. */
void tnz_watch_flush(struct tnz_monitor *monitor)
{
    TNZ_UNCANCELLED;

    pthread_mutex_lock(&watcher.lock);
    if (is_ours(monitor) && monitor->state == AWAITS_EVENT) {
        move_events(monitor);
        if (monitor->state != AWAITS_EVENT)
            wake();
    }
    pthread_mutex_unlock(&watcher.lock);
}

bool tnz_watch_wants(const struct tnz_monitor *monitor, uint64_t event)
{
    return monitor->config.events & event;
}

int tnz_watch_send(struct tnz_monitor *monitor, const struct tnz_event *event)
{
    int rc = 0;
    TNZ_UNCANCELLED;

    pthread_mutex_lock(&watcher.lock);
    if (is_ours(monitor) && tnz_watch_wants(monitor, event->number))
        rc = tnz_event_send(event, monitor->config.target, monitor->config.version);
    pthread_mutex_unlock(&watcher.lock);
    return rc;
}
