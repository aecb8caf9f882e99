#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/memory.h"
#include "options/options.h"
#include "options/store.h"
#include "options/value.h"

static const tn_option_desc_t table[] = {
    TN_OPTION_INT_DESC("demo.level", "dB", -10, 10, 3, "a level"),
    TN_OPTION_BOOL_DESC("demo.on", 1, "a switch"),
    TN_OPTION_STR_DESC("demo.text", 5, "abc", "a text"),
    TN_OPTION_BLOB_DESC("demo.blob", 4, "a blob"),
    {sizeof(tn_option_desc_t), TN_OPTION_STR, TN_OPTION_SECRET, "demo.key", "", "", 0, 8, 0, NULL},
    TN_OPTION_END,
};

static tn_value_t text(const char *string)
{
    return tni_value_bytes(TN_OPTION_STR, string, strlen(string));
}

static int set_int(struct tni_options *options, const char *name, int64_t number)
{
    tn_value_t value = tni_value_int(number);

    return tni_options_set(options, name, &value);
}

static int64_t get_int(const struct tni_options *options, const char *name)
{
    tn_value_t value;

    assert_int_equal(tni_options_get(options, name, &value), 0);
    return value.number;
}

/* ------------------------------------------------------------------ values */

static int parse(const char *name, const char *string, tn_value_t *out_value)
{
    static char storage[64];

    return tni_value_parse(tni_option_find(table, name), string, strlen(string), storage,
                           sizeof storage, out_value);
}

static void test_parse_number_accepts_its_range_alone(void **state)
{
    static const char *const bad[] = {"",
                                      "11",
                                      "-11",
                                      "3x",
                                      " 3",
                                      "0x3",
                                      "+",
                                      "9999999999999999999",
                                      "00000000000000000000000000001"};
    tn_value_t value;

    (void)state;
    assert_int_equal(parse("demo.level", "-10", &value), 0);
    assert_int_equal(value.number, -10);
    assert_int_equal(value.type, TN_OPTION_INT);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(parse("demo.level", bad[i], &value), -EINVAL);
    parse("demo.level", "11", &value);
    assert_string_equal(tni_error_text(),
                        "option \"demo.level\" takes a number of dB from -10 to 10, not 11");
    parse("demo.level", "loud", &value);
    assert_string_equal(tni_error_text(),
                        "option \"demo.level\" takes a number of dB from -10 to 10, not \"loud\"");
}

static void test_parse_bool_knows_the_usual_words(void **state)
{
    static const char *const truths[] = {"1", "true", "Yes", "ON"};
    static const char *const lies[] = {"0", "false", "no", "off"};
    tn_value_t value;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(parse("demo.on", truths[i], &value), 0);
        assert_int_equal(value.number, 1);
        assert_int_equal(parse("demo.on", lies[i], &value), 0);
        assert_int_equal(value.number, 0);
    }
    assert_int_equal(parse("demo.on", "2", &value), -EINVAL);
    assert_int_equal(parse("demo.on", "tru", &value), -EINVAL);
}

static void test_parse_text_and_blob_end_with_a_nul(void **state)
{
    tn_value_t value;

    (void)state;
    assert_int_equal(parse("demo.text", "hello", &value), 0);
    assert_string_equal(value.data, "hello");
    assert_int_equal(parse("demo.text", "", &value), 0);
    assert_int_equal(value.size, 0);
    assert_int_equal(parse("demo.text", "hello!", &value), -EINVAL);
    assert_int_equal(parse("demo.blob", "0x00Ff10", &value), 0);
    assert_int_equal(value.size, 3);
    assert_memory_equal(value.data, "\x00\xff\x10", 4);
    assert_int_equal(parse("demo.blob", "0x", &value), 0);
    assert_memory_equal(value.data, "0x", 3);
    assert_int_equal(parse("demo.blob", "0x0", &value), -EINVAL);
    assert_int_equal(parse("demo.blob", "0x0g", &value), -EINVAL);
    assert_int_equal(parse("demo.blob", "0x0011223344", &value), -EINVAL);
}

static void test_parse_into_short_storage_is_refused(void **state)
{
    char storage[4];
    tn_value_t value;

    (void)state;
    assert_int_equal(tni_value_parse(&table[2], "abcd", 4, storage, sizeof storage, &value),
                     -EINVAL);
    assert_int_equal(tni_value_parse(&table[2], "abc", 3, storage, sizeof storage, &value), 0);
}

static void test_check_refuses_the_wrong_type(void **state)
{
    tn_value_t number = tni_value_int(1), string = text("a");
    tn_value_t blob = tni_value_bytes(TN_OPTION_BLOB, "a", 1);
    tn_value_t holed = tni_value_bytes(TN_OPTION_STR, "a\0b", 3);
    tn_value_t missing = tni_value_bytes(TN_OPTION_STR, NULL, 3);

    (void)state;
    assert_int_equal(tni_value_check(&table[0], &number), 0);
    assert_int_equal(tni_value_check(&table[1], &number), 0);
    assert_int_equal(tni_value_check(&table[0], &string), -EINVAL);
    assert_int_equal(tni_value_check(&table[2], &number), -EINVAL);
    assert_int_equal(tni_value_check(&table[2], &blob), -EINVAL);
    assert_int_equal(tni_value_check(&table[2], &holed), -EINVAL);
    assert_int_equal(tni_value_check(&table[2], &missing), -EINVAL);
    assert_int_equal(tni_value_check(&table[3], &string), 0);
    assert_int_equal(tni_value_check(&table[3], &blob), 0);
}

static void test_secret_is_never_shown(void **state)
{
    char buffer[32];
    tn_value_t value;

    (void)state;
    assert_int_equal(parse("demo.key", "swordfish", &value), -EINVAL);
    assert_null(strstr(tni_error_text(), "sword"));
    assert_int_equal(parse("demo.key", "sword", &value), 0);
    tni_value_print(&table[4], &value, buffer, sizeof buffer);
    assert_string_equal(buffer, "(secret)");
}

static void test_print_cuts_to_the_room(void **state)
{
    tn_value_t blob = tni_value_bytes(TN_OPTION_BLOB, "\x01\x02\x03\x04", 4);
    tn_value_t value;
    char buffer[16];

    (void)state;
    tni_value_default(&table[2], &value);
    assert_int_equal(tni_value_print(&table[2], &value, buffer, sizeof buffer), 3);
    assert_string_equal(buffer, "abc");
    assert_int_equal(tni_value_print(&table[2], &value, buffer, 3), 2);
    assert_string_equal(buffer, "ab");
    assert_int_equal(tni_value_print(&table[2], &value, buffer, 0), 0);
    assert_int_equal(tni_value_print(&table[3], &blob, buffer, sizeof buffer), 10);
    assert_string_equal(buffer, "0x01020304");
    for (size_t room = 1; room < 10; room++)
        assert_true(tni_value_print(&table[3], &blob, buffer, room) < room);
    tni_value_default(&table[3], &value);
    assert_null(value.data);
    assert_int_equal(tni_value_print(&table[3], &value, buffer, sizeof buffer), 0);
    tni_value_default(&table[0], &value);
    tni_value_print(&table[0], &value, buffer, sizeof buffer);
    assert_string_equal(buffer, "3");
}

/* ------------------------------------------------------------------ common options */

static void test_defaults_are_the_native_ones(void **state)
{
    struct tni_options options;

    (void)state;
    tni_options_init(&options);
    assert_int_equal(options.sndhwm, 1000);
    assert_int_equal(options.rcvhwm, 1000);
    assert_int_equal(options.sndtimeo, -1);
    assert_int_equal(options.linger, -1);
    assert_int_equal(options.maxmsgsize, 67108864);
    assert_int_equal(options.handshake_ivl, 5000);
    assert_int_equal(options.reconnect_ivl, 100);
    assert_int_equal(options.heartbeat_timeout, -1);
    assert_int_equal(options.backlog, 100);
    assert_int_equal(options.max_parts, 65536);
    assert_false(options.conflate);
    assert_int_equal(options.routing_id.size, 0);
    assert_string_equal(options.bindtodevice, "");
    assert_null(options.metadata);
    tni_options_fini(&options);
}

static void test_every_settable_option_reads_back(void **state)
{
    struct tni_options options;
    const tn_option_desc_t *desc;

    (void)state;
    tni_options_init(&options);
    for (size_t i = 0; (desc = tni_options_at(i)) != NULL; i++) {
        tn_value_t value = tni_value_int(desc->max), got;
        bool is_bytes = desc->type == TN_OPTION_STR || desc->type == TN_OPTION_BLOB;

        assert_ptr_equal(tni_options_find(desc->name), desc);
        assert_null(desc->help);
        assert_true(tni_options_help(i)[0] != '\0');
        if (desc->flags & (TN_OPTION_NO_SET | TN_OPTION_NO_GET))
            continue;
        if (is_bytes)
            value = text("eth0");
        assert_int_equal(tni_options_set(&options, desc->name, &value), 0);
        assert_int_equal(tni_options_get(&options, desc->name, &got), 0);
        assert_int_equal(got.type, desc->type);
        if (is_bytes)
            assert_memory_equal(got.data, "eth0", 4);
        else
            assert_int_equal(got.number, desc->max);
    }
    assert_int_equal(options.affinity, INT64_MAX);
    assert_true(options.ipv6);
    tni_options_fini(&options);
}

static void test_set_out_of_range_changes_nothing(void **state)
{
    struct tni_options options;

    (void)state;
    tni_options_init(&options);
    assert_int_equal(set_int(&options, "sndhwm", -1), -EINVAL);
    assert_string_equal(tni_error_text(),
                        "option \"sndhwm\" takes a number of messages, 0 or more, not -1");
    assert_int_equal(set_int(&options, "sndhwm", (int64_t)INT_MAX + 1), -EINVAL);
    assert_int_equal(set_int(&options, "tos", 256), -EINVAL);
    assert_int_equal(set_int(&options, "conflate", 2), -EINVAL);
    assert_int_equal(set_int(&options, "routing_id", 2), -EINVAL);
    assert_int_equal(get_int(&options, "sndhwm"), 1000);
    tni_options_fini(&options);
}

static void test_unknown_option_names_the_nearest(void **state)
{
    struct tni_options options;
    tn_value_t value;

    (void)state;
    tni_options_init(&options);
    assert_int_equal(set_int(&options, "sndhmw", 1), -TN_ENOOPTION);
    assert_non_null(strstr(tni_error_text(), "did you mean \"sndhwm\""));
    assert_int_equal(tni_options_get(&options, "completely-different", &value), -TN_ENOOPTION);
    assert_non_null(strstr(tni_error_text(), "completely-different"));
    assert_int_equal(set_int(&options, NULL, 1), -TN_ENOOPTION);
    assert_int_equal(tni_options_unknown("demo.levl", table), -TN_ENOOPTION);
    assert_non_null(strstr(tni_error_text(), "demo.level"));
    tni_options_fini(&options);
}

static void test_read_only_options_are_the_sockets(void **state)
{
    struct tni_options options;
    tn_value_t value;

    (void)state;
    tni_options_init(&options);
    assert_int_equal(set_int(&options, "rcvmore", 1), -EACCES);
    assert_int_equal(tni_options_set_text(&options, "events", "1", 1), -EACCES);
    assert_int_equal(tni_options_get(&options, "last_endpoint", &value), -ENOTSUP);
    assert_int_equal(tni_options_get(&options, "metadata", &value), -EACCES);
    tni_options_fini(&options);
}

static void test_routing_id_has_at_most_255_bytes(void **state)
{
    uint8_t bytes[256];
    struct tni_options options;
    tn_value_t value;

    (void)state;
    memset(bytes, 'r', sizeof bytes);
    tni_options_init(&options);
    value = tni_value_bytes(TN_OPTION_BLOB, bytes, 255);
    assert_int_equal(tni_options_set(&options, "routing_id", &value), 0);
    assert_int_equal(options.routing_id.size, 255);
    value.size = 256;
    assert_int_equal(tni_options_set(&options, "routing_id", &value), -EINVAL);
    value = tni_value_bytes(TN_OPTION_BLOB, "\0x", 2);
    assert_int_equal(tni_options_set(&options, "connect_routing_id", &value), 0);
    value.size = 0;
    assert_int_equal(tni_options_set(&options, "routing_id", &value), 0);
    assert_int_equal(options.routing_id.size, 0);
    tni_options_fini(&options);
}

static void test_set_text_reads_endpoint_options(void **state)
{
    struct tni_options options;

    (void)state;
    tni_options_init(&options);
    assert_int_equal(tni_options_set_text(&options, "sndhwm", "10&", 2), 0);
    assert_int_equal(options.sndhwm, 10);
    assert_int_equal(tni_options_set_text(&options, "ipv6", "yes", 3), 0);
    assert_true(options.ipv6);
    assert_int_equal(tni_options_set_text(&options, "bindtodevice", "eth1", 4), 0);
    assert_string_equal(options.bindtodevice, "eth1");
    assert_int_equal(tni_options_set_text(&options, "bindtodevice", "0123456789abcdef", 16),
                     -EINVAL);
    assert_int_equal(tni_options_set_text(&options, "sndhwm", "many", 4), -EINVAL);
    assert_int_equal(tni_options_set_text(&options, "nothing", "1", 1), -TN_ENOOPTION);
    tni_options_fini(&options);
}

static int add(struct tni_options *options, const char *string)
{
    tn_value_t value = text(string);

    return tni_options_set(options, "metadata", &value);
}

static void test_metadata_adds_up_and_replaces_by_name(void **state)
{
    static const uint8_t expected[] = "\6X-room\0\0\0\1b\5X-who\0\0\0\2i:";
    struct tni_options options;

    (void)state;
    tni_options_init(&options);
    assert_int_equal(add(&options, "X-room:a"), 0);
    assert_int_equal(add(&options, "X-who:i:"), 0);
    assert_int_equal(options.metadata_size, sizeof expected - 1);
    assert_int_equal(add(&options, "X-room:b"), 0);
    assert_int_equal(options.metadata_size, sizeof expected - 1);
    assert_memory_equal(options.metadata, expected + 12, 12);
    assert_memory_equal(options.metadata + 12, expected, 12);
    assert_int_equal(add(&options, "X-room:"), 0);
    tni_options_fini(&options);
}

static void test_metadata_refuses_what_is_malformed_or_too_much(void **state)
{
    static char large[3700];
    struct tni_options options;

    (void)state;
    tni_options_init(&options);
    assert_int_equal(add(&options, ""), -EINVAL);
    assert_int_equal(add(&options, "X-room"), -EINVAL);
    assert_int_equal(add(&options, "room:a"), -EINVAL);
    assert_int_equal(add(&options, "X-:a"), -EINVAL);
    assert_int_equal(add(&options, "X-a b:c"), -EINVAL);
    memset(large, 'v', sizeof large - 1);
    memcpy(large, "X-a:", 4);
    assert_int_equal(add(&options, large), 0);
    memcpy(large, "X-b:", 4);
    assert_int_equal(add(&options, large), -EINVAL);
    for (int i = 1; i < TNI_METADATA_COUNT; i++) {
        snprintf(large, sizeof large, "X-%d:", i);
        assert_int_equal(add(&options, large), 0);
    }
    assert_int_equal(add(&options, "X-last:"), -EINVAL);
    tni_options_fini(&options);
}

static void test_copy_is_deep(void **state)
{
    struct tni_options options, copy;

    (void)state;
    tni_options_init(&options);
    add(&options, "X-room:a");
    set_int(&options, "linger", 7);
    assert_int_equal(tni_options_copy(&copy, &options), 0);
    tni_options_fini(&options);
    assert_int_equal(copy.linger, 7);
    assert_memory_equal(copy.metadata, "\6X-room\0\0\0\1a", 12);
    tni_options_fini(&copy);
}

static void test_option_allocation_failures_change_nothing(void **state)
{
    struct tni_options options, copy;

    (void)state;
    tni_options_init(&options);
    add(&options, "X-room:a");
    tni_memory_fail_at(1, -1);
    assert_int_equal(add(&options, "X-who:a"), -ENOMEM);
    assert_int_equal(options.metadata_size, 12);
    assert_int_equal(tni_options_copy(&copy, &options), -ENOMEM);
    tni_memory_fail_at(0, 0);
    assert_null(copy.metadata);
    assert_int_equal(copy.sndhwm, 1000);
    tni_options_fini(&copy);
    tni_options_fini(&options);
}

/* ------------------------------------------------------------------ the store */

static int count_entries(const char *name, const tn_value_t *value, void *arg)
{
    (void)value;
    ++*(int *)arg;
    return strcmp(name, "demo.text") == 0 ? 5 : 0;
}

static void test_store_keeps_and_replaces_values(void **state)
{
    struct tni_store store, copy;
    tn_value_t string = text("abc"), number = tni_value_int(4), got;
    tn_value_t unset = tni_value_bytes(TN_OPTION_STR, NULL, 0);
    int count = 0;

    (void)state;
    tni_store_init(&store);
    assert_int_equal(tni_store_get(&store, "demo.text", &got), -ENOENT);
    assert_int_equal(tni_store_set(&store, "demo.level", &number), 0);
    assert_int_equal(tni_store_set(&store, "demo.text", &string), 0);
    assert_int_equal(tni_store_set(&store, "demo.key", &unset), 0);
    string = text("defg");
    assert_int_equal(tni_store_set(&store, "demo.text", &string), 0);
    assert_int_equal(tni_store_copy(&copy, &store), 0);
    tni_store_fini(&store);
    assert_int_equal(tni_store_get(&copy, "demo.text", &got), 0);
    assert_string_equal(got.data, "defg");
    assert_int_equal(tni_store_get(&copy, "demo.level", &got), 0);
    assert_int_equal(got.number, 4);
    assert_int_equal(tni_store_get(&copy, "demo.key", &got), 0);
    assert_null(got.data);
    assert_int_equal(tni_store_each(&copy, count_entries, &count), 5);
    assert_int_equal(count, 2);
    tni_store_fini(&copy);
}

static void test_store_survives_each_allocation_failure(void **state)
{
    struct tni_store store, copy;
    tn_value_t number = tni_value_int(4);
    unsigned long allocations;
    char name[32];

    (void)state;
    tni_store_init(&store);
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "demo.n%d", i);
        tni_memory_fail_at(1, 1);
        assert_int_equal(tni_store_set(&store, name, &number), -ENOMEM);
        tni_memory_fail_at(2, 1);
        if (tni_store_set(&store, name, &number) < 0)
            assert_true(i % 8 == 0);
        tni_memory_fail_at(0, 0);
        assert_int_equal(tni_store_set(&store, name, &number), 0);
    }
    assert_int_equal(store.count, 20);
    tni_memory_fail_at(1000, 0);
    assert_int_equal(tni_store_copy(&copy, &store), 0);
    allocations = tni_memory_fail_at(0, 0);
    tni_store_fini(&copy);
    for (unsigned long nth = 1; nth <= allocations; nth++) {
        tni_memory_fail_at(nth, 1);
        assert_int_equal(tni_store_copy(&copy, &store), -ENOMEM);
        assert_int_equal(copy.count, 0);
    }
    tni_memory_fail_at(0, 0);
    tni_store_fini(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_number_accepts_its_range_alone),
        cmocka_unit_test(test_parse_bool_knows_the_usual_words),
        cmocka_unit_test(test_parse_text_and_blob_end_with_a_nul),
        cmocka_unit_test(test_parse_into_short_storage_is_refused),
        cmocka_unit_test(test_check_refuses_the_wrong_type),
        cmocka_unit_test(test_secret_is_never_shown),
        cmocka_unit_test(test_print_cuts_to_the_room),
        cmocka_unit_test(test_defaults_are_the_native_ones),
        cmocka_unit_test(test_every_settable_option_reads_back),
        cmocka_unit_test(test_set_out_of_range_changes_nothing),
        cmocka_unit_test(test_unknown_option_names_the_nearest),
        cmocka_unit_test(test_read_only_options_are_the_sockets),
        cmocka_unit_test(test_routing_id_has_at_most_255_bytes),
        cmocka_unit_test(test_set_text_reads_endpoint_options),
        cmocka_unit_test(test_metadata_adds_up_and_replaces_by_name),
        cmocka_unit_test(test_metadata_refuses_what_is_malformed_or_too_much),
        cmocka_unit_test(test_copy_is_deep),
        cmocka_unit_test(test_option_allocation_failures_change_nothing),
        cmocka_unit_test(test_store_keeps_and_replaces_values),
        cmocka_unit_test(test_store_survives_each_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
