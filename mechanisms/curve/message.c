#include "message.h"

#include <string.h>

#include <sodium.h>

#include "salsa.h"

enum { NAME = 8, AT_ONCE = 16 }; /* blocks of the stream: the first half of one keys the MAC */

static const uint8_t message_name[NAME] = "\7MESSAGE";

/* The layout is such that 32 bytes lie before the box's text, which is what Poly1305's key takes of the
 * key stream. */
_Static_assert(NAME + CURVE_SHORT_NONCE + CURVE_MAC == CURVE_MESSAGE_HEAD &&
                   CURVE_MESSAGE_HEAD == crypto_onetimeauth_poly1305_KEYBYTES,
               "a MESSAGE begins with 32 bytes");

void curve_way_init(struct curve_way *way, const char *name, const uint8_t shared[CURVE_KEY],
                    uint64_t nonce)
{
    crypto_core_hsalsa20(way->key, (const uint8_t *)name, shared, NULL);
    way->nonce = nonce;
}

void curve_message_seal(struct curve_way *way, unsigned flags, const uint8_t *body, size_t size,
                        uint8_t *out)
{
    uint8_t nonce[CURVE_SHORT_NONCE], mac[CURVE_MAC];
    uint8_t *text = out + CURVE_MESSAGE_HEAD;

    curve_put_number(nonce, ++way->nonce);
    memset(out, 0, CURVE_MESSAGE_HEAD);
    text[0] = (uint8_t)flags;
    if (size)
        memcpy(text + 1, body, size);
    curve_stream_xor(out, out, CURVE_MESSAGE_HEAD + 1 + size, nonce, 0, way->key);
    crypto_onetimeauth_poly1305(mac, text, 1 + size, out);
    memcpy(out, message_name, NAME);
    memcpy(out + NAME, nonce, CURVE_SHORT_NONCE);
    memcpy(out + NAME + CURVE_SHORT_NONCE, mac, CURVE_MAC);
}

enum curve_opened curve_message_open(struct curve_way *way, uint8_t *message, size_t size,
                                     unsigned *out_flags, uint8_t **out_body)
{
    const uint8_t *nonce = message + NAME, *mac = nonce + CURVE_SHORT_NONCE;
    uint8_t *text = message + CURVE_MESSAGE_HEAD;
    uint8_t stream[AT_ONCE * CURVE_BLOCK];
    uint64_t number;
    size_t length, first;

    if (size < CURVE_MESSAGE_OVERHEAD || memcmp(message, message_name, NAME) != 0)
        return CURVE_MALFORMED;
    number = curve_get_number(nonce);
    if (number <= way->nonce)
        return CURVE_REPLAYED;
    length = size - CURVE_MESSAGE_HEAD;
    first = size < sizeof stream ? length : sizeof stream - CURVE_MESSAGE_HEAD;
    memset(stream, 0, CURVE_MESSAGE_HEAD + first);
    curve_stream_xor(stream, stream, CURVE_MESSAGE_HEAD + first, nonce, 0, way->key);
    if (crypto_onetimeauth_poly1305_verify(mac, text, length, stream) != 0)
        return CURVE_FORGED;
    way->nonce = number;
    for (size_t i = 0; i < first; i++)
        text[i] ^= stream[CURVE_MESSAGE_HEAD + i];
    if (length > first)
        curve_stream_xor(text + first, text + first, length - first, nonce, AT_ONCE, way->key);
    if (text[0] > 2)
        return CURVE_MALFORMED;
    *out_flags = text[0];
    *out_body = text + 1;
    return CURVE_OPENED;
}
