/* The tcp module: what it takes for an address, and what it makes of it. */
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_core.h"
#include "transports/tcp/address.h"

extern const tn_module_t tcp_LTX_tenon_module_v1;

static int set_up(void **state)
{
    (void)state;
    fake_core_begin(tcp_LTX_tenon_module_v1.features[0]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return fake_alloc_balance() == 0 ? 0 : -1;
}

static void test_check_accepts_addresses(void **state)
{
    static const char *const bind[] = {"*:5555",         "*:*",        "127.0.0.1:0", "lo:*",
                                       "localhost:5555", "[::1]:5555", "::1:5555",    "[*]:1",
                                       "[fe80::1%lo]:1", "eth0:65535"};
    static const char *const dial[] = {
        "127.0.0.1:1",           "localhost:5555", "[::1]:5555",   "example.org:80",
        "127.0.0.1:0;1.2.3.4:5", "*:*;name:5",     "lo:7;[::1]:8", "a_b-c.d:1"};

    (void)state;
    for (size_t i = 0; i < sizeof bind / sizeof *bind; i++)
        assert_int_equal(ops->check(&fake.table, bind[i], TN_ROLE_BIND), 0);
    for (size_t i = 0; i < sizeof dial / sizeof *dial; i++)
        assert_int_equal(ops->check(&fake.table, dial[i], TN_ROLE_CONNECT), 0);
}

static void test_check_refuses_addresses_with_a_sentence(void **state)
{
    static const struct {
        const char *address;
        unsigned role;
        const char *words;
    } cases[] = {
        {"", TN_ROLE_BIND, "port is missing"},
        {"*", TN_ROLE_BIND, "port is missing"},
        {"localhost", TN_ROLE_CONNECT, "port is missing"},
        {":5555", TN_ROLE_BIND, "host is empty"},
        {"[]:5555", TN_ROLE_BIND, "host is empty"},
        {"localhost:", TN_ROLE_CONNECT, "port is empty"},
        {"localhost:http", TN_ROLE_CONNECT, "not a number"},
        {"localhost:-1", TN_ROLE_CONNECT, "not a number"},
        {"localhost:65536", TN_ROLE_CONNECT, "not a number"},
        {"localhost:123456789", TN_ROLE_CONNECT, "not a number"},
        {"localhost:5555/path", TN_ROLE_CONNECT, "not a number"},
        {"localhost:0", TN_ROLE_CONNECT, "port 0"},
        {"localhost:*", TN_ROLE_CONNECT, "not a number"},
        {"*:5555", TN_ROLE_CONNECT, "no place to connect"},
        {"a b:5555", TN_ROLE_CONNECT, "character"},
        {"a/b:5555", TN_ROLE_CONNECT, "character"},
        {"[::1:5555", TN_ROLE_CONNECT, "character"},
        {"1:2:3", TN_ROLE_CONNECT, "no IPv6 address"},
        {"lo:1;1.2.3.4:5", TN_ROLE_BIND, "character"},
        {"lo;1.2.3.4:5", TN_ROLE_CONNECT, "port is missing"},
        {"lo:1;", TN_ROLE_CONNECT, "port is missing"},
        {"lo:1;lo:2;1.2.3.4:5", TN_ROLE_CONNECT, "character"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ops->check(&fake.table, cases[i].address, cases[i].role), -EINVAL);
        fake_says(cases[i].words);
    }
}

static void test_check_refuses_a_host_of_256_bytes(void **state)
{
    char address[300];

    (void)state;
    memset(address, 'a', 256);
    memcpy(address + 256, ":1", 3);
    assert_int_equal(ops->check(&fake.table, address, TN_ROLE_CONNECT), -EINVAL);
    fake_says("255 bytes");
    assert_int_equal(ops->check(&fake.table, address + 1, TN_ROLE_CONNECT), 0);
}

static void test_number_keeps_its_scope(void **state)
{
    struct sock_text text = {.port = 7};
    union sock_name name;
    char out[SOCK_ADDRESS_SIZE];

    (void)state;
    strcpy(text.host, "fe80::1%lo");
    assert_true(sock_from_number(&text, &name));
    assert_int_not_equal(name.v6.sin6_scope_id, 0);
    sock_format("tcp", &name, out);
    assert_string_equal(out, "tcp://[fe80::1%lo]:7");
    strcpy(text.host, "fe80::1%1");
    assert_true(sock_from_number(&text, &name));
    assert_int_equal(name.v6.sin6_scope_id, 1);
    strcpy(text.host, "fe80::1%1x");
    assert_false(sock_from_number(&text, &name));
    strcpy(text.host, "fe80::1%");
    assert_false(sock_from_number(&text, &name));
}

static void test_names_compare_by_address_port_and_scope(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "127.0.0.2", "fe80::1%1", "fe80::1%2", "::1"};
    enum { COUNT = sizeof hosts / sizeof *hosts };
    union sock_name names[COUNT];
    union sock_name other_port;

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct sock_text text = {.port = 5};

        strcpy(text.host, hosts[i]);
        assert_true(sock_from_number(&text, &names[i]));
    }
    for (size_t i = 0; i < COUNT; i++)
        for (size_t j = 0; j < COUNT; j++)
            assert_int_equal(sock_is_same(&names[i], &names[j]), i == j);
    other_port = names[0];
    other_port.v4.sin_port = 0;
    assert_false(sock_is_same(&names[0], &other_port));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_check_accepts_addresses),
        TEST(test_check_refuses_addresses_with_a_sentence),
        TEST(test_check_refuses_a_host_of_256_bytes),
        TEST(test_number_keeps_its_scope),
        TEST(test_names_compare_by_address_port_and_scope),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
