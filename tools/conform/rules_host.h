/*
 * rules_host.h: the host's table in front of the core's: it counts what a module takes, fails when it is told
 * to, and looks whether the pipes that it is given are still there.
 *
 * One a process; any thread.
 */
#ifndef TENON_TOOLS_CONFORM_RULES_HOST_H
#define TENON_TOOLS_CONFORM_RULES_HOST_H

#include <stdbool.h>

#include <tenon/pattern.h>

/** The table in front of the core's `host`; the same for the same. Valid until the process ends. */
const tn_host_t *rules_host_in_front_of(const tn_host_t *host);
/** The description by which the core is to know the module: `description`, with init and fini that get the table
 *  in front. Static. */
const tn_module_t *rules_host_know(const tn_module_t *module, const tn_module_t *description);

void rules_host_attached(tn_pipe_t *pipe);
void rules_host_detached(tn_pipe_t *pipe);

/** Allocations so far, and those that are not given back. */
long rules_host_allocations(void);
long rules_host_left(void);
/** The n-th allocation from now fails; 0: none. Returns whether the last one that was to fail did. */
bool rules_host_fail_at(long n);

#endif
