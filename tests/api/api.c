#include "api.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { GREETING_SIZE = 64, COMMAND_FLAG = 4 };

long api_assert_ok(long code, const char *call, const char *file, int line)
{
    if (code < 0) {
        print_error("%s:%d: %s: %ld (%s): %s\n", file, line, call, code, tn_strerror((int)code),
                    tn_last_error());
        _fail(file, line);
    }
    return code;
}

void api_assert_code(long code, long wanted, const char *call, const char *file, int line)
{
    if (code != wanted) {
        print_error("%s:%d: %s: %ld (%s), not %ld (%s): %s\n", file, line, call, code,
                    tn_strerror((int)code), wanted, tn_strerror((int)wanted), tn_last_error());
        _fail(file, line);
    }
}

tn_ctx_t *api_ctx(void)
{
    tn_ctx_t *ctx = tn_ctx_new();

    if (!ctx)
        print_error("no context: %s\n", tn_last_error());
    assert_non_null(ctx);
    return ctx;
}

void api_ctx_end(tn_ctx_t *ctx)
{
    assert_ok(tn_ctx_term(ctx, API_TIMEOUT_MS));
}

tn_socket_t *api_socket(tn_ctx_t *ctx, const char *pattern)
{
    tn_socket_t *socket = tn_socket(ctx, pattern);

    if (!socket)
        print_error("no socket %s: %s\n", pattern, tn_last_error());
    assert_non_null(socket);
    assert_ok(tn_set_int(socket, "linger", 0));
    assert_ok(tn_set_int(socket, "sndtimeo", API_TIMEOUT_MS));
    assert_ok(tn_set_int(socket, "rcvtimeo", API_TIMEOUT_MS));
    return socket;
}

void api_bind(tn_socket_t *socket, const char *endpoint, char *out_endpoint)
{
    size_t size = API_ENDPOINT_MAX;

    assert_ok(tn_bind(socket, endpoint));
    assert_ok(tn_get_str(socket, "last_endpoint", out_endpoint, &size));
}

void api_join(tn_socket_t *binder, tn_socket_t *connecter, const char *endpoint)
{
    char real[API_ENDPOINT_MAX];

    api_bind(binder, endpoint, real);
    assert_ok(tn_connect(connecter, real));
    assert_ok(tn_wait_peers(connecter, 1, API_TIMEOUT_MS));
    assert_ok(tn_wait_peers(binder, 1, API_TIMEOUT_MS));
}

void api_send(tn_socket_t *socket, const char *text, int flags)
{
    assert_ok(tn_send(socket, text, strlen(text), flags));
}

void api_expect(tn_socket_t *socket, const char *text)
{
    char buffer[512] = {0};
    ssize_t size = assert_ok(tn_recv(socket, buffer, sizeof(buffer) - 1, 0));

    assert_true((size_t)size < sizeof(buffer));
    assert_string_equal(buffer, text);
    assert_int_equal(size, strlen(text));
}

void api_expect_frame(tn_socket_t *socket, const char *text, bool more)
{
    int64_t has_more = -1;

    api_expect(socket, text);
    assert_ok(tn_get_int(socket, "rcvmore", &has_more));
    assert_int_equal(has_more, more);
}

void api_expect_nothing(tn_socket_t *socket)
{
    char buffer[64];

    assert_code(tn_recv(socket, buffer, sizeof(buffer), TN_DONTWAIT), -EAGAIN);
}

void api_expect_event(tn_monitor_t *monitor, uint32_t kind, tn_event_t *out_event)
{
    do {
        long code = tn_monitor_recv(monitor, out_event, API_TIMEOUT_MS);
        if (code < 0)
            print_error("no event %s: %s\n", tn_event_name(kind), tn_strerror((int)code));
        assert_true(code >= 0);
    } while (out_event->kind != kind);
}

/* Not a limit of the socket's own: calls of such a socket are interrupted when the process was stopped. */
static void await(int fd, short events)
{
    struct pollfd item = {.fd = fd, .events = events};

    assert_int_equal(poll(&item, 1, API_TIMEOUT_MS), 1);
}

int api_raw_connect(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *port = strrchr(endpoint, ':');
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_non_null(port);
    address.sin_port = htons((uint16_t)atoi(port + 1));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

int api_raw_listen(char *out_endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    snprintf(out_endpoint, API_ENDPOINT_MAX, "tcp://127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

void api_raw_write(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size) {
        ssize_t length;

        await(fd, POLLOUT);
        length = send(fd, at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        assert_true(length > 0);
        at += length;
        size -= (size_t)length;
    }
}

void api_raw_read(int fd, void *data, size_t size)
{
    char *at = data;

    while (size) {
        ssize_t length;

        await(fd, POLLIN);
        length = recv(fd, at, size, 0);
        assert_true(length > 0);
        at += length;
        size -= (size_t)length;
    }
}

void api_raw_expect_close(int fd)
{
    char buffer[4096];
    ssize_t length;

    do {
        await(fd, POLLIN);
        length = recv(fd, buffer, sizeof(buffer), 0);
    } while (length > 0);
    if (length < 0)
        assert_int_equal(errno, ECONNRESET);
}

static void skip_frame(int fd)
{
    uint8_t head[2], body[256];

    api_raw_read(fd, head, sizeof(head));
    assert_int_equal(head[0], COMMAND_FLAG);
    api_raw_read(fd, body, head[1]);
}

void api_raw_handshake(int fd, int minor, const char *socket_type)
{
    uint8_t greeting[GREETING_SIZE] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, (uint8_t)minor};
    uint8_t ready[64] = {COMMAND_FLAG};
    static const char names[] = "\5READY\13Socket-Type";
    size_t type_size = strlen(socket_type), size = 2 + sizeof(names) - 1;

    memcpy(greeting + 12, "NULL", 4);
    api_raw_write(fd, greeting, sizeof(greeting));
    memcpy(ready + 2, names, sizeof(names) - 1);
    ready[size + 3] = (uint8_t)type_size;
    memcpy(ready + size + 4, socket_type, type_size);
    size += 4 + type_size;
    ready[1] = (uint8_t)(size - 2);
    api_raw_write(fd, ready, size);
    api_raw_read(fd, greeting, sizeof(greeting));
    skip_frame(fd);
}

void api_connect_badly(tn_socket_t *socket, const char *endpoint, const char *options)
{
    char text[2 * API_ENDPOINT_MAX];

    snprintf(text, sizeof text, "fault+%s?%s", endpoint, options);
    assert_ok(tn_connect(socket, text));
}
