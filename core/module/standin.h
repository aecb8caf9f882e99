/*
 * standin.h: catalog entries for modules that have no file.
 *
 * A module that is linked in counts as if the lowest directory held a "50-NAME.conf" for it. While a
 * registry is made.
 */
#ifndef TNI_STANDIN_H
#define TNI_STANDIN_H

#include "module/catalog.h"

/** Adds those of the core, those that are linked in and those of the program. A bad one is added with its
 *  reason. 0 or -ENOMEM. */
int tni_standin_add_all(struct tni_catalog *catalog, const struct tni_registry_config *config);

#endif
