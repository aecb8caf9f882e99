/*
 * z85.c: four bytes as five printable characters (ZeroMQ RFC 32).
 */
#include <string.h>

#include "dropin.h"

static const char digits[85] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               ".-:+=^!/*?&<>()[]{}@%$#";

char *zmq_z85_encode(char *text, const uint8_t *data, size_t size)
{
    char *out = text;

    if (size % 4 || !text || (size && !data)) {
        errno = EINVAL;
        return NULL;
    }
    for (size_t at = 0; at < size; at += 4, out += 5) {
        uint32_t value = (uint32_t)data[at] << 24 | (uint32_t)data[at + 1] << 16 |
                         (uint32_t)data[at + 2] << 8 | data[at + 3];
        for (int i = 4; i >= 0; i--, value /= 85)
            out[i] = digits[value % 85];
    }
    *out = '\0';
    return text;
}

/* False: not five digits, or more than 32 bits. */
static bool decode_group(uint8_t out[4], const char text[5])
{
    uint64_t value = 0;

    for (int i = 0; i < 5; i++) {
        const char *digit = text[i] ? memchr(digits, text[i], sizeof digits) : NULL;
        if (!digit)
            return false;
        value = value * 85 + (uint64_t)(digit - digits);
    }
    if (value > UINT32_MAX)
        return false;
    for (int i = 3; i >= 0; i--, value >>= 8)
        out[i] = (uint8_t)value;
    return true;
}

uint8_t *zmq_z85_decode(uint8_t *data, const char *text)
{
    size_t size = data && text ? strlen(text) : 0;

    if (size == 0 || size % 5)
        goto fail;
    for (size_t at = 0; at < size; at += 5)
        if (!decode_group(data + at / 5 * 4, text + at))
            goto fail;
    return data;

fail:
    errno = EINVAL;
    return NULL;
}
