/*
 * pair.h: PAIR (RFC 31) and CHANNEL (RFC 52), a PAIR whose messages have one frame: exactly one peer; a
 * second one is refused as long as the first is there.
 *
 * Under the socket's lock, as pattern.h says.
 */
#ifndef TNI_PAIR_H
#define TNI_PAIR_H

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_pair_ops;
extern const tn_pattern_ops_t tni_channel_ops;

#endif
