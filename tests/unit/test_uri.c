#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/uri.h"

static void expect_split(const char *text, const char *scheme, const char *address)
{
    struct tni_uri uri;
    char buffer[TNI_URI_MAX + 1];

    assert_int_equal(tni_uri_parse(text, &uri), 0);
    assert_string_equal(uri.scheme, scheme);
    assert_int_equal(tni_uri_address(&uri, buffer, sizeof buffer), strlen(address));
    assert_string_equal(buffer, address);
}

static void expect_refused(const char *text, size_t position, const char *part_of_text)
{
    struct tni_uri uri;
    char where[32];

    snprintf(where, sizeof where, "character %zu", position);
    assert_int_equal(tni_uri_parse(text, &uri), -EINVAL);
    assert_non_null(strstr(tni_error_text(), part_of_text));
    if (position > 0)
        assert_non_null(strstr(tni_error_text(), where));
}

static void test_parse_splits_scheme_and_address(void **state)
{
    (void)state;
    expect_split("tcp://127.0.0.1:5555", "tcp", "127.0.0.1:5555");
    expect_split("TCP://*:*", "tcp", "*:*");
    expect_split("tls+ipc:///tmp/x", "tls+ipc", "/tmp/x");
    expect_split("inproc://a", "inproc", "a");
    expect_split("9p.a-b+c://x", "9p.a-b+c", "x");
    expect_split("AZ09az://x", "az09az", "x");
    expect_split("ipc://@abstract name", "ipc", "@abstract name");
    expect_split("tcp://[fe80::1%eth0]:0", "tcp", "[fe80::1%eth0]:0");
    expect_split("tcp://192.168.1.17:5555;192.168.1.1:5556", "tcp",
                 "192.168.1.17:5555;192.168.1.1:5556");
    expect_split("inproc://a://b", "inproc", "a://b");
}

static void test_address_only_question_marks_are_escaped(void **state)
{
    (void)state;
    expect_split("ipc:///tmp/what%3F", "ipc", "/tmp/what?");
    expect_split("ipc:///tmp/what%3f%3Fx?a=b", "ipc", "/tmp/what??x");
    expect_split("ipc:///tmp/a%20b%", "ipc", "/tmp/a%20b%");
    expect_split("ipc:///tmp/%3", "ipc", "/tmp/%3");
}

static void test_address_needs_room_for_its_end(void **state)
{
    struct tni_uri uri;
    char buffer[4];

    (void)state;
    assert_int_equal(tni_uri_parse("inproc://abc", &uri), 0);
    assert_int_equal(tni_uri_address(&uri, buffer, 4), 3);
    assert_int_equal(tni_uri_address(&uri, buffer, 3), -EMSGSIZE);
    assert_int_equal(tni_uri_address(&uri, buffer, 0), -EMSGSIZE);
}

static void test_options_come_in_order_and_unescaped(void **state)
{
    struct tni_uri uri;
    struct tni_uri_option option;
    size_t cursor = 0;
    char value[16];

    (void)state;
    assert_int_equal(tni_uri_parse("tcp://h:1?sndhwm=10&a.b-c_D=%26%3D+=?&empty=", &uri), 0);
    assert_true(tni_uri_next_option(&uri, &cursor, &option));
    assert_true(tni_slice_is(option.key, "sndhwm"));
    assert_true(tni_slice_is(option.value, "10"));
    assert_true(tni_uri_next_option(&uri, &cursor, &option));
    assert_true(tni_slice_is(option.key, "a.b-c_D"));
    assert_int_equal(tni_uri_value(option.value, value, sizeof value), 5);
    assert_string_equal(value, "&=+=?");
    assert_int_equal(tni_uri_value(option.value, value, 5), -EMSGSIZE);
    assert_int_equal(tni_uri_value(option.value, value, 6), 5);
    assert_false(tni_slice_is(option.key, "a.b-c_E"));
    assert_false(tni_slice_is(option.key, "a.b"));
    assert_true(tni_uri_next_option(&uri, &cursor, &option));
    assert_true(tni_slice_is(option.key, "empty"));
    assert_int_equal(tni_uri_value(option.value, value, 1), 0);
    assert_int_equal(tni_uri_value(option.value, value, 0), -EMSGSIZE);
    assert_false(tni_uri_next_option(&uri, &cursor, &option));
    assert_false(tni_uri_next_option(&uri, &cursor, &option));
}

static void test_value_hexadecimal_digits_all_count(void **state)
{
    const struct tni_slice value = {"%09%9a%aF%Fa%f0%A9", 18};
    char bytes[7];

    (void)state;
    assert_int_equal(tni_uri_value(value, bytes, sizeof bytes), 6);
    assert_memory_equal(bytes, "\x09\x9a\xaf\xfa\xf0\xa9", 7);
}

static void test_no_options_gives_none(void **state)
{
    struct tni_uri uri;
    struct tni_uri_option option;
    size_t cursor = 0;

    (void)state;
    assert_int_equal(tni_uri_parse("tcp://h:1", &uri), 0);
    assert_false(tni_uri_next_option(&uri, &cursor, &option));
}

static void test_parse_malformed_scheme_is_refused(void **state)
{
    (void)state;
    expect_refused(NULL, 0, "NULL");
    expect_refused("", 1, "scheme");
    expect_refused("://x", 1, "scheme");
    expect_refused("tcp", 4, "://");
    expect_refused("tcp:/x", 4, "://");
    expect_refused("tcp:127.0.0.1:5555", 4, "://");
    expect_refused("t_p://x", 2, "://");
    expect_refused("+tcp://x", 1, "letter");
    expect_refused("tcp://", 7, "no address");
    expect_refused("tcp://?a=b", 7, "no address");
    expect_refused("tcp://a\nb", 8, "0x0a");
}

static void test_parse_malformed_options_are_refused(void **state)
{
    (void)state;
    expect_refused("tcp://x?", 9, "empty");
    expect_refused("tcp://x?a=1&", 13, "empty");
    expect_refused("tcp://x?a=1&&b=2", 13, "empty");
    expect_refused("tcp://x?=1", 9, "no name");
    expect_refused("tcp://x?ipv6", 13, "no value");
    expect_refused("tcp://x?a b=1", 10, "other characters");
    expect_refused("ipc:///tmp/x?/y", 14, "%3F");
    expect_refused("tcp://x?a=%4", 11, "%25");
    expect_refused("tcp://x?a=%zz", 11, "%25");
    expect_refused("tcp://x?a=%g0", 11, "%25");
    expect_refused("tcp://x?a=%:0", 11, "%25");
    expect_refused("tcp://x?a=%0G", 11, "%25");
    expect_refused("tcp://x?a=%00", 11, "zero byte");
    expect_refused("tcp://x?a=1&b=2&a=3", 17, "twice");
}

static void test_parse_error_keeps_values_out_of_the_sentence(void **state)
{
    (void)state;
    expect_refused("tcp://x?password=secret&password=secret", 25, "twice");
    assert_null(strstr(tni_error_text(), "secret"));
    expect_refused("tcp://x?password=secret%", 24, "password");
    assert_null(strstr(tni_error_text(), "secret"));
}

static void test_parse_limits_are_kept(void **state)
{
    char text[TNI_URI_MAX + 2];
    struct tni_uri uri;
    size_t used;

    (void)state;
    memset(text, 'a', sizeof text);
    text[TNI_URI_SCHEME_MAX + 1] = '\0';
    expect_refused(text, TNI_URI_SCHEME_MAX + 1, "longer than 63");
    memset(text, 'a', sizeof text);
    memcpy(text + TNI_URI_SCHEME_MAX, "://", 3);
    text[TNI_URI_MAX] = '\0';
    assert_int_equal(tni_uri_parse(text, &uri), 0);
    text[TNI_URI_MAX] = 'a';
    text[TNI_URI_MAX + 1] = '\0';
    expect_refused(text, 0, "longer than 4096");

    memset(text, 'k', sizeof text);
    memcpy(text, "tcp://x?", 8);
    memcpy(text + 8 + TNI_URI_KEY_MAX, "=v", 3);
    assert_int_equal(tni_uri_parse(text, &uri), 0);
    memcpy(text + 8 + TNI_URI_KEY_MAX, "k=v", 4);
    expect_refused(text, 9, "longer than 63");

    used = (size_t)sprintf(text, "tcp://x?k0=v");
    for (int i = 1; i < TNI_URI_OPTIONS_MAX; i++)
        used += (size_t)sprintf(text + used, "&k%d=v", i);
    assert_int_equal(tni_uri_parse(text, &uri), 0);
    strcpy(text + used, "&one=more");
    expect_refused(text, used + 2, "more than 32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_splits_scheme_and_address),
        cmocka_unit_test(test_address_only_question_marks_are_escaped),
        cmocka_unit_test(test_address_needs_room_for_its_end),
        cmocka_unit_test(test_options_come_in_order_and_unescaped),
        cmocka_unit_test(test_value_hexadecimal_digits_all_count),
        cmocka_unit_test(test_no_options_gives_none),
        cmocka_unit_test(test_parse_malformed_scheme_is_refused),
        cmocka_unit_test(test_parse_malformed_options_are_refused),
        cmocka_unit_test(test_parse_error_keeps_values_out_of_the_sentence),
        cmocka_unit_test(test_parse_limits_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
