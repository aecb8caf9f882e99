#include "key.h"

#include <string.h>

enum { GROUP_TEXT = 5, GROUP = 4, BASE = 85 };

static const char digits[] =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/* Five digits are four bytes. Every digit is looked at in the same time, as the key may be secret. */
static bool read_group(const uint8_t *text, uint8_t out[GROUP])
{
    uint64_t value = 0;
    bool is_good = true;

    for (int i = 0; i < GROUP_TEXT; i++) {
        unsigned digit = BASE;

        for (unsigned d = 0; d < BASE; d++)
            digit = text[i] == (uint8_t)digits[d] ? d : digit;
        is_good = is_good && digit < BASE;
        value = value * BASE + digit;
    }
    for (int i = 0; i < GROUP; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
    return is_good && value <= UINT32_MAX;
}

bool curve_key_read(const void *data, size_t size, uint8_t out[CURVE_KEY])
{
    const uint8_t *text = data;
    bool is_good = true;

    memset(out, 0, CURVE_KEY);
    if (size == CURVE_KEY) {
        memcpy(out, data, CURVE_KEY);
        return true;
    }
    if (size != CURVE_KEY_TEXT && !(size == CURVE_KEY_TEXT + 1 && text[CURVE_KEY_TEXT] == 0))
        return false;
    for (int i = 0; i < CURVE_KEY_TEXT / GROUP_TEXT; i++)
        is_good = read_group(text + i * GROUP_TEXT, out + i * GROUP) && is_good;
    if (!is_good)
        memset(out, 0, CURVE_KEY);
    return is_good;
}
