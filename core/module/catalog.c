#include "module/catalog.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/suggest.h"
#include "module/array.h"

enum { MAX_KNOWN = 512 };

const char *tni_level_name(enum tni_level level)
{
    static const char *const names[] = {"core",          "built-in",    "vendor",
                                        "administrator", "environment", "API"};

    return names[level];
}

int tni_catalog_add_directory(struct tni_catalog *catalog, enum tni_level level, const char *path)
{
    struct tni_directory *larger =
        tni_array_grow(catalog->directories, catalog->directory_count, sizeof *larger);
    char *own;

    if (!larger)
        return -ENOMEM;
    catalog->directories = larger;
    own = tni_strdup(path);
    if (!own)
        return -ENOMEM;
    larger[catalog->directory_count++] = (struct tni_directory){.level = level, .path = own};
    return 0;
}

static void entry_free(struct tni_entry *entry)
{
    tni_manifest_free(entry->manifest);
    tni_free(entry->file);
    tni_free(entry->path);
    tni_free(entry->module_path);
    tni_free(entry->reason);
    tni_free(entry);
}

struct tni_entry *tni_catalog_add(struct tni_catalog *catalog, enum tni_level level,
                                  const char *path, const char *file, struct tni_manifest *manifest)
{
    struct tni_entry **larger =
        tni_array_grow(catalog->entries, catalog->entry_count, sizeof *larger);
    struct tni_entry *entry;

    if (larger)
        catalog->entries = larger;
    entry = larger ? tni_calloc(1, sizeof *entry) : NULL;
    if (!entry) {
        tni_manifest_free(manifest);
        return NULL;
    }
    entry->level = level;
    entry->manifest = manifest;
    entry->path = tni_strdup(path);
    entry->file = tni_strdup(file);
    if (!entry->path || !entry->file) {
        entry_free(entry);
        return NULL;
    }
    catalog->entries[catalog->entry_count++] = entry;
    return entry;
}

static bool is_in(const struct tni_entry *entry, const char *directory)
{
    size_t length = strlen(directory);

    return strncmp(entry->path, directory, length) == 0 && entry->path[length] == '/' &&
           strcmp(entry->path + length + 1, entry->file) == 0;
}

bool tni_catalog_has(const struct tni_catalog *catalog, const char *directory, const char *file)
{
    for (size_t i = 0; i < catalog->entry_count; i++) {
        if (strcmp(catalog->entries[i]->file, file) == 0 && is_in(catalog->entries[i], directory))
            return true;
    }
    return false;
}

/* Of its directory; what is linked in comes before all. */
static size_t rank(const struct tni_catalog *catalog, const struct tni_entry *entry)
{
    for (size_t i = 0; i < catalog->directory_count; i++) {
        if (catalog->directories[i].level == entry->level &&
            is_in(entry, catalog->directories[i].path))
            return i + 1;
    }
    return 0;
}

void tni_catalog_place(struct tni_catalog *catalog, size_t index)
{
    struct tni_entry *late = catalog->entries[index];
    size_t mine = rank(catalog, late);

    for (; index > 0; index--) {
        struct tni_entry *before = catalog->entries[index - 1];
        size_t other = rank(catalog, before);

        if (other < mine || (other == mine && strcmp(before->file, late->file) <= 0))
            break;
        catalog->entries[index] = before;
    }
    catalog->entries[index] = late;
}

int tni_entry_refuse(struct tni_entry *entry, const char *format, ...)
{
    char text[700];
    char *own;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    entry->state = TNI_ENTRY_FAILED;
    own = tni_strdup(text);
    if (!own)
        return -ENOMEM;
    tni_free(entry->reason);
    entry->reason = own;
    return 0;
}

bool tni_entry_is_active(const struct tni_entry *entry)
{
    return !entry->hidden_by && entry->manifest->module && entry->manifest->load != TNI_LOAD_NEVER;
}

/* Entries come lowest first, so that the last one of a name is the one that counts. */
static void hide(struct tni_catalog *catalog, size_t index)
{
    struct tni_entry *lower = catalog->entries[index];
    const struct tni_entry *before = lower->hidden_by;

    for (size_t i = index + 1; i < catalog->entry_count; i++) {
        if (strcmp(catalog->entries[i]->file, lower->file) == 0)
            lower->hidden_by = catalog->entries[i];
    }
    if (lower->hidden_by != before)
        tni_log(TN_LOG_INFO, "policy", "%s (%s) is %s by %s", lower->path, lower->file,
                lower->hidden_by->manifest->is_empty ? "masked" : "replaced",
                lower->hidden_by->path);
}

static const struct tni_entry *linked_in(const struct tni_catalog *catalog, const char *stem)
{
    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];

        if (entry->level == TNI_LEVEL_BUILTIN && strcmp(entry->manifest->module, stem) == 0)
            return entry;
    }
    return NULL;
}

/* A tree of one's own keeps its modules beside its plugins.d, as the installed one does; only the
 * directories that the user named are trusted to do so. */
static bool find_beside(const struct tni_entry *entry, char *out_path, size_t size)
{
    const char *end = strrchr(entry->path, '/');

    if (entry->level < TNI_LEVEL_ENVIRONMENT || !end)
        return false;
    while (end > entry->path && end[-1] != '/')
        end--;
    if (end == entry->path)
        return false;
    return snprintf(out_path, size, "%.*s%s.so", (int)(end - entry->path), entry->path,
                    entry->manifest->module) < (int)size &&
           access(out_path, F_OK) == 0;
}

static int locate(struct tni_catalog *catalog, struct tni_entry *entry, const char *directory)
{
    const char *module = entry->manifest->module;
    const struct tni_entry *twin;
    char path[PATH_MAX];

    if (!module || entry->builtin || entry->module_path)
        return 0;
    if (module[0] == '/') {
        snprintf(path, sizeof path, "%s", module);
    } else {
        twin = linked_in(catalog, module);
        if (twin) {
            entry->builtin = twin->builtin;
            return 0;
        }
        if (!find_beside(entry, path, sizeof path))
            snprintf(path, sizeof path, "%s/%s.so", directory, module);
    }
    entry->module_path = tni_strdup(path);
    return entry->module_path ? 0 : -ENOMEM;
}

/* A manifest that names a module which is linked in speaks for it, whatever the file is called. */
static void join_builtin(struct tni_catalog *catalog, const struct tni_entry *entry)
{
    if (entry->level <= TNI_LEVEL_BUILTIN || !entry->builtin || entry->hidden_by)
        return;
    for (size_t i = 0; i < catalog->entry_count; i++) {
        struct tni_entry *lower = catalog->entries[i];

        if (lower->level == TNI_LEVEL_BUILTIN && lower->builtin == entry->builtin &&
            !lower->hidden_by)
            lower->hidden_by = entry;
    }
}

int tni_catalog_settle(struct tni_catalog *catalog, const char *module_directory)
{
    for (size_t i = 0; i < catalog->entry_count; i++) {
        int rc = locate(catalog, catalog->entries[i], module_directory);

        if (rc < 0)
            return rc;
        hide(catalog, i);
    }
    for (size_t i = 0; i < catalog->entry_count; i++)
        join_builtin(catalog, catalog->entries[i]);
    return 0;
}

const char *tni_catalog_nearest(const struct tni_catalog *catalog, int kind, const char *name)
{
    const char *known[MAX_KNOWN];
    size_t count = 0;

    for (size_t i = 0; i < catalog->entry_count; i++) {
        const struct tni_entry *entry = catalog->entries[i];

        for (size_t j = 0; tni_entry_is_active(entry) && j < entry->manifest->provides.count; j++) {
            const struct tni_ref *ref = &entry->manifest->provides.item[j];

            if ((kind == TNI_KIND_ANY || ref->kind == kind) && count < MAX_KNOWN)
                known[count++] = ref->name;
        }
    }
    return tni_nearest(name, known, count);
}

void tni_catalog_fini(struct tni_catalog *catalog)
{
    for (size_t i = 0; i < catalog->entry_count; i++)
        entry_free(catalog->entries[i]);
    tni_free(catalog->entries);
    for (size_t i = 0; i < catalog->directory_count; i++) {
        tni_free(catalog->directories[i].path);
        tni_free(catalog->directories[i].note);
    }
    tni_free(catalog->directories);
}
