/* The tcp module: taking an address and accepting, over the loopback interface. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_core.h"
#include "transports/common/sock.h"

extern const tn_module_t tcp_LTX_tenon_module_v1;

enum { PROBE_ERRNO = 77 };

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

static bool has_ipv6(void)
{
    struct fake_server server;
    bool has = fake_listen(&server, "[::1]:*") == 0;

    fake_unlisten(&server);
    return has;
}

static void test_listen_reports_the_port_it_got(void **state)
{
    static const char *const addresses[] = {"127.0.0.1:0", "127.0.0.1:*", "lo:*", "localhost:*"};

    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct fake_server server;
        char expected[64];

        assert_int_equal(fake_listen(&server, addresses[i]), 0);
        snprintf(expected, sizeof expected, "127.0.0.1:%d", server.port);
        assert_string_equal(server.handle.address, expected);
        assert_true(server.port > 0);
        assert_true(ops->listener_fd(server.state) >= 0);
        fake_unlisten(&server);
    }
}

static void test_listen_at_wildcard_is_ipv4_by_default(void **state)
{
    struct fake_server server;

    (void)state;
    assert_int_equal(fake_listen(&server, "*:*"), 0);
    assert_memory_equal(server.handle.address, "0.0.0.0:", 8);
    fake_unlisten(&server);
}

static void test_listen_at_wildcard_with_ipv6_takes_both(void **state)
{
    struct fake_server server;
    struct fake_client v4, v6, accepted;

    (void)state;
    if (!has_ipv6())
        skip();
    fake_host_set_int(&fake, "ipv6", 1);
    assert_int_equal(fake_listen(&server, "*:*"), 0);
    assert_memory_equal(server.handle.address, "[::]:", 5);
    assert_int_equal(fake_dial_port(&v4, "127.0.0.1:%d", server.port), 0);
    fake_accept(&server, &accepted);
    assert_string_equal(accepted.handle.remote, v4.handle.local);
    fake_close(&accepted);
    assert_int_equal(fake_dial_port(&v6, "[::1]:%d", server.port), 0);
    fake_accept(&server, &accepted);
    assert_memory_equal(accepted.handle.remote, "tcp://[::1]:", 12);
    fake_pair_end(&server, &v6, &accepted);
    fake_close(&v4);
}

static void test_listen_at_taken_wildcard_does_not_fall_back(void **state)
{
    struct fake_server first, second;
    char address[32];

    (void)state;
    if (!has_ipv6())
        skip();
    assert_int_equal(fake_listen(&first, "[::1]:*"), 0);
    fake_host_set_int(&fake, "ipv6", 1);
    snprintf(address, sizeof address, "*:%d", first.port);
    assert_int_equal(fake_listen(&second, address), -EADDRINUSE);
    fake_unlisten(&second);
    fake_unlisten(&first);
}

static void test_listen_at_interface_with_ipv6_prefers_ipv6(void **state)
{
    struct fake_server server;

    (void)state;
    if (!has_ipv6())
        skip();
    fake_host_set_int(&fake, "ipv6", 1);
    assert_int_equal(fake_listen(&server, "lo:*"), 0);
    assert_memory_equal(server.handle.address, "[::1]:", 6);
    fake_unlisten(&server);
}

static void test_listen_at_taken_port_says_in_use(void **state)
{
    struct fake_server first, second;

    (void)state;
    assert_int_equal(fake_listen(&first, "127.0.0.1:*"), 0);
    assert_int_equal(fake_listen(&second, first.handle.address), -EADDRINUSE);
    fake_says(first.handle.address);
    fake_says("in use");
    fake_unlisten(&second);
    fake_unlisten(&first);
}

static void test_listen_again_after_unlisten_takes_the_port(void **state)
{
    struct fake_server server, again;
    struct fake_client dialled, accepted;

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    fake_close(&accepted);
    fake_unlisten(&server);
    assert_int_equal(fake_listen(&again, server.handle.address), 0);
    fake_unlisten(&again);
    fake_close(&dialled);
}

static void test_listen_at_foreign_address_says_so(void **state)
{
    struct fake_server server;

    (void)state;
    assert_int_equal(fake_listen(&server, "192.0.2.1:*"), -EADDRNOTAVAIL);
    fake_says("192.0.2.1");
    fake_unlisten(&server);
}

static void test_listen_at_unknown_name_says_no_device(void **state)
{
    struct fake_server server;
    char address[100];

    (void)state;
    memset(address, 'x', 70); /* longer than a label may be: no name server is asked */
    memcpy(address + 70, ":1", 3);
    assert_int_equal(fake_listen(&server, address), -ENODEV);
    fake_says("interface");
    fake_unlisten(&server);
}

static void test_listen_malformed_is_refused(void **state)
{
    struct fake_server server;

    (void)state;
    assert_int_equal(fake_listen(&server, "nonsense"), -EINVAL);
    assert_int_equal(ops->listener_fd(server.state), -1);
    fake_unlisten(&server);
}

static void test_listen_passes_on_the_hosts_refusal(void **state)
{
    struct fake_server server;

    (void)state;
    fake.set_address_code = -ENOMEM;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), -ENOMEM);
    fake_unlisten(&server);
}

static void test_listen_with_unknown_device_says_which(void **state)
{
    struct fake_server server;

    (void)state;
    fake_host_set_text(&fake, "bindtodevice", "no-such-device");
    assert_true(fake_listen(&server, "127.0.0.1:*") < 0);
    fake_says("bindtodevice=no-such-device");
    fake_unlisten(&server);
}

static void test_accept_without_connection_says_again(void **state)
{
    struct fake_server server;
    struct fake_client accepted;

    (void)state;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    fake_open(&accepted, TN_ROLE_BIND);
    errno = PROBE_ERRNO;
    assert_int_equal(ops->accept(server.state, accepted.state), -EAGAIN);
    assert_int_equal(errno, PROBE_ERRNO);
    fake_close(&accepted);
    fake_unlisten(&server);
}

static void test_accept_without_descriptors_keeps_the_connection(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    struct rlimit before;

    (void)state;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    assert_int_equal(fake_dial_port(&dialled, "127.0.0.1:%d", server.port), 0);
    fake_wait(ops->listener_fd(server.state), POLLIN);
    fake_open(&accepted, TN_ROLE_BIND);
    before = fake_leave_descriptors(0);
    assert_int_equal(ops->accept(server.state, accepted.state), -EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(ops->accept(server.state, accepted.state), 0);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_errors_of_one_connection_are_transient(void **state)
{
    static const int transient[] = {ECONNABORTED, EINTR, EPROTO, ECONNRESET, ENETDOWN, EPERM};
    static const int lasting[] = {EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, EBADF, EINVAL};

    (void)state;
    for (size_t i = 0; i < sizeof transient / sizeof *transient; i++)
        assert_true(tn_sys_is_transient(transient[i]));
    for (size_t i = 0; i < sizeof lasting / sizeof *lasting; i++)
        assert_false(tn_sys_is_transient(lasting[i]));
}

static void test_accept_with_bad_option_closes_that_connection(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;

    (void)state;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    assert_int_equal(fake_dial_port(&dialled, "127.0.0.1:%d", server.port), 0);
    fake_wait(ops->listener_fd(server.state), POLLIN);
    fake_host_set_int(&fake, "keepalive", 1);
    fake_host_set_int(&fake, "keepalive_cnt", 100000);
    fake_open(&accepted, TN_ROLE_BIND);
    assert_int_equal(ops->accept(server.state, accepted.state), -EINVAL);
    fake_says("keepalive_cnt=100000");
    assert_int_equal(ops->fd(accepted.state), -1);
    assert_int_equal(ops->accept(server.state, accepted.state), -EAGAIN);
    fake_pair_end(&server, &dialled, &accepted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_listen_reports_the_port_it_got),
        TEST(test_listen_at_wildcard_is_ipv4_by_default),
        TEST(test_listen_at_wildcard_with_ipv6_takes_both),
        TEST(test_listen_at_taken_wildcard_does_not_fall_back),
        TEST(test_listen_at_interface_with_ipv6_prefers_ipv6),
        TEST(test_listen_at_taken_port_says_in_use),
        TEST(test_listen_again_after_unlisten_takes_the_port),
        TEST(test_listen_at_foreign_address_says_so),
        TEST(test_listen_at_unknown_name_says_no_device),
        TEST(test_listen_malformed_is_refused),
        TEST(test_listen_passes_on_the_hosts_refusal),
        TEST(test_listen_with_unknown_device_says_which),
        TEST(test_accept_without_connection_says_again),
        TEST(test_accept_without_descriptors_keeps_the_connection),
        TEST(test_errors_of_one_connection_are_transient),
        TEST(test_accept_with_bad_option_closes_that_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
