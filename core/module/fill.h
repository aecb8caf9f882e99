/*
 * fill.h: the full table of a feature's ops.
 *
 * What a module left out gets a stand-in that does nothing or says "not supported", so that the hot
 * path need not ask. Constant data; any thread, no lock.
 */
#ifndef TNI_FILL_H
#define TNI_FILL_H

#include "module/registry.h"

/** Copies the ops of `feature` into the table of `out_feature`. The description has been checked. */
void tni_fill(const tn_feature_t *feature, struct tni_feature *out_feature);

#endif
