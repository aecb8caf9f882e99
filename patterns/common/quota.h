/*
 * quota.h: how much a peer may subscribe to: "max_subscriptions" and "max_subscription_bytes".
 *
 * Part of a pipe's state in PUB and XPUB, and in RADIO for groups, under the socket's lock. What the peer has
 * asked for counts, and not how often.
 */
#ifndef TNI_QUOTA_H
#define TNI_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tenon/pattern.h>

struct tni_quota {
    uint64_t count, bytes;
    uint64_t max_count, max_bytes; /* 0: no limit */
};

static inline uint64_t tni_quota_option(const tn_host_t *host, tn_sock_t *sock, const char *name)
{
    tn_value_t value = {.number = 0};

    return host->sock_option(sock, name, &value) == 0 ? (uint64_t)value.number : 0;
}

/** At the pipe's attach. */
static inline void tni_quota_init(struct tni_quota *quota, const tn_host_t *host, tn_sock_t *sock)
{
    quota->count = quota->bytes = 0;
    quota->max_count = tni_quota_option(host, sock, "max_subscriptions");
    quota->max_bytes = tni_quota_option(host, sock, "max_subscription_bytes");
}

/** One more, which was not there. */
static inline void tni_quota_add(struct tni_quota *quota, size_t size)
{
    quota->count++;
    quota->bytes += size;
}

/** One less, which was there. */
static inline void tni_quota_remove(struct tni_quota *quota, size_t size)
{
    quota->count--;
    quota->bytes -= size;
}

/** All are gone. */
static inline void tni_quota_clear(struct tni_quota *quota)
{
    quota->count = quota->bytes = 0;
}

/** The option that allows less than that, with what to tell of the peer; NULL: there is none. */
static inline const char *tni_quota_exceeded(const struct tni_quota *quota, const char **out_reason)
{
    *out_reason = "the peer asks for more than it may";
    if (quota->max_count && quota->count > quota->max_count)
        return "max_subscriptions";
    return quota->max_bytes && quota->bytes > quota->max_bytes ? "max_subscription_bytes" : NULL;
}

#endif
