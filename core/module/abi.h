/*
 * abi.h: how long the structures of version 1.0 are, up to their last member then.
 *
 * Structures grow at the tail, so that what is at least as long was made for some version 1.x, and only
 * what lies within its own size may be read (fill.c). These numbers never change; a member that is added
 * to a structure is not added here. docs/abi.md has the whole rule. Pure.
 */
#ifndef TNI_ABI_H
#define TNI_ABI_H

#include <stddef.h>

#include <tenon/authenticator.h>
#include <tenon/mechanism.h>
#include <tenon/pattern.h>
#include <tenon/transport.h>

#define TNI_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

#define TNI_MODULE_1_0 TNI_UP_TO(tn_module_t, reserved)
#define TNI_FEATURE_1_0 TNI_UP_TO(tn_feature_t, options)
#define TNI_OPTION_1_0 TNI_UP_TO(tn_option_desc_t, default_str)
#define TNI_TRANSPORT_1_0 TNI_UP_TO(tn_transport_ops_t, send)
#define TNI_PATTERN_1_0 TNI_UP_TO(tn_pattern_ops_t, wants)
#define TNI_MECHANISM_1_0 TNI_UP_TO(tn_mechanism_ops_t, verdict)
#define TNI_AUTHENTICATOR_1_0 TNI_UP_TO(tn_authenticator_ops_t, forget)
#define TNI_ANSWER_1_0 TNI_UP_TO(struct tn_answer, reason)

#endif
