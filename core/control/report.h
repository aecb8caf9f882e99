/*
 * report.h: what can be seen of a context: its sockets, their endpoints, peers, queues and drops.
 *
 * The context must not end meanwhile. Takes the context's lock, and then that of one socket after the
 * other, each for as long as it takes to write that socket down. Any thread.
 */
#ifndef TNI_REPORT_H
#define TNI_REPORT_H

#include "control/emitter.h"

struct tn_ctx;

/** Appends an object for the context. Without memory it is incomplete, and the emitter has failed. */
void tni_report(struct tni_emitter *emitter, struct tn_ctx *ctx, unsigned number);

#endif
