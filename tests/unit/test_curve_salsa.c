/* The stream is that of libsodium, also where the wide instructions of this machine make it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "mechanisms/curve/salsa.h"

enum { SIZE_MAX_TRIED = 2200 };

static uint8_t key[32], nonce[8], text[SIZE_MAX_TRIED], ours[SIZE_MAX_TRIED],
    theirs[SIZE_MAX_TRIED];

static void fill(void)
{
    const uint8_t seed[randombytes_SEEDBYTES] = {7};

    assert_true(sodium_init() >= 0);
    randombytes_buf_deterministic(key, sizeof key, seed);
    randombytes_buf_deterministic(nonce, sizeof nonce, key);
    randombytes_buf_deterministic(text, sizeof text, seed);
}

static void compare(size_t size, uint64_t block)
{
    memcpy(ours, text, sizeof ours);
    memcpy(theirs, text, sizeof theirs);
    curve_stream_xor(ours, text, size, nonce, block, key);
    crypto_stream_salsa20_xor_ic(theirs, text, size, nonce, block, key);
    assert_memory_equal(ours, theirs, sizeof ours); /* nothing behind it was touched */
    memcpy(ours, text, sizeof ours);
    curve_stream_xor(ours, ours, size, nonce, block, key);
    assert_memory_equal(ours, theirs, sizeof ours);
}

static void test_stream_is_that_of_libsodium(void **state)
{
    /* Where a lower half of the counter overflows in the middle of a step, too. */
    static const uint64_t blocks[] = {0, 1, 2, 0xfffffffe, 0xfffffff5, 0x1ffffffffULL, 1ULL << 40};

    (void)state;
    fill();
    for (int may_be_wide = 0; may_be_wide < 2; may_be_wide++) {
        print_message("%s\n", curve_stream_choose(may_be_wide) ? "wide" : "libsodium");
        for (size_t size = 0; size <= SIZE_MAX_TRIED; size += size < 300 ? 1 : 37)
            for (size_t block = 0; block < sizeof blocks / sizeof *blocks; block++)
                compare(size, blocks[block]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_is_that_of_libsodium),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
