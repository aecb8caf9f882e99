#include "module/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/memory.h"
#include "module/chain.h"
#include "module/policy.h"
#include "module/registry_inl.h"
#include "module/select.h"

static int load_required(struct tni_registry *registry, const struct tni_entry *entry,
                         const struct tni_ref *ref)
{
    const struct tni_loaded *loaded;
    int rc = tni_loader_want(&registry->loader, ref->kind, ref->name, &loaded, NULL);

    if (rc == -TN_EMODULE)
        tni_fail_context(rc, "%s:%u requires %s:%s", entry->path, entry->manifest->required_line,
                         tni_kind_name(ref->kind), ref->name);
    return rc;
}

/* What is eager may fail, with a warning; what is required may not. */
static int load_early(struct tni_registry *registry, struct tni_entry *entry)
{
    const struct tni_manifest *manifest = entry->manifest;
    int rc = 0;

    if (manifest->is_required && tni_policy_is_in_force(entry)) {
        tni_log(TN_LOG_INFO, "policy", "%s:%u: required", entry->path, manifest->required_line);
        for (size_t i = 0; rc == 0 && i < manifest->provides.count; i++)
            rc = load_required(registry, entry, &manifest->provides.item[i]);
    }
    if (rc == 0 && manifest->load == TNI_LOAD_EAGER && tni_entry_is_active(entry)) {
        for (size_t i = 0; rc == 0 && i < manifest->provides.count; i++) {
            const struct tni_ref *ref = &manifest->provides.item[i];

            if (tni_select(&registry->catalog, &registry->filter, ref->kind, ref->name) == entry)
                rc = tni_loader_load(&registry->loader, entry);
        }
        if (rc == -TN_EMODULE)
            rc = 0;
    }
    return rc;
}

static int fill(struct tni_registry *registry, const struct tni_registry_config *config)
{
    const char *selection = config->modules;
    int rc = tni_sites_find(config->places, &registry->sites);

    if (rc == 0)
        rc = tni_sources_read(&registry->catalog, &registry->sites, config);
    if (rc == 0)
        rc = tni_catalog_settle(&registry->catalog, registry->sites.modules);
    if (!selection && !registry->sites.is_secure)
        selection = secure_getenv("TENON_MODULES");
    if (rc == 0)
        rc = tni_filter_parse(selection, &registry->filter);
    if (rc == 0)
        rc = tni_filter_check(&registry->filter, &registry->catalog);
    if (rc < 0)
        return rc;
    if (registry->filter.is_set)
        tni_log(TN_LOG_INFO, "policy", "module selection: %s", selection);
    tni_select_announce(&registry->catalog, &registry->filter);
    registry->loader.is_privileged = registry->sites.is_privileged;
    for (size_t i = 0; rc == 0 && i < registry->catalog.entry_count; i++)
        rc = load_early(registry, registry->catalog.entries[i]);
    return rc;
}

static int look_again(struct tni_loader *loader)
{
    struct tni_registry *registry = tni_container(loader, struct tni_registry, loader);
    int added = tni_sources_read_new(&registry->catalog, &registry->sites);
    int rc = added > 0 ? tni_catalog_settle(&registry->catalog, registry->sites.modules) : added;

    if (rc == -ENOMEM)
        tni_fail_code(rc);
    return rc < 0 ? rc : added > 0;
}

int tni_registry_new(const struct tni_registry_config *config, const tn_host_t *host,
                     struct tni_registry **out_registry)
{
    struct tni_registry *registry = tni_calloc(1, sizeof *registry);
    int rc;

    if (!registry)
        return tni_fail_code(-ENOMEM);
    pthread_mutex_init(&registry->lock, NULL);
    registry->loader.catalog = &registry->catalog;
    registry->loader.filter = &registry->filter;
    registry->loader.host = host;
    registry->loader.may_open = config->allow_load;
    registry->loader.look_again = look_again;
    atomic_init(&registry->loader.instances, NULL);
    rc = fill(registry, config);
    if (rc < 0) {
        tni_registry_free(registry);
        return rc == -ENOMEM ? tni_fail_code(rc) : rc;
    }
    *out_registry = registry;
    return 0;
}

/* What is wrong with it is told when it is asked for, and by `tenon info`. */
int tni_registry_admit(const tn_module_t *module)
{
    (void)module;
    return 0;
}

void tni_registry_free(struct tni_registry *registry)
{
    if (!registry)
        return;
    tni_loader_fini(&registry->loader);
    tni_filter_fini(&registry->filter);
    tni_catalog_fini(&registry->catalog);
    pthread_mutex_destroy(&registry->lock);
    tni_free(registry);
}

static int find_locked(struct tni_registry *registry, tn_feature_kind_t kind, const char *name,
                       const struct tni_feature **out_feature)
{
    const struct tni_loaded *loaded = NULL;
    struct tni_rule rule;
    int rc;

    if (tni_policy_denies(&registry->catalog, kind, name, &rule)) {
        tni_log(TN_LOG_INFO, "policy", "%s %s is denied (%s:%u)", tni_kind_name(kind), name,
                rule.entry->path, rule.line);
        return tni_fail(-TN_EDENIED, "the %s \"%s\" is denied by policy: %s:%u says `deny = %s:%s`",
                        tni_kind_name(kind), name, rule.entry->path, rule.line, tni_kind_name(kind),
                        name);
    }
    rc = tni_loader_want(&registry->loader, kind, name, &loaded, NULL);
    if (rc == 0)
        *out_feature = &loaded->feature;
    return rc;
}

/* "ROUTER" is what the wire and other libraries call it. */
static int not_a_name(tn_feature_kind_t kind, const char *name)
{
    char lower[TNI_NAME_MAX + 1];
    size_t length = strlen(name);

    for (size_t i = 0; i <= length && length <= TNI_NAME_MAX; i++)
        lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] - 'A' + 'a') : name[i];
    if (length <= TNI_NAME_MAX && tni_is_feature_name(lower, length))
        return tni_fail(-TN_EMODULE,
                        "there is no %s \"%s\": names are in small letters; did you mean \"%s\"?",
                        tni_kind_name((int)kind), name, lower);
    return tni_fail(-TN_EMODULE, "\"%.60s\" is not the name of a %s", name,
                    tni_kind_name((int)kind));
}

int tni_registry_find(struct tni_registry *registry, tn_feature_kind_t kind, const char *name,
                      const struct tni_feature **out_feature)
{
    int rc;

    if (!name || !tni_is_feature_name(name, strlen(name)))
        return not_a_name(kind, name ? name : "");
    pthread_mutex_lock(&registry->lock);
    rc = find_locked(registry, kind, name, out_feature);
    pthread_mutex_unlock(&registry->lock);
    return rc;
}

int tni_registry_owner(struct tni_registry *registry, const char *name,
                       const struct tni_feature **out_feature)
{
    static const int kinds[] = {TN_TRANSPORT, TN_MECHANISM, TN_AUTHENTICATOR};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    struct tni_entry *entry = NULL;
    size_t i;
    int rc = 0;

    pthread_mutex_lock(&registry->lock);
    for (i = 0; i < KINDS; i++) {
        rc = tni_loader_choose(&registry->loader, kinds[i], name, &entry);
        if (rc == 0 && entry)
            break;
    }
    if (i == KINDS && rc == 0)
        rc = tni_select_explain_owner(&registry->catalog, registry->loader.filter, kinds, KINDS,
                                      name);
    pthread_mutex_unlock(&registry->lock);
    return rc < 0 ? rc
                  : tni_registry_find(registry, (tn_feature_kind_t)kinds[i], name, out_feature);
}

int tni_registry_endpoint(struct tni_registry *registry, const char *scheme,
                          struct tni_scheme *out_scheme)
{
    int rc;

    pthread_mutex_lock(&registry->lock);
    rc = tni_chain_resolve(&registry->loader, scheme, out_scheme);
    pthread_mutex_unlock(&registry->lock);
    return rc;
}

/* Without the lock: a loaded feature does not change. */
int tni_registry_default(struct tni_registry *registry, const struct tni_feature *feature,
                         const char *option, tn_value_t *out_value, const char **out_source)
{
    const struct tni_loaded *loaded = (const struct tni_loaded *)(const void *)feature;
    int index = tni_defaults_find(loaded, option);

    (void)registry;
    if (index < 0)
        return tni_fail_code(-TN_ENOOPTION);
    *out_value = loaded->defaults[index].value;
    if (out_source)
        *out_source = loaded->defaults[index].source ? loaded->defaults[index].source : "default";
    return 0;
}

/* Without the lock: what the manifests say does not change. */
bool tni_registry_global(struct tni_registry *registry, size_t index, struct tni_global *out_global)
{
    for (size_t i = 0; i < registry->catalog.entry_count; i++) {
        const struct tni_entry *entry = registry->catalog.entries[i];
        const struct tni_setting *setting;

        if (entry->hidden_by)
            continue;
        if (index >= entry->manifest->global_count) {
            index -= entry->manifest->global_count;
            continue;
        }
        setting = &entry->manifest->globals[index];
        out_global->name = setting->name;
        out_global->value = setting->value;
        snprintf(out_global->source, sizeof out_global->source, "%s:%u", entry->path,
                 setting->line);
        return true;
    }
    return false;
}

const char *tni_registry_control(struct tni_registry *registry)
{
    const char *path;
    struct tni_rule rule;

    pthread_mutex_lock(&registry->lock);
    path = tni_policy_control(&registry->catalog, &rule);
    pthread_mutex_unlock(&registry->lock);
    return path;
}

tn_module_state_t *tni_registry_module_state(struct tni_registry *registry,
                                             const tn_module_t *module)
{
    const struct tni_instance *instance =
        atomic_load_explicit(&registry->loader.instances, memory_order_acquire);

    while (instance && instance->module != module)
        instance = instance->next;
    return instance ? instance->state : NULL;
}
