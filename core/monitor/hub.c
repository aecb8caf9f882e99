#include "monitor/monitor_inl.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

static const char log_category[] = "session";

static tn_monitor_t *monitor_of(struct tni_link *link)
{
    return tni_container(link, tn_monitor_t, link);
}

void tni_monitor_hub_init(struct tni_monitor_hub *hub)
{
    hub->logged = tni_log_wants(TN_LOG_DEBUG, log_category)  ? TN_EVENT_ALL
                  : tni_log_wants(TN_LOG_INFO, log_category) ? TNI_EVENT_FAILURES
                                                             : 0;
    atomic_init(&hub->wanted, hub->logged);
    pthread_mutex_init(&hub->lock, NULL);
    tni_link_init(&hub->monitors);
    hub->is_stopped = false;
}

void tni_monitor_hub_fini(struct tni_monitor_hub *hub)
{
    tni_monitor_hub_stop(hub);
    pthread_mutex_destroy(&hub->lock);
}

static void let_go(tn_monitor_t *monitor)
{
    tni_link_remove(&monitor->link);
    tni_monitor_unref(monitor);
}

void tni_monitor_hub_stop(struct tni_monitor_hub *hub)
{
    pthread_mutex_lock(&hub->lock);
    hub->is_stopped = true;
    atomic_store_explicit(&hub->wanted, 0, memory_order_relaxed);
    tni_list_each_safe (link, &hub->monitors) {
        tni_monitor_stop(monitor_of(link));
        let_go(monitor_of(link));
    }
    pthread_mutex_unlock(&hub->lock);
}

static void log_event(const tn_event_t *event)
{
    bool is_failure = event->kind & TNI_EVENT_FAILURES;
    const char *why = event->reason;

    if (why[0] == '\0' && event->error != 0)
        why = tni_error_name(event->error);
    if (why[0] == '\0' && is_failure)
        why = "no reason given";
    tni_log(is_failure ? TN_LOG_INFO : TN_LOG_DEBUG, log_category,
            "%s: endpoint %s, peer %s, connection %" PRIu64 "%s%s", tn_event_name(event->kind),
            event->endpoint[0] ? event->endpoint : "-", event->remote[0] ? event->remote : "-",
            event->connection, why[0] ? ": " : "", why);
}

/* Under the lock. */
static void offer_all(struct tni_monitor_hub *hub, const tn_event_t *event)
{
    unsigned wanted = hub->logged;

    tni_list_each_safe (link, &hub->monitors) {
        if (tni_monitor_offer(monitor_of(link), event))
            wanted |= monitor_of(link)->mask;
        else
            let_go(monitor_of(link));
    }
    atomic_store_explicit(&hub->wanted, wanted, memory_order_relaxed);
}

void tni_monitor_emit(struct tni_monitor_hub *hub, const tn_event_t *event)
{
    tn_event_t stamped;

    if (!tni_monitor_wants(hub, event->kind))
        return;
    if (event->time_ms == 0) {
        stamped = *event;
        stamped.time_ms = tni_clock_ms();
        event = &stamped;
    }
    if (event->kind & hub->logged)
        log_event(event);
    pthread_mutex_lock(&hub->lock);
    if (!hub->is_stopped)
        offer_all(hub, event);
    pthread_mutex_unlock(&hub->lock);
}
