/* Descriptors that are taken over, lists of who may connect, and proxies. */
#include "api.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void exchange(tn_socket_t *from, tn_socket_t *to)
{
    api_send(from, "through", 0);
    api_expect(to, "through");
}

/* ------------------------------------------------------------------ use_fd */

static void take_over(int fd, const char *address, const char *wanted)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    char endpoint[API_ENDPOINT_MAX];
    int64_t left = 0;

    assert_ok(tn_set_int(pull, "use_fd", fd));
    api_bind(pull, address, endpoint);
    assert_string_equal(endpoint, wanted);
    assert_ok(tn_get_int(pull, "use_fd", &left));
    assert_int_equal(left, -1);
    assert_ok(tn_connect(push, endpoint));
    exchange(push, pull);
    assert_ok(tn_unbind(pull, endpoint));
    /* It was the socket's, which has closed it. */
    assert_ok(tn_close(pull));
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
    assert_int_equal(dup(fd), -1);
}

static void test_a_listening_tcp_descriptor_is_taken_over(void **state)
{
    char endpoint[API_ENDPOINT_MAX];
    int fd = api_raw_listen(endpoint);

    (void)state;
    take_over(fd, "tcp://127.0.0.1:*", endpoint);
}

static int listen_local(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(fd, 5), 0);
    return fd;
}

static void test_a_listening_ipc_descriptor_is_taken_over_and_its_file_stays(void **state)
{
    char directory[] = "/tmp/tenon-fd-XXXXXX", path[64], endpoint[80];

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/socket", directory);
    snprintf(endpoint, sizeof(endpoint), "ipc://%s", path);
    take_over(listen_local(path), endpoint, endpoint);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void test_other_descriptors_are_refused_and_left_alone(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");
    int pair[2], plain = socket(AF_INET, SOCK_STREAM, 0);
    char endpoint[API_ENDPOINT_MAX];
    int listener = api_raw_listen(endpoint);

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_ok(tn_set_int(pull, "use_fd", pair[0]));
    assert_code(tn_bind(pull, API_TCP), -EINVAL);
    assert_ok(tn_set_int(pull, "use_fd", plain));
    assert_code(tn_bind(pull, API_TCP), -EINVAL);
    assert_ok(tn_set_int(pull, "use_fd", 1 << 20));
    assert_code(tn_bind(pull, API_TCP), -EBADF);
    assert_ok(tn_set_int(pull, "use_fd", listener));
    assert_code(tn_bind(pull, API_IPC), -EAFNOSUPPORT);
    assert_int_equal(close(pair[0]), 0);
    assert_int_equal(close(pair[1]), 0);
    assert_int_equal(close(plain), 0);
    assert_int_equal(close(listener), 0);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ filters */

static void expect_filtered(const char *address, const char *option, const char *value, bool passes)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(pull, TN_EVENT_ACCEPT_FAILED | TN_EVENT_HANDSHAKE_SUCCEEDED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    assert_non_null(monitor);
    assert_ok(tn_set_str(pull, option, value));
    api_bind(pull, address, endpoint);
    assert_ok(tn_connect(push, endpoint));
    assert_true(tn_monitor_recv(monitor, &event, API_TIMEOUT_MS) >= 0);
    assert_int_equal(event.kind, passes ? TN_EVENT_HANDSHAKE_SUCCEEDED : TN_EVENT_ACCEPT_FAILED);
    if (passes) {
        exchange(push, pull);
    } else {
        assert_int_equal(event.error, -EACCES);
        assert_non_null(strstr(event.reason, "let in"));
    }
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_addresses_are_filtered(void **state)
{
    (void)state;
    expect_filtered(API_TCP, "tcp.accept_filter", "10.0.0.0/8,127.0.0.0/8", true);
    expect_filtered(API_TCP, "tcp.accept_filter", "10.0.0.0/8,::1", false);
    expect_filtered(API_TCP, "tcp.accept_filter", "", true);
}

static void test_processes_are_filtered(void **state)
{
    char number[16];

    (void)state;
    snprintf(number, sizeof(number), "1,%d", (int)getpid());
    expect_filtered(API_IPC, "ipc.filter_pid", number, true);
    expect_filtered(API_IPC, "ipc.filter_pid", "1", false);
    snprintf(number, sizeof(number), "%u", (unsigned)getuid());
    expect_filtered(API_IPC, "ipc.filter_uid", number, true);
    snprintf(number, sizeof(number), "%u", (unsigned)getuid() + 1);
    expect_filtered(API_IPC, "ipc.filter_uid", number, false);
    snprintf(number, sizeof(number), "%u", (unsigned)getgid());
    expect_filtered(API_IPC, "ipc.filter_gid", number, true);
    expect_filtered(API_IPC, "ipc.filter_gid", "4294967294", false);
}

static void test_malformed_filters_fail_the_bind(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull");

    (void)state;
    assert_ok(tn_set_str(pull, "tcp.accept_filter", "10.0.0.0/8,nonsense"));
    assert_ok(tn_set_str(pull, "ipc.filter_uid", "1,x"));
    assert_code(tn_bind(pull, API_TCP), -EINVAL);
    assert_code(tn_bind(pull, API_IPC), -EINVAL);
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ a proxy */

struct proxy {
    int listener, client, target;
    char address[API_ENDPOINT_MAX];
    uint16_t target_port;
    pthread_t relay;
};

static struct proxy open_proxy(const char *target)
{
    struct proxy proxy = {.client = -1, .target = -1};
    char endpoint[API_ENDPOINT_MAX];

    proxy.listener = api_raw_listen(endpoint);
    snprintf(proxy.address, sizeof(proxy.address), "%s", endpoint + strlen("tcp://"));
    proxy.target_port = (uint16_t)atoi(strrchr(target, ':') + 1);
    return proxy;
}

static void *relay(void *arg)
{
    const struct proxy *proxy = arg;
    struct pollfd fds[2] = {{proxy->client, POLLIN, 0}, {proxy->target, POLLIN, 0}};
    char bytes[4096];

    for (;;) {
        if (poll(fds, 2, -1) < 0)
            return NULL;
        for (int i = 0; i < 2; i++) {
            ssize_t size = fds[i].revents ? recv(fds[i].fd, bytes, sizeof(bytes), 0) : -1;
            if (size > 0 && send(fds[!i].fd, bytes, (size_t)size, MSG_NOSIGNAL) == size)
                continue;
            if (fds[i].revents)
                return NULL;
        }
    }
}

static void expect_bytes(const struct proxy *proxy, const void *wanted, size_t size)
{
    uint8_t got[600];

    api_raw_read(proxy->client, got, size);
    assert_memory_equal(got, wanted, size);
}

static void answer(const struct proxy *proxy, const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        api_raw_write(proxy->client, (const char *)bytes + i, 1);
}

static void take_client(struct proxy *proxy)
{
    proxy->client = accept(proxy->listener, NULL, NULL);
    assert_true(proxy->client >= 0);
}

/* The request has this address; the answer follows in one piece with the target's first bytes. */
static void serve(struct proxy *proxy, const void *kind_and_host, size_t size)
{
    uint8_t port[2] = {(uint8_t)(proxy->target_port >> 8), (uint8_t)proxy->target_port};
    char endpoint[64];

    expect_bytes(proxy, "\5\1\0", 3);
    expect_bytes(proxy, kind_and_host, size);
    expect_bytes(proxy, port, 2);
    snprintf(endpoint, sizeof(endpoint), "tcp://127.0.0.1:%u", proxy->target_port);
    proxy->target = api_raw_connect(endpoint);
    answer(proxy, "\5\0\0\1\177\0\0\1\0\1", 10);
    assert_int_equal(pthread_create(&proxy->relay, NULL, relay, proxy), 0);
}

static void close_proxy(struct proxy *proxy)
{
    shutdown(proxy->client, SHUT_RDWR);
    assert_int_equal(pthread_join(proxy->relay, NULL), 0);
    close(proxy->client);
    close(proxy->target);
    close(proxy->listener);
}

static void through_a_proxy(const char *host, const void *kind_and_host, size_t size,
                            const char *user)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push = api_socket(ctx, "push");
    char real[API_ENDPOINT_MAX], endpoint[API_ENDPOINT_MAX];
    struct proxy proxy;

    api_bind(pull, API_TCP, real);
    proxy = open_proxy(real);
    snprintf(endpoint, sizeof(endpoint), "tcp://%s:%u", host, proxy.target_port);
    assert_ok(tn_set_str(push, "tcp.socks_proxy", proxy.address));
    if (user) {
        assert_ok(tn_set_str(push, "tcp.socks_username", user));
        assert_ok(tn_set_str(push, "tcp.socks_password", "secret"));
    }
    assert_ok(tn_connect(push, endpoint));
    take_client(&proxy);
    expect_bytes(&proxy, user ? "\5\1\2" : "\5\1\0", 3);
    answer(&proxy, user ? "\5\2" : "\5\0", 2);
    if (user) {
        expect_bytes(&proxy, "\1\2me\6secret", 11);
        answer(&proxy, "\1\0", 2);
    }
    serve(&proxy, kind_and_host, size);
    exchange(push, pull);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
    close_proxy(&proxy);
}

static void test_addresses_go_through_a_proxy(void **state)
{
    (void)state;
    through_a_proxy("127.0.0.1", "\1\177\0\0\1", 5, NULL);
    through_a_proxy("[::1]", "\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 17, NULL);
}

static void test_names_are_looked_up_by_the_proxy(void **state)
{
    (void)state;
    through_a_proxy("no.such.host.invalid", "\3\24no.such.host.invalid", 22, NULL);
}

static void test_a_proxy_may_want_a_password(void **state)
{
    (void)state;
    through_a_proxy("127.0.0.1", "\1\177\0\0\1", 5, "me");
}

/* It says `bytes` after our greeting: the attempt ends, and the next one follows. */
static void expect_refusal(const void *bytes, size_t size, int code, const char *reason)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    tn_monitor_t *monitor = tn_monitor(push, TN_EVENT_CONNECT_RETRIED);
    struct proxy proxy = open_proxy("tcp://127.0.0.1:9");
    tn_event_t event;

    assert_ok(tn_set_int(push, "reconnect_ivl", 1));
    assert_ok(tn_set_int(push, "handshake_ivl", 200));
    assert_ok(tn_set_str(push, "tcp.socks_proxy", proxy.address));
    assert_ok(tn_connect(push, "tcp://host:9"));
    take_client(&proxy);
    answer(&proxy, bytes, size);
    if (code == -ECONNRESET)
        shutdown(proxy.client, SHUT_WR);
    api_expect_event(monitor, TN_EVENT_CONNECT_RETRIED, &event);
    assert_int_equal(event.error, code);
    assert_non_null(strstr(event.reason, reason));
    close(proxy.client);
    take_client(&proxy);
    close(proxy.client);
    close(proxy.listener);
    tn_monitor_close(monitor);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_what_a_proxy_refuses_is_told_and_tried_again(void **state)
{
    (void)state;
    expect_refusal("\5\xff", 2, -ECONNREFUSED, "socks_username");
    expect_refusal("\5\0\5\5\0\1\0", 7, -ECONNREFUSED, "nobody listens");
    expect_refusal("\5\0\5\4\0\1\0", 7, -EHOSTUNREACH, "host cannot be reached");
    expect_refusal("\5\0\5\2\0\1\0", 7, -EACCES, "does not allow");
    expect_refusal("HT", 2, -ECONNABORTED, "does not speak SOCKS5");
    expect_refusal("\5", 1, -ECONNRESET, "closed the connection");
}

static void test_a_silent_proxy_meets_the_handshake_deadline(void **state)
{
    (void)state;
    expect_refusal("\5", 0, -ETIMEDOUT, "handshake_ivl");
}

static void test_a_malformed_proxy_fails_the_connect(void **state)
{
    static const char *const addresses[] = {"host", "host:", "host:x", ":1", "a:1;b:2", "*:1"};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");

    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        assert_ok(tn_set_str(push, "tcp.socks_proxy", addresses[i]));
        assert_code(tn_connect(push, "tcp://127.0.0.1:9"), -EINVAL);
    }
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_listening_tcp_descriptor_is_taken_over),
        cmocka_unit_test(test_a_listening_ipc_descriptor_is_taken_over_and_its_file_stays),
        cmocka_unit_test(test_other_descriptors_are_refused_and_left_alone),
        cmocka_unit_test(test_addresses_are_filtered),
        cmocka_unit_test(test_processes_are_filtered),
        cmocka_unit_test(test_malformed_filters_fail_the_bind),
        cmocka_unit_test(test_addresses_go_through_a_proxy),
        cmocka_unit_test(test_names_are_looked_up_by_the_proxy),
        cmocka_unit_test(test_a_proxy_may_want_a_password),
        cmocka_unit_test(test_what_a_proxy_refuses_is_told_and_tried_again),
        cmocka_unit_test(test_a_silent_proxy_meets_the_handshake_deadline),
        cmocka_unit_test(test_a_malformed_proxy_fails_the_connect),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
