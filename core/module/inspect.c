#include "module/inspect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "module/policy.h"
#include "module/registry_inl.h"
#include "module/rows.h"
#include "module/select.h"

int tni_inspect_modules(struct tni_registry *registry,
                        int (*visit)(const tn_module_info_t *info, void *arg), void *arg)
{
    struct tni_row *rows;
    size_t count;
    int rc = tni_rows_make(registry, &rows, &count);

    if (rc < 0)
        return tni_fail_code(rc);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = visit(&rows[i].info, arg);
    tni_rows_free(rows, count);
    return rc;
}

/* "tcp" may name features of several kinds: the first that there is, in the order of the kinds. */
static int want_feature(struct tni_registry *registry, const char *name,
                        const struct tni_loaded **out_loaded)
{
    const char *colon = strchr(name, ':');
    int kind = colon ? tni_kind_from_name(name, (size_t)(colon - name)) : TN_TRANSPORT;
    const char *bare = colon ? colon + 1 : name;

    if (kind == TNI_KIND_ANY || kind == TNI_KIND_LAYER)
        return tni_fail(-TN_EMODULE, "\"%.60s\" is not NAME or KIND:NAME", name);
    if (!colon) {
        while (kind < TN_AUTHENTICATOR &&
               !tni_select(&registry->catalog, &registry->filter, kind, bare))
            kind++;
    }
    if (kind == TN_AUTHENTICATOR && !colon) {
        const char *near = tni_catalog_nearest(&registry->catalog, TNI_KIND_ANY, bare);

        return tni_fail(
            -TN_EMODULE,
            "no transport, pattern or mechanism is called \"%.60s\"%s%s%s; `tenon info` "
            "lists what there is",
            name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    }
    return tni_loader_want(&registry->loader, kind, bare, out_loaded, NULL);
}

int tni_inspect_options(struct tni_registry *registry, const char *name,
                        int (*visit)(const tn_option_info_t *info, void *arg), void *arg)
{
    const struct tni_loaded *loaded = NULL;
    int rc;

    pthread_mutex_lock(&registry->lock);
    rc = want_feature(registry, name, &loaded);
    pthread_mutex_unlock(&registry->lock);
    for (size_t i = 0; rc == 0 && loaded && i < loaded->option_count; i++)
        rc = tni_inspect_tell(tni_kind_name((int)loaded->feature.kind), loaded->feature.name,
                              &loaded->options[i], &loaded->defaults[i].value,
                              loaded->defaults[i].source ? loaded->defaults[i].source : "default",
                              visit, arg);
    return rc;
}

/* The directories are constant once the registry is made. */
static int inspect_control(struct tni_registry *registry,
                           int (*visit)(const tn_module_path_t *path, void *arg), void *arg)
{
    char note[320];
    struct tni_rule rule;
    tn_module_path_t control = {.kind = "control", .note = note};

    pthread_mutex_lock(&registry->lock);
    control.path = tni_policy_control(&registry->catalog, &rule);
    pthread_mutex_unlock(&registry->lock);
    if (!control.path)
        return 0;
    snprintf(note, sizeof note, "%s:%u", rule.entry->path, rule.line);
    return visit(&control, arg);
}

int tni_inspect_paths(struct tni_registry *registry,
                      int (*visit)(const tn_module_path_t *path, void *arg), void *arg)
{
    tn_module_path_t modules = {.kind = "modules", .path = registry->sites.modules, .note = ""};
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < registry->catalog.directory_count; i++) {
        const struct tni_directory *directory = &registry->catalog.directories[i];
        tn_module_path_t path = {.kind = tni_level_name(directory->level),
                                 .path = directory->path,
                                 .note = directory->note ? directory->note : ""};

        rc = visit(&path, arg);
    }
    if (rc == 0)
        rc = visit(&modules, arg);
    return rc ? rc : inspect_control(registry, visit, arg);
}

static int tell_rules(const struct tni_entry *entry, const char *kind, const struct tni_refs *refs,
                      int (*visit)(const tn_policy_info_t *info, void *arg), void *arg)
{
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < refs->count; i++) {
        char subject[80];
        tn_policy_info_t info = {.kind = kind,
                                 .subject = subject,
                                 .target = "",
                                 .file = entry->path,
                                 .line = (int)refs->item[i].line};

        snprintf(subject, sizeof subject, "%s:%s", tni_kind_name(refs->item[i].kind),
                 refs->item[i].name);
        if (refs == &entry->manifest->alias)
            info.target = tni_policy_target(entry->manifest);
        rc = visit(&info, arg);
    }
    return rc;
}

static int tell_required(const struct tni_entry *entry,
                         int (*visit)(const tn_policy_info_t *info, void *arg), void *arg)
{
    const struct tni_manifest *manifest = entry->manifest;
    tn_policy_info_t info = {.kind = "required",
                             .subject = manifest->module ? manifest->module : "",
                             .target = "",
                             .file = entry->path,
                             .line = (int)manifest->required_line};

    return manifest->is_required ? visit(&info, arg) : 0;
}

/* Entries are not freed and rules do not change: only the array is looked at under the lock. */
static const struct tni_entry *entry_at(struct tni_registry *registry, size_t index)
{
    const struct tni_entry *entry = NULL;

    pthread_mutex_lock(&registry->lock);
    if (index < registry->catalog.entry_count)
        entry = registry->catalog.entries[index];
    pthread_mutex_unlock(&registry->lock);
    return entry;
}

int tni_inspect_policies(struct tni_registry *registry,
                         int (*visit)(const tn_policy_info_t *info, void *arg), void *arg)
{
    const struct tni_entry *entry;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (entry = entry_at(registry, i)); i++) {
        if (!tni_policy_is_in_force(entry))
            continue;
        rc = tell_rules(entry, "alias", &entry->manifest->alias, visit, arg);
        if (rc == 0)
            rc = tell_rules(entry, "deny", &entry->manifest->deny, visit, arg);
        if (rc == 0)
            rc = tell_required(entry, visit, arg);
    }
    return rc;
}

int tni_inspect_probe(struct tni_registry *registry, const char *path)
{
    int rc;

    pthread_mutex_lock(&registry->lock);
    rc = tni_loader_probe(&registry->loader, path);
    pthread_mutex_unlock(&registry->lock);
    return rc;
}
