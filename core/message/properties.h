/*
 * properties.h: what this side found out about a peer: name and value, by its streams (the name in a
 * certificate) or by whoever authenticated it.
 *
 * A list owned by whoever embeds it, under that owner's lock. Not what the peer said of itself: those
 * properties stay in its metadata, and never hide one of these.
 */
#ifndef TNI_PROPERTIES_H
#define TNI_PROPERTIES_H

#include <stddef.h>

enum {
    TNI_PROPERTY_NAME_MAX = 255,
    TNI_PROPERTIES_MAX = 16 * 1024, /* bytes of one list, names and values */
};

struct tni_property {
    struct tni_property *next;
    const char *value; /* ends with a NUL; so does the name */
    char name[];
};

struct tni_properties {
    struct tni_property *first; /* NULL: none */
    size_t size;
};

/** Sets one, in place of an earlier one of that name (in any case of letters); `value` NULL removes
 *  it. -EINVAL: an empty or too long name; -EMSGSIZE: too much; -ENOMEM: nothing has changed. */
int tni_properties_set(struct tni_properties *properties, const char *name, const char *value);

/** The value, or NULL. Borrows until it is set again. */
const char *tni_properties_get(const struct tni_properties *properties, const char *name);

/** Frees them all; the list is empty afterwards. */
void tni_properties_clear(struct tni_properties *properties);

#endif
