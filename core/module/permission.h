/*
 * permission.h: who could have written a file that we are about to trust.
 *
 * World-writable files and directories are always refused; group-writable or foreign-owned ones are
 * refused when we run with privileges and are worth a warning otherwise. Any thread, no lock.
 */
#ifndef TNI_PERMISSION_H
#define TNI_PERMISSION_H

#include <stdbool.h>
#include <stddef.h>

enum tni_trust { TNI_TRUSTED, TNI_SUSPECT, TNI_REFUSED };

/** Judges `path` (a file or a directory, absolute), its real path and the directories above. `why`
 *  gets the reason unless it is trusted. A path that does not exist is trusted: opening it says so. */
enum tni_trust tni_permission_check(const char *path, bool is_strict, char *why, size_t size);

#endif
