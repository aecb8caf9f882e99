#include "module/permission.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum tni_trust worst(enum tni_trust a, enum tni_trust b)
{
    return a > b ? a : b;
}

/* Ancestors further up: only whoever could replace what is below them matters, and in a sticky
 * directory only the owner can. */
static enum tni_trust check_ancestor(const char *path, char *why, size_t size)
{
    struct stat status;

    if (stat(path, &status) < 0 || !(status.st_mode & S_IWOTH) || (status.st_mode & S_ISVTX))
        return TNI_TRUSTED;
    snprintf(why, size, "the directory %s is writable by everybody: chmod o-w it", path);
    return TNI_REFUSED;
}

static enum tni_trust judge(const char *path, const struct stat *status, bool is_strict, char *why,
                            size_t size)
{
    uid_t uid = geteuid();

    if (status->st_mode & S_IWOTH) {
        snprintf(why, size, "%s is writable by everybody: chmod o-w it", path);
        return TNI_REFUSED;
    }
    if (status->st_mode & S_IWGRP) {
        snprintf(why, size, "%s is writable by the group %u: chmod g-w it", path,
                 (unsigned)status->st_gid);
        return is_strict ? TNI_REFUSED : TNI_SUSPECT;
    }
    if (status->st_uid != 0 && status->st_uid != uid) {
        snprintf(why, size, "%s belongs to the user %u, not to root or to user %u: chown it", path,
                 (unsigned)status->st_uid, (unsigned)uid);
        return is_strict ? TNI_REFUSED : TNI_SUSPECT;
    }
    return TNI_TRUSTED;
}

static enum tni_trust check_one(const char *path, bool is_strict, char *why, size_t size)
{
    struct stat status;

    return stat(path, &status) < 0 ? TNI_TRUSTED : judge(path, &status, is_strict, why, size);
}

static bool is_directory(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The directory, or the file and its directory, and what lies above. */
static enum tni_trust check_chain(const char *path, bool is_strict, char *why, size_t size)
{
    char parent[PATH_MAX];
    enum tni_trust trust = check_one(path, is_strict, why, size);
    bool is_holder = !is_directory(path); /* of the file that is asked about */

    if (strlen(path) >= sizeof parent)
        return trust;
    memcpy(parent, path, strlen(path) + 1);
    while (trust != TNI_REFUSED) {
        char *slash = strrchr(parent, '/');
        char other[PATH_MAX + 160];
        enum tni_trust above;

        if (!slash || slash == parent)
            return trust;
        *slash = '\0';
        above = is_holder ? check_one(parent, is_strict, other, sizeof other)
                          : check_ancestor(parent, other, sizeof other);
        if (above > trust)
            snprintf(why, size, "%s", other);
        trust = worst(trust, above);
        is_holder = false;
    }
    return trust;
}

enum tni_trust tni_permission_check(const char *path, bool is_strict, char *why, size_t size)
{
    char real[PATH_MAX], other[PATH_MAX + 160];
    enum tni_trust trust = check_chain(path, is_strict, why, size), behind;

    if (trust == TNI_REFUSED || !realpath(path, real) || strcmp(real, path) == 0)
        return trust;
    behind = check_chain(real, is_strict, other, sizeof other);
    if (behind > trust)
        snprintf(why, size, "%s", other);
    return worst(trust, behind);
}

void tni_permission_folder(struct tni_folder *folder, const char *path, bool is_strict)
{
    folder->is_strict = is_strict;
    folder->trust = tni_permission_check(path, is_strict, folder->why, sizeof folder->why);
}

enum tni_trust tni_permission_check_in(const struct tni_folder *folder, const char *path,
                                       const struct stat *status, char *why, size_t size)
{
    enum tni_trust trust = judge(path, status, folder->is_strict, why, size);

    if (folder->trust > trust)
        snprintf(why, size, "%s", folder->why);
    return worst(trust, folder->trust);
}
