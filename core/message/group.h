/*
 * group.h: the name of a group, which messages of RADIO and DISH share (RFC 48).
 *
 * Counted text that ends with a NUL and never changes. References may be taken and given back on any
 * thread, without a lock.
 */
#ifndef TNI_GROUP_H
#define TNI_GROUP_H

#include <stddef.h>

/** Returns new: a copy of `text`. NULL: no memory, with a sentence. */
char *tni_group_new(const void *text, size_t size);
char *tni_group_ref(char *group);
/** Gives a reference back; NULL is allowed. */
void tni_group_unref(char *group);

#endif
