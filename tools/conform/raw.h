/*
 * raw.h: a pattern of the kit's own, by which scripts stand at the other end of a pattern that is tried: it has
 * one peer, and what it sends and receives are that peer's frames as they are, requests included.
 *
 * It goes by any wire name that the other pattern talks to. One module a process.
 */
#ifndef TENON_TOOLS_CONFORM_RAW_H
#define TENON_TOOLS_CONFORM_RAW_H

#include "conform.h"

/** Adds it to a context that `subject`, a pattern, is tried in. */
void raw_add_to(tn_ctx_t *ctx, const struct subject *subject);
/** A socket that says it is `wire_name`; NULL: the first one that the pattern talks to. */
tn_socket_t *raw_socket(tn_ctx_t *ctx, const struct subject *subject, const char *wire_name);

/** Flags (tn_msg_flag) of the frame that was received last, of those of TN_MSG_REQUEST. */
unsigned raw_flags(tn_socket_t *socket);
/** Sends one frame with such flags. */
int raw_send_request(tn_socket_t *socket, const void *data, size_t size, unsigned flags);

#endif
