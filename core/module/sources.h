/*
 * sources.h: reads the directories of manifests into a catalog.
 *
 * Low to high: linked in, vendor, administrator, TENON_PLUGINS_D, the API. Also finds where those
 * are: the vendor's beside the library itself, so that an installed tree can be moved. Called while
 * the registry is made, and again when a name is wanted that nobody knows.
 */
#ifndef TNI_SOURCES_H
#define TNI_SOURCES_H

#include "module/catalog.h"

/** The places of the configuration, with every gap filled. */
struct tni_sites {
    char vendor[4096];
    char administrator[4096];
    char modules[4096];
    char program[256];
    bool is_secure; /* privileges were raised: the environment is not looked at */
    bool is_privileged; /* strict about owners and groups */
};

int tni_sites_find(const struct tni_registry_places *places, struct tni_sites *out_sites);

/** Fills an empty catalog. -ENOMEM, or -TN_EMODULE: a policy cannot be read. */
int tni_sources_read(struct tni_catalog *catalog, const struct tni_sites *sites,
                     const struct tni_registry_config *config);

/** Adds what has been put into the directories since, in its place; what was read stays as it is.
 *  How many there are, or a code as above. */
int tni_sources_read_new(struct tni_catalog *catalog, const struct tni_sites *sites);

#endif
