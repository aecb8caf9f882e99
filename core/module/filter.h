/*
 * filter.h: TENON_MODULES, which includes or excludes features by name.
 *
 * "tcp,pattern:pub" allows these alone, "^tls,ws" all but these. Mixing the two, or naming what does
 * not exist, is an error. Constant after parsing.
 */
#ifndef TNI_FILTER_H
#define TNI_FILTER_H

#include "module/catalog.h"

struct tni_filter {
    bool is_set;
    bool excludes;
    struct tni_refs names;
};

/** -EINVAL, as -TN_EMODULE, with a sentence; -ENOMEM. NULL or blank text: everything is admitted. */
int tni_filter_parse(const char *text, struct tni_filter *out_filter);

/** Whether each name is one of the catalog's. 0 or -TN_EMODULE. */
int tni_filter_check(const struct tni_filter *filter, const struct tni_catalog *catalog);

/** `entry` is the one that provides it. */
bool tni_filter_admits(const struct tni_filter *filter, const struct tni_entry *entry, int kind,
                       const char *name);

void tni_filter_fini(struct tni_filter *filter);

#endif
