/*
 * object.h: from the file of a module to its description.
 *
 * Checks who could have written the file and whether it is the pinned one, opens it and finds the
 * one symbol. Calls nothing of the module. Any thread.
 */
#ifndef TNI_OBJECT_H
#define TNI_OBJECT_H

#include "module/catalog.h"
#include "module/dl.h"

/** The stem of ".../tcp.so". False: not the path of a module. */
bool tni_object_stem(const char *path, char *out_stem, size_t size);

/** -TN_EMODULE with the reason in `why`; -ENOMEM. `pin`: a manifest with a sha256, or NULL. */
int tni_object_open(const char *path, const struct tni_manifest *pin, bool is_strict,
                    struct tni_dl **out_dl, const tn_module_t **out_module, char *why, size_t size);

/** The present state of the file. */
void tni_object_stamp(const char *path, struct tni_stamp *out_stamp);
bool tni_object_is_changed(const char *path, const struct tni_stamp *stamp);

#endif
