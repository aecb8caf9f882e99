#include "box.h"

#include <string.h>

#include <sodium.h>

/* RFC 26 and libsodium agree. */
_Static_assert(CURVE_KEY == crypto_box_SECRETKEYBYTES, "secret key");
_Static_assert(CURVE_KEY == crypto_box_PUBLICKEYBYTES, "public key");
_Static_assert(CURVE_KEY == crypto_box_BEFORENMBYTES, "shared key");
_Static_assert(CURVE_MAC == crypto_box_MACBYTES, "authenticator");
_Static_assert(CURVE_NONCE == crypto_box_NONCEBYTES, "nonce");

bool curve_share(uint8_t out[CURVE_KEY], const uint8_t theirs[CURVE_KEY],
                 const uint8_t ours[CURVE_KEY])
{
    return crypto_box_beforenm(out, theirs, ours) == 0;
}

void curve_put_number(uint8_t out[CURVE_SHORT_NONCE], uint64_t number)
{
    for (int i = 0; i < CURVE_SHORT_NONCE; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

uint64_t curve_get_number(const uint8_t bytes[CURVE_SHORT_NONCE])
{
    uint64_t number = 0;

    for (int i = 0; i < CURVE_SHORT_NONCE; i++)
        number = number << 8 | bytes[i];
    return number;
}

void curve_short_nonce(uint8_t out[CURVE_NONCE], const char *name, uint64_t number)
{
    memcpy(out, name, CURVE_NONCE - CURVE_SHORT_NONCE);
    curve_put_number(out + CURVE_NONCE - CURVE_SHORT_NONCE, number);
}

void curve_long_nonce(uint8_t out[CURVE_NONCE], const char *name,
                      const uint8_t bytes[CURVE_LONG_NONCE])
{
    memcpy(out, name, CURVE_NONCE - CURVE_LONG_NONCE);
    memcpy(out + CURVE_NONCE - CURVE_LONG_NONCE, bytes, CURVE_LONG_NONCE);
}

void curve_box(uint8_t *out, const uint8_t *text, size_t size, const uint8_t nonce[CURVE_NONCE],
               const uint8_t shared[CURVE_KEY])
{
    crypto_box_easy_afternm(out, text, size, nonce, shared);
}

bool curve_unbox(uint8_t *out, const uint8_t *box, size_t size, const uint8_t nonce[CURVE_NONCE],
                 const uint8_t shared[CURVE_KEY])
{
    return size >= CURVE_MAC && crypto_box_open_easy_afternm(out, box, size, nonce, shared) == 0;
}
