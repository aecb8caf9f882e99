/*
 * dgram.h: DGRAM: datagrams from and to anybody, as ZeroMQ's draft has it.
 *
 * A message is two frames, an address as the transport writes it ("1.2.3.4:5") and a body. One bind a
 * socket. Under the socket's lock, as pattern.h says.
 */
#ifndef TNI_DGRAM_H
#define TNI_DGRAM_H

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_dgram_ops;

#endif
