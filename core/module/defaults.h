/*
 * defaults.h: the defaults of a feature's options, the manifests' where they have one.
 *
 * Made when a module is loaded, constant afterwards, owned by its entry.
 */
#ifndef TNI_DEFAULTS_H
#define TNI_DEFAULTS_H

#include "module/catalog.h"

struct tni_default {
    tn_value_t value;
    char *text; /* what value.data points to, when it came from a manifest */
    char *source; /* "file:line", or NULL: the description's own default */
};

/** A loaded feature and what belongs to it. */
struct tni_loaded {
    struct tni_feature feature; /* first: what the rest of the core holds a pointer to */
    tn_option_desc_t *options; /* our own copy, ended by TN_OPTION_END */
    struct tni_default *defaults; /* as many as options */
    size_t option_count;
};

/** Copies the options and works out the defaults; settings of `entry` itself and of policy manifests
 *  that speak of this feature. 0, -ENOMEM, or -TN_EMODULE with the reason in `why`. */
int tni_defaults_make(struct tni_loaded *loaded, const tn_feature_t *feature,
                      const struct tni_catalog *catalog, const struct tni_entry *entry, char *why,
                      size_t size);

void tni_defaults_fini(struct tni_loaded *loaded);

/** The index of an option, or -1. */
int tni_defaults_find(const struct tni_loaded *loaded, const char *name);

/** Whether each setting of the manifest is an option of one of its features. */
int tni_defaults_are_known(const struct tni_loaded *loaded, size_t count,
                           const struct tni_manifest *manifest, char *why, size_t size);

#endif
