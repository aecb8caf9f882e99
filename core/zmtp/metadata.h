/*
 * metadata.h: lists of properties as READY and INITIATE carry them (RFC 23 and 37).
 *
 * A property is a name of 1 to 255 characters and a value of any bytes. Names are compared without
 * regard to case and written as given. Pure; properties borrow the list that they were read from.
 */
#ifndef TNI_METADATA_H
#define TNI_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    TNI_METADATA_MAX_PROPERTIES = 32, /* in one list; a peer with more is refused */
    TNI_METADATA_MAX_NAME = 255,
};

struct tni_property {
    const char *name; /* not ended by a NUL; only letters, digits and - _ . + */
    size_t name_size;
    const uint8_t *value;
    size_t value_size;
};

struct tni_metadata_cursor {
    const uint8_t *at;
    size_t left;
    unsigned count; /* properties read so far */
};

void tni_metadata_begin(struct tni_metadata_cursor *cursor, const uint8_t *data, size_t size);

/** The next property: 1; 0 at the end; -EPROTO (with a sentence): truncated, a name that the RFC does
 *  not allow, or more than 32. */
int tni_metadata_next(struct tni_metadata_cursor *cursor, struct tni_property *out_property);

/** The number of properties in a well formed list, else -EPROTO. */
int tni_metadata_check(const uint8_t *data, size_t size);

/** The first property of that name: 1; 0 when there is none; -EPROTO when the list is malformed before
 *  it. */
int tni_metadata_find(const uint8_t *data, size_t size, const char *name,
                      struct tni_property *out_property);

bool tni_property_is(const struct tni_property *property, const char *name);

/** Writes one property and returns its size; -EMSGSIZE: does not fit; -EINVAL: a name
 *  that the RFC does not allow, or a value of 2 GiB or more. */
ssize_t tni_metadata_append(uint8_t *out, size_t capacity, const char *name, const void *value,
                            size_t value_size);

/** What tni_metadata_append would write. */
size_t tni_metadata_property_size(const char *name, size_t value_size);

#endif
