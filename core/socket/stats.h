/*
 * stats.h: the counters of one socket.
 *
 * Embedded in the socket. Any thread adds, without a lock; a reader sees each counter by itself, not
 * all of one moment. What is a state and not a count (peers) is added to and taken from alike.
 */
#ifndef TNI_STATS_H
#define TNI_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include <tenon/tenon.h>

typedef _Atomic(uint64_t) tni_counter_t;

struct tni_counters {
    tni_counter_t messages_sent, bytes_sent;
    tni_counter_t messages_received, bytes_received;
    tni_counter_t peers;
    tni_counter_t subscriptions;
    tni_counter_t connections_made, connections_lost, handshakes_failed;
    tni_counter_t dropped[TN_DROP_REASONS];
};

void tni_counters_init(struct tni_counters *counters);

/* relaxed throughout: nothing is published by a count. */
static inline void tni_count(tni_counter_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/** For a counter that one lock guards: the owner adds, others only read. */
static inline void tni_count_owned(tni_counter_t *counter, uint64_t amount)
{
    uint64_t now = atomic_load_explicit(counter, memory_order_relaxed);

    atomic_store_explicit(counter, now + amount, memory_order_relaxed);
}

static inline void tni_count_down(tni_counter_t *counter)
{
    atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
}

static inline void tni_count_set(tni_counter_t *counter, uint64_t value)
{
    atomic_store_explicit(counter, value, memory_order_relaxed);
}

/** A reason outside tn_drop_reason is ignored. */
void tni_count_drop(struct tni_counters *counters, int reason, uint64_t messages);

void tni_counters_read(const struct tni_counters *counters, tn_stats_t *out_stats);

#endif
