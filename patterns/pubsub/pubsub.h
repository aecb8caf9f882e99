/*
 * pubsub.h: PUB, SUB, XPUB and XSUB (RFC 29).
 *
 * PUB and XPUB stand on publisher.h, SUB and XSUB on subscriber.h. Under the socket's lock, as
 * pattern.h says. Each pattern's options are numbered as in its table in descriptor.c.
 */
#ifndef TNI_PUBSUB_H
#define TNI_PUBSUB_H

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_pub_ops;
extern const tn_pattern_ops_t tni_sub_ops;
extern const tn_pattern_ops_t tni_xpub_ops;
extern const tn_pattern_ops_t tni_xsub_ops;

enum { PUB_INVERT_MATCHING, PUB_XPUB_NODROP, PUB_ONLY_FIRST_SUBSCRIBE, PUB_TOPICS_COUNT };
enum { SUB_INVERT_MATCHING, SUB_TOPICS_COUNT };
enum {
    XPUB_INVERT_MATCHING,
    XPUB_NODROP,
    XPUB_ONLY_FIRST_SUBSCRIBE,
    XPUB_TOPICS_COUNT,
    XPUB_VERBOSE,
    XPUB_VERBOSER,
    XPUB_MANUAL,
    XPUB_WELCOME_MSG,
    XPUB_MANUAL_LAST_VALUE,
};
enum { XSUB_ONLY_FIRST_SUBSCRIBE, XSUB_VERBOSE_UNSUBSCRIBE, XSUB_TOPICS_COUNT };

/** The first byte of a subscription that travels as a message: RFC 29. */
enum { TNI_CANCEL_BYTE = 0, TNI_SUBSCRIBE_BYTE = 1 };

/** Ends a message that the pattern was given. */
static inline void tni_take(const tn_host_t *host, tn_msg_t *msg)
{
    host->msg_close(msg);
    tn_msg_clear(msg);
}

static inline int tni_get_number(tn_value_t *out_value, int64_t number)
{
    out_value->type = TN_OPTION_INT;
    out_value->number = number;
    return 0;
}

#endif
