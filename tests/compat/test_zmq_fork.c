/*
 * A child process: what it makes itself works, and what it inherited does not hurt the parent.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "compat.h"

#if defined(__has_feature)
#define IS_TSAN __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define IS_TSAN 1
#else
#define IS_TSAN 0
#endif

enum { LONG = 20000 };

struct pair {
    void *ctx, *push, *pull, *monitor;
};

static void open_pair(struct pair *pair)
{
    char bound[256];
    size_t size = sizeof bound;

    pair->ctx = zmq_ctx_new();
    pair->push = zmq_socket(pair->ctx, ZMQ_PUSH);
    pair->pull = zmq_socket(pair->ctx, ZMQ_PULL);
    pair->monitor = zmq_socket(pair->ctx, ZMQ_PAIR);
    zmq_socket_monitor(pair->pull, "inproc://monitor", ZMQ_EVENT_ALL);
    zmq_connect(pair->monitor, "inproc://monitor");
    zmq_bind(pair->pull, "tcp://127.0.0.1:*");
    zmq_getsockopt(pair->pull, ZMQ_LAST_ENDPOINT, bound, &size);
    zmq_connect(pair->push, bound);
}

/* A message goes through, polled for by the socket and by its descriptor, and the monitor tells of the
 * endpoint. */
static bool works(struct pair *pair)
{
    zmq_pollitem_t items[2] = {{pair->pull, 0, ZMQ_POLLIN, 0}, {NULL, -1, ZMQ_POLLIN, 0}};
    zmq_pollitem_t told = {pair->monitor, 0, ZMQ_POLLIN, 0};
    size_t size = sizeof items[1].fd;
    char byte;

    if (zmq_getsockopt(pair->pull, ZMQ_FD, &items[1].fd, &size) < 0 ||
        zmq_send(pair->push, "x", 1, 0) != 1)
        return false;
    while (zmq_poll(items, 2, LONG) > 0 && !(items[0].revents & ZMQ_POLLIN))
        continue;
    return (items[0].revents & ZMQ_POLLIN) && zmq_recv(pair->pull, &byte, 1, 0) == 1 &&
           zmq_poll(&told, 1, LONG) == 1;
}

static bool close_pair(struct pair *pair)
{
    bool is_closed = zmq_close(pair->pull) == 0;

    is_closed = zmq_close(pair->push) == 0 && is_closed;
    is_closed = zmq_close(pair->monitor) == 0 && is_closed;
    return zmq_ctx_term(pair->ctx) == 0 && is_closed;
}

static int run_child(struct pair *inherited)
{
    struct pair own;

    alarm(60);
    open_pair(&own);
    if (!works(&own) || !close_pair(&own))
        return 1;
    if (is_drop_in()) {
        zmq_pollitem_t item = {inherited->pull, 0, ZMQ_POLLIN, 0};
        if (zmq_poll(&item, 1, 0) != -1 || errno != ENOTSOCK)
            return 2;
        zmq_close(inherited->pull);
        zmq_close(inherited->push);
        zmq_close(inherited->monitor);
    }
    return 0;
}

static void test_child_has_its_own(void **state)
{
    struct pair pair;
    int status = -1;
    pid_t child;

    (void)state;
    if (IS_TSAN) /* it ends a child that starts threads */
        skip();
    open_pair(&pair);
    assert_true(works(&pair));
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(run_child(&pair));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(works(&pair));
    assert_true(close_pair(&pair));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_child_has_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
