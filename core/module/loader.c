#include "module/loader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "module/describe.h"
#include "module/fill.h"
#include "module/object.h"
#include "module/policy.h"
#include "module/select.h"

/* One load on its way: undone as a whole. */
struct attempt {
    struct tni_loader *loader;
    struct tni_entry *entry;
    struct tni_dl *dl;
    const tn_module_t *module;
    struct tni_loaded *features;
    size_t feature_count;
    struct tni_instance *instance;
    bool is_reason_elsewhere;
    char why[4600];
};

static int find_module(struct attempt *attempt)
{
    struct tni_entry *entry = attempt->entry;
    char stem[64];
    int rc;

    if (entry->builtin) {
        attempt->module = entry->builtin;
        return tni_describe_check(attempt->module, NULL, attempt->why, sizeof attempt->why);
    }
    if (!attempt->loader->may_open) {
        snprintf(attempt->why, sizeof attempt->why,
                 "\"allow_load\" is 0: only modules that are linked in may be used");
        return -TN_EMODULE;
    }
    rc = tni_object_open(entry->module_path, entry->manifest, attempt->loader->is_privileged,
                         &attempt->dl, &attempt->module, attempt->why, sizeof attempt->why);
    if (rc < 0)
        return rc;
    tni_object_stem(entry->module_path, stem, sizeof stem);
    return tni_describe_check(attempt->module, stem, attempt->why, sizeof attempt->why);
}

/* What manifests say of its options is wrong: no other file of the module would help. */
static int blame_manifest(struct attempt *attempt, int rc)
{
    attempt->is_reason_elsewhere = rc == -TN_EMODULE;
    return rc;
}

static int make_features(struct attempt *attempt)
{
    const tn_module_t *module = attempt->module;
    size_t count = 0;
    int rc = 0;

    while (module->features[count])
        count++;
    attempt->features = tni_calloc(count, sizeof *attempt->features);
    if (!attempt->features)
        return -ENOMEM;
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const tn_feature_t *feature = module->features[i];
        struct tni_loaded *loaded = &attempt->features[i];

        attempt->feature_count = i + 1;
        loaded->feature.kind = (tn_feature_kind_t)feature->kind;
        loaded->feature.name = feature->name;
        loaded->feature.module = module;
        tni_fill(feature, &loaded->feature);
        rc = tni_defaults_make(loaded, feature, attempt->loader->catalog, attempt->entry,
                               attempt->why, sizeof attempt->why);
    }
    if (rc == 0)
        rc = tni_defaults_are_known(attempt->features, attempt->feature_count,
                                    attempt->entry->manifest, attempt->why, sizeof attempt->why);
    return rc < 0 ? blame_manifest(attempt, rc) : 0;
}

/* A module stands on what it requires by the layer lookup: no alias, and what protects may use what
 * is denied to endpoints. */
static int load_requirement(struct attempt *attempt, const char *text)
{
    const char *name = strchr(text, ':') + 1;
    int kind = tni_kind_from_name(text, (size_t)(name - 1 - text));
    int denied_as = kind == TN_TRANSPORT ? TNI_KIND_LAYER : kind;
    struct tni_loader *loader = attempt->loader;
    struct tni_entry *needed;
    struct tni_rule rule;
    int rc = tni_loader_choose(loader, kind, name, &needed);

    attempt->is_reason_elsewhere = true;
    if (rc < 0) {
        snprintf(attempt->why, sizeof attempt->why, "it requires %s: %s", text, tni_error_text());
        return rc;
    }
    if (tni_policy_denies(loader->catalog, denied_as, name, &rule)) {
        snprintf(attempt->why, sizeof attempt->why, "it requires %s, which is denied by %s:%u",
                 text, rule.entry->path, rule.line);
        return -TN_EMODULE;
    }
    if (!needed) {
        tni_select_explain(loader->catalog, loader->filter, kind, name);
        snprintf(attempt->why, sizeof attempt->why, "it requires %s: %s", text, tni_error_text());
        return -TN_EMODULE;
    }
    if (needed->state == TNI_ENTRY_LOADING) {
        snprintf(attempt->why, sizeof attempt->why,
                 "it requires %s, and the module %s of that requires it in turn: a cycle", text,
                 needed->manifest->module);
        return -TN_EMODULE;
    }
    rc = tni_loader_load(loader, needed);
    if (rc == -TN_EMODULE)
        snprintf(attempt->why, sizeof attempt->why, "it requires %s, but module %s: %s", text,
                 needed->manifest->module, needed->reason ? needed->reason : "not usable");
    return rc;
}

static int load_requirements(struct attempt *attempt)
{
    for (const char *const *text = attempt->module->requires; text && *text; text++) {
        int rc = load_requirement(attempt, *text);

        if (rc < 0)
            return rc;
    }
    attempt->is_reason_elsewhere = false;
    return 0;
}

static struct tni_instance *find_instance(const struct tni_loader *loader,
                                          const tn_module_t *module)
{
    struct tni_instance *instance = atomic_load_explicit(&loader->instances, memory_order_acquire);

    while (instance && instance->module != module)
        instance = instance->next;
    return instance;
}

/* What the system lacks says nothing about the module: the next use tries again. */
static bool is_shortage(int code)
{
    return code == -ENOMEM || code == -EMFILE || code == -ENFILE || code == -EAGAIN;
}

static int start(struct attempt *attempt)
{
    const tn_host_t *host = attempt->loader->host;
    struct tni_instance *instance = find_instance(attempt->loader, attempt->module);
    int rc = 0;

    attempt->instance = instance;
    if (instance)
        return 0;
    instance = tni_calloc(1, sizeof *instance);
    if (!instance)
        return -ENOMEM;
    instance->module = attempt->module;
    tni_fail_code(0);
    if (attempt->module->init)
        rc = attempt->module->init(host, &instance->state);
    if (rc < 0) {
        snprintf(attempt->why, sizeof attempt->why, "its init failed: %s",
                 tni_error_code() ? tni_error_text() : tni_error_name(rc));
        tni_free(instance);
        return is_shortage(rc) ? rc : -TN_EMODULE;
    }
    attempt->instance = instance;
    return 0;
}

static void commit(struct attempt *attempt)
{
    struct tni_loader *loader = attempt->loader;
    struct tni_entry *entry = attempt->entry;
    struct tni_instance *instance = attempt->instance;

    if (find_instance(loader, attempt->module)) {
        tni_dl_close(attempt->dl);
    } else {
        instance->dl = attempt->dl;
        instance->next = atomic_load_explicit(&loader->instances, memory_order_relaxed);
        if (instance->dl)
            tni_dl_pin(instance->dl);
        /* Pairs with the acquire in find_instance. */
        atomic_store_explicit(&loader->instances, instance, memory_order_release);
    }
    for (size_t i = 0; i < attempt->feature_count; i++)
        attempt->features[i].feature.module_state = instance->state;
    entry->features = attempt->features;
    entry->feature_count = attempt->feature_count;
    entry->instance = instance;
    entry->state = TNI_ENTRY_LOADED;
    tni_free(entry->reason);
    entry->reason = NULL;
    tni_log(TN_LOG_INFO, "module", "loaded %s %s from %s", attempt->module->name,
            attempt->module->version, entry->module_path ? entry->module_path : "the program");
}

static void free_features(struct tni_loaded *features, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tni_defaults_fini(&features[i]);
    tni_free(features);
}

/* An object that cannot be unmapped stands in the way of its own replacement. */
static void close_object(struct attempt *attempt)
{
    size_t used = strlen(attempt->why);
    bool was_open = attempt->dl != NULL;

    tni_dl_close(attempt->dl);
    if (was_open && !attempt->is_reason_elsewhere && tni_dl_is_mapped(attempt->entry->module_path))
        snprintf(attempt->why + used, sizeof attempt->why - used,
                 " (the file stays mapped: start the program again after replacing it)");
}

static int undo(struct attempt *attempt, int rc)
{
    struct tni_entry *entry = attempt->entry;

    free_features(attempt->features, attempt->feature_count);
    close_object(attempt);
    entry->state = TNI_ENTRY_AVAILABLE;
    if (rc != -TN_EMODULE)
        return rc;
    entry->is_reason_elsewhere = attempt->is_reason_elsewhere;
    tni_log(TN_LOG_WARN, "module", "module %s did not load: %s", entry->manifest->module,
            attempt->why);
    if (entry->module_path)
        tni_object_stamp(entry->module_path, &entry->stamp);
    else
        entry->is_reason_fixed = !attempt->is_reason_elsewhere;
    return tni_entry_refuse(entry, "%s", attempt->why) < 0 ? -ENOMEM : -TN_EMODULE;
}

static bool is_worth_another_try(const struct tni_entry *entry)
{
    if (entry->is_reason_fixed)
        return false;
    return entry->is_reason_elsewhere || !entry->module_path ||
           tni_object_is_changed(entry->module_path, &entry->stamp);
}

int tni_loader_load(struct tni_loader *loader, struct tni_entry *entry)
{
    struct attempt attempt = {.loader = loader, .entry = entry};
    int rc;

    if (entry->state == TNI_ENTRY_LOADED)
        return 0;
    if (entry->state == TNI_ENTRY_FAILED && !is_worth_another_try(entry))
        return -TN_EMODULE;
    entry->state = TNI_ENTRY_LOADING;
    rc = find_module(&attempt);
    if (rc == 0 && entry->level > TNI_LEVEL_BUILTIN)
        rc = tni_describe_agrees(attempt.module, entry->manifest, attempt.why, sizeof attempt.why);
    if (rc == 0)
        rc = make_features(&attempt);
    if (rc == 0)
        rc = load_requirements(&attempt);
    if (rc == 0)
        rc = start(&attempt);
    if (rc < 0)
        return undo(&attempt, rc);
    commit(&attempt);
    return 0;
}

const struct tni_loaded *tni_loader_feature(const struct tni_entry *entry, int kind,
                                            const char *name)
{
    for (size_t i = 0; i < entry->feature_count; i++) {
        const struct tni_feature *feature = &entry->features[i].feature;

        if ((int)feature->kind == kind && strcmp(feature->name, name) == 0)
            return &entry->features[i];
    }
    return NULL;
}

int tni_loader_choose(struct tni_loader *loader, int kind, const char *name,
                      struct tni_entry **out_entry)
{
    int rc = 0;

    *out_entry = tni_select(loader->catalog, loader->filter, kind, name);
    if (!*out_entry && loader->look_again)
        rc = loader->look_again(loader);
    if (rc > 0)
        *out_entry = tni_select(loader->catalog, loader->filter, kind, name);
    return rc < 0 ? rc : 0;
}

int tni_loader_want(struct tni_loader *loader, int kind, const char *name,
                    const struct tni_loaded **out_loaded, struct tni_entry **out_entry)
{
    struct tni_entry *entry;
    int rc = tni_loader_choose(loader, kind, name, &entry);

    if (rc < 0)
        return rc;
    if (!entry)
        return tni_select_explain(loader->catalog, loader->filter, kind, name);
    rc = tni_loader_load(loader, entry);
    if (rc == -TN_EMODULE)
        return tni_fail(rc, "%s \"%s\": module %s (%s:%u) cannot be used: %s", tni_kind_name(kind),
                        name, entry->manifest->module, entry->path, entry->manifest->module_line,
                        entry->reason ? entry->reason : "no reason is known");
    if (rc < 0)
        return tni_fail_code(rc);
    if (out_entry)
        *out_entry = entry;
    *out_loaded = tni_loader_feature(entry, kind, name);
    return *out_loaded ? 0
                       : tni_fail(-TN_EMODULE, "%s \"%s\": module %s does not have it",
                                  tni_kind_name(kind), name, entry->manifest->module);
}

static int probe_attempt(struct attempt *attempt, const char *path)
{
    char stem[64];
    int rc = tni_object_open(path, NULL, attempt->loader->is_privileged, &attempt->dl,
                             &attempt->module, attempt->why, sizeof attempt->why);

    if (rc < 0)
        return rc;
    if (tni_dl_has_constructors(attempt->dl)) {
        snprintf(attempt->why, sizeof attempt->why,
                 "it has constructors, which run before a module can be judged: start things in "
                 "init instead");
        return -TN_EMODULE;
    }
    tni_object_stem(path, stem, sizeof stem);
    rc = tni_describe_check(attempt->module, stem, attempt->why, sizeof attempt->why);
    for (size_t i = 0; rc == 0 && i < attempt->loader->catalog->entry_count; i++) {
        const struct tni_entry *entry = attempt->loader->catalog->entries[i];

        if (entry->module_path && tni_entry_is_active(entry) &&
            strcmp(entry->module_path, path) == 0)
            rc = tni_describe_agrees(attempt->module, entry->manifest, attempt->why,
                                     sizeof attempt->why);
    }
    return rc < 0 ? rc : load_requirements(attempt);
}

int tni_loader_probe(struct tni_loader *loader, const char *path)
{
    struct tni_manifest *manifest = tni_manifest_new(path, NULL);
    struct tni_entry entry = {.path = (char *)path, .file = (char *)path, .manifest = manifest};
    struct attempt attempt = {.loader = loader, .entry = &entry};
    int rc = manifest ? probe_attempt(&attempt, path) : -ENOMEM;

    if (rc == 0)
        rc = make_features(&attempt);
    if (rc == 0)
        rc = start(&attempt);
    if (rc == 0 && !find_instance(loader, attempt.module)) {
        if (attempt.module->fini)
            attempt.module->fini(loader->host, attempt.instance->state);
        tni_free(attempt.instance);
    }
    free_features(attempt.features, attempt.feature_count);
    tni_dl_close(attempt.dl);
    tni_manifest_free(manifest);
    return rc == -TN_EMODULE ? tni_fail(rc, "%s: %s", path, attempt.why) : rc;
}

void tni_loader_fini(struct tni_loader *loader)
{
    struct tni_instance *instance = atomic_load_explicit(&loader->instances, memory_order_acquire);

    for (struct tni_instance *i = instance; i; i = i->next) {
        if (i->module->fini)
            i->module->fini(loader->host, i->state);
    }
    atomic_store_explicit(&loader->instances, NULL, memory_order_relaxed);
    for (size_t i = 0; i < loader->catalog->entry_count; i++) {
        struct tni_entry *entry = loader->catalog->entries[i];

        free_features(entry->features, entry->feature_count);
        entry->features = NULL;
        entry->feature_count = 0;
    }
    while (instance) {
        struct tni_instance *next = instance->next;

        tni_dl_close(instance->dl);
        tni_free(instance);
        instance = next;
    }
}
