/*
 * fixed.h: a registry of the modules that are linked in, and of nothing else.
 *
 * Stands in for catalog, filter, loader and policy in builds with neither TENON_DLOPEN nor
 * TENON_MANIFESTS: no file and no environment is read. What manifests said when the program was built is
 * in the generated table of settings. Under the registry's mutex, but for what does not change.
 */
#ifndef TNI_FIXED_H
#define TNI_FIXED_H

#include <pthread.h>

#include "module/loader.h"

struct tni_fixed_feature {
    struct tni_fixed_feature *next;
    struct tni_loaded loaded;
};

struct tni_registry {
    pthread_mutex_t lock;
    struct tni_loader loader;
    const tn_module_t *const *lists[3]; /* the core's, linked in, the program's; each may be NULL */
    struct tni_fixed_feature *features; /* those that were asked for */
};

/** A line `option.NAME = VALUE`, or `socket.NAME = VALUE`, of a manifest that was built in. */
struct tni_fixed_setting {
    const char *feature; /* "transport:tcp"; "": every socket or context */
    const char *name;
    const char *value;
    const char *source; /* "file:line" */
};

/** Ended by a NULL name. Generated. */
extern const struct tni_fixed_setting tni_fixed_settings[];

/** The description of a feature, and its module; NULL: there is none. */
const tn_feature_t *tni_fixed_find(const struct tni_registry *registry, int kind, const char *name,
                                   const tn_module_t **out_module);

/** Makes loaded->defaults where a setting speaks of the feature. -TN_EMODULE with a sentence; -ENOMEM. */
int tni_fixed_set(struct tni_loaded *loaded);

#endif
