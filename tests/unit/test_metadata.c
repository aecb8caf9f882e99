#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "zmtp/metadata.h"
#include "zmtp/peer.h"

static size_t append(uint8_t *out, size_t used, const char *name, const void *value, size_t size)
{
    ssize_t rc = tni_metadata_append(out + used, 4096 - used, name, value, size);

    assert_int_equal(rc, tni_metadata_property_size(name, size));
    return used + (size_t)rc;
}

static void test_append_bytes_match_rfc(void **state)
{
    uint8_t list[4096];
    size_t size = append(list, 0, "Socket-Type", "REQ", 3);

    (void)state;
    assert_int_equal(size, 19);
    assert_memory_equal(list, "\x0bSocket-Type\0\0\0\x03REQ", 19);
}

static void test_append_bad_names_and_sizes_are_refused(void **state)
{
    char name[257];
    uint8_t list[512];

    (void)state;
    memset(name, 'n', 256);
    name[256] = '\0';
    assert_int_equal(tni_metadata_append(list, sizeof list, name, "", 0), -EINVAL);
    assert_int_equal(tni_metadata_append(list, sizeof list, name + 1, "", 0), 260);
    assert_int_equal(tni_metadata_append(list, sizeof list, "", "", 0), -EINVAL);
    assert_int_equal(tni_metadata_append(list, sizeof list, "a b", "", 0), -EINVAL);
    assert_int_equal(tni_metadata_append(list, sizeof list, "a@", "", 0), -EINVAL);
    assert_int_equal(tni_metadata_append(list, sizeof list, "AZaz09-_.+", "", 0), 15);
    assert_int_equal(tni_metadata_append(list, sizeof list, "a", "", 0x80000000u), -EINVAL);
    assert_int_equal(tni_metadata_append(list, sizeof list, "a", "", 0x7fffffffu), -EMSGSIZE);
    assert_int_equal(tni_metadata_append(list, 7, "a", "xy", 2), -EMSGSIZE);
    assert_int_equal(tni_metadata_append(list, 8, "a", "xy", 2), 8);
    assert_int_equal(tni_metadata_append(list, 0, "a", "", 0), -EMSGSIZE);
}

static void test_next_gives_properties_in_order(void **state)
{
    uint8_t list[4096];
    struct tni_metadata_cursor cursor;
    struct tni_property property;
    size_t size = append(list, 0, "A", "1", 1);

    (void)state;
    size = append(list, size, "B-b", "", 0);
    tni_metadata_begin(&cursor, list, size);
    assert_int_equal(tni_metadata_next(&cursor, &property), 1);
    assert_true(tni_property_is(&property, "a"));
    assert_int_equal(property.value_size, 1);
    assert_int_equal(tni_metadata_next(&cursor, &property), 1);
    assert_true(tni_property_is(&property, "B-B"));
    assert_false(tni_property_is(&property, "B-"));
    assert_int_equal(property.value_size, 0);
    assert_int_equal(tni_metadata_next(&cursor, &property), 0);
    assert_int_equal(tni_metadata_next(&cursor, &property), 0);
    assert_int_equal(tni_metadata_check(list, size), 2);
    assert_int_equal(tni_metadata_check(list, 0), 0);
}

static void test_every_truncation_is_refused(void **state)
{
    uint8_t list[4096];
    size_t first = append(list, 0, "Socket-Type", "DEALER", 6);
    size_t size = append(list, first, "Identity", "me", 2);

    (void)state;
    for (size_t cut = 1; cut < size; cut++)
        assert_int_equal(tni_metadata_check(list, cut), cut == first ? 1 : -EPROTO);
}

static void test_malformed_properties_are_refused(void **state)
{
    (void)state;
    assert_int_equal(tni_metadata_check((const uint8_t *)"\0\0\0\0\0", 5), -EPROTO);
    assert_int_equal(tni_metadata_check((const uint8_t *)"\x01\x07\0\0\0\0", 6), -EPROTO);
    assert_int_equal(tni_metadata_check((const uint8_t *)"\x01n\xff\xff\xff\xff", 6), -EPROTO);
    assert_non_null(strstr(tni_error_text(), "property 1"));
}

static void test_33_properties_are_refused(void **state)
{
    uint8_t list[4096];
    size_t size = 0;

    (void)state;
    for (int i = 0; i < 32; i++)
        size = append(list, size, "X-n", "v", 1);
    assert_int_equal(tni_metadata_check(list, size), 32);
    size = append(list, size, "X-n", "v", 1);
    assert_int_equal(tni_metadata_check(list, size), -EPROTO);
}

static void test_find_ignores_case(void **state)
{
    uint8_t list[4096];
    struct tni_property property;
    size_t size = append(list, 0, "socket-TYPE", "PUB", 3);

    (void)state;
    assert_int_equal(tni_metadata_find(list, size, "Socket-Type", &property), 1);
    assert_memory_equal(property.value, "PUB", 3);
    assert_int_equal(tni_metadata_find(list, size, "Identity", &property), 0);
    assert_int_equal(tni_metadata_find(list, size - 1, "Identity", &property), -EPROTO);
}

static void test_compatible_looks_through_the_list(void **state)
{
    static const char *const peers[] = {"REP", "ROUTER", NULL};

    (void)state;
    assert_true(tni_pattern_is_compatible(peers, "ROUTER"));
    assert_false(tni_pattern_is_compatible(peers, "ROUTE"));
    assert_false(tni_pattern_is_compatible(peers, "PUB"));
    assert_false(tni_pattern_is_compatible(peers, ""));
    assert_false(tni_pattern_is_compatible(NULL, "REP"));
}

static void test_self_round_trip(void **state)
{
    const struct tni_self_property extra[] = {{"X-Host", "h1", 2}, {"x-", NULL, 0}};
    const struct tni_self self = {"DEALER", true, "id", 2, extra, 2};
    uint8_t list[256];
    struct tni_peer_facts facts;
    struct tni_property property;
    ssize_t size = tni_self_encode(&self, list, sizeof list);

    (void)state;
    assert_int_equal(size, tni_self_size(&self));
    assert_int_equal(tni_peer_parse(list, (size_t)size, &facts), 0);
    assert_string_equal(facts.socket_type, "DEALER");
    assert_int_equal(facts.routing_id_size, 2);
    assert_memory_equal(facts.routing_id, "id", 2);
    assert_int_equal(tni_metadata_find(list, (size_t)size, "x-hOST", &property), 1);
    for (size_t capacity = 0; capacity < (size_t)size; capacity++)
        assert_int_equal(tni_self_encode(&self, list, capacity), -EMSGSIZE);
}

static void test_self_without_routing_id_sends_none(void **state)
{
    const struct tni_self quiet = {"PUB", false, "id", 2, NULL, 0};
    const struct tni_self empty = {"REQ", true, NULL, 0, NULL, 0};
    uint8_t list[64];
    struct tni_peer_facts facts;
    ssize_t size = tni_self_encode(&quiet, list, sizeof list);

    (void)state;
    assert_int_equal(size, tni_self_size(&quiet));
    assert_int_equal(tni_peer_parse(list, (size_t)size, &facts), 0);
    assert_null(facts.routing_id);
    size = tni_self_encode(&empty, list, sizeof list);
    assert_int_equal(tni_peer_parse(list, (size_t)size, &facts), 0);
    assert_non_null(facts.routing_id);
    assert_int_equal(facts.routing_id_size, 0);
}

static void test_self_bad_input_is_refused(void **state)
{
    static const uint8_t long_id[256] = {1};
    struct tni_self_property many[31];
    const struct tni_self_property foreign = {"Socket-Type", "x", 1};
    const struct tni_self_property spaced = {"X-a b", "x", 1};
    uint8_t list[1024];
    struct tni_self self = {"ROUTER", true, long_id, 255, NULL, 0};

    (void)state;
    assert_true(tni_self_encode(&self, list, sizeof list) > 0);
    self.routing_id_size = 256;
    assert_int_equal(tni_self_encode(&self, list, sizeof list), -EINVAL);
    self.routing_id_size = 0;
    self.properties = &foreign;
    self.property_count = 1;
    assert_int_equal(tni_self_encode(&self, list, sizeof list), -EINVAL);
    assert_non_null(strstr(tni_error_text(), "X-"));
    self.properties = &spaced;
    assert_int_equal(tni_self_encode(&self, list, sizeof list), -EINVAL);
    for (int i = 0; i < 31; i++)
        many[i] = (struct tni_self_property){"X-n", "v", 1};
    self.properties = many;
    self.property_count = 30;
    assert_true(tni_self_encode(&self, list, sizeof list) > 0);
    self.property_count = 31;
    assert_int_equal(tni_self_encode(&self, list, sizeof list), -EINVAL);
}

static void expect_refused(const uint8_t *list, size_t size, const char *part_of_text)
{
    struct tni_peer_facts facts;

    assert_int_equal(tni_peer_parse(list, size, &facts), -EPROTO);
    assert_non_null(strstr(tni_error_text(), part_of_text));
}

static void test_peer_unknown_socket_type_is_left_to_the_pattern(void **state)
{
    static const char type[] = "~BCDEFGHIJKLMNOPQRSTUVWXYZABCDE";
    uint8_t list[4096];
    struct tni_peer_facts facts;
    size_t size = append(list, 0, "Socket-Type", type, 31);

    (void)state;
    assert_int_equal(tni_peer_parse(list, size, &facts), 0);
    assert_string_equal(facts.socket_type, type);
}

static void test_peer_routing_id_may_begin_with_zero(void **state)
{
    uint8_t list[4096];
    struct tni_peer_facts facts;
    size_t size = append(list, 0, "Socket-Type", "REQ", 3);

    (void)state;
    size = append(list, size, "Identity", "\0a", 2);
    assert_int_equal(tni_peer_parse(list, size, &facts), 0);
    assert_int_equal(facts.routing_id_size, 2);
    assert_memory_equal(facts.routing_id, "\0a", 2);
}

static void test_peer_bad_metadata_is_refused(void **state)
{
    static const uint8_t bytes[256] = {0};
    uint8_t list[4096];
    size_t type = append(list, 0, "Socket-Type", "REQ", 3);
    size_t size;

    (void)state;
    expect_refused(list, 0, "does not say its socket type");
    expect_refused(list, type - 1, "cut off");
    size = append(list, type, "socket-type", "REQ", 3);
    expect_refused(list, size, "socket type twice");
    size = append(list, type, "Identity", bytes, 256);
    expect_refused(list, size, "255");
    size = append(list, type, "Identity", "", 0);
    size = append(list, size, "IDENTITY", "a", 1);
    expect_refused(list, size, "routing id twice");
    size = append(list, 0, "Socket-Type", "", 0);
    expect_refused(list, size, "socket type");
    size = append(list, 0, "Socket-Type", "R\nQ", 3);
    expect_refused(list, size, "printable");
    size = append(list, 0, "Socket-Type", "R Q", 3);
    expect_refused(list, size, "printable");
    size = append(list, 0, "Socket-Type", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF", 32);
    expect_refused(list, size, "31");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_append_bytes_match_rfc),
        cmocka_unit_test(test_append_bad_names_and_sizes_are_refused),
        cmocka_unit_test(test_next_gives_properties_in_order),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_malformed_properties_are_refused),
        cmocka_unit_test(test_33_properties_are_refused),
        cmocka_unit_test(test_find_ignores_case),
        cmocka_unit_test(test_compatible_looks_through_the_list),
        cmocka_unit_test(test_self_round_trip),
        cmocka_unit_test(test_self_without_routing_id_sends_none),
        cmocka_unit_test(test_self_bad_input_is_refused),
        cmocka_unit_test(test_peer_unknown_socket_type_is_left_to_the_pattern),
        cmocka_unit_test(test_peer_routing_id_may_begin_with_zero),
        cmocka_unit_test(test_peer_bad_metadata_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
