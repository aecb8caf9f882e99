/*
 * Threads that are cancelled inside a call: at once, and another thread uses the socket afterwards.
 */
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "compat.h"

enum { LONG = 20000, HWM = 2, LARGE = 100000 };

/* A thread, and what it calls. */
struct caller {
    void *ctx, *socket, *other;
    pthread_t thread;
};

static void *open_socket(void *ctx, int type)
{
    void *socket = zmq_socket(ctx, type);
    int timeout = LONG, none = 0, mark = HWM;

    assert_non_null(socket);
    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout);
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &mark, sizeof mark);
    zmq_setsockopt(socket, ZMQ_RCVHWM, &mark, sizeof mark);
    return socket;
}

static void join(void *binder, void *connecter, const char *address)
{
    char where[256];
    size_t size = sizeof where;

    assert_int_equal(zmq_bind(binder, address), 0);
    assert_int_equal(zmq_getsockopt(binder, ZMQ_LAST_ENDPOINT, where, &size), 0);
    assert_int_equal(zmq_connect(connecter, where), 0);
}

static void start_and_cancel(struct caller *caller, void *(*run)(void *))
{
    void *result;

    assert_int_equal(pthread_create(&caller->thread, NULL, run, caller), 0);
    poll(NULL, 0, 30);
    assert_int_equal(pthread_cancel(caller->thread), 0);
    assert_int_equal(pthread_join(caller->thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
}

static void expect(void *socket, const char *text)
{
    char buffer[16];

    assert_int_equal(zmq_recv(socket, buffer, sizeof buffer, 0), strlen(text));
    assert_memory_equal(buffer, text, strlen(text));
}

static void end(struct caller *caller)
{
    assert_int_equal(zmq_close(caller->socket), 0);
    assert_int_equal(zmq_close(caller->other), 0);
    assert_int_equal(zmq_ctx_term(caller->ctx), 0);
}

static void begin(struct caller *caller, int type, int other)
{
    *caller = (struct caller){.ctx = zmq_ctx_new()};
    caller->socket = open_socket(caller->ctx, type);
    caller->other = open_socket(caller->ctx, other);
}

static const char *const addresses[] = {"inproc://cancel", "tcp://127.0.0.1:*", "ipc://*"};

/* ------------------------------------------------------------------ calls */

static void *receive(void *arg)
{
    struct caller *caller = arg;
    char buffer[16];

    zmq_recv(caller->socket, buffer, sizeof buffer, 0);
    return NULL;
}

static void *receive_message(void *arg)
{
    struct caller *caller = arg;
    zmq_msg_t msg;

    zmq_msg_init(&msg);
    zmq_msg_recv(&msg, caller->socket, 0);
    return NULL;
}

static void *send_without_end(void *arg)
{
    static const char data[LARGE];
    struct caller *caller = arg;

    while (zmq_send(caller->socket, data, sizeof data, 0) >= 0)
        continue;
    return NULL;
}

static void *send_const_without_end(void *arg)
{
    static const char data[LARGE];
    struct caller *caller = arg;

    while (zmq_send_const(caller->socket, data, sizeof data, 0) >= 0)
        continue;
    return NULL;
}

static void *poll_items(void *arg)
{
    struct caller *caller = arg;
    zmq_pollitem_t items[] = {{.socket = caller->socket, .events = ZMQ_POLLIN},
                              {.socket = caller->other, .events = ZMQ_POLLIN}};

    zmq_poll(items, 2, -1);
    return NULL;
}

static void destroy_poller(void *poller)
{
    zmq_poller_destroy(&poller);
}

static void *wait_in_poller(void *arg)
{
    struct caller *caller = arg;
    void *poller = zmq_poller_new();
    zmq_poller_event_t event;

    pthread_cleanup_push(destroy_poller, poller);
    zmq_poller_add(poller, caller->socket, NULL, ZMQ_POLLIN);
    zmq_poller_wait(poller, &event, -1);
    pthread_cleanup_pop(1);
    return NULL;
}

static void *run_proxy(void *arg)
{
    struct caller *caller = arg;

    zmq_proxy(caller->socket, caller->other, NULL);
    return NULL;
}

static void *end_context(void *arg)
{
    struct caller *caller = arg;

    zmq_ctx_term(caller->ctx);
    return NULL;
}

/* ------------------------------------------------------------------ tests */

static void test_receiving(void **state)
{
    struct caller caller;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(&caller, ZMQ_PULL, ZMQ_PUSH);
        start_and_cancel(&caller, receive); /* without a peer */
        join(caller.socket, caller.other, addresses[i]);
        assert_int_equal(zmq_send(caller.other, "first", 5, 0), 5);
        expect(caller.socket, "first");
        start_and_cancel(&caller, receive);
        start_and_cancel(&caller, receive_message);
        assert_int_equal(zmq_send(caller.other, "after", 5, 0), 5);
        expect(caller.socket, "after");
        end(&caller);
    }
}

static void test_sending(void **state)
{
    void *(*const ways[])(void *) = {send_without_end, send_const_without_end};
    struct caller caller;
    char *buffer = malloc(LARGE);

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        begin(&caller, ZMQ_PUSH, ZMQ_PULL);
        join(caller.other, caller.socket, addresses[i % 3]);
        start_and_cancel(&caller, ways[i / 3]);
        while (zmq_send(caller.socket, "after", 5, ZMQ_DONTWAIT) < 0) {
            poll(NULL, 0, 1);
            zmq_recv(caller.other, buffer, LARGE, ZMQ_DONTWAIT);
        }
        while (zmq_recv(caller.other, buffer, LARGE, 0) == LARGE)
            continue;
        assert_memory_equal(buffer, "after", 5);
        end(&caller);
    }
    free(buffer);
}

static void test_polling(void **state)
{
    struct caller caller;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(&caller, ZMQ_PAIR, ZMQ_PAIR);
        start_and_cancel(&caller, poll_items);
        join(caller.socket, caller.other, addresses[i]);
        start_and_cancel(&caller, poll_items);
        if (is_drop_in())
            start_and_cancel(&caller, wait_in_poller);
        assert_int_equal(zmq_send(caller.other, "after", 5, 0), 5);
        expect(caller.socket, "after");
        end(&caller);
    }
}

static void test_a_proxy(void **state)
{
    struct caller caller;
    void *front, *back;

    (void)state;
    begin(&caller, ZMQ_PULL, ZMQ_PUSH);
    front = open_socket(caller.ctx, ZMQ_PUSH);
    back = open_socket(caller.ctx, ZMQ_PULL);
    join(caller.socket, front, "tcp://127.0.0.1:*");
    join(caller.other, back, "tcp://127.0.0.1:*");
    assert_int_equal(zmq_send(front, "through", 7, 0), 7);
    start_and_cancel(&caller, run_proxy);
    expect(back, "through");
    assert_int_equal(zmq_send(front, "after", 5, 0), 5);
    expect(caller.socket, "after");
    assert_int_equal(zmq_send(caller.other, "by hand", 7, 0), 7);
    expect(back, "by hand");
    zmq_close(front);
    zmq_close(back);
    end(&caller);
}

static void test_ending_a_context(void **state)
{
    struct caller caller;

    (void)state;
    begin(&caller, ZMQ_PULL, ZMQ_PUSH);
    start_and_cancel(&caller, end_context);
    end(&caller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receiving),        cmocka_unit_test(test_sending),
        cmocka_unit_test(test_polling),          cmocka_unit_test(test_a_proxy),
        cmocka_unit_test(test_ending_a_context),
    };

    return cmocka_run_group_tests_name("zmq_cancel", tests, NULL, NULL);
}
