#include "zmtp/heartbeat.h"

enum { MS_PER_TTL = 100 };

void tni_heartbeat_init(struct tni_heartbeat *heartbeat, int64_t interval, int64_t ttl,
                        int64_t timeout, uint64_t now)
{
    if (ttl < 0)
        ttl = 0;
    if (ttl > TNI_HEARTBEAT_TTL_SENT)
        ttl = TNI_HEARTBEAT_TTL_SENT;
    heartbeat->interval = interval > 0 ? (uint64_t)interval : 0;
    heartbeat->timeout = timeout < 0 ? heartbeat->interval : (uint64_t)timeout;
    heartbeat->ttl = (uint16_t)(ttl / MS_PER_TTL);
    heartbeat->peer_ttl = 0;
    heartbeat->ping_at = heartbeat->interval ? now + heartbeat->interval : TNI_HEARTBEAT_NEVER;
    heartbeat->answer_by = TNI_HEARTBEAT_NEVER;
    heartbeat->traffic_by = TNI_HEARTBEAT_NEVER;
}

ssize_t tni_heartbeat_on_ping(struct tni_heartbeat *heartbeat, const struct tni_ping *ping,
                              uint64_t now, uint8_t *out, size_t capacity)
{
    heartbeat->peer_ttl = (uint64_t)ping->ttl * MS_PER_TTL;
    heartbeat->traffic_by = TNI_HEARTBEAT_NEVER;
    tni_heartbeat_on_traffic(heartbeat, now);
    return tni_command_build_pong(out, capacity, ping->context, ping->context_size);
}

enum tni_heartbeat_action tni_heartbeat_on_timer(struct tni_heartbeat *heartbeat, uint64_t now,
                                                 const char **out_reason)
{
    const char *reason = NULL;

    if (now >= heartbeat->answer_by)
        reason = "did not answer a heartbeat in time";
    else if (now >= heartbeat->traffic_by)
        reason = "was silent for longer than the time to live it announced";
    if (reason) {
        if (out_reason)
            *out_reason = reason;
        return TNI_HEARTBEAT_DEAD;
    }
    if (now < heartbeat->ping_at)
        return TNI_HEARTBEAT_NOTHING;
    heartbeat->ping_at = now + heartbeat->interval;
    if (heartbeat->timeout && heartbeat->answer_by == TNI_HEARTBEAT_NEVER)
        heartbeat->answer_by = now + heartbeat->timeout;
    return TNI_HEARTBEAT_PING;
}

ssize_t tni_heartbeat_ping(const struct tni_heartbeat *heartbeat, uint8_t *out, size_t capacity)
{
    return tni_command_build_ping(out, capacity, heartbeat->ttl, NULL, 0);
}
