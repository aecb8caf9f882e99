/*
 * describe.h: whether a module's description is sound.
 *
 * Reads constant data alone and calls nothing of the module. Any thread, no lock.
 */
#ifndef TNI_DESCRIBE_H
#define TNI_DESCRIBE_H

#include <stddef.h>

#include "module/manifest.h"
#include "module/registry.h"

enum { TNI_WHY_SIZE = 512 };

/** 0, or -TN_EMODULE with the reason in `why`. `stem`: of the module's file; NULL: it has none. */
int tni_describe_check(const tn_module_t *module, const char *stem, char *why, size_t size);

/** 0, or -TN_EMODULE when the manifest and the description tell of different things. */
int tni_describe_agrees(const tn_module_t *module, const struct tni_manifest *manifest, char *why,
                        size_t size);

/** How many bytes into `options` the next one is: modules may have been built with a longer form. */
const tn_option_desc_t *tni_option_next(const tn_option_desc_t *option);

#endif
