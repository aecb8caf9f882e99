/*
 * loader.h: opening a module as a transaction.
 *
 * Permissions, pin, symbol, description, manifest, option defaults, requirements, init; then all of
 * its features are there, or none and the entry keeps the exact reason, until the shared object
 * changes. Under the registry's mutex, on an application's thread.
 */
#ifndef TNI_LOADER_H
#define TNI_LOADER_H

#include <stdatomic.h>

#include "module/catalog.h"
#include "module/defaults.h"
#include "module/dl.h"
#include "module/filter.h"

/** A module that was started in this registry; several entries may share it. */
struct tni_instance {
    struct tni_instance *next;
    const tn_module_t *module;
    tn_module_state_t *state;
    struct tni_dl *dl; /* NULL: linked in */
};

struct tni_loader {
    struct tni_catalog *catalog;
    const struct tni_filter *filter;
    const tn_host_t *host;
    bool may_open; /* false: modules that are linked in alone */
    bool is_privileged; /* strict about owners and groups */
    /** Newest first. Written under the registry's mutex, read without: a module asks for its state
     *  from any thread. An instance stays until the end. */
    _Atomic(struct tni_instance *) instances;
    /** Reads the directories again, for a name that nobody has: 1 when there is something new, 0, or a
     *  code with a sentence; NULL: nothing can be added. */
    int (*look_again)(struct tni_loader *loader);
};

/** Loads the entry, and what it requires. 0; -TN_EMODULE: entry->reason says why; -ENOMEM. */
int tni_loader_load(struct tni_loader *loader, struct tni_entry *entry);

/** A feature of a loaded entry, or NULL. */
const struct tni_loaded *tni_loader_feature(const struct tni_entry *entry, int kind,
                                            const char *name);

/** The entry to load for a name, or NULL; looks again where there is none. 0 or a code. */
int tni_loader_choose(struct tni_loader *loader, int kind, const char *name,
                      struct tni_entry **out_entry);

/** Selects and loads. -TN_EMODULE with a sentence. `out_entry` may be NULL. */
int tni_loader_want(struct tni_loader *loader, int kind, const char *name,
                    const struct tni_loaded **out_loaded, struct tni_entry **out_entry);

/** Goes through the whole transaction with a file that no manifest has to name, and ends it again.
 *  -TN_EMODULE with a sentence. */
int tni_loader_probe(struct tni_loader *loader, const char *path);

/** Ends every module, last started first. */
void tni_loader_fini(struct tni_loader *loader);

#endif
