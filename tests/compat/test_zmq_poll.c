/*
 * zmq_poll, zmq_ppoll and pollers.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "compat.h"

enum { LONG = 20000 }; /* ms; never waited for */

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

static void test_poll_refuses_what_is_none(void **state)
{
    zmq_pollitem_t item = {.events = ZMQ_POLLIN};
    struct pair pair;

    (void)state;
    assert_fails(EFAULT, zmq_poll(NULL, 1, 0));
    assert_fails(EINVAL, zmq_poll(NULL, -1, 0));
    assert_int_equal(zmq_poll(NULL, 0, 0), 0);
    assert_int_equal(zmq_poll(NULL, 0, 5), 0);
    join(&pair, "inproc://a");
    item.socket = pair.pull;
    assert_int_equal(zmq_poll(&item, 1, 0), 0);
    zmq_close(pair.pull);
    assert_fails(ENOTSOCK, zmq_poll(&item, 1, 0));
    zmq_close(pair.push);
    zmq_ctx_term(pair.ctx);
}

static void run_mixed(const char *endpoint)
{
    struct pair pair, other;
    char byte;
    int ends[2];

    join(&pair, endpoint);
    join(&other, endpoint);
    assert_int_equal(pipe(ends), 0);
    zmq_pollitem_t items[] = {{pair.pull, 0, ZMQ_POLLIN, 77},
                              {other.pull, 0, ZMQ_POLLIN, 77},
                              {NULL, ends[0], ZMQ_POLLIN, 77},
                              {NULL, ends[1], ZMQ_POLLOUT, 77}};
    assert_int_equal(zmq_poll(items, 4, 0), 1);
    assert_int_equal(items[0].revents, 0);
    assert_int_equal(items[1].revents, 0);
    assert_int_equal(items[2].revents, 0);
    assert_int_equal(items[3].revents, ZMQ_POLLOUT);
    items[3].events = 0;
    assert_int_equal(zmq_send(other.push, "x", 1, 0), 1);
    assert_int_equal(zmq_poll(items, 4, LONG), 1);
    assert_int_equal(items[1].revents, ZMQ_POLLIN);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(zmq_poll(items, 4, -1), 2);
    assert_int_equal(items[2].revents, ZMQ_POLLIN);
    assert_int_equal(zmq_recv(other.pull, &byte, 1, 0), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(zmq_poll(items, 4, 5), 0);
    close(ends[1]);
    items[3].fd = -1;
    assert_int_equal(zmq_poll(items, 4, LONG), 1);
    assert_int_equal(items[2].revents, ZMQ_POLLERR);
    close(ends[0]);
    part(&pair);
    part(&other);
}

static void test_poll_mixes_contexts_and_descriptors(void **state)
{
    (void)state;
    run_mixed("inproc://mixed");
    run_mixed("tcp://127.0.0.1:*");
}

static void test_poll_tells_of_both_directions(void **state)
{
    void *ctx = zmq_ctx_new(), *a = zmq_socket(ctx, ZMQ_PAIR), *b = zmq_socket(ctx, ZMQ_PAIR);
    zmq_pollitem_t item = {b, 0, ZMQ_POLLIN | ZMQ_POLLOUT | ZMQ_POLLERR, 0};

    (void)state;
    zmq_bind(a, "inproc://both");
    assert_int_equal(zmq_poll(&item, 1, 0), 0);
    zmq_connect(b, "inproc://both");
    assert_int_equal(zmq_poll(&item, 1, LONG), 1);
    assert_int_equal(item.revents, ZMQ_POLLOUT);
    zmq_send(a, "x", 1, 0);
    assert_int_equal(zmq_poll(&item, 1, LONG), 1);
    assert_int_equal(item.revents, ZMQ_POLLIN | ZMQ_POLLOUT);
    zmq_close(a);
    zmq_close(b);
    zmq_ctx_term(ctx);
}

/* ------------------------------------------------------------------ shutdown */

static void shut_down(void *ctx)
{
    poll(NULL, 0, 20);
    zmq_ctx_shutdown(ctx);
}

static void test_shutdown_wakes_poll(void **state)
{
    struct pair pair;
    zmq_pollitem_t item = {.events = ZMQ_POLLIN};
    void *thread;

    (void)state;
    join(&pair, "tcp://127.0.0.1:*");
    item.socket = pair.pull;
    thread = zmq_threadstart(shut_down, pair.ctx);
    assert_fails(ETERM, zmq_poll(&item, 1, LONG));
    zmq_threadclose(thread);
    assert_fails(ETERM, zmq_poll(&item, 1, 0));
    part(&pair);
}

/* ------------------------------------------------------------------ signals */

static volatile sig_atomic_t signals;

static void on_signal(int number)
{
    (void)number;
    signals++;
}

static timer_t start_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    const struct itimerspec soon = {{0, 20000000}, {0, 20000000}};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGALRM};
    timer_t timer;

    signals = 0;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    event._sigev_un._tid = gettid();
    assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
    return timer;
}

static void test_signal_interrupts_poll(void **state)
{
    struct pair pair;
    zmq_pollitem_t item = {.events = ZMQ_POLLIN};
    timer_t timer;

    (void)state;
    join(&pair, "tcp://127.0.0.1:*");
    item.socket = pair.pull;
    timer = start_signals();
    assert_fails(EINTR, zmq_poll(&item, 1, LONG));
    timer_delete(timer);
    part(&pair);
}

static void test_ppoll_lets_signals_through(void **state)
{
    sigset_t blocked, before, none;
    struct pair pair;
    zmq_pollitem_t item = {.events = ZMQ_POLLIN};

    (void)state;
    SKIP_ON_ORACLE();
    join(&pair, "tcp://127.0.0.1:*");
    item.socket = pair.pull;
    sigemptyset(&none);
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &blocked, &before), 0);
    signal(SIGUSR1, on_signal);
    signals = 0;
    raise(SIGUSR1);
    assert_int_equal(zmq_ppoll(&item, 1, 5, NULL), 0);
    assert_int_equal(signals, 0);
    assert_fails(EINTR, zmq_ppoll(&item, 1, LONG, &none));
    assert_int_equal(signals, 1);
    raise(SIGUSR1);
    assert_fails(EINTR, zmq_ppoll(&item, 1, 0, &none));
    assert_int_equal(zmq_ppoll(&item, 1, 5, &none), 0);
    assert_int_equal(zmq_send(pair.push, "x", 1, 0), 1);
    assert_int_equal(zmq_ppoll(&item, 1, LONG, &none), 1);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &before, NULL), 0);
    part(&pair);
}

/* ------------------------------------------------------------------ pollers */

static void test_poller_refuses_what_is_none(void **state)
{
    struct pair pair;
    zmq_poller_event_t event;
    void *none = NULL, *poller;
    int fd;

    (void)state;
    SKIP_ON_ORACLE();
    poller = zmq_poller_new();
    join(&pair, "inproc://a");
    assert_fails(EFAULT, zmq_poller_destroy(&none));
    assert_fails(EFAULT, zmq_poller_destroy(NULL));
    assert_fails(EFAULT, zmq_poller_size(NULL));
    assert_fails(EFAULT, zmq_poller_add(NULL, pair.pull, NULL, ZMQ_POLLIN));
    assert_fails(EFAULT, zmq_poller_modify(NULL, pair.pull, ZMQ_POLLIN));
    assert_fails(EFAULT, zmq_poller_remove(NULL, pair.pull));
    assert_fails(EFAULT, zmq_poller_add_fd(NULL, 0, NULL, ZMQ_POLLIN));
    assert_fails(EFAULT, zmq_poller_wait(NULL, &event, 0));
    assert_fails(EFAULT, zmq_poller_wait(poller, NULL, 0));
    assert_fails(EFAULT, zmq_poller_wait_all(poller, NULL, 1, 0));
    assert_fails(EINVAL, zmq_poller_wait_all(poller, &event, -1, 0));
    assert_fails(EFAULT, zmq_poller_wait(poller, &event, -1));
    assert_fails(EAGAIN, zmq_poller_wait(poller, &event, 0));
    assert_fails(EAGAIN, zmq_poller_wait(poller, &event, 5));
    assert_fails(ENOTSOCK, zmq_poller_add(poller, NULL, NULL, ZMQ_POLLIN));
    assert_fails(ENOTSOCK, zmq_poller_modify(poller, NULL, ZMQ_POLLIN));
    assert_fails(ENOTSOCK, zmq_poller_remove(poller, NULL));
    assert_fails(EBADF, zmq_poller_add_fd(poller, -1, NULL, ZMQ_POLLIN));
    assert_fails(EBADF, zmq_poller_modify_fd(poller, -1, ZMQ_POLLIN));
    assert_fails(EBADF, zmq_poller_remove_fd(poller, -1));
    assert_fails(EINVAL, zmq_poller_add(poller, pair.pull, NULL, 1024));
    assert_fails(EINVAL, zmq_poller_modify(poller, pair.pull, ZMQ_POLLIN));
    assert_fails(EINVAL, zmq_poller_remove(poller, pair.pull));
    assert_fails(EINVAL, zmq_poller_modify_fd(poller, 0, ZMQ_POLLIN));
    assert_fails(EINVAL, zmq_poller_remove_fd(poller, 0));
    assert_int_equal(zmq_poller_add(poller, pair.pull, NULL, 0), 0);
    assert_fails(EINVAL, zmq_poller_add(poller, pair.pull, NULL, 0));
    assert_fails(EFAULT, zmq_poller_wait(poller, &event, -1));
    assert_int_equal(zmq_poller_size(poller), 1);
    assert_fails(EINVAL, zmq_poller_fd(poller, &fd));
    assert_fails(EFAULT, zmq_poller_fd(NULL, &fd));
    assert_int_equal(zmq_poller_destroy(&poller), 0);
    assert_null(poller);
    part(&pair);
}

static void test_poller_tells_who_is_ready(void **state)
{
    zmq_poller_event_t events[3];
    struct pair pair;
    int ends[2], mark;
    void *poller;

    (void)state;
    SKIP_ON_ORACLE();
    poller = zmq_poller_new();
    join(&pair, "tcp://127.0.0.1:*");
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(zmq_poller_add(poller, pair.push, NULL, 0), 0);
    assert_int_equal(zmq_poller_add(poller, pair.pull, &mark, ZMQ_POLLIN), 0);
    assert_int_equal(zmq_poller_add_fd(poller, ends[0], ends, ZMQ_POLLIN), 0);
    assert_int_equal(zmq_poller_size(poller), 3);
    assert_fails(EAGAIN, zmq_poller_wait(poller, &events[0], 0));
    assert_null(events[0].socket);
    assert_int_equal(events[0].fd, -1);
    zmq_send(pair.push, "x", 1, 0);
    assert_int_equal(zmq_poller_wait(poller, &events[0], -1), 0);
    assert_ptr_equal(events[0].socket, pair.pull);
    assert_int_equal(events[0].fd, -1);
    assert_ptr_equal(events[0].user_data, &mark);
    assert_int_equal(events[0].events, ZMQ_POLLIN);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(zmq_poller_modify(poller, pair.push, ZMQ_POLLOUT), 0);
    assert_int_equal(zmq_poller_wait_all(poller, events, 3, LONG), 3);
    assert_ptr_equal(events[0].socket, pair.push);
    assert_int_equal(events[0].events, ZMQ_POLLOUT);
    assert_null(events[2].socket);
    assert_int_equal(events[2].fd, ends[0]);
    assert_ptr_equal(events[2].user_data, ends);
    assert_int_equal(zmq_poller_wait_all(poller, events, 2, LONG), 2);
    assert_int_equal(zmq_poller_remove(poller, pair.push), 0);
    assert_int_equal(zmq_poller_modify_fd(poller, ends[0], 0), 0);
    assert_int_equal(zmq_poller_wait_all(poller, events, 3, LONG), 1);
    assert_int_equal(zmq_poller_remove_fd(poller, ends[0]), 0);
    assert_int_equal(zmq_poller_size(poller), 1);
    zmq_ctx_shutdown(pair.ctx);
    assert_fails(ETERM, zmq_poller_wait(poller, &events[0], LONG));
    assert_int_equal(zmq_poller_destroy(&poller), 0);
    close(ends[0]);
    close(ends[1]);
    part(&pair);
}

static void test_poller_of_thread_safe_sockets_has_a_descriptor(void **state)
{
    void *ctx, *server, *client, *poller;
    zmq_poller_event_t event;
    struct pollfd item = {.events = POLLIN};

    (void)state;
    SKIP_ON_ORACLE();
    ctx = zmq_ctx_new();
    server = zmq_socket(ctx, ZMQ_SERVER);
    client = zmq_socket(ctx, ZMQ_CLIENT);
    poller = zmq_poller_new();
    assert_non_null(server);
    assert_int_equal(zmq_bind(server, "inproc://s"), 0);
    assert_int_equal(zmq_poller_add(poller, server, NULL, ZMQ_POLLIN), 0);
    assert_int_equal(zmq_poller_fd(poller, &item.fd), 0);
    assert_int_equal(zmq_connect(client, "inproc://s"), 0);
    assert_fails(EAGAIN, zmq_poller_wait(poller, &event, 0));
    assert_int_equal(poll(&item, 1, 0), 0);
    assert_int_equal(zmq_send(client, "x", 1, 0), 1);
    assert_int_equal(poll(&item, 1, LONG), 1);
    assert_int_equal(zmq_poller_wait(poller, &event, 0), 0);
    assert_ptr_equal(event.socket, server);
    assert_int_equal(zmq_poller_remove(poller, server), 0);
    assert_fails(EINVAL, zmq_poller_fd(poller, &item.fd));
    assert_int_equal(zmq_poller_destroy(&poller), 0);
    zmq_close(server);
    zmq_close(client);
    zmq_ctx_term(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poll_refuses_what_is_none),
        cmocka_unit_test(test_poll_mixes_contexts_and_descriptors),
        cmocka_unit_test(test_poll_tells_of_both_directions),
        cmocka_unit_test(test_shutdown_wakes_poll),
        cmocka_unit_test(test_signal_interrupts_poll),
        cmocka_unit_test(test_ppoll_lets_signals_through),
        cmocka_unit_test(test_poller_refuses_what_is_none),
        cmocka_unit_test(test_poller_tells_who_is_ready),
        cmocka_unit_test(test_poller_of_thread_safe_sockets_has_a_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
