/*
 * zmq_proxy and zmq_proxy_steerable.
 */
#include <poll.h>
#include <stdlib.h>

#include "compat.h"

enum { LONG = 20000, CLIENTS = 3, REQUESTS = 20 };

struct proxy {
    void *ctx, *frontend, *backend, *capture, *control;
    void *controller;
    void *thread;
    int rc, error;
};

static void *open_socket(void *ctx, int type, const char *bound, const char *connected)
{
    void *socket = zmq_socket(ctx, type);
    int timeout = LONG, none = 0;

    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    if (bound)
        assert_int_equal(zmq_bind(socket, bound), 0);
    if (connected)
        assert_int_equal(zmq_connect(socket, connected), 0);
    return socket;
}

static void run(void *arg)
{
    struct proxy *proxy = arg;

    proxy->rc =
        zmq_proxy_steerable(proxy->frontend, proxy->backend, proxy->capture, proxy->control);
    proxy->error = errno;
}

/* A queue of requests, steered by a pair of sockets of the types. */
static void start(struct proxy *proxy, int control, int controller)
{
    memset(proxy, 0, sizeof *proxy);
    proxy->ctx = zmq_ctx_new();
    proxy->frontend = open_socket(proxy->ctx, ZMQ_ROUTER, "inproc://front", NULL);
    proxy->backend = open_socket(proxy->ctx, ZMQ_DEALER, "inproc://back", NULL);
    if (control >= 0) {
        proxy->control = open_socket(proxy->ctx, control, "inproc://control", NULL);
        proxy->controller = open_socket(proxy->ctx, controller, NULL, "inproc://control");
    }
    proxy->thread = zmq_threadstart(run, proxy);
}

static void finish(struct proxy *proxy)
{
    zmq_threadclose(proxy->thread);
    zmq_close(proxy->frontend);
    zmq_close(proxy->backend);
    if (proxy->control)
        zmq_close(proxy->control);
    if (proxy->controller)
        zmq_close(proxy->controller);
    assert_int_equal(zmq_ctx_term(proxy->ctx), 0);
}

static void command(struct proxy *proxy, const char *text, bool has_answer)
{
    assert_int_equal(zmq_send(proxy->controller, text, strlen(text), 0), strlen(text));
    if (has_answer)
        assert_int_equal(zmq_recv(proxy->controller, NULL, 0, 0), 0);
}

static void serve(void *ctx)
{
    void *rep = open_socket(ctx, ZMQ_REP, NULL, "inproc://back");
    char text[8];
    int size;

    while ((size = zmq_recv(rep, text, sizeof text, 0)) > 0 && text[0] != '!')
        zmq_send(rep, text, (size_t)size, 0);
    zmq_send(rep, "", 0, 0);
    zmq_close(rep);
}

static void ask(void *req, const char *text)
{
    char answer[8];

    assert_int_equal(zmq_send(req, text, strlen(text), 0), strlen(text));
    assert_int_equal(zmq_recv(req, answer, sizeof answer, 0), strlen(text));
    assert_memory_equal(answer, text, strlen(text));
}

static void expect_figures(struct proxy *proxy, const uint64_t figures[8])
{
    uint64_t there = 0;

    command(proxy, "STATISTICS", false);
    for (int i = 0; i < 8; i++) {
        int more;
        size_t size = sizeof more;
        assert_int_equal(zmq_recv(proxy->controller, &there, sizeof there, 0), sizeof there);
        assert_int_equal(there, figures[i]);
        zmq_getsockopt(proxy->controller, ZMQ_RCVMORE, &more, &size);
        assert_int_equal(more, i < 7);
    }
}

static void run_steered(int control, int controller)
{
    /* The id, the delimiter and the text, of which the statistics count all bytes; the id is 5 bytes. */
    const uint64_t none[8] = {0};
    const uint64_t some[8] = {2, 14, 2, 14, 2, 14, 2, 14};
    bool has_answer = control == ZMQ_REP;
    struct proxy proxy;
    zmq_pollitem_t item = {.events = ZMQ_POLLIN};
    void *req, *worker;

    start(&proxy, control, controller);
    expect_figures(&proxy, none);
    worker = zmq_threadstart(serve, proxy.ctx);
    req = open_socket(proxy.ctx, ZMQ_REQ, NULL, "inproc://front");
    ask(req, "a");
    ask(req, "bcd");
    expect_figures(&proxy, some);
    command(&proxy, "PAUSE", has_answer);
    expect_figures(&proxy, some);
    assert_int_equal(zmq_send(req, "e", 1, 0), 1);
    item.socket = req;
    assert_int_equal(zmq_poll(&item, 1, 50), 0);
    command(&proxy, "RESUME", has_answer);
    assert_int_equal(zmq_recv(req, NULL, 0, 0), 1);
    zmq_send(req, "!", 1, 0);
    assert_int_equal(zmq_recv(req, NULL, 0, 0), 0);
    zmq_threadclose(worker);
    command(&proxy, "TERMINATE", has_answer);
    zmq_close(req);
    finish(&proxy);
    assert_int_equal(proxy.rc, 0);
}

static void test_control_steers_and_counts(void **state)
{
    (void)state;
    run_steered(ZMQ_PAIR, ZMQ_PAIR);
    if (is_drop_in()) /* 4.3.4 leaves a REQ without an answer */
        run_steered(ZMQ_REP, ZMQ_REQ);
}

/* One socket at both ends sends back what it gets. */
static void test_one_socket_echoes(void **state)
{
    struct proxy proxy = {.ctx = zmq_ctx_new()};
    void *req;

    (void)state;
    proxy.frontend = proxy.backend = open_socket(proxy.ctx, ZMQ_REP, "inproc://echo", NULL);
    req = open_socket(proxy.ctx, ZMQ_REQ, NULL, "inproc://echo");
    proxy.thread = zmq_threadstart(run, &proxy);
    ask(req, "one");
    ask(req, "two");
    zmq_ctx_shutdown(proxy.ctx);
    zmq_threadclose(proxy.thread);
    assert_int_equal(proxy.rc, -1);
    assert_int_equal(proxy.error, ETERM);
    zmq_close(req);
    zmq_close(proxy.frontend);
    assert_int_equal(zmq_ctx_term(proxy.ctx), 0);
}

static void test_proxy_refuses_what_is_none(void **state)
{
    void *ctx = zmq_ctx_new(), *socket = zmq_socket(ctx, ZMQ_DEALER);

    (void)state;
    assert_fails(EFAULT, zmq_proxy(NULL, socket, NULL));
    assert_fails(EFAULT, zmq_proxy(socket, NULL, NULL));
    assert_fails(EFAULT, zmq_proxy_steerable(socket, NULL, NULL, socket));
    zmq_close(socket);
    zmq_ctx_term(ctx);
}

static void test_shutdown_ends_the_proxy(void **state)
{
    struct proxy proxy;

    (void)state;
    start(&proxy, -1, -1);
    poll(NULL, 0, 20);
    zmq_ctx_shutdown(proxy.ctx);
    finish(&proxy);
    assert_int_equal(proxy.rc, -1);
    assert_int_equal(proxy.error, ETERM);
}

static void test_capture_gets_a_copy(void **state)
{
    void *ctx = zmq_ctx_new();
    void *push = open_socket(ctx, ZMQ_PUSH, "inproc://in", NULL);
    void *pull = open_socket(ctx, ZMQ_PULL, "inproc://out", NULL);
    void *copies = open_socket(ctx, ZMQ_PULL, "inproc://copy", NULL);
    void *controller = open_socket(ctx, ZMQ_PAIR, "inproc://control", NULL);
    struct proxy proxy = {.ctx = ctx};
    char text[8];

    (void)state;
    proxy.frontend = open_socket(ctx, ZMQ_PULL, NULL, "inproc://in");
    proxy.backend = open_socket(ctx, ZMQ_PUSH, NULL, "inproc://out");
    proxy.capture = open_socket(ctx, ZMQ_PUSH, NULL, "inproc://copy");
    proxy.control = open_socket(ctx, ZMQ_PAIR, NULL, "inproc://control");
    proxy.thread = zmq_threadstart(run, &proxy);
    assert_int_equal(zmq_send(push, "one", 3, ZMQ_SNDMORE), 3);
    assert_int_equal(zmq_send(push, "two", 3, 0), 3);
    for (int i = 0; i < 2; i++) {
        void *from = i ? copies : pull;
        assert_int_equal(zmq_recv(from, text, sizeof text, 0), 3);
        assert_memory_equal(text, "one", 3);
        assert_int_equal(zmq_recv(from, text, sizeof text, 0), 3);
        assert_memory_equal(text, "two", 3);
    }
    assert_int_equal(zmq_send(controller, "TERMINATE", 9, 0), 9);
    zmq_close(push);
    zmq_close(pull);
    zmq_close(copies);
    proxy.controller = controller;
    zmq_threadclose(proxy.thread);
    zmq_close(proxy.frontend);
    zmq_close(proxy.backend);
    zmq_close(proxy.capture);
    zmq_close(proxy.control);
    zmq_close(controller);
    assert_int_equal(proxy.rc, 0);
    assert_int_equal(zmq_ctx_term(ctx), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_steers_and_counts),
        cmocka_unit_test(test_one_socket_echoes),
        cmocka_unit_test(test_proxy_refuses_what_is_none),
        cmocka_unit_test(test_shutdown_ends_the_proxy),
        cmocka_unit_test(test_capture_gets_a_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
