#include "zmtp/metadata.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"

enum { VALUE_LENGTH = 4, VALUE_MAX = 0x7fffffff };

static bool is_name(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = name[i];

        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_' || c == '.' || c == '+'))
            return false;
    }
    return size >= 1 && size <= TNI_METADATA_MAX_NAME;
}

void tni_metadata_begin(struct tni_metadata_cursor *cursor, const uint8_t *data, size_t size)
{
    cursor->at = data;
    cursor->left = size;
    cursor->count = 0;
}

static int malformed(const struct tni_metadata_cursor *cursor, const char *what)
{
    return tni_fail(-EPROTO, "property %u of the peer's metadata %s", cursor->count + 1, what);
}

int tni_metadata_next(struct tni_metadata_cursor *cursor, struct tni_property *out_property)
{
    const uint8_t *at = cursor->at;
    size_t left = cursor->left;
    size_t name_size;
    uint32_t value_size;

    if (left == 0)
        return 0;
    if (cursor->count == TNI_METADATA_MAX_PROPERTIES)
        return malformed(cursor, "is one more than the 32 that are accepted");
    name_size = at[0];
    if (left < 1 + name_size + VALUE_LENGTH)
        return malformed(cursor, "is cut off");
    if (!is_name((const char *)at + 1, name_size))
        return malformed(cursor, "has a name that ZMTP does not allow");
    out_property->name = (const char *)at + 1;
    out_property->name_size = name_size;
    at += 1 + name_size;
    value_size = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    at += VALUE_LENGTH;
    left -= 1 + name_size + VALUE_LENGTH;
    if (value_size > left)
        return malformed(cursor, "has a value that is cut off");
    out_property->value = at;
    out_property->value_size = value_size;
    cursor->at = at + value_size;
    cursor->left = left - value_size;
    cursor->count++;
    return 1;
}

int tni_metadata_check(const uint8_t *data, size_t size)
{
    struct tni_metadata_cursor cursor;
    struct tni_property property;
    int rc;

    tni_metadata_begin(&cursor, data, size);
    while ((rc = tni_metadata_next(&cursor, &property)) > 0)
        ;
    return rc < 0 ? rc : (int)cursor.count;
}

int tni_metadata_find(const uint8_t *data, size_t size, const char *name,
                      struct tni_property *out_property)
{
    struct tni_metadata_cursor cursor;
    int rc;

    tni_metadata_begin(&cursor, data, size);
    while ((rc = tni_metadata_next(&cursor, out_property)) > 0)
        if (tni_property_is(out_property, name))
            return 1;
    return rc;
}

bool tni_property_is(const struct tni_property *property, const char *name)
{
    return strlen(name) == property->name_size &&
           strncasecmp(property->name, name, property->name_size) == 0;
}

size_t tni_metadata_property_size(const char *name, size_t value_size)
{
    return 1 + strlen(name) + VALUE_LENGTH + value_size;
}

ssize_t tni_metadata_append(uint8_t *out, size_t capacity, const char *name, const void *value,
                            size_t value_size)
{
    size_t name_size = strlen(name);
    size_t head = 1 + name_size + VALUE_LENGTH;

    if (!is_name(name, name_size) || value_size > VALUE_MAX)
        return -EINVAL;
    if (capacity < head || capacity - head < value_size)
        return -EMSGSIZE;
    out[0] = (uint8_t)name_size;
    out = mempcpy(out + 1, name, name_size);
    for (int i = 0; i < VALUE_LENGTH; i++)
        out[i] = (uint8_t)(value_size >> (24 - 8 * i));
    if (value_size > 0)
        memcpy(out + VALUE_LENGTH, value, value_size);
    return (ssize_t)(head + value_size);
}
