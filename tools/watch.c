#include "watch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static void print(const char *name, const tn_event_t *event)
{
    fprintf(stderr, "%s: %s", name, tn_event_name(event->kind));
    if (event->connection)
        fprintf(stderr, " #%" PRIu64, event->connection);
    if (event->endpoint[0])
        fprintf(stderr, " %s", event->endpoint);
    if (event->remote[0])
        fprintf(stderr, " peer %s", event->remote);
    if (event->kind == TN_EVENT_CONNECT_RETRIED)
        fprintf(stderr, " again in %" PRId64 " ms", event->value);
    if (event->kind == TN_EVENT_OVERFLOW)
        fprintf(stderr, " %" PRId64 " events lost", event->value);
    if (event->reason[0])
        fprintf(stderr, ": %s", event->reason);
    else if (event->error)
        fprintf(stderr, ": %s", tn_strerror(event->error));
    fputc('\n', stderr);
}

static void *follow(void *argument)
{
    struct watch *watch = argument;
    tn_event_t event;

    for (;;) {
        int code = tn_monitor_recv(watch->monitor, &event, -1);
        if (code == -EINTR)
            continue;
        if (code < 0)
            return NULL;
        print(watch->name, &event);
        if (event.kind == TN_EVENT_STOPPED)
            return NULL;
    }
}

int watch_start(struct watch *watch, tn_socket_t *socket, const char *name)
{
    int code;

    watch->name = name;
    watch->monitor = tn_monitor(socket, TN_EVENT_ALL);
    if (!watch->monitor)
        return tn_last_code();
    code = pthread_create(&watch->thread, NULL, follow, watch);
    if (code) {
        tn_monitor_close(watch->monitor);
        watch->monitor = NULL;
    }
    return -code;
}

void watch_stop(struct watch *watch)
{
    if (!watch->monitor)
        return;
    pthread_join(watch->thread, NULL);
    tn_monitor_close(watch->monitor);
    watch->monitor = NULL;
}
