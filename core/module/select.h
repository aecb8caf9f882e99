/*
 * select.h: which of several modules provides a feature.
 *
 * The highest priority; then linked in before opened; then the higher directory; then the file name.
 * Never another one because that one failed. Under the registry's mutex.
 */
#ifndef TNI_SELECT_H
#define TNI_SELECT_H

#include "module/catalog.h"
#include "module/filter.h"

/** The entry that provides the feature, or NULL. Excluded and hidden ones do not count. */
struct tni_entry *tni_select(const struct tni_catalog *catalog, const struct tni_filter *filter,
                             int kind, const char *name);

/** The priority of a feature of the entry. */
int tni_select_priority(const struct tni_entry *entry, int kind, const char *name);

/** Says in the log which module shadows which. */
void tni_select_announce(const struct tni_catalog *catalog, const struct tni_filter *filter);

/** -TN_EMODULE with a sentence on why there is no such feature: excluded, masked, unread, or
 *  unknown, with the nearest name. */
int tni_select_explain(const struct tni_catalog *catalog, const struct tni_filter *filter, int kind,
                       const char *name);
/** The same for the owner of options: a feature of any of these kinds. */
int tni_select_explain_owner(const struct tni_catalog *catalog, const struct tni_filter *filter,
                             const int *kinds, size_t count, const char *name);

#endif
