/*
 * interrupt.h: SIGINT and SIGTERM end a command in an orderly way.
 *
 * The signals are blocked in every thread; one thread of our own waits for them and shuts the
 * context down, so that each blocking call returns -TN_ETERM and no wake-up can be missed. The
 * second signal ends the process at once.
 */
#ifndef TENON_TOOLS_INTERRUPT_H
#define TENON_TOOLS_INTERRUPT_H

#include <stdbool.h>

#include <tenon/tenon.h>

/** Blocks the signals. Before the first context is made, so that its threads inherit the mask. */
void interrupt_block(void);

/** Starts the waiting thread for `ctx`, which must outlive interrupt_forget(). 0 or a negative
 *  code. */
int interrupt_watch(tn_ctx_t *ctx);

/** From now on a signal only sets the flag. Before the context is freed. */
void interrupt_forget(void);

/** Whether a signal has come. Any thread. */
bool interrupt_came(void);

#endif
