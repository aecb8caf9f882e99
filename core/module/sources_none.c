#include "module/sources.h"

#include "module/standin.h"

int tni_sources_read(struct tni_catalog *catalog, const struct tni_sites *sites,
                     const struct tni_registry_config *config)
{
    (void)sites;
    return tni_standin_add_all(catalog, config);
}

int tni_sources_read_new(struct tni_catalog *catalog, const struct tni_sites *sites)
{
    (void)catalog;
    (void)sites;
    return 0;
}
