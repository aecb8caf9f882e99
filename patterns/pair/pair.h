/*
 * pair.h: PAIR (RFC 31): exactly one peer; a second one is refused as long as the first is there.
 *
 * Under the socket's lock, as pattern.h says.
 */
#ifndef TNI_PAIR_H
#define TNI_PAIR_H

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_pair_ops;

#endif
