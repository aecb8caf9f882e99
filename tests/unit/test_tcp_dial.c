/* The tcp module: connecting, by number, by name and from a source. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_core.h"

extern const tn_module_t tcp_LTX_tenon_module_v1;

enum { PROBE_ERRNO = 77, HELD = 8 };

static int held[HELD]; /* sockets of quiet_port */
static unsigned held_count;

static int set_up(void **state)
{
    (void)state;
    fake_core_begin(tcp_LTX_tenon_module_v1.features[0]);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    while (held_count > 0)
        close(held[--held_count]);
    return fake_alloc_balance() == 0 ? 0 : -1;
}

/* A port where nobody listens. It is held, so that nobody else is given it, by a socket that lets
 * others bind it on purpose. */
static int quiet_port(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0 && held_count < HELD);
    held[held_count++] = fd;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    return ntohs(name.sin_port);
}

static struct addrinfo entry(struct sockaddr_in *name, int port, struct addrinfo *next)
{
    *name = (struct sockaddr_in){.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return (struct addrinfo){.ai_family = AF_INET,
                             .ai_addr = (struct sockaddr *)name,
                             .ai_addrlen = sizeof *name,
                             .ai_next = next};
}

static void test_dial_without_descriptors_says_so(void **state)
{
    struct fake_client client;
    struct rlimit before;

    (void)state;
    fake_open(&client, TN_ROLE_CONNECT);
    before = fake_leave_descriptors(0);
    assert_int_equal(ops->dial(client.state, "127.0.0.1:1"), -EMFILE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    fake_says("ulimit");
    fake_close(&client);
}

static void test_dial_nobody_is_refused_with_the_address(void **state)
{
    struct fake_client client;
    char expected[32];
    int port = quiet_port();

    (void)state;
    errno = PROBE_ERRNO;
    assert_int_equal(fake_dial_port(&client, "127.0.0.1:%d", port), -ECONNREFUSED);
    assert_int_equal(errno, PROBE_ERRNO);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", port);
    fake_says(expected);
    assert_int_equal(client.handle.reports, 0);
    fake_close(&client);
}

static void test_dial_that_meets_itself_is_refused(void **state)
{
    struct fake_client client;

    (void)state;
    assert_int_equal(fake_dial_port(&client, "127.0.0.1:%d;127.0.0.1:%d", quiet_port()),
                     -ECONNREFUSED);
    fake_says("met itself");
    assert_int_equal(client.handle.reports, 0);
    fake_close(&client);
}

/* The system says no at once; nothing is sent. */
static void test_dial_to_a_group_address_fails_at_once(void **state)
{
    struct fake_client client;

    (void)state;
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "224.0.0.1:1"), -ENETUNREACH);
    fake_says("224.0.0.1");
    fake_close(&client);
}

static void test_dial_malformed_is_refused(void **state)
{
    struct fake_client client;

    (void)state;
    assert_int_equal(fake_dial(&client, "nonsense"), -EINVAL);
    fake_close(&client);
}

static void test_dial_without_memory_fails(void **state)
{
    struct fake_client client;

    (void)state;
    fake_alloc_fail_at(1);
    assert_int_equal(fake_dial(&client, "127.0.0.1:1"), -ENOMEM);
    fake_close(&client);
}

static void test_dial_with_bad_option_fails(void **state)
{
    struct fake_client client;

    (void)state;
    fake_host_set_int(&fake, "keepalive", 1);
    fake_host_set_int(&fake, "keepalive_idle", 100000);
    assert_int_equal(fake_dial(&client, "127.0.0.1:1"), -EINVAL);
    fake_says("keepalive_idle");
    fake_close(&client);
}

static void test_close_while_connecting_frees_everything(void **state)
{
    struct fake_server server;
    struct fake_client client;
    char address[64];
    int code;

    (void)state;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    snprintf(address, sizeof address, "127.0.0.1:%d", server.port);
    fake_open(&client, TN_ROLE_CONNECT);
    code = ops->dial(client.state, address);
    assert_true(code == 0 || code == -EINPROGRESS);
    fake_close(&client);
    fake_unlisten(&server);
}

static void test_dial_from_source_uses_its_address_and_port(void **state)
{
    static const char *const sources[] = {"127.0.0.1:%d", "*:%d", "lo:%d"};
    struct fake_server server;

    (void)state;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct fake_client dialled, accepted;
        char source[32], address[96], expected[64];
        int port = quiet_port();

        snprintf(source, sizeof source, sources[i], port);
        snprintf(address, sizeof address, "%s;127.0.0.1:%d", source, server.port);
        assert_int_equal(fake_dial(&dialled, address), 0);
        fake_accept(&server, &accepted);
        snprintf(expected, sizeof expected, "tcp://127.0.0.1:%d", port);
        assert_string_equal(accepted.handle.remote, expected);
        fake_close(&dialled);
        fake_close(&accepted);
    }
    fake_unlisten(&server);
}

static void test_dial_from_any_port_of_a_source(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;

    (void)state;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    assert_int_equal(fake_dial_port(&dialled, "127.0.0.2:*;127.0.0.1:%d", server.port), 0);
    fake_accept(&server, &accepted);
    assert_memory_equal(accepted.handle.remote, "tcp://127.0.0.2:", 16);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_dial_from_bad_source_says_why(void **state)
{
    struct fake_server server;
    struct fake_client client;

    (void)state;
    assert_int_equal(fake_dial(&client, "no-such-interface:*;127.0.0.1:1"), -ENODEV);
    fake_says("no-such-interface");
    fake_close(&client);
    assert_int_equal(fake_dial(&client, "[::1]:*;127.0.0.1:1"), -EAFNOSUPPORT);
    fake_close(&client);
    assert_int_equal(fake_dial(&client, "192.0.2.1:*;127.0.0.1:1"), -EADDRNOTAVAIL);
    fake_says("192.0.2.1");
    fake_close(&client);
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    assert_int_equal(fake_dial_port(&client, "127.0.0.1:%d;127.0.0.1:1", server.port), -EADDRINUSE);
    fake_close(&client);
    fake_unlisten(&server);
}

static void test_dial_name_asks_the_host_to_resolve(void **state)
{
    struct fake_client client;

    (void)state;
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EINPROGRESS);
    assert_int_equal(ops->fd(client.state), -1);
    assert_int_equal(fake.resolve_calls, 1);
    assert_string_equal(fake.resolve_host, "name.example");
    assert_string_equal(fake.resolve_service, "5555");
    assert_int_equal(fake.resolve_family, AF_INET);
    fake_close(&client);
    fake_host_set_int(&fake, "ipv6", 1);
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EINPROGRESS);
    assert_int_equal(fake.resolve_family, AF_UNSPEC);
    fake_close(&client);
}

static void test_dial_name_passes_on_the_hosts_refusal(void **state)
{
    struct fake_client client;

    (void)state;
    fake.resolve_code = -EBUSY;
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EBUSY);
    fake_close(&client);
}

static void test_resolved_tries_each_address_in_turn(void **state)
{
    struct fake_server server;
    struct fake_client client, accepted;
    struct sockaddr_in names[3];
    struct addrinfo list[3];
    int code, before, after;

    (void)state;
    assert_int_equal(fake_listen(&server, "127.0.0.1:*"), 0);
    list[2] = entry(&names[2], server.port, NULL);
    list[1] = entry(&names[1], quiet_port(), &list[2]);
    list[0] = entry(&names[0], quiet_port(), &list[1]);
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EINPROGRESS);
    code = ops->resolved(client.state, 0, list);
    while (code == -EINPROGRESS) {
        before = ops->fd(client.state);
        fake_wait(before, POLLOUT);
        code = ops->established(client.state);
        after = ops->fd(client.state);
        assert_true(code == 0 || before != after);
    }
    assert_int_equal(code, 0);
    fake_accept(&server, &accepted);
    assert_string_equal(accepted.handle.remote, client.handle.local);
    fake_pair_end(&server, &client, &accepted);
}

static void test_resolved_to_nobody_fails_with_the_last_reason(void **state)
{
    struct fake_client client;
    struct sockaddr_in names[2];
    struct addrinfo list[2];

    (void)state;
    list[1] = entry(&names[1], quiet_port(), NULL);
    list[0] = entry(&names[0], quiet_port(), &list[1]);
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EINPROGRESS);
    assert_int_equal(fake_finish_dial(&client, ops->resolved(client.state, 0, list)),
                     -ECONNREFUSED);
    fake_says("127.0.0.1");
    fake_close(&client);
}

static void test_resolved_with_failure_returns_it(void **state)
{
    struct fake_client client;

    (void)state;
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EINPROGRESS);
    assert_int_equal(ops->resolved(client.state, -ENXIO, NULL), -ENXIO);
    fake_close(&client);
}

static void test_resolved_without_usable_address_fails(void **state)
{
    struct fake_client client;
    struct sockaddr other = {.sa_family = AF_UNIX};
    struct addrinfo list = {.ai_family = AF_UNIX, .ai_addr = &other, .ai_addrlen = sizeof other};

    (void)state;
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EINPROGRESS);
    assert_int_equal(ops->resolved(client.state, 0, &list), -EADDRNOTAVAIL);
    fake_close(&client);
}

static void test_resolved_without_memory_fails(void **state)
{
    struct fake_client client;
    struct sockaddr_in name;
    struct addrinfo list = entry(&name, 1, NULL);

    (void)state;
    fake_open(&client, TN_ROLE_CONNECT);
    assert_int_equal(ops->dial(client.state, "name.example:5555"), -EINPROGRESS);
    fake_alloc_fail_at(1);
    assert_int_equal(ops->resolved(client.state, 0, &list), -ENOMEM);
    fake_close(&client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dial_without_descriptors_says_so),
        TEST(test_dial_nobody_is_refused_with_the_address),
        TEST(test_dial_that_meets_itself_is_refused),
        TEST(test_dial_to_a_group_address_fails_at_once),
        TEST(test_dial_malformed_is_refused),
        TEST(test_dial_without_memory_fails),
        TEST(test_dial_with_bad_option_fails),
        TEST(test_close_while_connecting_frees_everything),
        TEST(test_dial_from_source_uses_its_address_and_port),
        TEST(test_dial_from_any_port_of_a_source),
        TEST(test_dial_from_bad_source_says_why),
        TEST(test_dial_name_asks_the_host_to_resolve),
        TEST(test_dial_name_passes_on_the_hosts_refusal),
        TEST(test_resolved_tries_each_address_in_turn),
        TEST(test_resolved_to_nobody_fails_with_the_last_reason),
        TEST(test_resolved_with_failure_returns_it),
        TEST(test_resolved_without_usable_address_fails),
        TEST(test_resolved_without_memory_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
