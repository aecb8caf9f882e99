/*
 * standin.h: catalog entries for modules that have no file.
 *
 * A module that is linked in counts as if the lowest directory held a "50-NAME.conf" for it. While a
 * registry is made.
 */
#ifndef TNI_STANDIN_H
#define TNI_STANDIN_H

#include "module/catalog.h"

/** Adds each of `modules`, ended by NULL; NULL is allowed. A bad one is added with its reason. */
int tni_standin_add(struct tni_catalog *catalog, enum tni_level level,
                    const tn_module_t *const *modules);

#endif
