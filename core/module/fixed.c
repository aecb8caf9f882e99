#include "module/fixed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/list.h"
#include "base/memory.h"
#include "module/builtin.h"
#include "module/chain.h"
#include "module/describe.h"
#include "module/fill.h"
#include "options/value.h"

/* ------------------------------------------------------------------ making */

static int not_supported(const char *what)
{
    return tni_fail(
        -ENOTSUP,
        "%s is set, and the modules of this program were fixed when it was built: unset "
        "it, or build with TENON_MANIFESTS=ON",
        what);
}

static int check_config(const struct tni_registry_config *config)
{
    const char *selection = secure_getenv("TENON_MODULES");

    if (config->directories && config->directories[0])
        return not_supported("\"plugins_d\"");
    if (config->modules)
        return not_supported("\"modules\"");
    return selection && *selection ? not_supported("TENON_MODULES") : 0;
}

int tni_registry_new(const struct tni_registry_config *config, const tn_host_t *host,
                     struct tni_registry **out_registry)
{
    int rc = check_config(config);
    struct tni_registry *registry;

    if (rc < 0)
        return rc;
    registry = tni_calloc(1, sizeof *registry);
    if (!registry)
        return tni_fail_code(-ENOMEM);
    pthread_mutex_init(&registry->lock, NULL);
    registry->loader.host = host;
    registry->lists[0] = config->core_modules;
    registry->lists[1] = tni_builtin_modules;
    registry->lists[2] = config->own_modules;
    *out_registry = registry;
    return 0;
}

int tni_registry_admit(const tn_module_t *module)
{
    char why[TNI_WHY_SIZE];
    int rc = tni_describe_check(module, NULL, why, sizeof why);

    for (size_t i = 0; rc == 0 && module->features[i]; i++) {
        const tn_option_desc_t *options = module->features[i]->options;

        if (options && options->name && options->size != sizeof *options) {
            snprintf(why, sizeof why,
                     "its options have another size than the library's: build both "
                     "with the same headers");
            rc = -TN_EMODULE;
        }
    }
    return rc < 0 ? tni_fail(rc, "tn_ctx_add_module: %s", why) : 0;
}

static void end_modules(struct tni_registry *registry)
{
    struct tni_loader *loader = &registry->loader;
    struct tni_instance *instance = atomic_load_explicit(&loader->instances, memory_order_acquire);

    for (struct tni_instance *i = instance; i; i = i->next) {
        if (i->module->fini)
            i->module->fini(loader->host, i->state);
    }
    while (instance) {
        struct tni_instance *next = instance->next;

        tni_free(instance);
        instance = next;
    }
}

static void feature_free(struct tni_fixed_feature *feature)
{
    tni_free(feature->loaded.defaults);
    tni_free(feature);
}

void tni_registry_free(struct tni_registry *registry)
{
    struct tni_fixed_feature *next;

    if (!registry)
        return;
    end_modules(registry);
    for (struct tni_fixed_feature *feature = registry->features; feature; feature = next) {
        next = feature->next;
        feature_free(feature);
    }
    pthread_mutex_destroy(&registry->lock);
    tni_free(registry);
}

/* ------------------------------------------------------------------ starting a module */

static const tn_feature_t *feature_of(const tn_module_t *module, int kind, const char *name)
{
    for (size_t i = 0; module->features[i]; i++) {
        if (module->features[i]->kind == kind && strcmp(module->features[i]->name, name) == 0)
            return module->features[i];
    }
    return NULL;
}

const tn_feature_t *tni_fixed_find(const struct tni_registry *registry, int kind, const char *name,
                                   const tn_module_t **out_module)
{
    const tn_feature_t *best = NULL;

    for (size_t i = 0; i < sizeof registry->lists / sizeof *registry->lists; i++) {
        for (size_t j = 0; registry->lists[i] && registry->lists[i][j]; j++) {
            const tn_feature_t *feature = feature_of(registry->lists[i][j], kind, name);

            if (feature && (!best || feature->priority > best->priority)) {
                best = feature;
                *out_module = registry->lists[i][j];
            }
        }
    }
    return best;
}

static struct tni_instance *instance_of(const struct tni_loader *loader, const tn_module_t *module)
{
    struct tni_instance *instance = atomic_load_explicit(&loader->instances, memory_order_acquire);

    while (instance && instance->module != module)
        instance = instance->next;
    return instance;
}

/* One module at a time is being started: what it requires must not lead back to it. */
struct start {
    const struct start *outer;
    const tn_module_t *module;
};

static int want(struct tni_loader *loader, int kind, const char *name, const struct start *outer,
                const struct tni_loaded **out_loaded);

static int start_required(struct tni_loader *loader, const struct start *self)
{
    const tn_module_t *module = self->module;
    int rc = 0;

    for (const struct start *outer = self->outer; outer; outer = outer->outer) {
        if (outer->module == module)
            return tni_fail(-TN_EMODULE, "module %s requires itself", module->name);
    }
    for (const char *const *text = module->requires; rc == 0 && text && *text; text++) {
        const struct tni_loaded *loaded;
        const char *colon = strchr(*text, ':');

        rc = want(loader, tni_kind_from_name(*text, (size_t)(colon - *text)), colon + 1, self,
                  &loaded);
        if (rc == -TN_EMODULE)
            tni_fail_context(rc, "module %s requires %s", module->name, *text);
    }
    return rc;
}

static int start_failed(const tn_module_t *module, int rc)
{
    char why[512];

    if (rc == -ENOMEM)
        return tni_fail_code(rc);
    snprintf(why, sizeof why, "%s", tni_error_code() ? tni_error_text() : tni_error_name(rc));
    return tni_fail(-TN_EMODULE, "module %s cannot be used: its init failed: %s", module->name,
                    why);
}

static int start(struct tni_loader *loader, const tn_module_t *module, const struct start *outer,
                 struct tni_instance **out_instance)
{
    const struct start self = {.outer = outer, .module = module};
    struct tni_instance *instance = instance_of(loader, module);
    int rc;

    *out_instance = instance;
    if (instance)
        return 0;
    rc = start_required(loader, &self);
    if (rc < 0)
        return rc;
    instance = tni_calloc(1, sizeof *instance);
    if (!instance)
        return tni_fail_code(-ENOMEM);
    instance->module = module;
    tni_fail_code(0);
    rc = module->init ? module->init(loader->host, &instance->state) : 0;
    if (rc < 0) {
        tni_free(instance);
        return start_failed(module, rc);
    }
    instance->next = atomic_load_explicit(&loader->instances, memory_order_relaxed);
    /* Pairs with the acquire in instance_of. */
    atomic_store_explicit(&loader->instances, instance, memory_order_release);
    *out_instance = instance;
    return 0;
}

static int feature_new(const tn_feature_t *description, const struct tni_instance *instance,
                       struct tni_fixed_feature **out_feature)
{
    static const tn_option_desc_t none[] = {TN_OPTION_END};
    struct tni_fixed_feature *made = tni_calloc(1, sizeof *made);
    struct tni_loaded *loaded = made ? &made->loaded : NULL;
    int rc;

    if (!made)
        return tni_fail_code(-ENOMEM);
    loaded->feature.kind = (tn_feature_kind_t)description->kind;
    loaded->feature.name = description->name;
    loaded->feature.module = instance->module;
    loaded->feature.module_state = instance->state;
    loaded->feature.options = description->options ? description->options : none;
    while (loaded->feature.options[loaded->option_count].name)
        loaded->option_count++;
    tni_fill(description, &loaded->feature);
    rc = tni_fixed_set(loaded);
    if (rc < 0) {
        feature_free(made);
        return rc;
    }
    *out_feature = made;
    return 0;
}

static int unknown(int kind, const char *name)
{
    return tni_fail(
        -TN_EMODULE,
        "there is no %s \"%s\" in this program: name it in TENON_STATIC_MODULES to link "
        "it in",
        tni_kind_name(kind), name);
}

static int want(struct tni_loader *loader, int kind, const char *name, const struct start *outer,
                const struct tni_loaded **out_loaded)
{
    struct tni_registry *registry = tni_container(loader, struct tni_registry, loader);
    struct tni_fixed_feature *feature = registry->features;
    const tn_feature_t *description;
    const tn_module_t *module;
    struct tni_instance *instance;
    int rc;

    while (feature && ((int)feature->loaded.feature.kind != kind ||
                       strcmp(feature->loaded.feature.name, name) != 0))
        feature = feature->next;
    if (!feature) {
        description = tni_fixed_find(registry, kind, name, &module);
        if (!description)
            return unknown(kind, name);
        rc = start(loader, module, outer, &instance);
        if (rc == 0)
            rc = feature_new(description, instance, &feature);
        if (rc < 0)
            return rc;
        feature->next = registry->features;
        registry->features = feature;
    }
    *out_loaded = &feature->loaded;
    return 0;
}

int tni_loader_want(struct tni_loader *loader, int kind, const char *name,
                    const struct tni_loaded **out_loaded, struct tni_entry **out_entry)
{
    (void)out_entry;
    return want(loader, kind, name, NULL, out_loaded);
}

/* ------------------------------------------------------------------ asking */

int tni_registry_find(struct tni_registry *registry, tn_feature_kind_t kind, const char *name,
                      const struct tni_feature **out_feature)
{
    const struct tni_loaded *loaded = NULL;
    int rc;

    pthread_mutex_lock(&registry->lock);
    rc = want(&registry->loader, (int)kind, name ? name : "", NULL, &loaded);
    pthread_mutex_unlock(&registry->lock);
    if (rc == 0)
        *out_feature = &loaded->feature;
    return rc;
}

int tni_registry_owner(struct tni_registry *registry, const char *name,
                       const struct tni_feature **out_feature)
{
    static const tn_feature_kind_t kinds[] = {TN_TRANSPORT, TN_MECHANISM, TN_AUTHENTICATOR};
    tn_feature_kind_t kind = TN_TRANSPORT;
    const tn_module_t *module;

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (tni_fixed_find(registry, (int)kinds[i], name, &module)) {
            kind = kinds[i];
            break;
        }
    }
    return tni_registry_find(registry, kind, name, out_feature);
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

/* Without the lock: a feature does not change. */
int tni_registry_default(struct tni_registry *registry, const struct tni_feature *feature,
                         const char *option, tn_value_t *out_value, const char **out_source)
{
    const struct tni_loaded *loaded = (const struct tni_loaded *)(const void *)feature;
    const char *source = NULL;
    size_t i = 0;

    (void)registry;
    while (i < loaded->option_count && strcmp(feature->options[i].name, option) != 0)
        i++;
    if (i == loaded->option_count)
        return tni_fail_code(-TN_ENOOPTION);
    tni_value_default(&feature->options[i], out_value);
    if (loaded->defaults && loaded->defaults[i].source) {
        *out_value = loaded->defaults[i].value;
        source = loaded->defaults[i].source;
    }
    if (out_source)
        *out_source = source ? source : "default";
    return 0;
}

bool tni_registry_global(struct tni_registry *registry, size_t index, struct tni_global *out_global)
{
    (void)registry;
    for (const struct tni_fixed_setting *setting = tni_fixed_settings; setting->name; setting++) {
        if (*setting->feature || index--)
            continue;
        out_global->name = setting->name;
        out_global->value = setting->value;
        snprintf(out_global->source, sizeof out_global->source, "%s", setting->source);
        return true;
    }
    return false;
}

const char *tni_registry_control(struct tni_registry *registry)
{
    (void)registry;
    return NULL;
}

tn_module_state_t *tni_registry_module_state(struct tni_registry *registry,
                                             const tn_module_t *module)
{
    const struct tni_instance *instance = instance_of(&registry->loader, module);

    return instance ? instance->state : NULL;
}
