/* core_module.h: the features that the network part of the core provides itself. Constant. */
#ifndef TNI_CORE_MODULE_H
#define TNI_CORE_MODULE_H

#include <tenon/module.h>

/** Ended by NULL. */
extern const tn_module_t *const tni_core_modules[];

#endif
