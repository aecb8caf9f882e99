/* Bytes that wait: appended behind, taken in front. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "session/buffer.h"

static void test_bytes_come_out_in_order(void **state)
{
    struct tni_buffer buffer = {0};
    uint8_t piece[97];
    uint8_t next_in = 0, next_out = 0;
    uint32_t seed = 5;

    (void)state;
    for (int step = 0; step < 5000; step++) {
        size_t left = tni_buffer_left(&buffer);
        size_t size;
        seed = seed * 1664525 + 1013904223;
        size = (seed >> 16) % sizeof piece;
        if (seed >> 31) {
            for (size_t i = 0; i < size; i++)
                piece[i] = next_in++;
            assert_int_equal(tni_buffer_append(&buffer, piece, size), 0);
            assert_int_equal(tni_buffer_left(&buffer), left + size);
        } else if (left) {
            size = size % (left + 1);
            for (size_t i = 0; i < size; i++)
                assert_int_equal(buffer.bytes[buffer.from + i], next_out++);
            tni_buffer_take(&buffer, size);
            assert_int_equal(tni_buffer_left(&buffer), left - size);
        }
    }
    tni_buffer_clear(&buffer);
}

static void test_empty_buffer_holds_no_memory(void **state)
{
    struct tni_buffer buffer = {0};

    (void)state;
    assert_int_equal(tni_buffer_append(&buffer, NULL, 0), 0);
    assert_null(buffer.bytes);
    assert_int_equal(tni_buffer_append(&buffer, (const uint8_t *)"abc", 3), 0);
    tni_buffer_take(&buffer, 2);
    assert_non_null(buffer.bytes);
    tni_buffer_take(&buffer, 1);
    assert_null(buffer.bytes);
    tni_buffer_clear(&buffer);
}

static void test_no_memory_keeps_what_waits(void **state)
{
    struct tni_buffer buffer = {0};

    (void)state;
    assert_int_equal(tni_buffer_append(&buffer, (const uint8_t *)"abcdef", 6), 0);
    tni_buffer_take(&buffer, 2);
    tni_memory_fail_at(1, 1);
    assert_int_equal(tni_buffer_append(&buffer, (const uint8_t *)"xyz", 3), -ENOMEM);
    tni_memory_fail_at(0, 0);
    assert_int_equal(tni_buffer_left(&buffer), 4);
    assert_memory_equal(buffer.bytes + buffer.from, "cdef", 4);
    tni_buffer_clear(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_come_out_in_order),
        cmocka_unit_test(test_empty_buffer_holds_no_memory),
        cmocka_unit_test(test_no_memory_keeps_what_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
