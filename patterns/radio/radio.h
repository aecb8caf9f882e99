/*
 * radio.h: RADIO and DISH (RFC 48).
 *
 * A message has one frame and a group. In the pipes it is two frames, the group and the body; a DISH
 * tells its peers which groups it has joined by flagged frames. Under the socket's lock, as pattern.h
 * says. RADIO's options are numbered as in its table in descriptor.c.
 */
#ifndef TNI_RADIO_H
#define TNI_RADIO_H

#include <tenon/pattern.h>

extern const tn_pattern_ops_t tni_radio_ops;
extern const tn_pattern_ops_t tni_dish_ops;

enum { RADIO_XPUB_NODROP };

enum { TNI_GROUP_MAX = 255 };

#endif
