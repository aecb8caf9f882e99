/*
 * dl.h: shared objects.
 *
 * dl.c is the only file that knows libltdl, whose state is global and unlocked: one mutex around it.
 * A build without run-time loading has dl_none.c instead. Any thread. A handle belongs to whoever
 * opened it; closing it does not unmap a module that was pinned.
 */
#ifndef TNI_DL_H
#define TNI_DL_H

#include <stdbool.h>
#include <stddef.h>

struct tni_dl;

/** Whether this build can open modules at all. */
bool tni_dl_is_available(void);

/** Opens the file at an absolute path, all symbols bound at once, none of them visible to others.
 *  -TN_EMODULE: `why` gets the loader's own words; -ENOMEM. */
int tni_dl_open(const char *path, struct tni_dl **out_dl, char *why, size_t size);

/** The module's data symbol `<stem>_LTX_<name>`, or NULL. */
const void *tni_dl_symbol(struct tni_dl *dl, const char *name);

/** Whether the object has constructors of its own, which run before it can be judged. */
bool tni_dl_has_constructors(struct tni_dl *dl);

/** Keeps the object mapped for the life of the process. */
void tni_dl_pin(struct tni_dl *dl);

/** Whether the object is mapped now: then opening its path gives this one, not a newer file. */
bool tni_dl_is_mapped(const char *path);

/** NULL is allowed. */
void tni_dl_close(struct tni_dl *dl);

/** The real path of the file that this function is in. False: not known. */
bool tni_dl_library_path(char *out_path, size_t size);

#endif
