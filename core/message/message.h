/*
 * message.h: what the library does with a tn_msg_t beyond tenon.h.
 *
 * A message belongs to one thread (or one lock) at a time. The layout is in <tenon/message.h>.
 */
#ifndef TNI_MESSAGE_H
#define TNI_MESSAGE_H

#include <tenon/tenon.h>

#include "message/body.h"
#include "message/peer_info.h"

/** Makes a borrowed message own its body: inside the object when it is short, a counted copy
 *  otherwise. Others are left alone. -ENOMEM: it is still borrowed. */
int tni_msg_own(tn_msg_t *msg);

/** Makes `msg`, whose old content is not looked at, refer to `data[0..size)` inside `body`, and takes
 *  that reference. */
void tni_msg_take_body(tn_msg_t *msg, struct tn_body *body, const uint8_t *data, size_t size);

/** Notes the connection that `msg` came from; takes a reference of its own. NULL: none. */
void tni_msg_set_peer(tn_msg_t *msg, struct tn_peer_info *peer);

/** Sets the group (group.h), of which it takes a reference of its own; NULL: none. */
void tni_msg_share_group(tn_msg_t *msg, char *group);

#endif
