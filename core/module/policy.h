/*
 * policy.h: what a deployment forbids, moves and insists on.
 *
 * Looks rules up in the catalog; constant once that is made. What the administrator's directory
 * denies, aliases or requires stays in force when a higher directory hides the file it stands in.
 */
#ifndef TNI_POLICY_H
#define TNI_POLICY_H

#include "module/catalog.h"

/** A rule, and where it stands: entry->path, line. */
struct tni_rule {
    const struct tni_entry *entry;
    unsigned line;
};

/** Whether the entry's policy counts. */
bool tni_policy_is_in_force(const struct tni_entry *entry);

/** Whether kind:name is denied. TNI_KIND_LAYER: in every place of a chain. */
bool tni_policy_denies(const struct tni_catalog *catalog, int kind, const char *name,
                       struct tni_rule *out_rule);

/** The transport that endpoints of `scheme` are moved to, or NULL. */
const char *tni_policy_alias(const struct tni_catalog *catalog, const char *scheme,
                             struct tni_rule *out_rule);

/** The transport that the manifest's aliases lead to, or NULL. */
const char *tni_policy_target(const struct tni_manifest *manifest);

/** Where the deployment wants the process to be found by `tenon stat`, or NULL. */
const char *tni_policy_control(const struct tni_catalog *catalog, struct tni_rule *out_rule);

#endif
