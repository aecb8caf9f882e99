#include "keygen.h"

#include "usage.h"

#ifdef TENON_HAS_SODIUM

#include <errno.h>
#include <stdint.h>

#include <sodium.h>

/* RFC 32: four bytes are five digits. */
static void write_z85(char out[KEYGEN_TEXT + 1], const uint8_t key[32])
{
    static const char digits[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

    for (int group = 0; group < 8; group++) {
        uint32_t value = 0;
        for (int i = 0; i < 4; i++)
            value = value << 8 | key[group * 4 + i];
        for (int i = 4; i >= 0; i--) {
            out[group * 5 + i] = digits[value % 85];
            value /= 85;
        }
    }
    out[KEYGEN_TEXT] = '\0';
}

int keygen_curve(char out_public[KEYGEN_TEXT + 1], char out_secret[KEYGEN_TEXT + 1])
{
    uint8_t public[32], secret[32];

    if (sodium_init() < 0) {
        tool_error("keygen", "libsodium cannot be started");
        return -EIO;
    }
    crypto_box_keypair(public, secret);
    write_z85(out_public, public);
    write_z85(out_secret, secret);
    sodium_memzero(secret, sizeof secret);
    return 0;
}

#else

#include <errno.h>

int keygen_curve(char out_public[KEYGEN_TEXT + 1], char out_secret[KEYGEN_TEXT + 1])
{
    (void)out_public;
    (void)out_secret;
    tool_error("keygen",
               "this build has no CURVE: install the package libsodium-dev and build again");
    return -ENOTSUP;
}

#endif
