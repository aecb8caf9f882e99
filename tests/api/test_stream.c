/* STREAM and a raw ROUTER against plain TCP and Unix sockets. */
#include "api.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <poll.h>

enum { ID_SIZE = 5, PIECE_MAX = 8192 };

struct stream {
    tn_ctx_t *ctx;
    tn_socket_t *socket;
    char endpoint[API_ENDPOINT_MAX];
};

static void stream_open(struct stream *stream, const char *pattern, const char *endpoint)
{
    stream->ctx = api_ctx();
    stream->socket = api_socket(stream->ctx, pattern);
    if (strcmp(pattern, "router") == 0)
        assert_ok(tn_set_int(stream->socket, "router_raw", 1));
    if (endpoint)
        api_bind(stream->socket, endpoint, stream->endpoint);
}

static void stream_close(struct stream *stream)
{
    assert_ok(tn_close(stream->socket));
    api_ctx_end(stream->ctx);
}

static void expect_id(tn_socket_t *socket, uint8_t id[ID_SIZE])
{
    int64_t more;

    assert_int_equal(assert_ok(tn_recv(socket, id, ID_SIZE, 0)), ID_SIZE);
    assert_int_equal(id[0], 0);
    assert_ok(tn_get_int(socket, "rcvmore", &more));
    assert_int_equal(more, 1);
}

/* A message of the connection `id`. */
static void expect_from(tn_socket_t *socket, const uint8_t id[ID_SIZE], const char *text)
{
    uint8_t from[ID_SIZE];

    expect_id(socket, from);
    assert_memory_equal(from, id, ID_SIZE);
    api_expect_frame(socket, text, false);
}

/* The empty message of a new connection, and its id. */
static void expect_new(tn_socket_t *socket, uint8_t out_id[ID_SIZE])
{
    expect_id(socket, out_id);
    api_expect_frame(socket, "", false);
}

static int send_to(tn_socket_t *socket, const uint8_t id[ID_SIZE], const char *text)
{
    int rc = tn_send(socket, id, ID_SIZE, TN_MORE | TN_DONTWAIT);

    return rc < 0 ? rc : tn_send(socket, text, strlen(text), TN_DONTWAIT);
}

static void expect_bytes(int fd, const char *text)
{
    char bytes[64];

    api_raw_read(fd, bytes, strlen(text));
    assert_memory_equal(bytes, text, strlen(text));
}

static void talk(const char *pattern)
{
    struct stream stream;
    uint8_t one[ID_SIZE], two[ID_SIZE];
    int fd, other;

    stream_open(&stream, pattern, API_TCP);
    fd = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, one);
    other = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, two);
    assert_memory_not_equal(one, two, ID_SIZE);
    api_raw_write(fd, "GET /", 5);
    expect_from(stream.socket, one, "GET /");
    api_raw_write(other, "hello", 5);
    expect_from(stream.socket, two, "hello");
    assert_ok(send_to(stream.socket, one, "200 OK"));
    assert_ok(send_to(stream.socket, one, " and more"));
    assert_ok(send_to(stream.socket, two, "world"));
    expect_bytes(fd, "200 OK and more");
    expect_bytes(other, "world");
    api_raw_write(fd, "bye", 3);
    close(fd);
    expect_from(stream.socket, one, "bye");
    expect_from(stream.socket, one, "");
    close(other);
    expect_from(stream.socket, two, "");
    api_expect_nothing(stream.socket);
    stream_close(&stream);
}

static void test_stream_talks_to_plain_sockets(void **state)
{
    (void)state;
    talk("stream");
}

static void test_raw_router_talks_to_plain_sockets(void **state)
{
    (void)state;
    talk("router");
}

static void test_stream_closes_after_all_was_sent(void **state)
{
    enum { SIZE = 4 * 1024 * 1024 };
    struct stream stream;
    uint8_t id[ID_SIZE];
    char *body = calloc(1, SIZE);
    tn_msg_t msg;
    int fd;

    (void)state;
    stream_open(&stream, "stream", API_TCP);
    assert_ok(tn_set_int(stream.socket, "linger", 0));
    fd = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, id);
    assert_ok(tn_send(stream.socket, id, ID_SIZE, TN_MORE));
    assert_ok(tn_msg_init_copy(&msg, body, SIZE));
    assert_ok(tn_msg_send(stream.socket, &msg, 0));
    assert_ok(tn_send(stream.socket, id, ID_SIZE, TN_MORE));
    assert_ok(tn_send(stream.socket, "", 0, 0));
    assert_code(tn_send(stream.socket, id, ID_SIZE, TN_MORE), -EHOSTUNREACH);
    api_raw_read(fd, body, SIZE);
    api_raw_expect_close(fd);
    api_expect_nothing(stream.socket);
    close(fd);
    free(body);
    stream_close(&stream);
}

/* Nobody reads what the closed connection still has to send. */
static void test_stream_ends_although_a_closed_peer_does_not_read(void **state)
{
    enum { SIZE = 16 * 1024 * 1024 };
    struct stream stream;
    uint8_t id[ID_SIZE];
    tn_msg_t msg;
    int fd;

    (void)state;
    stream_open(&stream, "stream", API_TCP);
    fd = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, id);
    assert_ok(tn_send(stream.socket, id, ID_SIZE, TN_MORE));
    assert_ok(tn_msg_init_size(&msg, SIZE));
    memset(tn_msg_data(&msg), 0, SIZE);
    assert_ok(tn_msg_send(stream.socket, &msg, 0));
    assert_ok(tn_send(stream.socket, id, ID_SIZE, TN_MORE));
    assert_ok(tn_send(stream.socket, "", 0, 0));
    assert_ok(tn_set_int(stream.socket, "linger", 0));
    stream_close(&stream);
    close(fd);
}

/* As the programs of the guide do it. */
static void test_stream_ignores_more_on_data(void **state)
{
    struct stream stream;
    uint8_t id[ID_SIZE];
    int fd;

    (void)state;
    stream_open(&stream, "stream", API_TCP);
    fd = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, id);
    assert_ok(tn_send(stream.socket, id, ID_SIZE, TN_MORE));
    assert_ok(tn_send(stream.socket, "abc", 3, TN_MORE));
    assert_ok(tn_send(stream.socket, id, ID_SIZE, TN_MORE));
    assert_ok(tn_send(stream.socket, "", 0, TN_MORE));
    expect_bytes(fd, "abc");
    api_raw_expect_close(fd);
    close(fd);
    stream_close(&stream);
}

static void test_stream_refuses_unknown_ids(void **state)
{
    struct stream stream;

    (void)state;
    stream_open(&stream, "stream", API_TCP);
    assert_code(tn_send(stream.socket, "\0abcd", 5, TN_MORE), -EHOSTUNREACH);
    stream_close(&stream);
}

static void test_stream_cuts_what_comes_in(void **state)
{
    enum { SIZE = 100000 };
    struct stream stream;
    static char sent[SIZE], got[SIZE + PIECE_MAX];
    uint8_t id[ID_SIZE], from[ID_SIZE];
    size_t at = 0;
    int fd;

    (void)state;
    stream_open(&stream, "stream", API_TCP);
    assert_ok(tn_set_int(stream.socket, "maxmsgsize", 10));
    fd = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, id);
    for (int i = 0; i < SIZE; i++)
        sent[i] = (char)(i * 7 + i / 256);
    api_raw_write(fd, sent, SIZE);
    while (at < SIZE) {
        ssize_t size;
        expect_id(stream.socket, from);
        size = assert_ok(tn_recv(stream.socket, got + at, PIECE_MAX, 0));
        assert_in_range(size, 1, PIECE_MAX);
        at += (size_t)size;
    }
    assert_int_equal(at, SIZE);
    assert_memory_equal(got, sent, SIZE);
    close(fd);
    stream_close(&stream);
}

static void test_stream_waits_for_a_slow_reader(void **state)
{
    struct stream stream;
    uint8_t id[ID_SIZE];
    static char bytes[10000];
    int fd, sent = 0, rc;

    (void)state;
    stream_open(&stream, "stream", NULL);
    assert_ok(tn_set_int(stream.socket, "sndhwm", 2));
    assert_ok(tn_set_int(stream.socket, "sndbuf", 4096));
    api_bind(stream.socket, API_TCP, stream.endpoint);
    fd = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, id);
    while ((rc = tn_send(stream.socket, id, ID_SIZE, TN_MORE | TN_DONTWAIT)) == 0) {
        assert_ok(tn_send(stream.socket, bytes, sizeof(bytes), 0));
        sent++;
    }
    assert_int_equal(rc, -EAGAIN);
    while (sent--)
        api_raw_read(fd, bytes, sizeof(bytes));
    assert_ok(tn_send(stream.socket, id, ID_SIZE, TN_MORE));
    assert_ok(tn_send(stream.socket, "end", 3, 0));
    expect_bytes(fd, "end");
    close(fd);
    stream_close(&stream);
}

static void test_stream_without_notices(void **state)
{
    struct stream stream;
    uint8_t id[ID_SIZE];
    int fd;

    (void)state;
    stream_open(&stream, "stream", NULL);
    assert_ok(tn_set_int(stream.socket, "stream_notify", 0));
    api_bind(stream.socket, API_TCP, stream.endpoint);
    fd = api_raw_connect(stream.endpoint);
    api_raw_write(fd, "x", 1);
    expect_id(stream.socket, id);
    api_expect(stream.socket, "x");
    close(fd);
    while (send_to(stream.socket, id, "y") != -EHOSTUNREACH)
        ;
    api_expect_nothing(stream.socket);
    stream_close(&stream);
}

static void test_stream_connects_and_comes_back(void **state)
{
    struct stream stream;
    uint8_t id[ID_SIZE + 1];
    size_t size = sizeof(id);
    int listener, fd;

    (void)state;
    listener = api_raw_listen(stream.endpoint);
    stream_open(&stream, "stream", NULL);
    assert_ok(tn_set_int(stream.socket, "reconnect_ivl", 1));
    assert_ok(tn_get_blob(stream.socket, "routing_id", id, &size));
    assert_int_equal(size, 0);
    assert_ok(tn_connect(stream.socket, stream.endpoint));
    size = sizeof(id);
    assert_ok(tn_get_blob(stream.socket, "routing_id", id, &size));
    assert_int_equal(size, ID_SIZE);
    assert_ok(send_to(stream.socket, id, "early"));
    fd = accept(listener, NULL, NULL);
    expect_bytes(fd, "early");
    expect_from(stream.socket, id, "");
    api_raw_write(fd, "x", 1);
    expect_from(stream.socket, id, "x");
    close(fd);
    expect_from(stream.socket, id, "");
    fd = accept(listener, NULL, NULL);
    expect_from(stream.socket, id, "");
    assert_ok(send_to(stream.socket, id, "again"));
    expect_bytes(fd, "again");
    assert_ok(send_to(stream.socket, id, ""));
    api_raw_expect_close(fd);
    close(fd);
    close(listener);
    stream_close(&stream);
}

static void test_stream_takes_the_id_of_its_connect(void **state)
{
    struct stream stream;
    char id[8];
    size_t size = sizeof(id);
    int listener, fd;

    (void)state;
    listener = api_raw_listen(stream.endpoint);
    stream_open(&stream, "stream", NULL);
    assert_ok(tn_set_blob(stream.socket, "connect_routing_id", "web", 3));
    assert_ok(tn_connect(stream.socket, stream.endpoint));
    assert_ok(tn_get_blob(stream.socket, "routing_id", id, &size));
    assert_int_equal(size, 3);
    assert_memory_equal(id, "web", 3);
    assert_ok(tn_set_blob(stream.socket, "connect_routing_id", "web", 3));
    assert_code(tn_connect(stream.socket, stream.endpoint), -EINVAL);
    api_send(stream.socket, "web", TN_MORE);
    api_send(stream.socket, "hi", 0);
    fd = accept(listener, NULL, NULL);
    expect_bytes(fd, "hi");
    api_expect_frame(stream.socket, "web", true);
    api_expect(stream.socket, "");
    close(fd);
    close(listener);
    stream_close(&stream);
}

static void test_stream_tells_the_peer_s_address(void **state)
{
    struct stream stream;
    tn_msg_t parts[2];
    int fd;

    (void)state;
    stream_open(&stream, "stream", API_TCP);
    fd = api_raw_connect(stream.endpoint);
    api_raw_write(fd, "x", 1);
    for (int i = 0; i < 2; i++)
        tn_msg_init(&parts[i]);
    for (int n = 0; n < 2; n++) {
        assert_int_equal(assert_ok(tn_recv_parts(stream.socket, parts, 2, 0)), 2);
        for (int i = 0; i < 2; i++) {
            assert_non_null(tn_msg_property(&parts[i], "Peer-Address"));
            assert_non_null(strstr(tn_msg_property(&parts[i], "Peer-Address"), "127.0.0.1"));
            assert_int_not_equal(tn_msg_connection(&parts[i]), 0);
        }
    }
    for (int i = 0; i < 2; i++)
        tn_msg_close(&parts[i]);
    close(fd);
    stream_close(&stream);
}

static void test_stream_over_ipc(void **state)
{
    struct stream stream;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    uint8_t id[ID_SIZE];
    int fd;

    (void)state;
    stream_open(&stream, "stream", API_IPC);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_in_range(strlen(stream.endpoint), 7, sizeof(address.sun_path));
    memcpy(address.sun_path, stream.endpoint + strlen("ipc://"),
           strlen(stream.endpoint) - strlen("ipc://"));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    expect_new(stream.socket, id);
    api_raw_write(fd, "x", 1);
    expect_from(stream.socket, id, "x");
    assert_ok(send_to(stream.socket, id, "y"));
    expect_bytes(fd, "y");
    close(fd);
    stream_close(&stream);
}

static void test_stream_refuses_inproc(void **state)
{
    struct stream stream;

    (void)state;
    stream_open(&stream, "stream", NULL);
    assert_code(tn_bind(stream.socket, "inproc://raw"), -TN_ENOCOMPAT);
    assert_code(tn_connect(stream.socket, "inproc://raw"), -TN_ENOCOMPAT);
    stream_close(&stream);
}

/* A silent peer is neither asked for a greeting nor for signs of life. */
static void test_stream_has_no_handshake(void **state)
{
    struct stream stream;
    uint8_t id[ID_SIZE];
    struct pollfd item = {.events = POLLIN};
    tn_monitor_t *monitor;
    tn_event_t event;

    (void)state;
    stream_open(&stream, "stream", NULL);
    assert_ok(tn_set_int(stream.socket, "handshake_ivl", 20));
    assert_ok(tn_set_int(stream.socket, "heartbeat_ivl", 10));
    monitor = tn_monitor(stream.socket, TN_EVENT_ALL);
    api_bind(stream.socket, API_TCP, stream.endpoint);
    item.fd = api_raw_connect(stream.endpoint);
    expect_new(stream.socket, id);
    assert_int_equal(poll(&item, 1, 100), 0);
    close(item.fd);
    expect_from(stream.socket, id, "");
    api_expect_event(monitor, TN_EVENT_ACCEPTED, &event);
    assert_ok(tn_monitor_recv(monitor, &event, API_TIMEOUT_MS));
    assert_int_equal(event.kind, TN_EVENT_DISCONNECTED);
    tn_monitor_close(monitor);
    stream_close(&stream);
}

/* One of ours on each side: bytes all the same. */
static void test_stream_reaches_stream(void **state)
{
    struct stream stream;
    tn_socket_t *client;
    uint8_t here[ID_SIZE], there[ID_SIZE];

    (void)state;
    stream_open(&stream, "stream", API_TCP);
    client = api_socket(stream.ctx, "stream");
    assert_ok(tn_connect(client, stream.endpoint));
    expect_new(client, there);
    expect_new(stream.socket, here);
    assert_ok(send_to(client, there, "question"));
    expect_from(stream.socket, here, "question");
    assert_ok(send_to(stream.socket, here, "answer"));
    expect_from(client, there, "answer");
    assert_ok(tn_close(client));
    expect_from(stream.socket, here, "");
    stream_close(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_talks_to_plain_sockets),
        cmocka_unit_test(test_raw_router_talks_to_plain_sockets),
        cmocka_unit_test(test_stream_closes_after_all_was_sent),
        cmocka_unit_test(test_stream_ends_although_a_closed_peer_does_not_read),
        cmocka_unit_test(test_stream_ignores_more_on_data),
        cmocka_unit_test(test_stream_refuses_unknown_ids),
        cmocka_unit_test(test_stream_cuts_what_comes_in),
        cmocka_unit_test(test_stream_waits_for_a_slow_reader),
        cmocka_unit_test(test_stream_without_notices),
        cmocka_unit_test(test_stream_connects_and_comes_back),
        cmocka_unit_test(test_stream_takes_the_id_of_its_connect),
        cmocka_unit_test(test_stream_tells_the_peer_s_address),
        cmocka_unit_test(test_stream_over_ipc),
        cmocka_unit_test(test_stream_refuses_inproc),
        cmocka_unit_test(test_stream_has_no_handshake),
        cmocka_unit_test(test_stream_reaches_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
