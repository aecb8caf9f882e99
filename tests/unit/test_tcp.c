/* The tcp module: bytes and options of a connection, over the loopback interface. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_core.h"

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

static ssize_t write_text(struct fake_client *client, const char *text)
{
    struct iovec part = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};

    return ops->writev(client->state, &part, 1);
}

static void test_dial_reaches_the_listener_and_reports_addresses(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    char expected[64];

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    snprintf(expected, sizeof expected, "tcp://127.0.0.1:%d", server.port);
    assert_string_equal(dialled.handle.remote, expected);
    assert_string_equal(accepted.handle.local, expected);
    assert_string_equal(accepted.handle.remote, dialled.handle.local);
    assert_int_equal(dialled.handle.reports, 1);
    assert_int_equal(fake.resolve_calls, 0);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_bytes_go_both_ways_in_parts(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    char first[4], second[16];
    struct iovec out[] = {{.iov_base = "one ", .iov_len = 4}, {.iov_base = "two", .iov_len = 3}};
    struct iovec in[] = {{.iov_base = first, .iov_len = 4}, {.iov_base = second, .iov_len = 16}};

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    assert_int_equal(ops->writev(dialled.state, out, 2), 7);
    fake_wait(ops->fd(accepted.state), POLLIN);
    assert_int_equal(ops->readv(accepted.state, in, 2), 7);
    assert_memory_equal(first, "one ", 4);
    assert_memory_equal(second, "two", 3);
    assert_int_equal(write_text(&accepted, "back"), 4);
    fake_wait(ops->fd(dialled.state), POLLIN);
    assert_int_equal(ops->readv(dialled.state, in, 1), 4);
    assert_memory_equal(first, "back", 4);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_read_of_nothing_says_again_and_keeps_errno(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    char byte;
    struct iovec in[] = {{.iov_base = &byte, .iov_len = 1}, {.iov_base = NULL, .iov_len = 0}};

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    errno = PROBE_ERRNO;
    assert_int_equal(ops->readv(accepted.state, in, 1), -EAGAIN);
    assert_int_equal(ops->readv(accepted.state, in, 2), -EAGAIN);
    assert_int_equal(errno, PROBE_ERRNO);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_read_after_the_peers_end_returns_zero(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    char buffer[8];
    struct iovec in = {.iov_base = buffer, .iov_len = sizeof buffer};

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    assert_int_equal(write_text(&dialled, "bye"), 3);
    fake_close(&dialled);
    fake_wait(ops->fd(accepted.state), POLLIN);
    assert_int_equal(ops->readv(accepted.state, &in, 1), 3);
    fake_wait(ops->fd(accepted.state), POLLIN);
    assert_int_equal(ops->readv(accepted.state, &in, 1), 0);
    fake_close(&accepted);
    fake_unlisten(&server);
}

static void test_write_until_full_says_again(void **state)
{
    static char block[65536];
    struct fake_server server;
    struct fake_client dialled, accepted;
    struct iovec out[] = {{.iov_base = block, .iov_len = sizeof block},
                          {.iov_base = block, .iov_len = sizeof block}};
    ssize_t size;

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    do {
        size = ops->writev(dialled.state, out, 2);
    } while (size > 0);
    assert_int_equal(size, -EAGAIN);
    do {
        size = ops->writev(dialled.state, out, 1);
    } while (size > 0);
    assert_int_equal(size, -EAGAIN);
    fake_pair_end(&server, &dialled, &accepted);
}

/* SIGPIPE would end the test. */
static void test_write_to_a_dead_peer_fails_without_a_signal(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    struct iovec out[] = {{.iov_base = "a", .iov_len = 1}, {.iov_base = "b", .iov_len = 1}};

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    assert_int_equal(write_text(&accepted, "unread"), 6);
    fake_wait(ops->fd(dialled.state), POLLIN);
    fake_close(&dialled); /* with data unread: a reset */
    fake_wait(ops->fd(accepted.state), POLLRDHUP);
    assert_int_equal(ops->writev(accepted.state, out, 1), -ECONNRESET);
    assert_int_equal(ops->writev(accepted.state, out, 1), -EPIPE);
    assert_int_equal(ops->writev(accepted.state, out, 2), -EPIPE);
    fake_close(&accepted);
    fake_unlisten(&server);
}

static void test_options_reach_both_ends(void **state)
{
    struct fake_server server;
    struct fake_client ends[2];

    (void)state;
    fake_host_set_int(&fake, "keepalive", 1);
    fake_host_set_int(&fake, "keepalive_idle", 7);
    fake_host_set_int(&fake, "keepalive_intvl", 3);
    fake_host_set_int(&fake, "keepalive_cnt", 2);
    fake_host_set_int(&fake, "maxrt", 1234);
    fake_host_set_int(&fake, "sndbuf", 20000);
    fake_host_set_int(&fake, "rcvbuf", 30000);
    fake_host_set_int(&fake, "tos", 0x10);
    fake_host_set_int(&fake, "priority", 3);
    fake_pair(&server, "127.0.0.1:*", &ends[0], &ends[1]);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fake_sockopt(&ends[i], IPPROTO_TCP, TCP_NODELAY), 1);
        assert_int_equal(fake_sockopt(&ends[i], SOL_SOCKET, SO_KEEPALIVE), 1);
        assert_int_equal(fake_sockopt(&ends[i], IPPROTO_TCP, TCP_KEEPIDLE), 7);
        assert_int_equal(fake_sockopt(&ends[i], IPPROTO_TCP, TCP_KEEPINTVL), 3);
        assert_int_equal(fake_sockopt(&ends[i], IPPROTO_TCP, TCP_KEEPCNT), 2);
        assert_int_equal(fake_sockopt(&ends[i], IPPROTO_TCP, TCP_USER_TIMEOUT), 1234);
        assert_int_equal(fake_sockopt(&ends[i], SOL_SOCKET, SO_SNDBUF), 40000);
        assert_int_equal(fake_sockopt(&ends[i], SOL_SOCKET, SO_RCVBUF), 60000);
        assert_int_equal(fake_sockopt(&ends[i], IPPROTO_IP, IP_TOS), 0x10);
        assert_int_equal(fake_sockopt(&ends[i], SOL_SOCKET, SO_PRIORITY), 3);
    }
    fake_pair_end(&server, &ends[0], &ends[1]);
}

static void test_options_reach_ipv6_and_devices(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;

    (void)state;
    if (!has_ipv6())
        skip();
    fake_host_set_int(&fake, "tos", 0x20);
    fake_host_set_text(&fake, "bindtodevice", "lo");
    if (fake_listen(&server, "[::1]:*") == -EPERM) {
        fake_unlisten(&server);
        skip();
        return;
    }
    assert_int_equal(fake_dial_port(&dialled, "[::1]:%d", server.port), 0);
    fake_accept(&server, &accepted);
    assert_int_equal(fake_sockopt(&dialled, IPPROTO_IPV6, IPV6_TCLASS), 0x20);
    assert_int_equal(fake_sockopt(&accepted, IPPROTO_IPV6, IPV6_TCLASS), 0x20);
    fake_pair_end(&server, &dialled, &accepted);
}

/* Where only an administrator may, the connect says so. */
static void test_busy_polling_is_set_or_refused_as_the_system_says(void **state)
{
    struct fake_server server;
    struct fake_client dialled;
    int time = 50, probe = socket(AF_INET, SOCK_STREAM, 0);
    bool may = setsockopt(probe, SOL_SOCKET, SO_BUSY_POLL, &time, sizeof time) == 0;

    (void)state;
    close(probe);
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    fake_host_set_int(&fake, "busy_poll", time);
    assert_int_equal(fake_dial_port(&dialled, "127.0.0.1:%d", server.port), may ? 0 : -EPERM);
    if (may)
        assert_int_equal(fake_sockopt(&dialled, SOL_SOCKET, SO_BUSY_POLL), time);
    fake_close(&dialled);
    fake_unlisten(&server);
}

static void test_options_off_leave_the_system_alone(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;

    (void)state;
    fake_host_set_int(&fake, "nodelay", 0);
    fake_host_set_int(&fake, "keepalive", 0);
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    assert_int_equal(fake_sockopt(&dialled, IPPROTO_TCP, TCP_NODELAY), 0);
    assert_int_equal(fake_sockopt(&accepted, SOL_SOCKET, SO_KEEPALIVE), 0);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_descriptors_are_nonblocking_and_closed_on_exec(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    int fds[3];

    (void)state;
    fake_pair(&server, "127.0.0.1:*", &dialled, &accepted);
    fds[0] = ops->listener_fd(server.state);
    fds[1] = ops->fd(dialled.state);
    fds[2] = ops->fd(accepted.state);
    for (int i = 0; i < 3; i++) {
        assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
    }
    fake_pair_end(&server, &dialled, &accepted);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dial_reaches_the_listener_and_reports_addresses),
        TEST(test_bytes_go_both_ways_in_parts),
        TEST(test_read_of_nothing_says_again_and_keeps_errno),
        TEST(test_read_after_the_peers_end_returns_zero),
        TEST(test_write_until_full_says_again),
        TEST(test_write_to_a_dead_peer_fails_without_a_signal),
        TEST(test_options_reach_both_ends),
        TEST(test_options_reach_ipv6_and_devices),
        TEST(test_busy_polling_is_set_or_refused_as_the_system_says),
        TEST(test_options_off_leave_the_system_alone),
        TEST(test_descriptors_are_nonblocking_and_closed_on_exec),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
