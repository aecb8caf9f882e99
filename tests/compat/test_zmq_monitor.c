/*
 * Monitors: which events come, in which order, with which values and addresses.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "compat.h"

enum { LONG = 20000, SHORT = 30 }; /* ms */

static void *open_socket(void *ctx, int type)
{
    void *socket = zmq_socket(ctx, type);
    int timeout = LONG, none = 0;

    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    return socket;
}

static void *open_monitor(void *ctx, void *socket, const char *name, int events)
{
    char address[64];
    void *monitor = open_socket(ctx, ZMQ_PAIR);

    snprintf(address, sizeof address, "inproc://monitor-%s", name);
    assert_int_equal(zmq_socket_monitor(socket, address, events), 0);
    assert_int_equal(zmq_connect(monitor, address), 0);
    return monitor;
}

static void bind_any(void *socket, char out_endpoint[128])
{
    size_t size = 128;

    assert_int_equal(zmq_bind(socket, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, out_endpoint, &size), 0);
}

/* The next event; its value. */
static uint32_t next(void *monitor, uint16_t *out_event, char out_address[128])
{
    uint8_t head[6];
    uint32_t value;
    int size, more;
    size_t more_size = sizeof more;

    assert_int_equal(zmq_recv(monitor, head, sizeof head, 0), sizeof head);
    assert_int_equal(zmq_getsockopt(monitor, ZMQ_RCVMORE, &more, &more_size), 0);
    assert_int_equal(more, 1);
    size = zmq_recv(monitor, out_address, 127, 0);
    assert_in_range(size, 0, 127);
    out_address[size] = '\0';
    assert_int_equal(zmq_getsockopt(monitor, ZMQ_RCVMORE, &more, &more_size), 0);
    assert_int_equal(more, 0);
    memcpy(out_event, head, sizeof *out_event);
    memcpy(&value, head + sizeof *out_event, sizeof value);
    return value;
}

static uint32_t expect(void *monitor, uint16_t event, const char *address)
{
    char there[128];
    uint16_t number;
    uint32_t value = next(monitor, &number, there);

    if (number != event)
        print_message("event 0x%x, value %u, '%s'\n", number, value, there);
    assert_int_equal(number, event);
    assert_string_equal(there, address);
    return value;
}

static void expect_nothing(void *monitor)
{
    zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};

    assert_int_equal(zmq_poll(&item, 1, SHORT), 0);
}

/* Others may come first: a client that is alone goes on trying. */
static void expect_stop(void *monitor)
{
    char address[128];
    uint16_t event;

    do
        next(monitor, &event, address);
    while (event != ZMQ_EVENT_MONITOR_STOPPED);
    assert_string_equal(address, "");
    expect_nothing(monitor);
}

static void test_monitor_refuses_what_is_none(void **state)
{
    void *ctx = zmq_ctx_new(), *socket = zmq_socket(ctx, ZMQ_DEALER);
    int events;
    size_t size = sizeof events;

    (void)state;
    assert_fails(EPROTONOSUPPORT, zmq_socket_monitor(socket, "tcp://127.0.0.1:9999", 0));
    assert_fails(EINVAL, zmq_socket_monitor(socket, "nothing", 0));
    assert_fails(ENOTSOCK, zmq_socket_monitor(NULL, "inproc://a", 0));
    assert_int_equal(zmq_socket_monitor(socket, NULL, 0), 0);
    zmq_ctx_shutdown(ctx);
    assert_fails(ETERM, zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size));
    assert_fails(ETERM, zmq_socket_monitor(socket, "inproc://a", ZMQ_EVENT_ALL));
    assert_fails(ETERM, zmq_socket_monitor(socket, NULL, 0));
    zmq_close(socket);
    zmq_ctx_term(ctx);
}

static void test_events_of_a_connection(void **state)
{
    void *ctx = zmq_ctx_new();
    void *server = open_socket(ctx, ZMQ_DEALER), *client = open_socket(ctx, ZMQ_DEALER);
    void *of_server = open_monitor(ctx, server, "server", ZMQ_EVENT_ALL);
    void *of_client = open_monitor(ctx, client, "client", ZMQ_EVENT_ALL);
    char endpoint[128];
    uint32_t listener, connection;

    (void)state;
    bind_any(server, endpoint);
    /* A bind is told of when it returns. */
    assert_int_equal(zmq_poll(&(zmq_pollitem_t){of_server, 0, ZMQ_POLLIN, 0}, 1, 0), 1);
    listener = expect(of_server, ZMQ_EVENT_LISTENING, endpoint);
    assert_int_equal(zmq_connect(client, endpoint), 0);
    assert_true(expect(of_server, ZMQ_EVENT_ACCEPTED, endpoint) > 2);
    assert_int_equal(expect(of_server, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, endpoint), 0);
    assert_int_equal(expect(of_client, ZMQ_EVENT_CONNECT_DELAYED, endpoint), EINPROGRESS);
    connection = expect(of_client, ZMQ_EVENT_CONNECTED, endpoint);
    assert_true(connection > 2);
    assert_int_equal(expect(of_client, ZMQ_EVENT_HANDSHAKE_SUCCEEDED, endpoint), 0);
    expect_nothing(of_server);
    expect_nothing(of_client);
    assert_int_equal(zmq_unbind(server, endpoint), 0);
    assert_int_equal(expect(of_server, ZMQ_EVENT_CLOSED, endpoint), listener);
    assert_int_equal(zmq_close(server), 0);
    assert_int_equal(expect(of_server, ZMQ_EVENT_MONITOR_STOPPED, ""), 0);
    assert_int_equal(expect(of_client, ZMQ_EVENT_DISCONNECTED, endpoint), connection);
    assert_in_range(expect(of_client, ZMQ_EVENT_CONNECT_RETRIED, endpoint), 100, 200);
    assert_int_equal(zmq_close(client), 0);
    expect_stop(of_client);
    zmq_close(of_server);
    zmq_close(of_client);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_events_of_a_close(void **state)
{
    void *ctx = zmq_ctx_new(), *server = open_socket(ctx, ZMQ_DEALER);
    void *monitor = open_monitor(ctx, server, "close", ZMQ_EVENT_ALL);
    char endpoint[128];
    uint32_t listener;

    (void)state;
    bind_any(server, endpoint);
    listener = expect(monitor, ZMQ_EVENT_LISTENING, endpoint);
    assert_int_equal(zmq_close(server), 0);
    assert_int_equal(expect(monitor, ZMQ_EVENT_CLOSED, endpoint), listener);
    expect(monitor, ZMQ_EVENT_MONITOR_STOPPED, "");
    zmq_close(monitor);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* An endpoint at which nobody listens. */
static void free_endpoint(char out_endpoint[128])
{
    void *ctx = zmq_ctx_new(), *socket = open_socket(ctx, ZMQ_DEALER);

    bind_any(socket, out_endpoint);
    zmq_close(socket);
    zmq_ctx_term(ctx);
}

static void test_events_of_a_refused_connection(void **state)
{
    void *ctx = zmq_ctx_new(), *client = open_socket(ctx, ZMQ_DEALER);
    void *monitor = open_monitor(ctx, client, "refused", ZMQ_EVENT_ALL);
    char endpoint[128];
    int interval = 10;

    (void)state;
    free_endpoint(endpoint);
    zmq_setsockopt(client, ZMQ_RECONNECT_IVL, &interval, sizeof interval);
    assert_int_equal(zmq_connect(client, endpoint), 0);
    for (int i = 0; i < 3; i++) {
        expect(monitor, ZMQ_EVENT_CONNECT_DELAYED, endpoint);
        assert_true(expect(monitor, ZMQ_EVENT_CLOSED, endpoint) > 2);
        assert_in_range(expect(monitor, ZMQ_EVENT_CONNECT_RETRIED, endpoint), interval,
                        2 * interval);
    }
    assert_int_equal(zmq_close(client), 0);
    expect_stop(monitor);
    zmq_close(monitor);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_events_of_a_failed_bind(void **state)
{
    void *ctx = zmq_ctx_new();
    void *first = open_socket(ctx, ZMQ_DEALER), *second = open_socket(ctx, ZMQ_DEALER);
    void *monitor = open_monitor(ctx, second, "bind", ZMQ_EVENT_ALL);
    char endpoint[128];

    (void)state;
    bind_any(first, endpoint);
    assert_fails(EADDRINUSE, zmq_bind(second, endpoint));
    expect(monitor, ZMQ_EVENT_CLOSED, "");
    assert_int_equal(expect(monitor, ZMQ_EVENT_BIND_FAILED, endpoint + strlen("tcp://")),
                     EADDRINUSE);
    zmq_close(first);
    zmq_close(second);
    expect(monitor, ZMQ_EVENT_MONITOR_STOPPED, "");
    zmq_close(monitor);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_events_of_an_incompatible_peer(void **state)
{
    void *ctx = zmq_ctx_new();
    void *server = open_socket(ctx, ZMQ_PUB), *client = open_socket(ctx, ZMQ_REQ);
    void *of_server = open_monitor(ctx, server, "pub", ZMQ_EVENT_ALL);
    void *of_client = open_monitor(ctx, client, "req", ZMQ_EVENT_ALL);
    char endpoint[128];

    (void)state;
    bind_any(server, endpoint);
    zmq_connect(client, endpoint);
    expect(of_server, ZMQ_EVENT_LISTENING, endpoint);
    expect(of_server, ZMQ_EVENT_ACCEPTED, endpoint);
    expect(of_server, ZMQ_EVENT_DISCONNECTED, endpoint);
    expect(of_client, ZMQ_EVENT_CONNECT_DELAYED, endpoint);
    expect(of_client, ZMQ_EVENT_CONNECTED, endpoint);
    expect(of_client, ZMQ_EVENT_DISCONNECTED, endpoint);
    zmq_close(server);
    zmq_close(client);
    expect_stop(of_server);
    expect_stop(of_client);
    zmq_close(of_server);
    zmq_close(of_client);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_events_of_another_mechanism(void **state)
{
    void *ctx = zmq_ctx_new();
    void *server = open_socket(ctx, ZMQ_DEALER), *client = open_socket(ctx, ZMQ_DEALER);
    void *of_server = open_monitor(ctx, server, "plain", ZMQ_EVENT_ALL);
    void *of_client = open_monitor(ctx, client, "null", ZMQ_EVENT_ALL);
    char endpoint[128];
    int one = 1;

    (void)state;
    assert_int_equal(zmq_setsockopt(server, ZMQ_PLAIN_SERVER, &one, sizeof one), 0);
    bind_any(server, endpoint);
    zmq_connect(client, endpoint);
    expect(of_server, ZMQ_EVENT_LISTENING, endpoint);
    expect(of_server, ZMQ_EVENT_ACCEPTED, endpoint);
    assert_int_equal(expect(of_server, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, endpoint),
                     ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    expect(of_server, ZMQ_EVENT_DISCONNECTED, endpoint);
    expect(of_client, ZMQ_EVENT_CONNECT_DELAYED, endpoint);
    expect(of_client, ZMQ_EVENT_CONNECTED, endpoint);
    assert_int_equal(expect(of_client, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, endpoint),
                     ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    expect(of_client, ZMQ_EVENT_DISCONNECTED, endpoint);
    /* It does not come back. */
    expect_nothing(of_client);
    zmq_close(server);
    zmq_close(client);
    expect_stop(of_server);
    expect_stop(of_client);
    zmq_close(of_server);
    zmq_close(of_client);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_events_of_raw_connections(void **state)
{
    void *ctx = zmq_ctx_new();
    void *server = open_socket(ctx, ZMQ_STREAM), *client = open_socket(ctx, ZMQ_STREAM);
    void *of_server = open_monitor(ctx, server, "raw-server", ZMQ_EVENT_ALL);
    void *of_client = open_monitor(ctx, client, "raw-client", ZMQ_EVENT_ALL);
    char endpoint[128];

    (void)state;
    bind_any(server, endpoint);
    zmq_connect(client, endpoint);
    expect(of_server, ZMQ_EVENT_LISTENING, endpoint);
    expect(of_server, ZMQ_EVENT_ACCEPTED, endpoint);
    expect(of_client, ZMQ_EVENT_CONNECT_DELAYED, endpoint);
    expect(of_client, ZMQ_EVENT_CONNECTED, endpoint);
    zmq_close(server);
    expect_stop(of_server);
    assert_int_equal(expect(of_client, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, endpoint), EPIPE);
    expect(of_client, ZMQ_EVENT_DISCONNECTED, endpoint);
    zmq_close(client);
    expect_stop(of_client);
    zmq_close(of_server);
    zmq_close(of_client);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* ------------------------------------------------------------------ handshakes that fail */

static int connect_raw(const char *endpoint)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void send_greeting(int fd, const char *mechanism)
{
    uint8_t greeting[64] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0};

    memcpy(greeting + 12, mechanism, strlen(mechanism));
    assert_int_equal(send(fd, greeting, sizeof greeting, 0), sizeof greeting);
}

/* `value`: of the one event between ACCEPTED and DISCONNECTED; 0: whatever the system says. */
static void run_failure(const char *mechanism, const void *bytes, size_t size, uint16_t event,
                        uint32_t value)
{
    void *ctx = zmq_ctx_new(), *server = open_socket(ctx, ZMQ_DEALER);
    void *monitor = open_monitor(ctx, server, "failure", ZMQ_EVENT_ALL);
    char endpoint[128];
    uint32_t connection, there;
    int fd;

    bind_any(server, endpoint);
    fd = connect_raw(endpoint);
    expect(monitor, ZMQ_EVENT_LISTENING, endpoint);
    connection = expect(monitor, ZMQ_EVENT_ACCEPTED, endpoint);
    if (mechanism)
        send_greeting(fd, mechanism);
    if (size)
        assert_int_equal(send(fd, bytes, size, 0), size);
    if (!mechanism)
        close(fd);
    there = expect(monitor, event, endpoint);
    assert_int_equal(there, value ? value : there);
    if (mechanism)
        close(fd);
    assert_int_equal(expect(monitor, ZMQ_EVENT_DISCONNECTED, endpoint), connection);
    zmq_close(server);
    expect_stop(monitor);
    zmq_close(monitor);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_events_of_failed_handshakes(void **state)
{
    (void)state;
    run_failure("XYZ", NULL, 0, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH);
    run_failure("NULL", "\4\5\4WXYZ", 7, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
    run_failure("NULL", "\0\3abc", 5, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND);
    run_failure("NULL",
                "\4\10\5"
                "ERROR\11S",
                10, ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL,
                ZMQ_PROTOCOL_ERROR_ZMTP_MALFORMED_COMMAND_ERROR);
    run_failure("NULL",
                "\4\12\5"
                "ERROR\3"
                "300",
                12, ZMQ_EVENT_HANDSHAKE_FAILED_AUTH, 300);
    run_failure(NULL, NULL, 0, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL, 0);
}

/* ------------------------------------------------------------------ the monitor itself */

static void test_null_stops_the_monitor(void **state)
{
    void *ctx = zmq_ctx_new(), *socket = open_socket(ctx, ZMQ_DEALER);
    void *monitor = open_monitor(ctx, socket, "one", ZMQ_EVENT_ALL), *again;
    char endpoint[128];

    (void)state;
    assert_int_equal(zmq_socket_monitor(socket, NULL, 0), 0);
    expect(monitor, ZMQ_EVENT_MONITOR_STOPPED, "");
    bind_any(socket, endpoint);
    expect_nothing(monitor);
    again = open_monitor(ctx, socket, "two", ZMQ_EVENT_ALL);
    zmq_unbind(socket, endpoint);
    expect(again, ZMQ_EVENT_CLOSED, endpoint);
    zmq_close(monitor);
    monitor = open_monitor(ctx, socket, "three", ZMQ_EVENT_ALL);
    expect(again, ZMQ_EVENT_MONITOR_STOPPED, "");
    zmq_close(socket);
    expect(monitor, ZMQ_EVENT_MONITOR_STOPPED, "");
    zmq_close(monitor);
    zmq_close(again);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_mask_selects_events(void **state)
{
    void *ctx = zmq_ctx_new(), *socket = open_socket(ctx, ZMQ_DEALER);
    void *monitor = open_monitor(ctx, socket, "mask", ZMQ_EVENT_CLOSED);
    char endpoint[128];

    (void)state;
    bind_any(socket, endpoint);
    expect_nothing(monitor);
    zmq_close(socket);
    expect(monitor, ZMQ_EVENT_CLOSED, endpoint);
    expect_nothing(monitor);
    zmq_close(monitor);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* libzmq waits for a reader, for ever if need be. */
static void test_events_wait_for_a_reader(void **state)
{
    void *ctx, *socket, *monitor;
    char endpoint[128];

    (void)state;
    SKIP_ON_ORACLE();
    ctx = zmq_ctx_new();
    socket = open_socket(ctx, ZMQ_DEALER);
    monitor = open_socket(ctx, ZMQ_PAIR);
    assert_int_equal(zmq_socket_monitor(socket, "inproc://late", ZMQ_EVENT_ALL), 0);
    bind_any(socket, endpoint);
    assert_int_equal(zmq_unbind(socket, endpoint), 0);
    assert_int_equal(zmq_connect(monitor, "inproc://late"), 0);
    expect(monitor, ZMQ_EVENT_LISTENING, endpoint);
    expect(monitor, ZMQ_EVENT_CLOSED, endpoint);
    assert_int_equal(zmq_socket_monitor(socket, "inproc://nobody", ZMQ_EVENT_ALL), 0);
    bind_any(socket, endpoint);
    zmq_close(socket);
    expect(monitor, ZMQ_EVENT_MONITOR_STOPPED, "");
    zmq_close(monitor);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

/* ------------------------------------------------------------------ version 2 */

static uint64_t next_number(void *monitor)
{
    uint64_t number = 0;

    assert_int_equal(zmq_recv(monitor, &number, sizeof number, 0), sizeof number);
    return number;
}

static void expect_text(void *monitor, const char *text)
{
    char there[128];
    int size = zmq_recv(monitor, there, 127, 0);

    assert_in_range(size, 0, 127);
    there[size] = '\0';
    assert_string_equal(there, text);
}

static void run_version_2(int type, int reader_type)
{
    void *ctx = zmq_ctx_new(), *server = open_socket(ctx, ZMQ_DEALER);
    void *client = open_socket(ctx, ZMQ_DEALER), *monitor = open_socket(ctx, reader_type);
    char endpoint[128];
    uint64_t fd;

    assert_int_equal(zmq_socket_monitor_versioned(server, "inproc://v2", ZMQ_EVENT_ALL_V2, 2, type),
                     0);
    if (reader_type == ZMQ_SUB)
        zmq_setsockopt(monitor, ZMQ_SUBSCRIBE, "", 0);
    zmq_connect(monitor, "inproc://v2");
    bind_any(server, endpoint);
    assert_int_equal(next_number(monitor), ZMQ_EVENT_LISTENING);
    assert_int_equal(next_number(monitor), 1);
    fd = next_number(monitor);
    expect_text(monitor, endpoint);
    expect_text(monitor, "");
    zmq_connect(client, endpoint);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(next_number(monitor),
                         i ? ZMQ_EVENT_HANDSHAKE_SUCCEEDED : ZMQ_EVENT_ACCEPTED);
        assert_int_equal(next_number(monitor), 1);
        next_number(monitor);
        expect_text(monitor, endpoint);
        assert_true(zmq_recv(monitor, &(char[128]){0}, 128, 0) > (int)strlen("tcp://127.0.0.1:"));
    }
    assert_int_equal(zmq_send(server, "queued", 6, 0), 6);
    assert_int_equal(zmq_socket_monitor_pipes_stats(server), 0);
    assert_int_equal(next_number(monitor), ZMQ_EVENT_PIPES_STATS);
    assert_int_equal(next_number(monitor), 2);
    assert_in_range(next_number(monitor), 0, 1);
    assert_int_equal(next_number(monitor), 0);
    zmq_recv(monitor, NULL, 0, 0);
    zmq_recv(monitor, NULL, 0, 0);
    zmq_close(server);
    assert_int_equal(next_number(monitor), ZMQ_EVENT_CLOSED);
    assert_int_equal(next_number(monitor), 1);
    assert_int_equal(next_number(monitor), fd);
    zmq_close(client);
    zmq_close(monitor);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

static void test_version_2_tells_both_ends(void **state)
{
    (void)state;
    SKIP_ON_ORACLE();
    run_version_2(ZMQ_PAIR, ZMQ_PAIR);
    run_version_2(ZMQ_PUB, ZMQ_SUB);
    run_version_2(ZMQ_PUSH, ZMQ_PULL);
}

static void test_version_2_refuses_what_is_none(void **state)
{
    void *ctx, *socket;

    (void)state;
    SKIP_ON_ORACLE();
    ctx = zmq_ctx_new();
    socket = zmq_socket(ctx, ZMQ_DEALER);
    assert_fails(EINVAL, zmq_socket_monitor_versioned(socket, "inproc://a", 1, 3, ZMQ_PAIR));
    assert_fails(EINVAL, zmq_socket_monitor_versioned(socket, "inproc://a", 0x10000, 1, ZMQ_PAIR));
    assert_fails(EINVAL, zmq_socket_monitor_versioned(socket, "inproc://a", 1, 2, ZMQ_REQ));
    assert_fails(EINVAL, zmq_socket_monitor_pipes_stats(socket));
    assert_int_equal(
        zmq_socket_monitor_versioned(socket, "inproc://a", ZMQ_EVENT_PIPES_STATS, 2, ZMQ_PAIR), 0);
    assert_fails(EAGAIN, zmq_socket_monitor_pipes_stats(socket));
    assert_fails(ENOTSOCK, zmq_socket_monitor_pipes_stats(NULL));
    zmq_close(socket);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_monitor_refuses_what_is_none),
        cmocka_unit_test(test_events_of_a_connection),
        cmocka_unit_test(test_events_of_a_close),
        cmocka_unit_test(test_events_of_a_refused_connection),
        cmocka_unit_test(test_events_of_a_failed_bind),
        cmocka_unit_test(test_events_of_an_incompatible_peer),
        cmocka_unit_test(test_events_of_another_mechanism),
        cmocka_unit_test(test_events_of_raw_connections),
        cmocka_unit_test(test_events_of_failed_handshakes),
        cmocka_unit_test(test_null_stops_the_monitor),
        cmocka_unit_test(test_mask_selects_events),
        cmocka_unit_test(test_events_wait_for_a_reader),
        cmocka_unit_test(test_version_2_tells_both_ends),
        cmocka_unit_test(test_version_2_refuses_what_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
