/*
 * responder.h: how `tenon rep` answers: a fixed text, the request itself, or a command's output.
 *
 * Main thread.
 */
#ifndef TENON_TOOLS_RESPONDER_H
#define TENON_TOOLS_RESPONDER_H

#include "format.h"
#include "options.h"

/** Appends the frames of the reply to `request`. 0, or TOOL_FAILED after it said why. */
int responder_reply(const struct peer_options *options, const struct frames *request,
                    struct frames *reply);

#endif
