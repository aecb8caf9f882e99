/*
 * occasions.h: what a socket says, and is told, when a peer comes or goes: "hello_msg",
 * "disconnect_msg" and "hiccup_msg".
 *
 * The hello goes to each new connection. The other two come to the socket itself, in place of a message
 * of the peer: that an accepted peer has gone, or that a connection which we made is lost. Their options
 * are the first in the tables of the patterns that have them. Under the socket's lock.
 */
#ifndef TNI_OCCASIONS_H
#define TNI_OCCASIONS_H

#include "notices.h"

enum tni_occasion { TNI_HELLO, TNI_DISCONNECT, TNI_HICCUP, TNI_OCCASIONS };

#define TNI_HELLO_DESC TN_OPTION_BLOB_DESC("hello_msg", 1 << 20, "sent to each new connection")
#define TNI_DISCONNECT_DESC                                                                        \
    TN_OPTION_BLOB_DESC("disconnect_msg", 1 << 20, "received when a peer that connected has gone")
#define TNI_HICCUP_DESC                                                                            \
    TN_OPTION_BLOB_DESC("hiccup_msg", 1 << 20, "received when a connection made from here is lost")

struct tni_occasions {
    tn_msg_t msg[TNI_OCCASIONS];
    struct tni_notices notices;
};

void tni_occasions_init(struct tni_occasions *occasions, const tn_host_t *host, tn_sock_t *sock);
void tni_occasions_fini(struct tni_occasions *occasions);
/** An empty value unsets it. -ENOMEM. */
int tni_occasions_set(struct tni_occasions *occasions, enum tni_occasion occasion,
                      const tn_value_t *value);

/** Writes the hello, if there is one. A peer that is full misses it. Not in the middle of a message to
 *  that pipe. */
void tni_occasions_greet(struct tni_occasions *occasions, tn_pipe_t *pipe);
/** A pipe that was connected is not any more: notes what was asked for. `id` and `number` as for
 *  tni_notices_add. */
void tni_occasions_lost(struct tni_occasions *occasions, tn_pipe_t *pipe, const tn_msg_t *id,
                        uint32_t number);

#endif
