/*
 * A peer that "max_memory" holds: it is not read, and not given up as silent, and everything that may
 * happen to a connection may happen to this one meanwhile. When memory falls it goes on where it was.
 */
#include "api.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "caught.h"

enum {
    MEMORY = 2 * 1024 * 1024,
    KERNEL = 128 * 1024,
    BODY = 100000,
    HEAD = 9,
    PING_MS = 100,
    DEAD_MS = 1000
};

struct held {
    tn_ctx_t *ctx;
    tn_socket_t *server;
    tn_monitor_t *monitor;
    struct caught log;
    int fd; /* the peer */
    int sent; /* messages, of which the last may be unfinished */
    size_t done; /* of that one */
    uint8_t frame[HEAD + BODY];
};

static void open_held(struct held *held)
{
    memset(held, 0, sizeof *held);
    caught_begin(&held->log);
    held->ctx = api_ctx();
    assert_ok(tn_ctx_set_int(held->ctx, "max_memory", MEMORY));
    held->server = api_socket(held->ctx, "pull");
    assert_ok(tn_set_int(held->server, "rcvhwm", 0));
    assert_ok(tn_set_int(held->server, "rcvbuf", KERNEL));
    held->monitor = tn_monitor(held->server, TN_EVENT_DISCONNECTED);
    assert_non_null(held->monitor);
    held->frame[0] = 2;
    for (int i = 0; i < 8; i++)
        held->frame[1 + i] = (uint8_t)((uint64_t)BODY >> (56 - 8 * i));
}

/* Little is on its way in the kernel, so that what the peer can send tells what is read of it. */
static void shake(struct held *held)
{
    assert_int_equal(setsockopt(held->fd, SOL_SOCKET, SO_SNDBUF, &(int){KERNEL}, sizeof(int)), 0);
    api_raw_handshake(held->fd, 1, "PUSH");
    assert_ok(tn_wait_peers(held->server, 1, API_TIMEOUT_MS));
}

/* After the options. */
static void start(struct held *held)
{
    char endpoint[API_ENDPOINT_MAX];

    api_bind(held->server, API_TCP, endpoint);
    held->fd = api_raw_connect(endpoint);
    shake(held);
}

static bool is_told(const struct held *held)
{
    char *log = caught_so_far(&held->log);
    bool is_there = strstr(log, "('max_memory')") != NULL;

    free(log);
    return is_there;
}

/* Until the kernel takes no more. */
static void push(struct held *held)
{
    for (;;) {
        ssize_t put;

        if (held->done == 0) {
            held->frame[HEAD] = (uint8_t)held->sent;
            held->sent++;
        }
        put = send(held->fd, held->frame + held->done, sizeof held->frame - held->done,
                   MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put < 0) {
            assert_int_equal(errno, EAGAIN);
            held->sent -= held->done == 0;
            return;
        }
        held->done = (held->done + (size_t)put) % sizeof held->frame;
    }
}

static bool can_push(const struct held *held)
{
    enum { QUIET_MS = 200 };
    struct pollfd polled = {held->fd, POLLOUT, 0};

    return poll(&polled, 1, QUIET_MS) > 0;
}

/* The peer sends until it is not read any more. */
static void hold(struct held *held)
{
    do
        push(held);
    while (can_push(held) || !is_told(held));
}

static void take(struct held *held, int number)
{
    static uint8_t body[BODY];

    assert_int_equal(assert_ok(tn_recv(held->server, body, sizeof body, 0)), BODY);
    assert_int_equal(body[0], (uint8_t)number);
}

/* All that was sent comes, and the rest of the message that is unfinished. */
static void take_all(struct held *held)
{
    for (int i = 0; i < held->sent; i++) {
        if (i == held->sent - 1 && held->done)
            api_raw_write(held->fd, held->frame + held->done, sizeof held->frame - held->done);
        take(held, i);
    }
    held->done = 0;
}

static void close_held(struct held *held)
{
    if (held->fd >= 0)
        close(held->fd);
    tn_monitor_close(held->monitor);
    if (held->server)
        assert_ok(tn_close(held->server));
    api_ctx_end(held->ctx);
    free(caught_end(&held->log));
}

static bool is_disconnected(struct held *held)
{
    tn_event_t event;

    return tn_monitor_recv(held->monitor, &event, 0) >= 0;
}

/* A frame that we have sent, of at most 255 bytes, behind which `out` is ended. */
static void read_command(int fd, char *out)
{
    uint8_t head[2];

    api_raw_read(fd, head, sizeof head);
    assert_int_equal(head[0], 4);
    api_raw_read(fd, out, head[1]);
    out[head[1]] = '\0';
}

/* ------------------------------------------------------------------ heartbeats */

/* It answers no heartbeat, since its answers would stand behind what is not read. */
static void test_held_peer_is_not_given_up_as_silent(void **state)
{
    enum { PINGS = DEAD_MS / PING_MS + 5 };
    struct held held;
    char command[256];

    (void)state;
    open_held(&held);
    assert_ok(tn_set_int(held.server, "heartbeat_ivl", PING_MS));
    assert_ok(tn_set_int(held.server, "heartbeat_timeout", DEAD_MS));
    start(&held);
    hold(&held);
    for (int i = 0; i < PINGS; i++) {
        read_command(held.fd, command);
        assert_memory_equal(command, "\4PING", 5);
    }
    assert_false(is_disconnected(&held));
    take_all(&held);
    close_held(&held);
}

static void test_peer_that_was_held_is_given_up_when_it_is_silent(void **state)
{
    struct held held;
    tn_event_t event;

    (void)state;
    open_held(&held);
    assert_ok(tn_set_int(held.server, "heartbeat_ivl", PING_MS));
    assert_ok(tn_set_int(held.server, "heartbeat_timeout", DEAD_MS));
    start(&held);
    hold(&held);
    take_all(&held);
    api_expect_event(held.monitor, TN_EVENT_DISCONNECTED, &event);
    assert_non_null(strstr(event.reason, "heartbeat"));
    api_raw_expect_close(held.fd);
    close_held(&held);
}

static void test_heartbeat_of_a_held_peer_is_answered_when_it_is_read(void **state)
{
    static const uint8_t ping[] = {4, 11, 4, 'P', 'I', 'N', 'G', 0, 0, 'c', 't', 'x', '1'};
    struct held held;
    char command[256];

    (void)state;
    open_held(&held);
    start(&held);
    hold(&held);
    take_all(&held);
    api_raw_write(held.fd, ping, sizeof ping);
    read_command(held.fd, command);
    assert_string_equal(command, "\4PONGctx1");
    assert_false(is_disconnected(&held));
    close_held(&held);
}

/* ------------------------------------------------------------------ ends */

static void test_socket_with_a_held_peer_closes(void **state)
{
    struct held held;

    (void)state;
    open_held(&held);
    start(&held);
    hold(&held);
    assert_ok(tn_close(held.server));
    held.server = NULL;
    api_raw_expect_close(held.fd);
    close_held(&held);
}

static void test_listener_with_a_held_peer_is_unbound(void **state)
{
    char endpoint[API_ENDPOINT_MAX];
    size_t size = sizeof endpoint;
    struct held held;

    (void)state;
    open_held(&held);
    start(&held);
    assert_ok(tn_get_str(held.server, "last_endpoint", endpoint, &size));
    hold(&held);
    assert_ok(tn_unbind(held.server, endpoint));
    take_all(&held);
    close_held(&held);
}

static void test_connection_to_a_held_peer_is_disconnected(void **state)
{
    char endpoint[API_ENDPOINT_MAX];
    struct held held;
    int listener;

    (void)state;
    open_held(&held);
    listener = api_raw_listen(endpoint);
    assert_ok(tn_connect(held.server, endpoint));
    held.fd = accept(listener, NULL, NULL);
    assert_true(held.fd >= 0);
    shake(&held);
    hold(&held);
    assert_ok(tn_disconnect(held.server, endpoint));
    api_raw_expect_close(held.fd);
    close(listener);
    close_held(&held);
}

/* What it has sent is read when there is memory, and then its end is met. */
static void test_held_peer_that_has_gone_leaves_its_messages(void **state)
{
    struct held held;
    tn_event_t event;

    (void)state;
    open_held(&held);
    start(&held);
    hold(&held);
    if (held.done)
        held.sent--;
    assert_int_equal(shutdown(held.fd, SHUT_WR), 0);
    for (int i = 0; i < held.sent; i++)
        take(&held, i);
    api_expect_event(held.monitor, TN_EVENT_DISCONNECTED, &event);
    close_held(&held);
}

/* ------------------------------------------------------------------ going on */

/* What is in the program's hands counts; nothing but that is given back, no message is received. */
static void test_held_peer_is_read_when_the_program_frees_memory(void **state)
{
    struct held held;
    tn_socket_t *others[2]; /* with their connection its share is less than all */
    tn_msg_t mine;
    int before;

    (void)state;
    open_held(&held);
    for (int i = 0; i < 2; i++)
        others[i] = api_socket(held.ctx, "pair");
    api_join(others[0], others[1], API_TCP);
    assert_ok(tn_msg_init_size(&mine, 4 * MEMORY));
    start(&held);
    hold(&held);
    before = held.sent;
    tn_msg_close(&mine);
    while (held.sent < before + 2) {
        assert_true(poll(&(struct pollfd){held.fd, POLLOUT, 0}, 1, API_TIMEOUT_MS) > 0);
        push(&held);
    }
    take_all(&held);
    for (int i = 0; i < 2; i++)
        assert_ok(tn_close(others[i]));
    close_held(&held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_peer_is_not_given_up_as_silent),
        cmocka_unit_test(test_peer_that_was_held_is_given_up_when_it_is_silent),
        cmocka_unit_test(test_heartbeat_of_a_held_peer_is_answered_when_it_is_read),
        cmocka_unit_test(test_socket_with_a_held_peer_closes),
        cmocka_unit_test(test_listener_with_a_held_peer_is_unbound),
        cmocka_unit_test(test_connection_to_a_held_peer_is_disconnected),
        cmocka_unit_test(test_held_peer_that_has_gone_leaves_its_messages),
        cmocka_unit_test(test_held_peer_is_read_when_the_program_frees_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
