/* Frames of ZMTP 1.0, and the hello of peers of 1.0 and 2.0. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zmtp/frame.h"
#include "zmtp/old.h"

enum { UNTOUCHED = 77 };

/* ------------------------------------------------------------------ frames */

static int decode(const void *bytes, size_t available)
{
    unsigned flags = UNTOUCHED;
    uint64_t size = UNTOUCHED;
    int rc = tni_old_frame_decode(bytes, available, &flags, &size);

    if (rc <= 0) {
        assert_int_equal(flags, UNTOUCHED);
        assert_int_equal(size, UNTOUCHED);
    }
    return rc;
}

static void test_encode_then_decode_gives_it_back(void **state)
{
    static const uint64_t sizes[] = {0, 1, 252, 253, 254, 255, 256, 65535, INT64_MAX - 1};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (unsigned more = 0; more < 2; more++) {
            uint8_t header[TNI_OLD_HEADER_MAX];
            size_t header_size = tni_old_frame_encode(header, more, sizes[i]);
            unsigned flags;
            uint64_t size;

            assert_int_equal(header_size, sizes[i] < 254 ? 2 : 10);
            for (size_t part = 0; part < header_size; part++)
                assert_int_equal(decode(header, part), 0);
            assert_int_equal(tni_old_frame_decode(header, header_size, &flags, &size), header_size);
            assert_int_equal(flags, more);
            assert_int_equal(size, sizes[i]);
        }
    }
}

static void test_encode_bytes_match_rfc(void **state)
{
    uint8_t header[TNI_OLD_HEADER_MAX];

    (void)state;
    tni_old_frame_encode(header, TNI_FRAME_MORE, 0);
    assert_memory_equal(header, "\1\1", 2);
    tni_old_frame_encode(header, 0, 253);
    assert_memory_equal(header, "\xfe\0", 2);
    tni_old_frame_encode(header, TNI_FRAME_MORE, 254);
    assert_memory_equal(header, "\xff\0\0\0\0\0\0\0\xff\1", 10);
}

static void test_impossible_lengths_are_refused(void **state)
{
    (void)state;
    assert_int_equal(decode("\0", 1), -EPROTO);
    assert_int_equal(decode("\xff\0\0\0\0\0\0\0\0\0", 10), -EPROTO);
    assert_int_equal(decode("\xff\x80", 2), -EPROTO);
    assert_int_equal(decode("\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", 10), -EPROTO);
}

static void test_reserved_bits_and_long_forms_are_taken(void **state)
{
    unsigned flags;
    uint64_t size;

    (void)state;
    assert_int_equal(
        tni_old_frame_decode((const uint8_t *)"\xff\0\0\0\0\0\0\0\4\xff", 10, &flags, &size), 10);
    assert_int_equal(flags, TNI_FRAME_MORE);
    assert_int_equal(size, 3);
}

/* ------------------------------------------------------------------ the hello */

static struct tni_greeting_reader greeted(const void *bytes, size_t size, size_t *out_used)
{
    struct tni_greeting_reader reader;

    tni_greeting_reader_init(&reader);
    *out_used = tni_greeting_read(&reader, bytes, size);
    assert_int_not_equal(reader.status, TNI_GREETING_INCOMPLETE);
    return reader;
}

/* Everything that ours writes to an old peer, read as from an old peer. */
static void expect_round_trip(enum tni_greeting_status status, size_t id_size)
{
    uint8_t bytes[TNI_GREETING_SIZE + TNI_OLD_HELLO_MAX + 1] = {0xff, [9] = 0x7f}, id[255];
    struct tni_old_hello hello;
    struct tni_greeting_reader reader;
    size_t used, size = 11;

    memset(id, 'i', sizeof id);
    bytes[10] = status == TNI_GREETING_V2;
    if (status == TNI_GREETING_UNVERSIONED) {
        size = tni_old_frame_encode(bytes, 0, id_size);
        memcpy(bytes + size, id, id_size);
        size += id_size;
    } else {
        size += tni_old_hello_write(status, 6, id, id_size, bytes + size);
    }
    reader = greeted(bytes, size, &used);
    assert_int_equal(reader.status, status);
    for (size_t part = used; part < size; part++)
        assert_int_equal(tni_old_hello_read(&reader, bytes + used, part - used, &hello), -EAGAIN);
    bytes[size] = 'x';
    assert_int_equal(tni_old_hello_read(&reader, bytes + used, size + 1 - used, &hello),
                     size - used);
    assert_int_equal(hello.type, status == TNI_GREETING_UNVERSIONED ? TNI_OLD_TYPE_UNKNOWN : 6);
    assert_int_equal(hello.routing_id_size, id_size);
    assert_memory_equal(hello.routing_id, id, id_size);
}

static void test_hello_comes_back_in_every_form(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 255; size++) {
        expect_round_trip(TNI_GREETING_UNVERSIONED, size);
        expect_round_trip(TNI_GREETING_V1, size);
        expect_round_trip(TNI_GREETING_V2, size);
    }
}

static void test_hello_to_a_peer_of_before_versions_is_the_body(void **state)
{
    uint8_t bytes[TNI_OLD_HELLO_MAX];

    (void)state;
    assert_int_equal(
        tni_old_hello_write(TNI_GREETING_UNVERSIONED, 6, (const uint8_t *)"abc", 3, bytes), 3);
    assert_memory_equal(bytes, "abc", 3);
    assert_int_equal(tni_old_hello_write(TNI_GREETING_V2, 6, (const uint8_t *)"abc", 3, bytes), 6);
    assert_memory_equal(bytes, "\6\0\3abc", 6);
    assert_int_equal(tni_old_hello_write(TNI_GREETING_V1, 6, (const uint8_t *)"abc", 3, bytes), 6);
    assert_memory_equal(bytes, "\6\4\0abc", 6);
}

static void expect_refused(const void *bytes, size_t size)
{
    struct tni_old_hello hello;
    size_t used;
    struct tni_greeting_reader reader = greeted(bytes, size, &used);

    assert_int_equal(
        tni_old_hello_read(&reader, (const uint8_t *)bytes + used, size - used, &hello), -EPROTO);
}

#define SIGNATURE "\xff\0\0\0\0\0\0\0\1\x7f"

static void test_bad_routing_ids_are_refused(void **state)
{
    (void)state;
    expect_refused(SIGNATURE "\0\5\0", 13);
    expect_refused(SIGNATURE "\0\5\xff\0\0\0\0\0\0\1\1\0", 22);
    expect_refused(SIGNATURE "\1\5\2\0\0\0\0\0\0\1\0", 21);
    expect_refused(SIGNATURE "\1\5\1\0", 14);
    expect_refused(SIGNATURE "\1\5\4\0", 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_then_decode_gives_it_back),
        cmocka_unit_test(test_encode_bytes_match_rfc),
        cmocka_unit_test(test_impossible_lengths_are_refused),
        cmocka_unit_test(test_reserved_bits_and_long_forms_are_taken),
        cmocka_unit_test(test_hello_comes_back_in_every_form),
        cmocka_unit_test(test_hello_to_a_peer_of_before_versions_is_the_body),
        cmocka_unit_test(test_bad_routing_ids_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
