/*
 * rules.h: watches that a transport keeps the rules of tenon/transport.h while a case runs.
 *
 * The ops of one feature are wrapped: what they return, how long they sleep, and what they do to the
 * descriptor is looked at, then handed on. One feature a process; the verdict may be asked for on any thread.
 */
#ifndef TENON_TOOLS_CONFORM_RULES_H
#define TENON_TOOLS_CONFORM_RULES_H

#include <tenon/module.h>

/** A description like `module` in which `feature`, a transport, has watched ops. Static; what `module`
 *  points to must stay. */
const tn_module_t *rules_watch(const tn_module_t *module, const tn_feature_t *feature);

/** The first rule that was broken, as a sentence; NULL: none. */
const char *rules_broken(void);

#endif
