#include "module/sources.h"

#include "module/builtin.h"
#include "module/standin.h"

int tni_sources_read(struct tni_catalog *catalog, const struct tni_sites *sites,
                     const struct tni_registry_config *config)
{
    const struct tni_registry_places *places = config->places;
    int rc = tni_standin_add(catalog, TNI_LEVEL_CORE, config->core_modules);

    (void)sites;
    if (rc == 0)
        rc = tni_standin_add(catalog, TNI_LEVEL_BUILTIN,
                             places && places->builtin ? places->builtin : tni_builtin_modules);
    return rc;
}
