#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zmtp/greeting.h"

static struct tni_greeting_reader read_in_two(const uint8_t *data, size_t size, size_t cut,
                                              size_t *out_used)
{
    struct tni_greeting_reader reader;

    tni_greeting_reader_init(&reader);
    *out_used = tni_greeting_read(&reader, data, cut);
    *out_used += tni_greeting_read(&reader, data + cut, size - cut);
    return reader;
}

static bool is_same(const struct tni_greeting_reader *a, const struct tni_greeting_reader *b)
{
    return a->status == b->status && a->taken == b->taken && a->major == b->major &&
           a->minor == b->minor && a->as_server == b->as_server && a->reason == b->reason &&
           strcmp(a->mechanism, b->mechanism) == 0 && memcmp(a->bytes, b->bytes, a->taken) == 0;
}

/** Reads `data` whole, in every two pieces and byte by byte, and compares. */
static struct tni_greeting_reader read_all_ways(const uint8_t *data, size_t size, size_t *out_used)
{
    struct tni_greeting_reader whole = read_in_two(data, size, 0, out_used);
    struct tni_greeting_reader bytewise;
    size_t used = 0;

    for (size_t cut = 1; cut <= size; cut++) {
        struct tni_greeting_reader split = read_in_two(data, size, cut, &used);

        assert_int_equal(used, *out_used);
        assert_true(is_same(&split, &whole));
    }
    tni_greeting_reader_init(&bytewise);
    used = 0;
    for (size_t i = 0; i < size; i++)
        used += tni_greeting_read(&bytewise, data + i, 1);
    assert_int_equal(used, *out_used);
    assert_true(is_same(&bytewise, &whole));
    return whole;
}

static void expect_alien(const char *bytes, size_t size, const char *part_of_reason)
{
    size_t used;
    struct tni_greeting_reader reader = read_all_ways((const uint8_t *)bytes, size, &used);

    assert_int_equal(reader.status, TNI_GREETING_ALIEN);
    assert_non_null(strstr(reader.reason, part_of_reason));
    assert_true(used <= size);
}

static void test_encode_null_client_matches_rfc(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE];
    uint8_t expected[TNI_GREETING_SIZE] = {0xff, 0,    0, 0, 0,   0,   0,   0,
                                           1,    0x7f, 3, 1, 'N', 'U', 'L', 'L'};

    (void)state;
    assert_int_equal(tni_greeting_encode(bytes, "NULL", false, 0), 0);
    assert_memory_equal(bytes, expected, sizeof bytes);
}

static void test_encode_server_sets_as_server_and_padding(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE];

    (void)state;
    assert_int_equal(tni_greeting_encode(bytes, "CURVE", true, 255), 0);
    assert_int_equal(bytes[32], 1);
    assert_int_equal(bytes[7], 1);
    assert_int_equal(bytes[8], 0);
}

static void test_encode_bad_mechanism_is_refused(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE];

    (void)state;
    assert_int_equal(tni_greeting_encode(bytes, "", false, 0), -EINVAL);
    assert_int_equal(tni_greeting_encode(bytes, NULL, false, 0), -EINVAL);
    assert_int_equal(tni_greeting_encode(bytes, "A B", false, 0), -EINVAL);
    assert_int_equal(tni_greeting_encode(bytes, "A@", false, 0), -EINVAL);
    assert_int_equal(tni_greeting_encode(bytes, "a`{", false, 0), -EINVAL);
    assert_int_equal(tni_greeting_encode(bytes, "AZaz09-_.+", false, 0), 0);
    assert_int_equal(tni_greeting_encode(bytes, "ABCDEFGHIJKLMNOPQRST", false, 0), 0);
    assert_int_equal(tni_greeting_encode(bytes, "ABCDEFGHIJKLMNOPQRSTU", false, 0), -EINVAL);
}

static void test_read_own_greeting_gives_it_back(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE + 3] = {0};
    struct tni_greeting_reader reader;
    size_t used;

    (void)state;
    assert_int_equal(tni_greeting_encode(bytes, "ABCDEFGHIJKLMNOPQRST", true, 7), 0);
    reader = read_all_ways(bytes, sizeof bytes, &used);
    assert_int_equal(used, TNI_GREETING_SIZE);
    assert_int_equal(reader.status, TNI_GREETING_V3);
    assert_int_equal(reader.major, 3);
    assert_int_equal(reader.minor, 1);
    assert_true(reader.as_server);
    assert_string_equal(reader.mechanism, "ABCDEFGHIJKLMNOPQRST");
    assert_true(tni_greeting_is_31(&reader));
}

static void test_read_padding_is_not_validated(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE];
    struct tni_greeting_reader reader;
    size_t used;

    (void)state;
    tni_greeting_encode(bytes, "PLAIN", false, 0);
    memset(bytes + 1, 0xa5, 8);
    memset(bytes + 18, 0x5a, 14); /* after the NUL that ends the mechanism */
    memset(bytes + 33, 0xff, 31);
    reader = read_all_ways(bytes, sizeof bytes, &used);
    assert_int_equal(reader.status, TNI_GREETING_V3);
    assert_string_equal(reader.mechanism, "PLAIN");
}

static void test_read_versions_tell_31_from_30(void **state)
{
    static const struct {
        uint8_t major, minor;
        bool is_31;
    } cases[] = {{3, 0, false}, {3, 1, true}, {3, 9, true}, {2, 0, true}, {4, 0, true}};
    uint8_t bytes[TNI_GREETING_SIZE];
    size_t used;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tni_greeting_reader reader;

        tni_greeting_encode(bytes, "NULL", false, 0);
        bytes[10] = cases[i].major;
        bytes[11] = cases[i].minor;
        reader = read_all_ways(bytes, sizeof bytes, &used);
        assert_int_equal(reader.status, TNI_GREETING_V3);
        assert_int_equal(reader.major, cases[i].major);
        assert_int_equal(reader.minor, cases[i].minor);
        assert_int_equal(tni_greeting_is_31(&reader), cases[i].is_31);
    }
}

static void test_read_old_revisions_take_eleven_bytes(void **state)
{
    /* Signature, revision, socket type, routing id. */
    uint8_t bytes[] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5, 0, 0};
    struct tni_greeting_reader reader;
    size_t used;

    (void)state;
    reader = read_all_ways(bytes, sizeof bytes, &used);
    assert_int_equal(reader.status, TNI_GREETING_V2);
    assert_int_equal(used, 11);
    bytes[10] = 0;
    reader = read_all_ways(bytes, sizeof bytes, &used);
    assert_int_equal(reader.status, TNI_GREETING_V1);
    assert_int_equal(used, 11);
    assert_int_equal(tni_greeting_sendable(&reader), 11);
}

static void test_read_unversioned_keeps_the_bytes(void **state)
{
    const uint8_t anonymous[] = {1, 0};
    const uint8_t named[] = {4, 0, 'a', 'b', 'c'};
    const uint8_t longest[] = {0xff, 0, 0, 0, 0, 0, 0, 1, 0, 0, 'x'};
    struct tni_greeting_reader reader;
    size_t used;

    (void)state;
    reader = read_all_ways(anonymous, sizeof anonymous, &used);
    assert_int_equal(reader.status, TNI_GREETING_UNVERSIONED);
    reader = read_all_ways(named, sizeof named, &used);
    assert_int_equal(reader.status, TNI_GREETING_UNVERSIONED);
    assert_int_equal(reader.taken, used);
    assert_memory_equal(reader.bytes, named, used);
    reader = read_all_ways(longest, sizeof longest, &used);
    assert_int_equal(reader.status, TNI_GREETING_UNVERSIONED);
    assert_int_equal(used, 10);
    assert_int_equal(tni_greeting_sendable(&reader), 10);
}

static void test_read_other_protocols_are_named(void **state)
{
    (void)state;
    expect_alien("GET / HTTP/1.1\r\n", 16, "HTTP");
    expect_alien("POST /x", 7, "HTTP");
    expect_alien("PATCH /", 7, "HTTP");
    expect_alien("HTTP/1.1 400 Bad Request", 24, "HTTP");
    expect_alien("PRI * HTTP/2.0", 14, "HTTP");
    expect_alien("\x16\x03\x01\x02\x00\x01", 6, "TLS");
    expect_alien("\x15\x03\x03\x00\x02\x02\x46", 7, "TLS");
    expect_alien("SSH-2.0-OpenSSH", 15, "SSH");
    expect_alien("\0SP\0\0\x10\0\0", 8, "SP");
    expect_alien("\0\0\0\0", 4, "not ZMTP");
    expect_alien("GUT ", 4, "not ZMTP");
    expect_alien("hello world", 11, "not ZMTP");
    expect_alien("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe", 10, "not ZMTP");
    expect_alien("\xff\0\0\0\0\0\0\0\0\0", 10, "not ZMTP");
    expect_alien("\xff\0\0\0\0\0\0\x01\x01\0", 10, "not ZMTP");
}

static void test_read_unprintable_mechanism_is_refused(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE];
    struct tni_greeting_reader reader;
    size_t used;

    (void)state;
    tni_greeting_encode(bytes, "NULL", false, 0);
    bytes[13] = '\n';
    reader = read_all_ways(bytes, sizeof bytes, &used);
    assert_int_equal(reader.status, TNI_GREETING_ALIEN);
    assert_string_equal(reader.mechanism, "");
    assert_non_null(strstr(reader.reason, "mechanism"));
}

static void test_read_truncated_stays_incomplete(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE];
    size_t used;

    (void)state;
    tni_greeting_encode(bytes, "NULL", false, 0);
    for (size_t size = 0; size < sizeof bytes; size++) {
        struct tni_greeting_reader reader = read_all_ways(bytes, size, &used);

        assert_int_equal(reader.status, TNI_GREETING_INCOMPLETE);
        assert_int_equal(used, size);
    }
}

static void test_sendable_grows_as_the_peer_shows_itself(void **state)
{
    uint8_t bytes[TNI_GREETING_SIZE];
    struct tni_greeting_reader reader;

    (void)state;
    tni_greeting_encode(bytes, "NULL", false, 0);
    tni_greeting_reader_init(&reader);
    assert_int_equal(tni_greeting_sendable(&reader), 10);
    for (size_t i = 0; i < sizeof bytes; i++) {
        size_t expected = i + 1 < 10 ? 10 : i + 1 < 11 ? 11 : 64;

        tni_greeting_read(&reader, bytes + i, 1);
        assert_int_equal(tni_greeting_sendable(&reader), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_null_client_matches_rfc),
        cmocka_unit_test(test_encode_server_sets_as_server_and_padding),
        cmocka_unit_test(test_encode_bad_mechanism_is_refused),
        cmocka_unit_test(test_read_own_greeting_gives_it_back),
        cmocka_unit_test(test_read_padding_is_not_validated),
        cmocka_unit_test(test_read_versions_tell_31_from_30),
        cmocka_unit_test(test_read_old_revisions_take_eleven_bytes),
        cmocka_unit_test(test_read_unversioned_keeps_the_bytes),
        cmocka_unit_test(test_read_other_protocols_are_named),
        cmocka_unit_test(test_read_unprintable_mechanism_is_refused),
        cmocka_unit_test(test_read_truncated_stays_incomplete),
        cmocka_unit_test(test_sendable_grows_as_the_peer_shows_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
