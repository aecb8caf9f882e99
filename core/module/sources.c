#include "module/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "module/array.h"
#include "module/permission.h"
#include "module/standin.h"

enum { MAX_MANIFEST = 64 * 1024, WHY = PATH_MAX + 200 };

/* One directory while it is read. */
struct reading {
    struct tni_catalog *catalog;
    const struct tni_sites *sites;
    enum tni_level level;
    const char *directory;
    struct tni_folder folder; /* the same, judged */
    int descriptor; /* of it */
    char **names;
    size_t count;
};

static int not_read(struct reading *reading, const char *path, const char *file, const char *why)
{
    struct tni_manifest *manifest;
    struct tni_entry *entry;

    /* An administrator's file may hold the policy: without it everything would be allowed. */
    if (reading->level == TNI_LEVEL_ADMINISTRATOR)
        return tni_fail(-TN_EMODULE,
                        "the administrator's manifest %s cannot be used, so its policy is not "
                        "known: %s",
                        path, why);
    tni_log(TN_LOG_ERROR, "module", "manifest %s is ignored: %s", path, why);
    manifest = tni_manifest_new(path, NULL);
    if (!manifest)
        return -ENOMEM;
    manifest->is_empty = false;
    entry = tni_catalog_add(reading->catalog, reading->level, path, file, manifest);
    if (!entry)
        return -ENOMEM;
    entry->is_reason_fixed = true;
    return tni_entry_refuse(entry, "the manifest was not read: %s", why);
}

static bool runs_here(const struct tni_manifest *manifest, const struct tni_sites *sites)
{
    for (size_t i = 0; i < manifest->match_count; i++) {
        if (strcmp(manifest->match[i], sites->program) == 0)
            return true;
    }
    return manifest->match_count == 0;
}

/* Tells every diagnostic; the first one that makes the policy uncertain is an error of the whole. */
static int tell_notes(struct tni_entry *entry)
{
    const struct tni_manifest *manifest = entry->manifest;

    for (size_t i = 0; i < manifest->note_count; i++) {
        const struct tni_note *note = &manifest->notes[i];
        int rc;

        if (note->severity == TNI_NOTE_POLICY)
            return tni_fail(-TN_EMODULE,
                            "%s:%u: %s (a policy that is not understood is not ignored)",
                            entry->path, note->line, note->text);
        if (note->severity == TNI_NOTE_WARNING) {
            tni_log(TN_LOG_WARN, "module", "%s:%u: %s", entry->path, note->line, note->text);
            continue;
        }
        tni_log(TN_LOG_ERROR, "module", "%s:%u: %s", entry->path, note->line, note->text);
        entry->is_reason_fixed = true;
        rc = entry->reason
                 ? 0
                 : tni_entry_refuse(entry, "%s:%u: %s", entry->path, note->line, note->text);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int take_bytes(struct reading *reading, const char *path, const char *file,
                      const char *bytes, size_t size)
{
    struct tni_manifest *manifest;
    struct tni_entry *entry;
    int rc = tni_manifest_parse(path, bytes, size, &manifest);

    if (rc < 0)
        return rc;
    if (!runs_here(manifest, reading->sites)) {
        tni_log(TN_LOG_DEBUG, "policy", "%s is not for the program %s", path,
                reading->sites->program);
        tni_manifest_free(manifest);
        return 0;
    }
    entry = tni_catalog_add(reading->catalog, reading->level, path, file, manifest);
    return entry ? tell_notes(entry) : -ENOMEM;
}

/* A file gives less than was asked for at its end; one whose size is not known may do so before. */
static ssize_t read_whole(int fd, size_t expected, char *buffer, size_t capacity)
{
    size_t used = 0;

    while (used < capacity && (!expected || used < expected)) {
        ssize_t count = read(fd, buffer + used, capacity - used);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -errno;
        if (count == 0)
            break;
        used += (size_t)count;
    }
    return (ssize_t)used;
}

static int read_descriptor(struct reading *reading, int fd, size_t expected, const char *path,
                           const char *file)
{
    char *buffer = tni_malloc(MAX_MANIFEST + 1);
    ssize_t size;
    int rc;

    if (!buffer)
        return -ENOMEM;
    size = read_whole(fd, expected, buffer, MAX_MANIFEST + 1);
    if (size < 0)
        rc = not_read(reading, path, file, strerrordesc_np((int)-size));
    else if (size > MAX_MANIFEST)
        rc = not_read(reading, path, file, "it has more than 64 KiB");
    else
        rc = take_bytes(reading, path, file, buffer, (size_t)size);
    tni_free(buffer);
    return rc;
}

/* A symbolic link is opened as such, since what it names lies elsewhere. O_NONBLOCK: a FIFO must not hang us. */
static int open_manifest(const struct reading *reading, const char *file, bool *out_is_link)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    int fd = openat(reading->descriptor, file, flags | O_NOFOLLOW);

    *out_is_link = fd < 0 && errno == ELOOP;
    return *out_is_link ? openat(reading->descriptor, file, flags) : fd;
}

static int read_manifest(struct reading *reading, const char *file)
{
    char path[PATH_MAX], why[WHY];
    enum tni_trust trust;
    struct stat status;
    bool is_link;
    int fd, rc;

    if (snprintf(path, sizeof path, "%s/%s", reading->directory, file) >= (int)sizeof path)
        return not_read(reading, reading->directory, file, "the path is too long");
    fd = open_manifest(reading, file, &is_link);
    if (fd < 0)
        return not_read(reading, path, file, strerrordesc_np(errno));
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        rc = not_read(reading, path, file, "it is not a regular file");
        goto done;
    }
    trust = is_link ? tni_permission_check(path, reading->folder.is_strict, why, sizeof why)
                    : tni_permission_check_in(&reading->folder, path, &status, why, sizeof why);
    if (trust == TNI_REFUSED) {
        rc = not_read(reading, path, file, why);
        goto done;
    }
    if (trust == TNI_SUSPECT)
        tni_log(TN_LOG_WARN, "module", "manifest %s: %s", path, why);
    rc = read_descriptor(reading, fd, (size_t)status.st_size, path, file);
done:
    close(fd);
    return rc;
}

static bool is_manifest_name(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > 5 && strcmp(name + length - 5, ".conf") == 0;
}

static int list_names(struct reading *reading, DIR *directory)
{
    const struct dirent *item;

    while ((item = readdir(directory))) {
        char **larger;

        if (!is_manifest_name(item->d_name))
            continue;
        larger = tni_array_grow(reading->names, reading->count, sizeof *larger);
        if (!larger)
            return -ENOMEM;
        reading->names = larger;
        larger[reading->count] = tni_strdup(item->d_name);
        if (!larger[reading->count])
            return -ENOMEM;
        reading->count++;
    }
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int read_open(struct reading *reading, DIR *directory)
{
    int rc = list_names(reading, directory);

    reading->descriptor = dirfd(directory);
    if (rc == 0 && reading->count > 1)
        qsort(reading->names, reading->count, sizeof *reading->names, by_bytes);
    for (size_t i = 0; i < reading->count; i++) {
        if (rc == 0 && !tni_catalog_has(reading->catalog, reading->directory, reading->names[i]))
            rc = read_manifest(reading, reading->names[i]);
        tni_free(reading->names[i]);
    }
    tni_free(reading->names);
    return rc;
}

static int set_note(struct reading *reading, const char *note)
{
    struct tni_directory *directory =
        &reading->catalog->directories[reading->catalog->directory_count - 1];

    directory->note = tni_strdup(note);
    return directory->note ? 0 : -ENOMEM;
}

/* A directory that somebody asked for by name has to be there; the standing ones may be missing. */
static int not_opened(struct reading *reading, int error)
{
    if (reading->level == TNI_LEVEL_API)
        return tni_fail(-TN_EMODULE, "the plugins directory %s cannot be read: %s",
                        reading->directory, strerrordesc_np(error));
    if (reading->level == TNI_LEVEL_ADMINISTRATOR && error != ENOENT && error != ENOTDIR)
        return tni_fail(-TN_EMODULE,
                        "the administrator's directory %s cannot be read, so its policy is not "
                        "known: %s",
                        reading->directory, strerrordesc_np(error));
    if (reading->level == TNI_LEVEL_ENVIRONMENT || error != ENOENT)
        tni_log(TN_LOG_WARN, "module", "plugins directory %s cannot be read: %s",
                reading->directory, strerrordesc_np(error));
    return set_note(reading, strerrordesc_np(error));
}

static int not_trusted(struct reading *reading, const char *why)
{
    if (reading->level == TNI_LEVEL_ADMINISTRATOR || reading->level == TNI_LEVEL_API)
        return tni_fail(-TN_EMODULE, "the plugins directory %s is refused: %s", reading->directory,
                        why);
    tni_log(TN_LOG_ERROR, "module", "plugins directory %s is ignored: %s", reading->directory, why);
    return set_note(reading, why);
}

static int read_directory(struct tni_catalog *catalog, const struct tni_sites *sites,
                          enum tni_level level, const char *path)
{
    struct reading reading = {
        .catalog = catalog, .sites = sites, .level = level, .directory = path};
    DIR *directory;
    int rc = tni_catalog_add_directory(catalog, level, path);

    if (rc < 0)
        return rc;
    if (path[0] != '/')
        return not_trusted(&reading, "a plugins directory must be an absolute path");
    directory = opendir(path);
    if (!directory)
        return not_opened(&reading, errno);
    tni_permission_folder(&reading.folder, path, sites->is_privileged);
    if (reading.folder.trust == TNI_REFUSED)
        rc = not_trusted(&reading, reading.folder.why);
    else
        rc = read_open(&reading, directory);
    closedir(directory);
    return rc;
}

static int read_environment(struct tni_catalog *catalog, const struct tni_sites *sites)
{
    const char *list = sites->is_secure ? NULL : secure_getenv("TENON_PLUGINS_D");
    int rc = 0;

    while (rc == 0 && list && *list) {
        size_t length = strcspn(list, ":");
        char path[PATH_MAX];

        if (length >= sizeof path)
            return tni_fail(-ENAMETOOLONG, "a directory in TENON_PLUGINS_D is too long");
        memcpy(path, list, length);
        path[length] = '\0';
        if (length > 0)
            rc = read_directory(catalog, sites, TNI_LEVEL_ENVIRONMENT, path);
        list += length + (list[length] == ':');
    }
    return rc;
}

int tni_sources_read(struct tni_catalog *catalog, const struct tni_sites *sites,
                     const struct tni_registry_config *config)
{
    int rc = tni_standin_add_all(catalog, config);

    if (rc == 0)
        rc = read_directory(catalog, sites, TNI_LEVEL_VENDOR, sites->vendor);
    if (rc == 0)
        rc = read_directory(catalog, sites, TNI_LEVEL_ADMINISTRATOR, sites->administrator);
    if (rc == 0)
        rc = read_environment(catalog, sites);
    for (const char *const *path = config->directories; rc == 0 && path && *path; path++)
        rc = read_directory(catalog, sites, TNI_LEVEL_API, *path);
    return rc;
}

/* One directory that was read before; it may be gone. */
static int read_again(struct tni_catalog *catalog, const struct tni_sites *sites, size_t index)
{
    const struct tni_directory *known = &catalog->directories[index];
    struct reading reading = {
        .catalog = catalog, .sites = sites, .level = known->level, .directory = known->path};
    DIR *directory = known->path[0] == '/' ? opendir(known->path) : NULL;
    size_t before = catalog->entry_count;
    int rc = 0;

    if (!directory)
        return 0;
    tni_permission_folder(&reading.folder, known->path, sites->is_privileged);
    if (reading.folder.trust != TNI_REFUSED)
        rc = read_open(&reading, directory);
    closedir(directory);
    for (size_t i = before; i < catalog->entry_count; i++) {
        tni_log(TN_LOG_INFO, "module", "manifest %s was added", catalog->entries[i]->path);
        tni_catalog_place(catalog, i);
    }
    return rc;
}

int tni_sources_read_new(struct tni_catalog *catalog, const struct tni_sites *sites)
{
    size_t before = catalog->entry_count;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < catalog->directory_count; i++)
        rc = read_again(catalog, sites, i);
    return rc < 0 ? rc : (int)(catalog->entry_count - before);
}
