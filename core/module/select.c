#include "module/select.h"

#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/log.h"

enum { DEFAULT_PRIORITY = 50 };

int tni_select_priority(const struct tni_entry *entry, int kind, const char *name)
{
    if (entry->manifest->priority >= 0)
        return entry->manifest->priority;
    if (!entry->builtin || entry->reason)
        return DEFAULT_PRIORITY;
    for (const tn_feature_t *const *f = entry->builtin->features; *f; f++) {
        if ((*f)->kind == kind && strcmp((*f)->name, name) == 0)
            return (*f)->priority;
    }
    return DEFAULT_PRIORITY;
}

static bool provides(const struct tni_entry *entry, int kind, const char *name)
{
    return tni_entry_is_active(entry) && tni_refs_has(&entry->manifest->provides, kind, name);
}

static bool is_better(const struct tni_entry *a, const struct tni_entry *b, int kind,
                      const char *name)
{
    int pa = tni_select_priority(a, kind, name), pb = tni_select_priority(b, kind, name);

    if (pa != pb)
        return pa > pb;
    if (!a->builtin != !b->builtin)
        return a->builtin != NULL;
    if (a->level != b->level)
        return a->level > b->level;
    return strcmp(a->file, b->file) < 0;
}

struct tni_entry *tni_select(const struct tni_catalog *catalog, const struct tni_filter *filter,
                             int kind, const char *name)
{
    struct tni_entry *best = NULL;

    for (size_t i = 0; i < catalog->entry_count; i++) {
        struct tni_entry *entry = catalog->entries[i];

        if (provides(entry, kind, name) && tni_filter_admits(filter, entry, kind, name) &&
            (!best || is_better(entry, best, kind, name)))
            best = entry;
    }
    return best;
}

static void announce(const struct tni_entry *winner, const struct tni_entry *loser, int kind,
                     const char *name)
{
    int high = tni_select_priority(winner, kind, name);
    int low = tni_select_priority(loser, kind, name);

    if (high == low)
        tni_log(TN_LOG_WARN, "policy",
                "%s:%s: %s (%s) and %s (%s) have the same priority %d; the first is taken: set "
                "`priority` in one of them",
                tni_kind_name(kind), name, winner->manifest->module, winner->path,
                loser->manifest->module, loser->path, high);
    else
        tni_log(TN_LOG_INFO, "policy", "%s:%s: %s (%d, %s) shadows %s (%d, %s)",
                tni_kind_name(kind), name, winner->manifest->module, high, winner->path,
                loser->manifest->module, low, loser->path);
}

void tni_select_announce(const struct tni_catalog *catalog, const struct tni_filter *filter)
{
    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];

        for (size_t j = 0; tni_entry_is_active(entry) && j < entry->manifest->provides.count; j++) {
            const struct tni_ref *ref = &entry->manifest->provides.item[j];
            const struct tni_entry *winner = tni_select(catalog, filter, ref->kind, ref->name);

            if (winner && winner != entry)
                announce(winner, entry, ref->kind, ref->name);
        }
    }
}

/* A manifest of which nothing could be read may be the one that is missed: by the name of its file. */
static const struct tni_entry *unread(const struct tni_catalog *catalog, const char *name)
{
    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];

        if (entry->reason && entry->manifest->provides.count == 0 && strstr(entry->file, name))
            return entry;
    }
    return NULL;
}

/* `what`: "the transport", say; `near`: the nearest name that is known, or NULL. */
static int unknown(const struct tni_catalog *catalog, const char *what, const char *name,
                   const char *near)
{
    const struct tni_entry *entry = unread(catalog, name);

    if (entry)
        return tni_fail(-TN_EMODULE, "%s \"%s\": %s: %s", what, name, entry->path, entry->reason);
    return tni_fail(-TN_EMODULE,
                    "no manifest provides %s \"%s\"%s%s%s; `tenon info` lists what there is, "
                    "`tenon info --search-path` where it was looked for",
                    what, name, near ? "; did you mean \"" : "", near ? near : "",
                    near ? "\"?" : "");
}

static int unknown_kind(const struct tni_catalog *catalog, int kind, const char *name)
{
    char what[32];

    snprintf(what, sizeof what, "the %s", tni_kind_name(kind));
    return unknown(catalog, what, name, tni_catalog_nearest(catalog, kind, name));
}

int tni_select_explain(const struct tni_catalog *catalog, const struct tni_filter *filter, int kind,
                       const char *name)
{
    const struct tni_entry *hidden = NULL, *excluded = NULL;

    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];

        if (!tni_refs_has(&entry->manifest->provides, kind, name) || !entry->manifest->module)
            continue;
        if (!tni_entry_is_active(entry))
            hidden = entry;
        else if (!tni_filter_admits(filter, entry, kind, name))
            excluded = entry;
    }
    if (excluded)
        return tni_fail(-TN_EMODULE,
                        "the %s \"%s\" (%s) is excluded by the module selection (TENON_MODULES)",
                        tni_kind_name(kind), name, excluded->path);
    if (hidden && hidden->hidden_by)
        return tni_fail(-TN_EMODULE, "the %s \"%s\" (%s) is hidden by %s", tni_kind_name(kind),
                        name, hidden->path, hidden->hidden_by->path);
    if (hidden)
        return tni_fail(-TN_EMODULE, "the %s \"%s\" is switched off by `load = never` in %s",
                        tni_kind_name(kind), name, hidden->path);
    return unknown_kind(catalog, kind, name);
}

int tni_select_explain_owner(const struct tni_catalog *catalog, const struct tni_filter *filter,
                             const int *kinds, size_t count, const char *name)
{
    const char *near = NULL;

    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < catalog->entry_count; i++) {
            const struct tni_manifest *manifest = catalog->entries[i]->manifest;
            if (manifest->module && tni_refs_has(&manifest->provides, kinds[k], name))
                return tni_select_explain(catalog, filter, kinds[k], name);
        }
        if (!near)
            near = tni_catalog_nearest(catalog, kinds[k], name);
    }
    return unknown(catalog, "a transport, mechanism or authenticator", name, near);
}
