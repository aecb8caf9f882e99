/*
 * null.h: the NULL mechanism (RFC 23): no security, READY with the properties both ways.
 *
 * The one mechanism that is in the core, through the same table as those in modules. It runs under
 * the connection's lock. The properties in tn_handshake_info_t are borrowed until close, those it
 * hands out until the command's bytes go. It does not judge socket types: peer.h does.
 */
#ifndef TNI_NULL_H
#define TNI_NULL_H

#include <tenon/mechanism.h>

extern const tn_mechanism_ops_t tni_null_mechanism;

#endif
