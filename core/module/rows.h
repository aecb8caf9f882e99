/*
 * rows.h: the registry as a table, for people.
 *
 * A copy, so that no lock is held while somebody reads it. Owned by the caller.
 */
#ifndef TNI_ROWS_H
#define TNI_ROWS_H

#include <tenon/tenon.h>

#include "module/registry.h"

/** The strings of `info` that are not constant belong to the row. */
struct tni_row {
    tn_module_info_t info;
    char *owned[6];
};

/** All features by kind and name, the selected one first. -ENOMEM. */
int tni_rows_make(struct tni_registry *registry, struct tni_row **out_rows, size_t *out_count);
void tni_rows_free(struct tni_row *rows, size_t count);

#endif
