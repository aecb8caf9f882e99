#include "socket/stats.h"

#include <stddef.h>

void tni_counters_init(struct tni_counters *counters)
{
    atomic_init(&counters->messages_sent, 0);
    atomic_init(&counters->bytes_sent, 0);
    atomic_init(&counters->messages_received, 0);
    atomic_init(&counters->bytes_received, 0);
    atomic_init(&counters->peers, 0);
    atomic_init(&counters->subscriptions, 0);
    atomic_init(&counters->connections_made, 0);
    atomic_init(&counters->connections_lost, 0);
    atomic_init(&counters->handshakes_failed, 0);
    for (int i = 0; i < TN_DROP_REASONS; i++)
        atomic_init(&counters->dropped[i], 0);
}

void tni_count_drop(struct tni_counters *counters, int reason, uint64_t messages)
{
    if (reason >= 0 && reason < TN_DROP_REASONS)
        tni_count(&counters->dropped[reason], messages);
}

static uint64_t now(const tni_counter_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void tni_counters_read(const struct tni_counters *counters, tn_stats_t *out_stats)
{
    out_stats->messages_sent = now(&counters->messages_sent);
    out_stats->bytes_sent = now(&counters->bytes_sent);
    out_stats->messages_received = now(&counters->messages_received);
    out_stats->bytes_received = now(&counters->bytes_received);
    out_stats->peers = now(&counters->peers);
    out_stats->subscriptions = now(&counters->subscriptions);
    out_stats->connections_made = now(&counters->connections_made);
    out_stats->connections_lost = now(&counters->connections_lost);
    out_stats->handshakes_failed = now(&counters->handshakes_failed);
    for (int i = 0; i < TN_DROP_REASONS; i++)
        out_stats->dropped[i] = now(&counters->dropped[i]);
}

const char *tn_drop_name(int reason)
{
    static const char *const names[TN_DROP_REASONS] = {
        [TN_DROP_HWM] = "hwm",
        [TN_DROP_UNROUTABLE] = "unroutable",
        [TN_DROP_PEER_LOST] = "peer_lost",
        [TN_DROP_LINGER] = "linger",
        [TN_DROP_FILTERED] = "filtered",
        [TN_DROP_MALFORMED] = "malformed",
        [TN_DROP_STATE] = "state",
        [TN_DROP_UNREAD] = "unread",
        [TN_DROP_OVERSIZED] = "oversized",
    };

    if (reason < 0 || reason >= TN_DROP_REASONS || !names[reason])
        return "unknown";
    return names[reason];
}
