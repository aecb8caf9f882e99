/*
 * required.h: the ops that a feature must have.
 *
 * Constant data; any thread, no lock.
 */
#ifndef TNI_REQUIRED_H
#define TNI_REQUIRED_H

#include "module/registry.h"

/** NULL when nothing is missing, else what is ("the op \"readv\" is missing"). Checks the ops' size
 *  and, of what is not a function, whatever the core relies on. The answer is constant or lives until
 *  the thread's next call. */
const char *tni_required_missing(const tn_feature_t *feature);

#endif
