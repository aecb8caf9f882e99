/*
 * heartbeat.h: when to send PING, and when a connection is dead (RFC 37).
 *
 * Pure state of one connection under its lock; the time in milliseconds comes from the caller, from
 * any monotonic clock. Two separate limits: ours, on how long the peer may stay silent after a PING,
 * and the peer's TTL, which counts even when we send no PING ourselves. Any traffic is a sign of
 * life. Started after the handshake. It has no timer: the session asks for the deadline and sets one.
 */
#ifndef TNI_HEARTBEAT_H
#define TNI_HEARTBEAT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "zmtp/command.h"

/** No deadline. */
#define TNI_HEARTBEAT_NEVER UINT64_MAX

enum {
    TNI_HEARTBEAT_TTL_MAX = 6553500, /* ms, what the field can say */
    TNI_HEARTBEAT_TTL_SENT = 65500, /* ms; libzmq wraps above it */
};

enum tni_heartbeat_action { TNI_HEARTBEAT_NOTHING, TNI_HEARTBEAT_PING, TNI_HEARTBEAT_DEAD };

struct tni_heartbeat {
    uint64_t interval; /* ms; 0: no PING */
    uint64_t timeout; /* ms; 0: none */
    uint16_t ttl; /* that we send, tenths of a second */
    uint64_t peer_ttl; /* ms; 0: none */
    uint64_t ping_at, answer_by, traffic_by; /* TNI_HEARTBEAT_NEVER: not running */
};

/** `interval` 0: no PING of ours. `timeout` 0: none, negative: as the interval. `ttl` is rounded down to
 *  tenths of a second and limited to 65.5 s. All in ms. */
void tni_heartbeat_init(struct tni_heartbeat *heartbeat, int64_t interval, int64_t ttl,
                        int64_t timeout, uint64_t now);

/** Call for any bytes from the peer, once a read. */
static inline void tni_heartbeat_on_traffic(struct tni_heartbeat *heartbeat, uint64_t now)
{
    heartbeat->answer_by = TNI_HEARTBEAT_NEVER;
    if (heartbeat->peer_ttl != 0)
        heartbeat->traffic_by = now + heartbeat->peer_ttl;
}

/** A PING came: notes its TTL and writes the body of the PONG to send. Returns the body's size, or
 *  -EMSGSIZE; TNI_PING_SIZE_MAX bytes are always enough. */
ssize_t tni_heartbeat_on_ping(struct tni_heartbeat *heartbeat, const struct tni_ping *ping,
                              uint64_t now, uint8_t *out, size_t capacity);

/** When tni_heartbeat_on_timer wants to be called, or TNI_HEARTBEAT_NEVER. May be called any time
 *  later or earlier. */
static inline uint64_t tni_heartbeat_deadline(const struct tni_heartbeat *heartbeat)
{
    uint64_t at = heartbeat->ping_at;

    at = heartbeat->answer_by < at ? heartbeat->answer_by : at;
    return heartbeat->traffic_by < at ? heartbeat->traffic_by : at;
}

/** PING: send the body that tni_heartbeat_ping writes. DEAD: close; `*out_reason` (may be NULL) is a
 *  sentence's end after "the peer". Read what has arrived before calling: a process that was stopped
 *  finds its deadlines past and the peer's bytes waiting. */
enum tni_heartbeat_action tni_heartbeat_on_timer(struct tni_heartbeat *heartbeat, uint64_t now,
                                                 const char **out_reason);

/** The body of a PING with our TTL; TNI_PING_SIZE_MAX bytes are always enough. */
ssize_t tni_heartbeat_ping(const struct tni_heartbeat *heartbeat, uint8_t *out, size_t capacity);

#endif
