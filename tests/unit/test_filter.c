/* The lists of who may connect: rules of tcp, numbers of ipc, and how lists are read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transports/common/list.h"
#include "transports/ipc/ipc.h"
#include "transports/tcp/filter.h"

static bool matches(const char *text, const char *address)
{
    struct sock_text number = {.port = 1};
    union sock_name name;
    struct tni_tcp_rule rule;

    snprintf(number.host, sizeof number.host, "%s", address);
    assert_true(sock_from_number(&number, &name));
    assert_null(tni_tcp_rule_parse(text, strlen(text), &rule));
    return tni_tcp_rule_matches(&rule, &name);
}

static void test_rules_match_their_prefix(void **state)
{
    (void)state;
    assert_true(matches("10.0.0.0/8", "10.1.2.3"));
    assert_false(matches("10.0.0.0/8", "11.1.2.3"));
    assert_true(matches("192.168.4.0/23", "192.168.5.255"));
    assert_false(matches("192.168.4.0/23", "192.168.6.0"));
    assert_true(matches("1.2.3.4", "1.2.3.4"));
    assert_false(matches("1.2.3.4", "1.2.3.5"));
    assert_true(matches("1.2.3.4/32", "1.2.3.4"));
    assert_true(matches("0.0.0.0/0", "9.9.9.9"));
    assert_false(matches("0.0.0.0/0", "::1"));
    assert_true(matches("::/0", "::1"));
    assert_false(matches("::/0", "9.9.9.9"));
    assert_true(matches("fd00::/9", "fd7f::1"));
    assert_false(matches("fd00::/9", "fd80::1"));
    assert_true(matches("::1", "::1"));
    assert_false(matches("::1/128", "::2"));
}

static void test_ipv4_of_a_dual_stack_socket_is_ipv4(void **state)
{
    (void)state;
    assert_true(matches("10.0.0.0/8", "::ffff:10.1.2.3"));
    assert_false(matches("::/0", "::ffff:10.1.2.3"));
}

static void test_malformed_rules_are_refused(void **state)
{
    static const char *const rules[] = {"",           "x",          "1.2.3",       "1.2.3.4/",
                                        "1.2.3.4/33", "1.2.3.4/-1", "1.2.3.4/a",   "::1/129",
                                        "::1/1000",   "/8",         "1.2.3.4/0x8", "localhost"};
    struct tni_tcp_rule rule;
    char longest[100];

    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        assert_non_null(tni_tcp_rule_parse(rules[i], strlen(rules[i]), &rule));
    memset(longest, '1', sizeof longest);
    assert_non_null(tni_tcp_rule_parse(longest, sizeof longest, &rule));
}

static void test_numbers_of_processes_and_users(void **state)
{
    uint32_t number = 7;

    (void)state;
    assert_true(tni_ipc_list_parse("0", 1, &number));
    assert_int_equal(number, 0);
    assert_true(tni_ipc_list_parse("4294967295", 10, &number));
    assert_int_equal(number, UINT32_MAX);
    assert_false(tni_ipc_list_parse("4294967296", 10, &number));
    assert_false(tni_ipc_list_parse("", 0, &number));
    assert_false(tni_ipc_list_parse("-1", 2, &number));
    assert_false(tni_ipc_list_parse("1 2", 3, &number));
    assert_false(tni_ipc_list_parse("12345678901", 11, &number));
}

static void test_lists_are_read_item_by_item(void **state)
{
    const char *at = " a ,b,, c d", *item;
    static const char *const items[] = {"a", "b", "", "c d"};
    size_t size;

    (void)state;
    assert_int_equal(sock_list_count(at), 4);
    for (int i = 0; i < 4; i++) {
        assert_true(sock_list_next(&at, &item, &size));
        assert_int_equal(size, strlen(items[i]));
        assert_memory_equal(item, items[i], size);
    }
    assert_false(sock_list_next(&at, &item, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_match_their_prefix),
        cmocka_unit_test(test_ipv4_of_a_dual_stack_socket_is_ipv4),
        cmocka_unit_test(test_malformed_rules_are_refused),
        cmocka_unit_test(test_numbers_of_processes_and_users),
        cmocka_unit_test(test_lists_are_read_item_by_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
