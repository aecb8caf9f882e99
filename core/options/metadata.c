#include "options/metadata.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "options/options.h"

/* Length octet, name, four octets of value length in network order, value. */
static size_t property_size(size_t name_size, size_t value_size)
{
    return 1 + name_size + 4 + value_size;
}

static size_t property_size_at(const uint8_t *at)
{
    const uint8_t *length = at + 1 + at[0];

    return property_size(at[0], (size_t)length[0] << 24 | (size_t)length[1] << 16 |
                                    (size_t)length[2] << 8 | (size_t)length[3]);
}

/* RFC 37. */
static bool is_name(const char *name, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!isalnum((unsigned char)name[i]) && (name[i] == '\0' || !strchr("-_.+", name[i])))
            return false;
    }
    return size >= 3 && size <= 255 && name[0] == 'X' && name[1] == '-';
}

static size_t count_properties(const uint8_t *metadata, size_t size)
{
    size_t count = 0;

    for (size_t at = 0; at < size; at += property_size_at(metadata + at))
        count++;
    return count;
}

/* Copies the properties that are not called `name`; returns the bytes written. */
static size_t copy_others(uint8_t *to, const uint8_t *from, size_t size, const char *name,
                          size_t name_size)
{
    size_t used = 0;

    for (size_t at = 0; at < size; at += property_size_at(from + at)) {
        if (from[at] == name_size && strncasecmp((const char *)from + at + 1, name, name_size) == 0)
            continue;
        memcpy(to + used, from + at, property_size_at(from + at));
        used += property_size_at(from + at);
    }
    return used;
}

static size_t put(uint8_t *to, const char *name, size_t name_size, const char *value,
                  size_t value_size)
{
    uint8_t *length = to + 1 + name_size;

    to[0] = (uint8_t)name_size;
    memcpy(to + 1, name, name_size);
    length[0] = (uint8_t)(value_size >> 24);
    length[1] = (uint8_t)(value_size >> 16);
    length[2] = (uint8_t)(value_size >> 8);
    length[3] = (uint8_t)value_size;
    memcpy(length + 4, value, value_size);
    return property_size(name_size, value_size);
}

int tni_metadata_add(uint8_t **metadata, size_t *metadata_size, const char *text, size_t size)
{
    const char *colon = size > 0 ? memchr(text, ':', size) : NULL;
    size_t name_size = colon ? (size_t)(colon - text) : 0;
    size_t value_size = colon ? size - name_size - 1 : 0;
    size_t used;
    uint8_t *grown;

    if (!is_name(text, name_size))
        return tni_fail(-EINVAL,
                        "option \"metadata\" takes \"X-name:value\", with a name of 3 to 255 "
                        "letters, digits and - _ . + that begins with \"X-\"");
    if (count_properties(*metadata, *metadata_size) >= TNI_METADATA_COUNT)
        return tni_fail(-EINVAL, "option \"metadata\": no more than %d properties can be added",
                        TNI_METADATA_COUNT);
    if (*metadata_size + property_size(name_size, value_size) > TNI_METADATA_MAX)
        return tni_fail(-EINVAL, "option \"metadata\": all properties together may have %d bytes",
                        TNI_METADATA_MAX);
    grown = tni_malloc(*metadata_size + property_size(name_size, value_size));
    if (!grown)
        return tni_fail(-ENOMEM, "no memory for option \"metadata\"");
    used = copy_others(grown, *metadata, *metadata_size, text, name_size);
    used += put(grown + used, text, name_size, colon + 1, value_size);
    tni_free(*metadata);
    *metadata = grown;
    *metadata_size = used;
    return 0;
}
