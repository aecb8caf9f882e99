/*
 * catalog.h: everything that could be loaded, and the policy that was read with it.
 *
 * Made once per registry and then changed only by loading (loader.h), and by files that are added. Owned by the registry, under
 * its mutex. An entry is one manifest, or the stand-in for a module that is linked in.
 */
#ifndef TNI_CATALOG_H
#define TNI_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "module/manifest.h"
#include "module/registry.h"

enum tni_level {
    TNI_LEVEL_CORE, /* features of the core itself */
    TNI_LEVEL_BUILTIN,
    TNI_LEVEL_VENDOR,
    TNI_LEVEL_ADMINISTRATOR,
    TNI_LEVEL_ENVIRONMENT,
    TNI_LEVEL_API,
};

struct tni_directory {
    enum tni_level level;
    char *path;
    char *note; /* what is odd about it, or NULL */
};

enum tni_entry_state {
    TNI_ENTRY_AVAILABLE,
    TNI_ENTRY_LOADING,
    TNI_ENTRY_LOADED,
    TNI_ENTRY_FAILED,
};

/** What must change in a file before a failed load is tried again. */
struct tni_stamp {
    bool exists;
    struct timespec modified;
    off_t size;
    ino_t inode;
};

struct tni_instance;
struct tni_loaded;

struct tni_entry {
    enum tni_level level;
    char *file; /* "50-tcp.conf": what a higher directory replaces */
    char *path; /* of the manifest, or "built-in" */
    struct tni_manifest *manifest; /* never NULL */
    const tn_module_t *builtin; /* linked in, or NULL */
    char *module_path; /* of the shared object, or NULL */
    const struct tni_entry *hidden_by; /* of a higher directory, or NULL */

    enum tni_entry_state state;
    char *reason; /* why it is not usable, or NULL */
    bool is_reason_fixed; /* no change of the shared object helps */
    struct tni_stamp stamp; /* of the shared object when it failed */
    bool is_reason_elsewhere; /* a requirement failed: always asked again */
    struct tni_instance *instance; /* when loaded */
    struct tni_loaded *features; /* when loaded */
    size_t feature_count;
};

struct tni_catalog {
    struct tni_directory *directories;
    size_t directory_count;
    struct tni_entry **entries; /* lowest directory first, by file name in it */
    size_t entry_count;
};

/** Takes `manifest` and owns the entry that is returned. NULL: no memory, the manifest is freed. */
struct tni_entry *tni_catalog_add(struct tni_catalog *catalog, enum tni_level level,
                                  const char *path, const char *file,
                                  struct tni_manifest *manifest);

/** Whether there is an entry of that file. */
bool tni_catalog_has(const struct tni_catalog *catalog, const char *directory, const char *file);

/** Moves the entry at `index`, which came late, to its place among those before it. */
void tni_catalog_place(struct tni_catalog *catalog, size_t index);

/** 0 or -ENOMEM. */
int tni_catalog_add_directory(struct tni_catalog *catalog, enum tni_level level, const char *path);

/** To be called after each change. Marks what a file of the same name in a higher directory hides, and finds each module's object. */
int tni_catalog_settle(struct tni_catalog *catalog, const char *module_directory);

/** Whether the entry takes part as a module: not hidden, not a mask, not `load = never`. */
bool tni_entry_is_active(const struct tni_entry *entry);

/** Records why the entry cannot be used. */
int tni_entry_refuse(struct tni_entry *entry, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** The name of an active feature of that kind, or of any with TNI_KIND_ANY, that is meant; or NULL. */
const char *tni_catalog_nearest(const struct tni_catalog *catalog, int kind, const char *name);

void tni_catalog_fini(struct tni_catalog *catalog);

const char *tni_level_name(enum tni_level level);

#endif
