#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "fake_host.h"
#include "transports/udp/address.h"

static int parse(const char *address, unsigned role, struct tni_udp_text *out_text)
{
    struct fake_host fake;

    fake_host_init(&fake);
    return tni_udp_parse(&fake.table, address, role, out_text);
}

static void test_parse_takes_what_can_be_bound(void **state)
{
    struct tni_udp_text text;

    (void)state;
    assert_int_equal(parse("*:5555", TN_ROLE_BIND, &text), 0);
    assert_string_equal(text.host.host, "");
    assert_int_equal(text.host.port, 5555);
    assert_false(text.has_interface);
    assert_int_equal(parse("eth0:*", TN_ROLE_BIND, &text), 0);
    assert_string_equal(text.host.host, "eth0");
    assert_int_equal(text.host.port, 0);
    assert_int_equal(parse("eth0;239.0.0.1:5555", TN_ROLE_BIND, &text), 0);
    assert_string_equal(text.host.host, "239.0.0.1");
    assert_true(text.has_interface);
    assert_string_equal(text.interface, "eth0");
    assert_int_equal(parse("*;[ff02::1]:5555", TN_ROLE_BIND, &text), 0);
    assert_string_equal(text.host.host, "ff02::1");
    assert_string_equal(text.interface, "*");
}

static void test_parse_takes_what_can_be_reached(void **state)
{
    struct tni_udp_text text;

    (void)state;
    assert_int_equal(parse("host.example:1", TN_ROLE_CONNECT, &text), 0);
    assert_int_equal(parse("wlan0;239.0.0.1:5555", TN_ROLE_CONNECT, &text), 0);
    assert_string_equal(text.interface, "wlan0");
    assert_int_equal(parse("*:5555", TN_ROLE_CONNECT, &text), -EINVAL);
    assert_int_equal(parse("127.0.0.1:0", TN_ROLE_CONNECT, &text), -EINVAL);
    assert_int_equal(parse("127.0.0.1:*", TN_ROLE_CONNECT, &text), -EINVAL);
}

static void test_parse_refuses_an_interface_without_a_group(void **state)
{
    struct tni_udp_text text;

    (void)state;
    assert_int_equal(parse("eth0;127.0.0.1:5555", TN_ROLE_BIND, &text), -EINVAL);
    assert_int_equal(parse("eth0;host:5555", TN_ROLE_CONNECT, &text), -EINVAL);
    assert_int_equal(parse(";239.0.0.1:5555", TN_ROLE_BIND, &text), -EINVAL);
    assert_int_equal(parse("eth0;", TN_ROLE_BIND, &text), -EINVAL);
}

static void test_targets_are_numbers(void **state)
{
    union sock_name name;

    (void)state;
    assert_true(tni_udp_parse_target("127.0.0.1:5", &name));
    assert_int_equal(sock_port(&name), 5);
    assert_false(tni_udp_is_multicast(&name));
    assert_true(tni_udp_parse_target("[ff02::1]:5", &name));
    assert_true(tni_udp_is_multicast(&name));
    assert_true(tni_udp_parse_target("239.1.2.3:5", &name));
    assert_true(tni_udp_is_multicast(&name));
    assert_false(tni_udp_parse_target("localhost:5", &name));
    assert_false(tni_udp_parse_target("127.0.0.1", &name));
    assert_false(tni_udp_parse_target("127.0.0.1:0", &name));
    assert_false(tni_udp_parse_target("", &name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_takes_what_can_be_bound),
        cmocka_unit_test(test_parse_takes_what_can_be_reached),
        cmocka_unit_test(test_parse_refuses_an_interface_without_a_group),
        cmocka_unit_test(test_targets_are_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
