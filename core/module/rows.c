#include "module/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "module/array.h"
#include "module/policy.h"
#include "module/registry_inl.h"
#include "module/select.h"

enum { REASON = 4700 };

struct table {
    struct tni_row *rows;
    size_t count;
};

static const char *denied_state(const struct tni_registry *registry, const struct tni_ref *ref,
                                char *reason)
{
    struct tni_rule rule;
    bool in_chain = ref->kind == TN_TRANSPORT &&
                    tni_policy_denies(&registry->catalog, TNI_KIND_LAYER, ref->name, &rule);

    if (!in_chain && !tni_policy_denies(&registry->catalog, ref->kind, ref->name, &rule))
        return NULL;
    snprintf(reason, REASON, "by %s:%u%s", rule.entry->path, rule.line,
             ref->kind == TN_TRANSPORT && !in_chain ? ", except below a layer that protects" : "");
    return "denied";
}

/* Hidden beats excluded beats shadowed beats denied beats what happened at loading. */
static const char *state_of(const struct tni_registry *registry, const struct tni_entry *entry,
                            const struct tni_ref *ref, char *reason)
{
    const struct tni_entry *winner =
        tni_select(&registry->catalog, &registry->filter, ref->kind, ref->name);
    const char *denied;

    reason[0] = '\0';
    if (entry->hidden_by) {
        snprintf(reason, REASON, "by %s", entry->hidden_by->path);
        return "masked";
    }
    if (!tni_entry_is_active(entry)) {
        snprintf(reason, REASON, "by `load = never`");
        return "masked";
    }
    if (!tni_filter_admits(&registry->filter, entry, ref->kind, ref->name)) {
        snprintf(reason, REASON, "by the module selection (TENON_MODULES)");
        return "excluded";
    }
    if (winner && winner != entry) {
        snprintf(reason, REASON, "by %s (%s)", winner->manifest->module, winner->path);
        return "shadowed";
    }
    if (entry->reason) {
        snprintf(reason, REASON, "%s", entry->reason);
        return "failed";
    }
    denied = denied_state(registry, ref, reason);
    if (denied)
        return denied;
    return entry->state == TNI_ENTRY_LOADED ? "loaded" : "available";
}

static const char *own(struct tni_row *row, int slot, const char *text)
{
    row->owned[slot] = tni_strdup(text);
    return row->owned[slot];
}

static int fill_row(struct tni_row *row, const struct tni_entry *entry, const char *kind,
                    const char *name, const char *state, const char *reason)
{
    const tn_module_t *module = entry->builtin;

    if (entry->instance)
        module = entry->instance->module;
    else if (entry->reason)
        module = NULL;
    row->info.kind = kind;
    row->info.state = state;
    row->info.name = own(row, 0, name);
    row->info.module = own(row, 1, entry->manifest->module ? entry->manifest->module : "");
    row->info.source = own(row, 2, entry->path);
    row->info.line = entry->builtin ? 0 : entry->manifest->module_line;
    row->info.reason = own(row, 3, reason);
    row->info.path = own(row, 4, entry->module_path ? entry->module_path : "");
    row->info.version = own(row, 5, module ? module->version : "");
    row->info.abi_major = module ? module->abi_major : 0;
    row->info.abi_minor = module ? module->abi_minor : 0;
    for (size_t i = 0; i < sizeof row->owned / sizeof *row->owned; i++) {
        if (!row->owned[i])
            return -ENOMEM;
    }
    return 0;
}

static struct tni_row *add(struct table *table)
{
    struct tni_row *larger = tni_array_grow(table->rows, table->count, sizeof *larger);

    if (!larger)
        return NULL;
    table->rows = larger;
    larger[table->count] = (struct tni_row){0};
    return &larger[table->count++];
}

static int add_feature(struct table *table, const struct tni_registry *registry,
                       const struct tni_entry *entry, const struct tni_ref *ref)
{
    struct tni_row *row = add(table);
    char reason[REASON];
    const char *state;

    if (!row)
        return -ENOMEM;
    row->info.priority = tni_select_priority(entry, ref->kind, ref->name);
    state = state_of(registry, entry, ref, reason);
    return fill_row(row, entry, tni_kind_name(ref->kind), ref->name, state, reason);
}

/* A manifest of which nothing can be told but that it is of no use. */
static int add_unusable(struct table *table, const struct tni_entry *entry)
{
    struct tni_row *row = add(table);

    return row ? fill_row(row, entry, "manifest", entry->file, "failed", entry->reason) : -ENOMEM;
}

static int add_entry(struct table *table, const struct tni_registry *registry,
                     const struct tni_entry *entry)
{
    const struct tni_manifest *manifest = entry->manifest;
    int rc = 0;

    if (entry->reason && (!manifest->module || manifest->provides.count == 0))
        return add_unusable(table, entry);
    for (size_t i = 0; manifest->module && rc == 0 && i < manifest->provides.count; i++)
        rc = add_feature(table, registry, entry, &manifest->provides.item[i]);
    return rc;
}

static int kind_order(const char *name)
{
    int kind = tni_kind_from_name(name, strlen(name));

    return kind == TNI_KIND_ANY ? 1000 : kind;
}

static int by_kind_and_name(const void *a, const void *b)
{
    const tn_module_info_t *x = &((const struct tni_row *)a)->info;
    const tn_module_info_t *y = &((const struct tni_row *)b)->info;
    int order = kind_order(x->kind) - kind_order(y->kind);

    if (order == 0)
        order = strcmp(x->name, y->name);
    if (order == 0)
        order = (strcmp(x->state, "shadowed") == 0 || strcmp(x->state, "masked") == 0) -
                (strcmp(y->state, "shadowed") == 0 || strcmp(y->state, "masked") == 0);
    if (order == 0)
        order = y->priority - x->priority;
    return order ? order : strcmp(x->source, y->source);
}

int tni_rows_make(struct tni_registry *registry, struct tni_row **out_rows, size_t *out_count)
{
    struct table table = {0};
    int rc = 0;

    pthread_mutex_lock(&registry->lock);
    for (size_t i = 0; rc == 0 && i < registry->catalog.entry_count; i++)
        rc = add_entry(&table, registry, registry->catalog.entries[i]);
    pthread_mutex_unlock(&registry->lock);
    if (rc < 0) {
        tni_rows_free(table.rows, table.count);
        return rc;
    }
    if (table.count > 1)
        qsort(table.rows, table.count, sizeof *table.rows, by_kind_and_name);
    *out_rows = table.rows;
    *out_count = table.count;
    return 0;
}

void tni_rows_free(struct tni_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sizeof rows->owned / sizeof *rows->owned; j++)
            tni_free(rows[i].owned[j]);
    }
    tni_free(rows);
}
