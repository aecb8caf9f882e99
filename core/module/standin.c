#include "module/standin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "module/builtin.h"
#include "module/describe.h"

static int describe(struct tni_manifest *manifest, const tn_module_t *module)
{
    for (const tn_feature_t *const *feature = module->features; *feature; feature++) {
        const char *name = (*feature)->name;
        int rc = tni_refs_add(&manifest->provides, (*feature)->kind, name, strlen(name), 0);

        if (rc < 0)
            return rc;
    }
    return 0;
}

static int add_one(struct tni_catalog *catalog, enum tni_level level, const tn_module_t *module)
{
    char why[TNI_WHY_SIZE], file[64];
    int fit = tni_describe_check(module, NULL, why, sizeof why);
    const char *name = fit == 0 ? module->name : "unknown";
    struct tni_manifest *manifest = tni_manifest_new("built-in", name);
    struct tni_entry *entry;

    if (!manifest)
        return -ENOMEM;
    manifest->is_empty = false;
    if (fit == 0 && describe(manifest, module) < 0) {
        tni_manifest_free(manifest);
        return -ENOMEM;
    }
    snprintf(file, sizeof file, "50-%s.conf", name);
    entry = tni_catalog_add(catalog, level, "built-in", file, manifest);
    if (!entry)
        return -ENOMEM;
    entry->builtin = module;
    entry->is_reason_fixed = fit < 0;
    return fit == 0 ? 0 : tni_entry_refuse(entry, "%s", why);
}

static int add_each(struct tni_catalog *catalog, enum tni_level level,
                    const tn_module_t *const *modules)
{
    for (; modules && *modules; modules++) {
        int rc = add_one(catalog, level, *modules);

        if (rc < 0)
            return rc;
    }
    return 0;
}

int tni_standin_add_all(struct tni_catalog *catalog, const struct tni_registry_config *config)
{
    const struct tni_registry_places *places = config->places;
    int rc = add_each(catalog, TNI_LEVEL_CORE, config->core_modules);

    if (rc == 0)
        rc = add_each(catalog, TNI_LEVEL_BUILTIN,
                      places && places->builtin ? places->builtin : tni_builtin_modules);
    if (rc == 0)
        rc = add_each(catalog, TNI_LEVEL_BUILTIN, config->own_modules);
    return rc;
}
