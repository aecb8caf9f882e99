/*
 * inspect.h: what the registry tells about itself, behind the public functions of introspect.c.
 *
 * Application threads; takes the registry's mutex, never while a visitor runs.
 */
#ifndef TNI_INSPECT_H
#define TNI_INSPECT_H

#include <tenon/tenon.h>

#include "module/registry.h"

int tni_inspect_modules(struct tni_registry *registry,
                        int (*visit)(const tn_module_info_t *info, void *arg), void *arg);
int tni_inspect_options(struct tni_registry *registry, const char *name,
                        int (*visit)(const tn_option_info_t *info, void *arg), void *arg);
/** Tells `visit` of one option, with its present value and where that comes from. */
int tni_inspect_tell(const char *kind, const char *feature, const tn_option_desc_t *option,
                     const tn_value_t *now, const char *source,
                     int (*visit)(const tn_option_info_t *info, void *arg), void *arg);
int tni_inspect_paths(struct tni_registry *registry,
                      int (*visit)(const tn_module_path_t *path, void *arg), void *arg);
int tni_inspect_policies(struct tni_registry *registry,
                         int (*visit)(const tn_policy_info_t *info, void *arg), void *arg);
int tni_inspect_chain(struct tni_registry *registry, const char *scheme, char *buffer, size_t size);
int tni_inspect_probe(struct tni_registry *registry, const char *path);

#endif
