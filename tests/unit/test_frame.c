#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zmtp/frame.h"

enum { UNTOUCHED = 77 };

static int decode(const void *bytes, size_t available)
{
    unsigned flags = UNTOUCHED;
    uint64_t size = UNTOUCHED;
    int rc = tni_frame_decode(bytes, available, &flags, &size);

    if (rc <= 0) {
        assert_int_equal(flags, UNTOUCHED);
        assert_int_equal(size, UNTOUCHED);
    }
    return rc;
}

static void test_encode_then_decode_gives_it_back(void **state)
{
    static const uint64_t sizes[] = {0, 1, 2, 254, 255, 256, 257, 65535, 1u << 20, INT64_MAX};
    static const unsigned all_flags[] = {0, TNI_FRAME_MORE, TNI_FRAME_COMMAND};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < 3; j++) {
            uint8_t header[TNI_FRAME_HEADER_MAX] = {0};
            size_t header_size = tni_frame_encode(header, all_flags[j], sizes[i]);
            unsigned flags;
            uint64_t size;

            assert_int_equal(header_size, sizes[i] <= 255 ? 2 : 9);
            assert_int_equal(header_size, tni_frame_header_size(sizes[i]));
            for (size_t part = 0; part < header_size; part++)
                assert_int_equal(decode(header, part), 0);
            assert_int_equal(tni_frame_decode(header, header_size, &flags, &size), header_size);
            assert_int_equal(flags, all_flags[j]);
            assert_int_equal(size, sizes[i]);
        }
    }
}

static void test_encode_bytes_match_rfc(void **state)
{
    uint8_t header[TNI_FRAME_HEADER_MAX];

    (void)state;
    assert_int_equal(tni_frame_encode(header, TNI_FRAME_MORE, 255), 2);
    assert_memory_equal(header, "\x01\xff", 2);
    assert_int_equal(tni_frame_encode(header, TNI_FRAME_COMMAND, 256), 9);
    assert_memory_equal(header, "\x06\0\0\0\0\0\0\x01\0", 9);
}

static void test_decode_long_form_of_short_size_is_accepted(void **state)
{
    unsigned flags = UNTOUCHED;
    uint64_t size = UNTOUCHED;

    (void)state;
    assert_int_equal(tni_frame_decode((const uint8_t *)"\x03\0\0\0\0\0\0\0\x05", 9, &flags, &size),
                     9);
    assert_int_equal(flags, TNI_FRAME_MORE);
    assert_int_equal(size, 5);
}

static void test_decode_reserved_flags_are_refused_at_the_first_byte(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        uint8_t byte = (uint8_t)flags;
        int expected = flags > 7 || (flags & 5) == 5 ? -EPROTO : 0;

        assert_int_equal(decode(&byte, 1), expected);
    }
}

static void test_decode_size_of_2_to_63_is_refused(void **state)
{
    (void)state;
    assert_int_equal(decode("\x02\x80\0\0\0\0\0\0\0", 9), -EPROTO);
    assert_int_equal(decode("\x02\x80", 2), -EPROTO);
    assert_int_equal(decode("\x02\x7f\xff\xff\xff\xff\xff\xff\xff", 9), 9);
}

static void test_reason_names_the_fault(void **state)
{
    (void)state;
    assert_non_null(strstr(tni_frame_reason((const uint8_t *)"\x08", 1), "reserved"));
    assert_non_null(strstr(tni_frame_reason((const uint8_t *)"\x05", 1), "command"));
    assert_non_null(strstr(tni_frame_reason((const uint8_t *)"\x02\xff", 2), "2^63"));
    assert_non_null(tni_frame_reason((const uint8_t *)"", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_then_decode_gives_it_back),
        cmocka_unit_test(test_encode_bytes_match_rfc),
        cmocka_unit_test(test_decode_long_form_of_short_size_is_accepted),
        cmocka_unit_test(test_decode_reserved_flags_are_refused_at_the_first_byte),
        cmocka_unit_test(test_decode_size_of_2_to_63_is_refused),
        cmocka_unit_test(test_reason_names_the_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
