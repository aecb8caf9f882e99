/* inspect.h for a registry of fixed modules. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "module/fixed.h"
#include "module/inspect.h"

static int tell_module(struct tni_registry *registry, const tn_module_t *module,
                       int (*visit)(const tn_module_info_t *info, void *arg), void *arg)
{
    const char *state = "available";
    int rc = 0;

    for (struct tni_instance *i = atomic_load(&registry->loader.instances); i; i = i->next) {
        if (i->module == module)
            state = "loaded";
    }
    for (size_t i = 0; rc == 0 && module->features[i]; i++) {
        const tn_feature_t *feature = module->features[i];
        const tn_module_t *chosen = module;
        const bool is_first =
            tni_fixed_find(registry, feature->kind, feature->name, &chosen) == feature;
        const tn_module_info_t info = {.kind = tni_kind_name(feature->kind),
                                       .name = feature->name,
                                       .module = module->name,
                                       .version = module->version,
                                       .path = "",
                                       .source = "built-in",
                                       .state = is_first ? state : "shadowed",
                                       .reason = is_first ? "" : chosen->name,
                                       .priority = feature->priority,
                                       .abi_major = module->abi_major,
                                       .abi_minor = module->abi_minor};

        rc = visit(&info, arg);
    }
    return rc;
}

int tni_inspect_modules(struct tni_registry *registry,
                        int (*visit)(const tn_module_info_t *info, void *arg), void *arg)
{
    int rc = 0;

    for (size_t i = 0; i < sizeof registry->lists / sizeof *registry->lists; i++) {
        for (size_t j = 0; rc == 0 && registry->lists[i] && registry->lists[i][j]; j++)
            rc = tell_module(registry, registry->lists[i][j], visit, arg);
    }
    return rc;
}

/* "tcp" may name features of several kinds: the first that there is. */
static int find_named(struct tni_registry *registry, const char *name,
                      const struct tni_feature **out_feature)
{
    const char *colon = strchr(name, ':');
    int kind = colon ? tni_kind_from_name(name, (size_t)(colon - name)) : TN_TRANSPORT;
    const tn_module_t *module;

    if (kind == TNI_KIND_ANY || kind == TNI_KIND_LAYER)
        return tni_fail(-TN_EMODULE, "\"%.60s\" is not NAME or KIND:NAME", name);
    while (!colon && kind < TN_MECHANISM && !tni_fixed_find(registry, kind, name, &module))
        kind++;
    return tni_registry_find(registry, (tn_feature_kind_t)kind, colon ? colon + 1 : name,
                             out_feature);
}

int tni_inspect_options(struct tni_registry *registry, const char *name,
                        int (*visit)(const tn_option_info_t *info, void *arg), void *arg)
{
    const struct tni_feature *feature;
    int rc = find_named(registry, name, &feature);

    for (size_t i = 0; rc == 0 && feature->options[i].name; i++) {
        const char *source;
        tn_value_t now;

        rc = tni_registry_default(registry, feature, feature->options[i].name, &now, &source);
        if (rc == 0)
            rc = tni_inspect_tell(tni_kind_name((int)feature->kind), feature->name,
                                  &feature->options[i], &now, source, visit, arg);
    }
    return rc;
}

int tni_inspect_paths(struct tni_registry *registry,
                      int (*visit)(const tn_module_path_t *path, void *arg), void *arg)
{
    (void)registry;
    (void)visit;
    (void)arg;
    return 0;
}

int tni_inspect_policies(struct tni_registry *registry,
                         int (*visit)(const tn_policy_info_t *info, void *arg), void *arg)
{
    (void)registry;
    (void)visit;
    (void)arg;
    return 0;
}

int tni_inspect_probe(struct tni_registry *registry, const char *path)
{
    (void)registry;
    return tni_fail(-ENOTSUP, "%s: this program was built without a loader (TENON_DLOPEN=OFF)",
                    path);
}
