/*
 * Takes the place of libsodium, and of our own stream, in an executable. A key agreement is symmetric and
 * refuses the same key that X25519 refuses first, the one of zeros; a box opens only with its key, its nonce
 * and all its bytes as they were. None of it hides anything.
 */
#include "sodium.h"

#include <string.h>

#include <sodium.h>

#include "mechanisms/curve/salsa.h"

enum { KEY = 32, WORD = 8, MAC = 16 };

static uint64_t counter;

void fuzz_seed(void)
{
    counter = 0;
}

static uint64_t word_at(const unsigned char *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, WORD);
    return word;
}

static uint64_t mix(uint64_t state, uint64_t word)
{
    state = (state ^ word) * 0x9e3779b97f4a7c15U;
    return state ^ state >> 29;
}

static uint64_t digest(uint64_t state, const unsigned char *bytes, size_t size)
{
    unsigned char rest[WORD] = {0};

    state = mix(state, size);
    for (; size >= WORD; bytes += WORD, size -= WORD)
        state = mix(state, word_at(bytes));
    if (size)
        memcpy(rest, bytes, size);
    return mix(state, word_at(rest));
}

/* ------------------------------------------------------------------ the stream, as Salsa20's: blocks of 64 */

static void stream_xor(unsigned char *out, const unsigned char *in, size_t size, uint64_t block,
                       uint64_t state)
{
    for (size_t at = 0; at < size; at += WORD) {
        uint64_t word = mix(state, block * WORD + at / WORD), text = 0;
        size_t step = size - at < WORD ? size - at : WORD;

        if (in)
            memcpy(&text, in + at, step);
        word ^= text;
        memcpy(out + at, &word, step);
    }
}

int crypto_stream_salsa20(unsigned char *c, unsigned long long clen, const unsigned char *n,
                          const unsigned char *k)
{
    stream_xor(c, NULL, clen, 0, digest(word_at(n), k, KEY));
    return 0;
}

int crypto_stream_salsa20_xor(unsigned char *c, const unsigned char *m, unsigned long long mlen,
                              const unsigned char *n, const unsigned char *k)
{
    stream_xor(c, m, mlen, 0, digest(word_at(n), k, KEY));
    return 0;
}

int crypto_stream_salsa20_xor_ic(unsigned char *c, const unsigned char *m, unsigned long long mlen,
                                 const unsigned char *n, uint64_t ic, const unsigned char *k)
{
    stream_xor(c, m, mlen, ic, digest(word_at(n), k, KEY));
    return 0;
}

void curve_stream_xor(uint8_t *out, const uint8_t *in, size_t size,
                      const uint8_t nonce[CURVE_SHORT_NONCE], uint64_t block,
                      const uint8_t key[CURVE_KEY])
{
    stream_xor(out, in, size, block, digest(word_at(nonce), key, KEY));
}

bool curve_stream_choose(bool may_be_wide)
{
    return may_be_wide;
}

int crypto_onetimeauth_poly1305(unsigned char *out, const unsigned char *in,
                                unsigned long long inlen, const unsigned char *k)
{
    uint64_t first = digest(digest(1, k, KEY), in, inlen), second = mix(first, inlen);

    memcpy(out, &first, WORD);
    memcpy(out + WORD, &second, WORD);
    return 0;
}

int crypto_onetimeauth_poly1305_verify(const unsigned char *h, const unsigned char *in,
                                       unsigned long long inlen, const unsigned char *k)
{
    unsigned char expected[MAC];

    crypto_onetimeauth_poly1305(expected, in, inlen, k);
    return sodium_memcmp(h, expected, MAC);
}

int crypto_core_hsalsa20(unsigned char *out, const unsigned char *in, const unsigned char *k,
                         const unsigned char *c)
{
    (void)c;
    stream_xor(out, NULL, KEY, 0, digest(digest(2, k, KEY), in, 16));
    return 0;
}

/* ------------------------------------------------------------------ boxes */

int crypto_box_easy_afternm(unsigned char *c, const unsigned char *m, unsigned long long mlen,
                            const unsigned char *n, const unsigned char *k)
{
    unsigned char key[KEY];

    crypto_core_hsalsa20(key, n, k, NULL);
    stream_xor(c + MAC, m, mlen, 0, digest(word_at(n + 16), key, KEY));
    stream_xor(key, key, KEY, 0, word_at(n + 16));
    return crypto_onetimeauth_poly1305(c, c + MAC, mlen, key);
}

int crypto_box_open_easy_afternm(unsigned char *m, const unsigned char *c, unsigned long long clen,
                                 const unsigned char *n, const unsigned char *k)
{
    unsigned char key[KEY], poly[KEY];

    if (clen < MAC)
        return -1;
    crypto_core_hsalsa20(key, n, k, NULL);
    stream_xor(poly, key, KEY, 0, word_at(n + 16));
    if (crypto_onetimeauth_poly1305_verify(c, c + MAC, clen - MAC, poly) != 0)
        return -1;
    stream_xor(m, c + MAC, clen - MAC, 0, digest(word_at(n + 16), key, KEY));
    return 0;
}

int crypto_secretbox_easy(unsigned char *c, const unsigned char *m, unsigned long long mlen,
                          const unsigned char *n, const unsigned char *k)
{
    return crypto_box_easy_afternm(c, m, mlen, n, k);
}

int crypto_secretbox_open_easy(unsigned char *m, const unsigned char *c, unsigned long long clen,
                               const unsigned char *n, const unsigned char *k)
{
    return crypto_box_open_easy_afternm(m, c, clen, n, k);
}

/* ------------------------------------------------------------------ keys */

int crypto_scalarmult_base(unsigned char *q, const unsigned char *n)
{
    for (int i = 0; i < KEY; i++)
        q[i] = n[i] ^ 0x5a;
    return 0;
}

int crypto_box_keypair(unsigned char *pk, unsigned char *sk)
{
    randombytes_buf(sk, KEY);
    return crypto_scalarmult_base(pk, sk);
}

int crypto_box_beforenm(unsigned char *k, const unsigned char *pk, const unsigned char *sk)
{
    if (sodium_is_zero(pk, KEY))
        return -1;
    crypto_scalarmult_base(k, sk);
    for (int i = 0; i < KEY; i++)
        k[i] ^= pk[i];
    return 0;
}

/* ------------------------------------------------------------------ the rest */

int sodium_init(void)
{
    return 0;
}

void randombytes_buf(void *const buf, const size_t size)
{
    uint64_t seed = mix(3, ++counter);

    stream_xor(buf, NULL, size, 0, seed);
}

void sodium_memzero(void *const pnt, const size_t len)
{
    memset(pnt, 0, len);
}

int sodium_memcmp(const void *const b1_, const void *const b2_, size_t len)
{
    const volatile unsigned char *one = b1_, *two = b2_;
    unsigned char differs = 0;

    for (size_t i = 0; i < len; i++)
        differs |= one[i] ^ two[i];
    return differs ? -1 : 0;
}

int sodium_is_zero(const unsigned char *n, const size_t nlen)
{
    unsigned char all = 0;

    for (size_t i = 0; i < nlen; i++)
        all |= n[i];
    return all == 0;
}
