#include "salsa.h"

#include <string.h>

#include <sodium.h>

#if defined(__x86_64__)

enum { WORDS = 16, ROUNDS = 20, FEW = 4, MANY = 16 };

/* Element i of several blocks side by side. */
typedef uint32_t few __attribute__((vector_size(4 * FEW)));
typedef uint32_t many __attribute__((vector_size(4 * MANY)));

#define ROTATE(value, bits) ((value) << (bits) | (value) >> (32 - (bits)))
#define QUARTER(x, a, b, c, d)                                                                     \
    do {                                                                                           \
        (x)[b] ^= ROTATE((x)[a] + (x)[d], 7);                                                      \
        (x)[c] ^= ROTATE((x)[b] + (x)[a], 9);                                                      \
        (x)[d] ^= ROTATE((x)[c] + (x)[b], 13);                                                     \
        (x)[a] ^= ROTATE((x)[d] + (x)[c], 18);                                                     \
    } while (0)
#define DOUBLE_ROUND(x)                                                                            \
    do {                                                                                           \
        QUARTER(x, 0, 4, 8, 12);                                                                   \
        QUARTER(x, 5, 9, 13, 1);                                                                   \
        QUARTER(x, 10, 14, 2, 6);                                                                  \
        QUARTER(x, 15, 3, 7, 11);                                                                  \
        QUARTER(x, 0, 1, 2, 3);                                                                    \
        QUARTER(x, 5, 6, 7, 4);                                                                    \
        QUARTER(x, 10, 11, 8, 9);                                                                  \
        QUARTER(x, 15, 12, 13, 14);                                                                \
    } while (0)

/* Words i to i + 3 of four blocks, of which `rows` holds one word a row, `stride` words long. */
__attribute__((always_inline)) static inline void put_four(uint8_t *out, const uint32_t *rows,
                                                           size_t stride)
{
    few a, b, c, d, low0, low1, high0, high1;

    memcpy(&a, rows, sizeof a);
    memcpy(&b, rows + stride, sizeof b);
    memcpy(&c, rows + 2 * stride, sizeof c);
    memcpy(&d, rows + 3 * stride, sizeof d);
    low0 = __builtin_shufflevector(a, b, 0, 4, 1, 5);
    low1 = __builtin_shufflevector(c, d, 0, 4, 1, 5);
    high0 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
    high1 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
    a = __builtin_shufflevector(low0, low1, 0, 1, 4, 5);
    b = __builtin_shufflevector(low0, low1, 2, 3, 6, 7);
    c = __builtin_shufflevector(high0, high1, 0, 1, 4, 5);
    d = __builtin_shufflevector(high0, high1, 2, 3, 6, 7);
    memcpy(out, &a, sizeof a);
    memcpy(out + CURVE_BLOCK, &b, sizeof b);
    memcpy(out + 2 * CURVE_BLOCK, &c, sizeof c);
    memcpy(out + 3 * CURVE_BLOCK, &d, sizeof d);
}

/* `lanes` blocks of the stream, from the one that `start` counts on. */
#define BLOCKS(name, vector, lanes)                                                                \
    __attribute__((target("avx512f,avx512vl"))) static void name(uint8_t *out,                     \
                                                                 const uint32_t start[WORDS])      \
    {                                                                                              \
        uint64_t counter = (uint64_t)start[9] << 32 | start[8];                                    \
        vector begin[WORDS], x[WORDS];                                                             \
        uint32_t rows[WORDS][lanes];                                                               \
        for (int i = 0; i < WORDS; i++)                                                            \
            begin[i] = start[i] + (vector){0};                                                     \
        for (int lane = 0; lane < (lanes); lane++) {                                               \
            begin[8][lane] = (uint32_t)(counter + (uint64_t)lane);                                 \
            begin[9][lane] = (uint32_t)((counter + (uint64_t)lane) >> 32);                         \
        }                                                                                          \
        memcpy(x, begin, sizeof x);                                                                \
        for (int i = 0; i < ROUNDS; i += 2)                                                        \
            DOUBLE_ROUND(x);                                                                       \
        for (int i = 0; i < WORDS; i++)                                                            \
            x[i] += begin[i];                                                                      \
        memcpy(rows, x, sizeof rows);                                                              \
        for (int lane = 0; lane < (lanes); lane += FEW)                                            \
            for (int i = 0; i < WORDS; i += 4)                                                     \
                put_four(out + lane * CURVE_BLOCK + 4 * i, &rows[i][lane], lanes);                 \
    }                                                                                              \
    _Static_assert((lanes) % FEW == 0, "blocks are written four at a time")

BLOCKS(make_few, few, FEW);
BLOCKS(make_many, many, MANY);

static void set_start(uint32_t start[WORDS], const uint8_t *nonce, uint64_t block,
                      const uint8_t *key)
{
    static const char sigma[] = "expand 32-byte k";

    memcpy(&start[0], sigma, 4);
    memcpy(&start[1], key, 16);
    memcpy(&start[5], sigma + 4, 4);
    memcpy(&start[6], nonce, CURVE_SHORT_NONCE);
    memcpy(&start[8], &block, sizeof block);
    memcpy(&start[10], sigma + 8, 4);
    memcpy(&start[11], key + 16, 16);
    memcpy(&start[15], sigma + 12, 4);
}

static void wide_xor(uint8_t *out, const uint8_t *in, size_t size, const uint8_t *nonce,
                     uint64_t block, const uint8_t *key)
{
    uint8_t stream[MANY * CURVE_BLOCK];
    uint32_t start[WORDS];

    set_start(start, nonce, block, key);
    while (size > 0) {
        bool is_long = size > FEW * CURVE_BLOCK;
        size_t lanes = is_long ? MANY : FEW;
        size_t step = size < lanes * CURVE_BLOCK ? size : lanes * CURVE_BLOCK;

        if (is_long)
            make_many(stream, start);
        else
            make_few(stream, start);
        for (size_t i = 0; i < step; i++)
            out[i] = in[i] ^ stream[i];
        out += step;
        in += step;
        size -= step;
        block += lanes;
        memcpy(&start[8], &block, sizeof block);
    }
    sodium_memzero(start, sizeof start);
}

static bool has_wide(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
}

#else

static void wide_xor(uint8_t *out, const uint8_t *in, size_t size, const uint8_t *nonce,
                     uint64_t block, const uint8_t *key)
{
    crypto_stream_salsa20_xor_ic(out, in, size, nonce, block, key);
}

static bool has_wide(void)
{
    return false;
}

#endif

static bool is_wide; /* written before there is a connection */

bool curve_stream_choose(bool may_be_wide)
{
    is_wide = may_be_wide && has_wide();
    return is_wide;
}

void curve_stream_xor(uint8_t *out, const uint8_t *in, size_t size,
                      const uint8_t nonce[CURVE_SHORT_NONCE], uint64_t block,
                      const uint8_t key[CURVE_KEY])
{
    if (is_wide)
        wide_xor(out, in, size, nonce, block, key);
    else
        crypto_stream_salsa20_xor_ic(out, in, size, nonce, block, key);
}
