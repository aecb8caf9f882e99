#include "module/policy.h"

#include <string.h>

bool tni_policy_is_in_force(const struct tni_entry *entry)
{
    return !entry->hidden_by || entry->level == TNI_LEVEL_ADMINISTRATOR;
}

static const struct tni_ref *find(const struct tni_refs *refs, int kind, const char *name)
{
    for (size_t i = 0; i < refs->count; i++) {
        if (refs->item[i].kind == kind && strcmp(refs->item[i].name, name) == 0)
            return &refs->item[i];
    }
    return NULL;
}

bool tni_policy_denies(const struct tni_catalog *catalog, int kind, const char *name,
                       struct tni_rule *out_rule)
{
    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];
        const struct tni_ref *ref = find(&entry->manifest->deny, kind, name);

        if (ref && tni_policy_is_in_force(entry)) {
            *out_rule = (struct tni_rule){.entry = entry, .line = ref->line};
            return true;
        }
    }
    return false;
}

const char *tni_policy_target(const struct tni_manifest *manifest)
{
    for (size_t i = 0; i < manifest->provides.count; i++) {
        if (manifest->provides.item[i].kind == TN_TRANSPORT)
            return manifest->provides.item[i].name;
    }
    return NULL;
}

/* The administrator's rule wins over all; among the others the highest directory, the last file. */
static bool is_outranked(const struct tni_entry *entry, const char *found,
                         const struct tni_rule *rule)
{
    return found && rule->entry->level == TNI_LEVEL_ADMINISTRATOR &&
           entry->level != TNI_LEVEL_ADMINISTRATOR;
}

const char *tni_policy_alias(const struct tni_catalog *catalog, const char *scheme,
                             struct tni_rule *out_rule)
{
    const char *found = NULL;

    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];
        const struct tni_ref *ref = find(&entry->manifest->alias, TN_TRANSPORT, scheme);

        if (!ref || !tni_policy_is_in_force(entry) || is_outranked(entry, found, out_rule))
            continue;
        *out_rule = (struct tni_rule){.entry = entry, .line = ref->line};
        found = tni_policy_target(entry->manifest);
    }
    return found;
}

const char *tni_policy_control(const struct tni_catalog *catalog, struct tni_rule *out_rule)
{
    const char *found = NULL;

    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];

        if (!entry->manifest->control || !tni_policy_is_in_force(entry) ||
            is_outranked(entry, found, out_rule))
            continue;
        *out_rule = (struct tni_rule){.entry = entry, .line = entry->manifest->control_line};
        found = entry->manifest->control;
    }
    return found;
}
