/*
 * ZMQ_FD and ZMQ_EVENTS: when the descriptor becomes readable, and when it does not.
 */
#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "compat.h"

enum { LONG = 20000, SHORT = 20 }; /* ms */

static int fd_of(void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;

    assert_int_equal(zmq_getsockopt(socket, ZMQ_FD, &fd, &size), 0);
    assert_int_equal(size, sizeof fd);
    return fd;
}

static int events_of(void *socket)
{
    int events = -1;
    size_t size = sizeof events;

    assert_int_equal(zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size), 0);
    return events;
}

static bool is_readable(void *socket, int timeout)
{
    struct pollfd item = {.fd = fd_of(socket), .events = POLLIN};

    return poll(&item, 1, timeout) == 1;
}

/* Waits as the manual says: ask, then sleep. */
static void await(void *socket, int event)
{
    while (!(events_of(socket) & event))
        assert_true(is_readable(socket, LONG));
}

struct pair {
    void *ctx, *push, *pull;
};

static void join(struct pair *pair, const char *endpoint)
{
    char bound[256];
    size_t size = sizeof bound;

    pair->ctx = zmq_ctx_new();
    pair->push = zmq_socket(pair->ctx, ZMQ_PUSH);
    pair->pull = zmq_socket(pair->ctx, ZMQ_PULL);
    assert_int_equal(zmq_bind(pair->pull, endpoint), 0);
    assert_int_equal(zmq_getsockopt(pair->pull, ZMQ_LAST_ENDPOINT, bound, &size), 0);
    assert_int_equal(zmq_connect(pair->push, bound), 0);
}

static void part(struct pair *pair)
{
    assert_int_equal(zmq_close(pair->push), 0);
    assert_int_equal(zmq_close(pair->pull), 0);
    assert_int_equal(zmq_ctx_term(pair->ctx), 0);
}

static void run_edges(const char *endpoint)
{
    struct pair pair;
    char byte;

    join(&pair, endpoint);
    assert_int_equal(fd_of(pair.pull), fd_of(pair.pull));
    /* Until the connection stands and has been seen. */
    zmq_send(pair.push, "1", 1, 0);
    await(pair.pull, ZMQ_POLLIN);
    assert_int_equal(zmq_recv(pair.pull, &byte, 1, 0), 1);
    assert_int_equal(events_of(pair.pull), 0);
    assert_false(is_readable(pair.pull, SHORT));
    /* A message: readable until the events are read, though it is still there. */
    zmq_send(pair.push, "2", 1, 0);
    assert_true(is_readable(pair.pull, LONG));
    assert_true(is_readable(pair.pull, 0));
    assert_int_equal(events_of(pair.pull), ZMQ_POLLIN);
    assert_false(is_readable(pair.pull, SHORT));
    assert_int_equal(zmq_recv(pair.pull, &byte, 1, 0), 1);
    assert_int_equal(events_of(pair.pull), 0);
    /* A receive that finds nothing takes the change in, too. */
    zmq_send(pair.push, "3", 1, 0);
    assert_true(is_readable(pair.pull, LONG));
    assert_int_equal(zmq_recv(pair.pull, &byte, 1, 0), 1);
    assert_int_equal(zmq_recv(pair.pull, &byte, 1, ZMQ_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
    assert_false(is_readable(pair.pull, SHORT));
    zmq_send(pair.push, "4", 1, 0);
    assert_true(is_readable(pair.pull, LONG));
    part(&pair);
}

static void test_descriptor_tells_of_changes_once(void **state)
{
    (void)state;
    run_edges("inproc://edges");
    run_edges("tcp://127.0.0.1:*");
    run_edges("ipc://*");
}

static void test_poll_takes_the_change_in(void **state)
{
    struct pair pair;
    zmq_pollitem_t item = {.events = ZMQ_POLLIN};

    (void)state;
    join(&pair, "inproc://poll");
    item.socket = pair.pull;
    events_of(pair.pull);
    is_readable(pair.pull, 0);
    zmq_send(pair.push, "1", 1, 0);
    assert_true(is_readable(pair.pull, LONG));
    assert_int_equal(zmq_poll(&item, 1, LONG), 1);
    assert_false(is_readable(pair.pull, SHORT));
    part(&pair);
}

static void test_descriptor_tells_of_room(void **state)
{
    struct pair pair;
    int one = 1, sent = 0;
    char byte;

    (void)state;
    pair.ctx = zmq_ctx_new();
    pair.push = zmq_socket(pair.ctx, ZMQ_PUSH);
    pair.pull = zmq_socket(pair.ctx, ZMQ_PULL);
    zmq_setsockopt(pair.push, ZMQ_SNDHWM, &one, sizeof one);
    zmq_setsockopt(pair.pull, ZMQ_RCVHWM, &one, sizeof one);
    assert_int_equal(events_of(pair.push), 0);
    assert_false(is_readable(pair.push, 0));
    zmq_bind(pair.pull, "inproc://room");
    zmq_connect(pair.push, "inproc://room");
    await(pair.push, ZMQ_POLLOUT);
    while (zmq_send(pair.push, "x", 1, ZMQ_DONTWAIT) == 1)
        sent++;
    assert_int_equal(events_of(pair.push), 0);
    assert_false(is_readable(pair.push, SHORT));
    for (int i = 0; i < sent; i++)
        assert_int_equal(zmq_recv(pair.pull, &byte, 1, 0), 1);
    assert_int_equal(zmq_recv(pair.pull, &byte, 1, ZMQ_DONTWAIT), -1);
    assert_true(is_readable(pair.push, LONG));
    assert_int_equal(events_of(pair.push), ZMQ_POLLOUT);
    part(&pair);
}

static void test_descriptor_tells_of_shutdown(void **state)
{
    struct pair pair;
    int events;
    size_t size = sizeof events;
    struct pollfd item = {.events = POLLIN};

    (void)state;
    join(&pair, "tcp://127.0.0.1:*");
    item.fd = fd_of(pair.pull);
    events_of(pair.pull);
    zmq_ctx_shutdown(pair.ctx);
    assert_int_equal(poll(&item, 1, LONG), 1);
    assert_fails(ETERM, zmq_getsockopt(pair.pull, ZMQ_EVENTS, &events, &size));
    part(&pair);
}

static void test_thread_safe_types_have_no_descriptor(void **state)
{
    void *ctx, *socket;
    int fd;
    size_t size = sizeof fd;

    (void)state;
    SKIP_ON_ORACLE();
    ctx = zmq_ctx_new();
    socket = zmq_socket(ctx, ZMQ_CLIENT);
    assert_non_null(socket);
    assert_fails(EINVAL, zmq_getsockopt(socket, ZMQ_FD, &fd, &size));
    zmq_close(socket);
    zmq_ctx_term(ctx);
}

/* ------------------------------------------------------------------ loops */

enum { MESSAGES = 3000 };

static void send_all(void *socket)
{
    for (int i = 0; i < MESSAGES; i++)
        zmq_send(socket, &i, sizeof i, 0);
}

/* A level-triggered loop that reads the events after each wake-up, and sleeps only when there are
 * none: it gets everything, and does not turn for nothing. */
static void run_loop(const char *endpoint)
{
    struct pair pair;
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0), wakeups = 0;
    void *thread;

    join(&pair, endpoint);
    assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd_of(pair.pull), &event), 0);
    thread = zmq_threadstart(send_all, pair.push);
    for (int next = 0; next < MESSAGES;) {
        int number;
        while (next < MESSAGES && (events_of(pair.pull) & ZMQ_POLLIN)) {
            assert_int_equal(zmq_recv(pair.pull, &number, sizeof number, 0), sizeof number);
            assert_int_equal(number, next);
            next++;
        }
        if (next == MESSAGES)
            break;
        assert_int_equal(epoll_wait(epoll, &event, 1, LONG), 1);
        wakeups++;
    }
    assert_true(wakeups <= 2 * MESSAGES + 10);
    zmq_threadclose(thread);
    assert_int_equal(events_of(pair.pull), 0);
    assert_int_equal(epoll_wait(epoll, &event, 1, SHORT), 0);
    close(epoll);
    part(&pair);
}

static void test_loop_loses_no_wakeup(void **state)
{
    (void)state;
    run_loop("inproc://loop");
    run_loop("tcp://127.0.0.1:*");
    run_loop("ipc://*");
}

/* One turn of a client or server that reads the events after each send and receive. */
static void echo_by_descriptor(void *socket, bool begins, int rounds)
{
    char byte = 'x';

    for (int i = 0; i < rounds; i++) {
        if (begins) {
            await(socket, ZMQ_POLLOUT);
            assert_int_equal(zmq_send(socket, &byte, 1, ZMQ_DONTWAIT), 1);
        }
        await(socket, ZMQ_POLLIN);
        assert_int_equal(zmq_recv(socket, &byte, 1, ZMQ_DONTWAIT), 1);
        if (!begins) {
            await(socket, ZMQ_POLLOUT);
            assert_int_equal(zmq_send(socket, &byte, 1, ZMQ_DONTWAIT), 1);
        }
    }
}

static void serve(void *socket)
{
    echo_by_descriptor(socket, false, MESSAGES);
}

static void test_round_trips_by_descriptors(void **state)
{
    static const char *const endpoints[] = {"inproc://trip", "tcp://127.0.0.1:*"};

    (void)state;
    for (int i = 0; i < 2; i++) {
        void *ctx = zmq_ctx_new();
        void *rep = zmq_socket(ctx, ZMQ_REP), *req = zmq_socket(ctx, ZMQ_REQ), *thread;
        char bound[256];
        size_t size = sizeof bound;
        assert_int_equal(zmq_bind(rep, endpoints[i]), 0);
        assert_int_equal(zmq_getsockopt(rep, ZMQ_LAST_ENDPOINT, bound, &size), 0);
        assert_int_equal(zmq_connect(req, bound), 0);
        thread = zmq_threadstart(serve, rep);
        echo_by_descriptor(req, true, MESSAGES);
        zmq_threadclose(thread);
        zmq_close(req);
        zmq_close(rep);
        zmq_ctx_term(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptor_tells_of_changes_once),
        cmocka_unit_test(test_poll_takes_the_change_in),
        cmocka_unit_test(test_descriptor_tells_of_room),
        cmocka_unit_test(test_descriptor_tells_of_shutdown),
        cmocka_unit_test(test_thread_safe_types_have_no_descriptor),
        cmocka_unit_test(test_loop_loses_no_wakeup),
        cmocka_unit_test(test_round_trips_by_descriptors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
