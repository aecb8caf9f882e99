/*
 * curve.c: keys for the mechanism CURVE, made by libsodium. curve_none.c takes its place without it.
 */
#include <sodium.h>
#include <string.h>

#include "dropin.h"

enum { TEXT_SIZE = 41 };

_Static_assert(crypto_box_PUBLICKEYBYTES == 32 && crypto_box_SECRETKEYBYTES == 32,
               "a key is 40 characters of Z85");

int zmq_curve_keypair(char *public_text, char *secret_text)
{
    uint8_t public_key[crypto_box_PUBLICKEYBYTES], secret_key[crypto_box_SECRETKEYBYTES];

    if (!public_text || !secret_text)
        return tnz_error(EINVAL);
    if (sodium_init() < 0)
        return tnz_error(ENOTSUP);
    crypto_box_keypair(public_key, secret_key);
    zmq_z85_encode(public_text, public_key, sizeof public_key);
    zmq_z85_encode(secret_text, secret_key, sizeof secret_key);
    sodium_memzero(secret_key, sizeof secret_key);
    return 0;
}

int zmq_curve_public(char *public_text, const char *secret_text)
{
    uint8_t public_key[crypto_box_PUBLICKEYBYTES], secret_key[crypto_box_SECRETKEYBYTES];

    if (!public_text || !secret_text || strnlen(secret_text, TEXT_SIZE) != TEXT_SIZE - 1 ||
        !zmq_z85_decode(secret_key, secret_text))
        return tnz_error(EINVAL);
    if (sodium_init() < 0) {
        sodium_memzero(secret_key, sizeof secret_key);
        return tnz_error(ENOTSUP);
    }
    crypto_scalarmult_base(public_key, secret_key);
    sodium_memzero(secret_key, sizeof secret_key);
    zmq_z85_encode(public_text, public_key, sizeof public_key);
    return 0;
}
