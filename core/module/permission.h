/*
 * permission.h: who could have written a file that we are about to trust.
 *
 * World-writable files and directories are always refused; group-writable or foreign-owned ones are
 * refused when we run with privileges and are worth a warning otherwise. Any thread, no lock.
 */
#ifndef TNI_PERMISSION_H
#define TNI_PERMISSION_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum tni_trust { TNI_TRUSTED, TNI_SUSPECT, TNI_REFUSED };

/** Judges `path` (a file or a directory, absolute), its real path and the directories above. `why`
 *  gets the reason unless it is trusted. A path that does not exist is trusted: opening it says so. */
enum tni_trust tni_permission_check(const char *path, bool is_strict, char *why, size_t size);

/** What was found out about a folder: the files in it are then judged by a look at each alone. */
struct tni_folder {
    bool is_strict;
    enum tni_trust trust;
    char why[PATH_MAX + 200];
};

void tni_permission_folder(struct tni_folder *folder, const char *path, bool is_strict);
/** As tni_permission_check, for a file that lies in `folder` under its path and is no symbolic link: `status`
 *  is of the file itself, once open. */
enum tni_trust tni_permission_check_in(const struct tni_folder *folder, const char *path,
                                       const struct stat *status, char *why, size_t size);

#endif
