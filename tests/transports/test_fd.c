/* fd://: listening and connected sockets that the program made. */
#include "api.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static void name_fd(int fd, char out[API_ENDPOINT_MAX])
{
    snprintf(out, API_ENDPOINT_MAX, "fd://%d", fd);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void test_fd_connected_pair_talks(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = api_socket(ctx, "pair"), *two = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX];
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    name_fd(ends[0], endpoint);
    assert_ok(tn_bind(one, endpoint));
    name_fd(ends[1], endpoint);
    assert_ok(tn_connect(two, endpoint));
    for (int i = 0; i < 100; i++) {
        api_send(one, "there", 0);
        api_expect(two, "there");
        api_send(two, "back", 0);
        api_expect(one, "back");
    }
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
    assert_false(is_open(ends[0]));
    assert_false(is_open(ends[1]));
}

static void test_fd_lost_connection_is_not_tried_again(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = api_socket(ctx, "dealer");
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    monitor = tn_monitor(socket, TN_EVENT_ALL);
    assert_non_null(monitor);
    assert_ok(tn_set_int(socket, "reconnect_ivl", 1));
    name_fd(ends[1], endpoint);
    assert_ok(tn_connect(socket, endpoint));
    api_raw_handshake(ends[0], 1, "DEALER");
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
    close(ends[0]);
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    api_expect_event(monitor, TN_EVENT_CONNECT_FAILED, &event);
    assert_int_equal(event.error, -EPROTO);
    assert_false(is_open(ends[1]));
    tn_monitor_close(monitor);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

static int listening(char out_peer[API_ENDPOINT_MAX])
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof name;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
    assert_int_equal(listen(fd, 10), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
    snprintf(out_peer, API_ENDPOINT_MAX, "tcp://127.0.0.1:%d", ntohs(name.sin_port));
    return fd;
}

static void test_fd_listening_socket_accepts(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pull = api_socket(ctx, "pull"), *push[3];
    char endpoint[API_ENDPOINT_MAX], peer[API_ENDPOINT_MAX];
    int fd = listening(peer);

    (void)state;
    name_fd(fd, endpoint);
    assert_code(tn_connect(pull, endpoint), -EINVAL);
    assert_ok(tn_bind(pull, endpoint));
    for (int i = 0; i < 3; i++) {
        push[i] = api_socket(ctx, "push");
        assert_ok(tn_connect(push[i], peer));
        api_send(push[i], "hello", 0);
        api_expect(pull, "hello");
    }
    assert_ok(tn_unbind(pull, endpoint));
    assert_false(is_open(fd));
    api_send(push[0], "still there", 0);
    api_expect(pull, "still there");
    for (int i = 0; i < 3; i++)
        assert_ok(tn_close(push[i]));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void test_fd_wrong_descriptors_are_refused(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket_ = api_socket(ctx, "pair");
    int file = open("/dev/null", O_RDONLY), udp = socket(AF_INET, SOCK_DGRAM, 0);
    int lone = socket(AF_INET, SOCK_STREAM, 0);
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_code(tn_bind(socket_, "fd://tape"), -EINVAL);
    assert_code(tn_bind(socket_, "fd://-1"), -EINVAL);
    assert_code(tn_bind(socket_, "fd://3x"), -EINVAL);
    assert_code(tn_bind(socket_, "fd://99999"), -EBADF);
    name_fd(file, endpoint);
    assert_code(tn_bind(socket_, endpoint), -ENOTSOCK);
    name_fd(udp, endpoint);
    assert_code(tn_bind(socket_, endpoint), -EINVAL);
    name_fd(lone, endpoint);
    assert_code(tn_connect(socket_, endpoint), -ENOTCONN);
    /* What is refused stays the program's. */
    assert_true(is_open(file) && is_open(udp) && is_open(lone));
    close(file);
    close(udp);
    close(lone);
    assert_ok(tn_close(socket_));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fd_connected_pair_talks),
        cmocka_unit_test(test_fd_lost_connection_is_not_tried_again),
        cmocka_unit_test(test_fd_listening_socket_accepts),
        cmocka_unit_test(test_fd_wrong_descriptors_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
