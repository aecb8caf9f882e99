/* Threads that are cancelled inside a call: at once, and what they leave behind is whole. */
#include "api.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { MANY = 20, HWM = 3, LARGE = 200 * 1000, TIMES = 200, ROUND_TRIPS = 200 };

static const char *const transports[] = {"inproc://cancel", API_TCP, API_IPC};

/** A thread, and what it calls. */
struct caller {
    tn_ctx_t *ctx;
    tn_socket_t *socket, *other;
    tn_pollitem_t items[MANY];
    atomic_long last; /* of a stream; -1: nothing yet */
    pthread_t thread;
};

static void start(struct caller *caller, void *(*run)(void *))
{
    assert_int_equal(pthread_create(&caller->thread, NULL, run, caller), 0);
}

/** Most often it sleeps by then; where it does not, it is cancelled when it wants to. */
static void pause_for(int ms)
{
    poll(NULL, 0, ms);
}

static void cancel(struct caller *caller)
{
    void *result;

    assert_int_equal(pthread_cancel(caller->thread), 0);
    assert_int_equal(pthread_join(caller->thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
}

static void start_and_cancel(struct caller *caller, void *(*run)(void *))
{
    start(caller, run);
    pause_for(20);
    cancel(caller);
}

static void end(tn_ctx_t *ctx, tn_socket_t *one, tn_socket_t *other)
{
    assert_ok(tn_close(one));
    if (other)
        assert_ok(tn_close(other));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ receiving */

static void *receive(void *arg)
{
    struct caller *caller = arg;
    char buffer[16];

    tn_recv(caller->socket, buffer, sizeof buffer, 0);
    return NULL;
}

static void *receive_parts(void *arg)
{
    struct caller *caller = arg;
    tn_msg_t parts[2];

    tn_msg_init(&parts[0]);
    tn_msg_init(&parts[1]);
    tn_recv_parts(caller->socket, parts, 2, 0);
    return NULL;
}

static void test_receiving_without_a_peer(void **state)
{
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller caller = {.ctx = api_ctx()};
        tn_socket_t *push = api_socket(caller.ctx, "push");
        caller.socket = api_socket(caller.ctx, "pull");
        api_bind(caller.socket, transports[i], endpoint);
        start_and_cancel(&caller, receive);
        start_and_cancel(&caller, receive_parts);
        assert_ok(tn_connect(push, endpoint));
        api_send(push, "after", 0);
        api_expect(caller.socket, "after");
        end(caller.ctx, caller.socket, push);
    }
}

static void test_receiving_from_a_peer(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller caller = {.ctx = api_ctx()};
        tn_socket_t *push = api_socket(caller.ctx, "push");
        caller.socket = api_socket(caller.ctx, "pull");
        api_join(caller.socket, push, transports[i]);
        start_and_cancel(&caller, receive);
        api_send(push, "after", 0);
        api_expect(caller.socket, "after");
        start_and_cancel(&caller, receive_parts);
        api_send(push, "this", TN_MORE);
        api_send(push, "too", 0);
        api_expect_frame(caller.socket, "this", true);
        api_expect_frame(caller.socket, "too", false);
        end(caller.ctx, caller.socket, push);
    }
}

/** Several threads wait for one socket: the others go on. */
static void test_one_of_several(void **state)
{
    struct caller first = {.ctx = api_ctx()}, second;
    tn_socket_t *push = api_socket(first.ctx, "push");
    void *result;

    (void)state;
    first.socket = api_socket(first.ctx, "pull");
    api_join(first.socket, push, API_TCP);
    second = first;
    start(&first, receive);
    pause_for(10);
    start(&second, receive);
    pause_for(10);
    cancel(&first);
    api_send(push, "for the second", 0);
    assert_int_equal(pthread_join(second.thread, &result), 0);
    assert_null(result);
    end(first.ctx, first.socket, push);
}

static void test_closed_while_another_is_cancelled(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller caller = {.ctx = api_ctx()};
        tn_socket_t *push = api_socket(caller.ctx, "push");
        caller.socket = api_socket(caller.ctx, "pull");
        api_join(caller.socket, push, transports[i]);
        start(&caller, receive);
        pause_for(10);
        assert_int_equal(pthread_cancel(caller.thread), 0);
        assert_ok(tn_close(caller.socket));
        assert_int_equal(pthread_join(caller.thread, NULL), 0);
        end(caller.ctx, push, NULL);
    }
}

static void test_without_io_threads(void **state)
{
    struct caller caller = {.ctx = tn_ctx_new()};
    tn_socket_t *push;
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    assert_ok(tn_ctx_set_int(caller.ctx, "io_threads", 0));
    caller.socket = api_socket(caller.ctx, "pull");
    push = api_socket(caller.ctx, "push");
    api_bind(caller.socket, API_TCP, endpoint);
    start_and_cancel(&caller, receive);
    assert_ok(tn_connect(push, endpoint));
    assert_ok(tn_wait_peers(push, 1, API_TIMEOUT_MS));
    start_and_cancel(&caller, receive);
    api_send(push, "after", 0);
    api_expect(caller.socket, "after");
    end(caller.ctx, caller.socket, push);
}

/* ------------------------------------------------------------------ sending */

static void close_message(void *msg)
{
    tn_msg_close(msg);
}

static void *send_messages(void *arg)
{
    struct caller *caller = arg;
    tn_msg_t msg;

    tn_msg_init(&msg);
    pthread_cleanup_push(close_message, &msg);
    do {
        assert_ok(tn_msg_init_size(&msg, LARGE));
        memset(tn_msg_data(&msg), 'x', LARGE);
    } while (tn_msg_send(caller->socket, &msg, 0) == 0);
    pthread_cleanup_pop(1);
    return NULL;
}

/** Until one comes that is not. */
static void expect_large_ones(tn_socket_t *socket, const char *next)
{
    char *buffer = malloc(LARGE);
    ssize_t size;

    do
        size = assert_ok(tn_recv(socket, buffer, LARGE, 0));
    while (size == LARGE && buffer[LARGE - 1] == 'x');
    assert_int_equal(size, strlen(next));
    assert_memory_equal(buffer, next, strlen(next));
    free(buffer);
}

static void *send_end(void *arg)
{
    api_send(arg, "end", 0);
    return NULL;
}

static void test_sending_at_the_mark(void **state)
{
    pthread_t thread;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller caller = {.ctx = api_ctx()};
        tn_socket_t *pull = api_socket(caller.ctx, "pull");
        caller.socket = api_socket(caller.ctx, "push");
        assert_ok(tn_set_int(caller.socket, "sndhwm", HWM));
        assert_ok(tn_set_int(pull, "rcvhwm", HWM));
        api_join(pull, caller.socket, transports[i]);
        start(&caller, send_messages);
        pause_for(50);
        cancel(&caller);
        assert_int_equal(pthread_create(&thread, NULL, send_end, caller.socket), 0);
        expect_large_ones(pull, "end");
        assert_int_equal(pthread_join(thread, NULL), 0);
        api_send(caller.socket, "after", 0);
        api_expect(pull, "after");
        end(caller.ctx, caller.socket, pull);
    }
}

static void *send_without_end(void *arg)
{
    struct caller *caller = arg;
    char *buffer = malloc(LARGE);

    memset(buffer, 'x', LARGE);
    pthread_cleanup_push(free, buffer);
    while (tn_send(caller->socket, buffer, LARGE, 0) == 0)
        atomic_fetch_add(&caller->last, 1);
    pthread_cleanup_pop(1);
    return NULL;
}

/** It writes itself, and waits for room in the kernel: every message that it has begun arrives whole. */
static void test_sending_large_ones_to_a_slow_reader(void **state)
{
    char *buffer = malloc(LARGE);

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (int n = 0; n < 5; n++) {
            struct caller caller = {.ctx = api_ctx()};
            tn_socket_t *pull = api_socket(caller.ctx, "pull");
            long got = 0;
            caller.socket = api_socket(caller.ctx, "push");
            api_join(pull, caller.socket, transports[i]);
            start(&caller, send_without_end);
            for (; got < 20 * n; got++)
                assert_int_equal(tn_recv(pull, buffer, LARGE, 0), LARGE);
            cancel(&caller);
            for (; got < atomic_load(&caller.last); got++)
                assert_int_equal(tn_recv(pull, buffer, LARGE, 0), LARGE);
            api_send(caller.socket, "after", 0);
            expect_large_ones(pull, "after"); /* and what the cancelled call had taken */
            end(caller.ctx, caller.socket, pull);
        }
    }
    free(buffer);
}

static void *send_half_and_receive(void *arg)
{
    struct caller *caller = arg;

    assert_ok(tn_send(caller->socket, "begun", 5, TN_MORE));
    return receive(arg);
}

/** Whose message nobody else may send into, as long as it lives. */
static void test_inside_a_message(void **state)
{
    struct caller caller = {.ctx = api_ctx()};
    tn_socket_t *peer = api_socket(caller.ctx, "pair");

    (void)state;
    caller.socket = api_socket(caller.ctx, "pair");
    api_join(peer, caller.socket, API_TCP);
    start_and_cancel(&caller, send_half_and_receive);
    api_send(caller.socket, "ended", 0);
    api_expect_frame(peer, "begun", true);
    api_expect_frame(peer, "ended", false);
    api_send(caller.socket, "next", 0);
    api_expect_frame(peer, "next", false);
    end(caller.ctx, caller.socket, peer);
}

/* ------------------------------------------------------------------ other waits */

static void *poll_items(void *arg)
{
    struct caller *caller = arg;

    tn_poll(caller->items, MANY, -1);
    return NULL;
}

/** More than there is room for on the stack. */
static void test_polling(void **state)
{
    struct caller caller = {.ctx = api_ctx()};
    tn_socket_t *push = api_socket(caller.ctx, "push"), *pulls[MANY];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < MANY; i++) {
        pulls[i] = api_socket(caller.ctx, "pull");
        caller.items[i] = (tn_pollitem_t){.socket = pulls[i], .fd = -1, .events = TN_POLLIN};
    }
    api_join(pulls[0], push, API_TCP);
    start_and_cancel(&caller, poll_items);
    caller.items[1] = (tn_pollitem_t){.fd = ends[0], .events = TN_POLLIN};
    start_and_cancel(&caller, poll_items);
    for (int i = 0; i < MANY; i++) /* descriptors alone */
        caller.items[i] = (tn_pollitem_t){.fd = ends[0], .events = TN_POLLIN};
    start_and_cancel(&caller, poll_items);
    api_send(push, "after", 0);
    api_expect(pulls[0], "after");
    for (int i = 0; i < MANY; i++)
        assert_ok(tn_close(pulls[i]));
    close(ends[0]);
    close(ends[1]);
    end(caller.ctx, push, NULL);
}

static void *run_proxy(void *arg)
{
    struct caller *caller = arg;

    tn_proxy(caller->socket, caller->other, NULL, NULL);
    return NULL;
}

static void test_a_proxy(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller caller = {.ctx = api_ctx()};
        tn_socket_t *push = api_socket(caller.ctx, "push"), *pull = api_socket(caller.ctx, "pull");
        caller.socket = api_socket(caller.ctx, "pull");
        caller.other = api_socket(caller.ctx, "push");
        api_join(caller.socket, push, i == 0 ? "inproc://front" : transports[i]);
        api_join(caller.other, pull, transports[i]);
        start(&caller, run_proxy);
        api_send(push, "through", 0);
        api_expect(pull, "through");
        pause_for(10);
        cancel(&caller);
        api_send(push, "not through", 0);
        api_expect(caller.socket, "not through");
        api_send(caller.other, "by hand", 0);
        api_expect(pull, "by hand");
        assert_ok(tn_close(caller.other));
        assert_ok(tn_close(push));
        end(caller.ctx, caller.socket, pull);
    }
}

static void *send_numbers(void *arg);

/** Its last message gets through or stays where it was. */
static void test_a_proxy_at_work(void **state)
{
    (void)state;
    for (int n = 0; n < 10; n++) {
        struct caller caller = {.ctx = api_ctx()}, sender = {.last = -1};
        tn_socket_t *pull = api_socket(caller.ctx, "pull");
        long wanted = 0, number;
        sender.socket = api_socket(caller.ctx, "push");
        caller.socket = api_socket(caller.ctx, "pull");
        caller.other = api_socket(caller.ctx, "push");
        api_join(caller.socket, sender.socket, API_TCP);
        api_join(caller.other, pull, API_TCP);
        start(&caller, run_proxy);
        start(&sender, send_numbers);
        for (; wanted < 1000 * n; wanted++) {
            assert_int_equal(tn_recv(pull, &number, sizeof number, 0), sizeof number);
            assert_int_equal(number, wanted);
        }
        cancel(&caller);
        cancel(&sender);
        assert_ok(tn_send(caller.other, "", 0, 0));
        while (tn_recv(pull, &number, sizeof number, 0) != 0)
            assert_int_equal(number, wanted++);
        while (wanted <= atomic_load(&sender.last)) {
            assert_int_equal(tn_recv(caller.socket, &number, sizeof number, 0), sizeof number);
            assert_int_equal(number, wanted++);
        }
        assert_ok(tn_close(sender.socket));
        assert_ok(tn_close(caller.other));
        end(caller.ctx, caller.socket, pull);
    }
}

static void *await_peers(void *arg)
{
    struct caller *caller = arg;

    tn_wait_peers(caller->socket, 2, -1);
    return NULL;
}

static void *await_event(void *arg)
{
    struct caller *caller = arg;
    tn_monitor_t *monitor = tn_monitor(caller->socket, TN_EVENT_CLOSED);
    tn_event_t event;

    pthread_cleanup_push((void (*)(void *))tn_monitor_close, monitor);
    tn_monitor_recv(monitor, &event, -1);
    pthread_cleanup_pop(1);
    return NULL;
}

static void *end_context(void *arg)
{
    struct caller *caller = arg;

    tn_ctx_term(caller->ctx, -1);
    return NULL;
}

static void test_waiting_for_events(void **state)
{
    struct caller caller = {.ctx = api_ctx()};
    tn_socket_t *push = api_socket(caller.ctx, "push");

    (void)state;
    caller.socket = api_socket(caller.ctx, "pull");
    api_join(caller.socket, push, API_TCP);
    start_and_cancel(&caller, await_peers);
    start_and_cancel(&caller, await_event);
    api_send(push, "after", 0);
    api_expect(caller.socket, "after");
    end(caller.ctx, caller.socket, push);
}

static void test_ending_a_context(void **state)
{
    struct caller caller = {.ctx = api_ctx()};

    (void)state;
    caller.socket = api_socket(caller.ctx, "pull");
    start_and_cancel(&caller, end_context);
    assert_code(tn_send(caller.socket, "", 0, 0), -TN_ETERM);
    end(caller.ctx, caller.socket, NULL);
}

/* ------------------------------------------------------------------ at full speed */

static void *send_numbers(void *arg)
{
    struct caller *caller = arg;

    for (;;) {
        long number = atomic_load(&caller->last) + 1;
        if (tn_send(caller->socket, &number, sizeof number, 0) < 0)
            return NULL;
        atomic_store(&caller->last, number);
    }
}

static void *receive_numbers(void *arg)
{
    struct caller *caller = arg;
    long number;

    while (tn_recv(caller->socket, &number, sizeof number, 0) == sizeof number)
        atomic_store(&caller->last, number);
    return NULL;
}

/** A cancelled call has taken nothing. */
static void test_receiving_a_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller sender = {.ctx = api_ctx(), .last = -1}, receiver = {.last = -1};
        long number;
        sender.socket = api_socket(sender.ctx, "push");
        receiver.socket = api_socket(sender.ctx, "pull");
        api_join(receiver.socket, sender.socket, transports[i]);
        start(&sender, send_numbers);
        for (int n = 0; n < TIMES; n++) {
            start(&receiver, receive_numbers);
            if (n % 4)
                usleep((useconds_t)(rand() % 2000));
            cancel(&receiver);
            assert_int_equal(tn_recv(receiver.socket, &number, sizeof number, 0), sizeof number);
            assert_int_equal(number, atomic_load(&receiver.last) + 1);
            atomic_store(&receiver.last, number);
        }
        cancel(&sender);
        end(sender.ctx, sender.socket, receiver.socket);
    }
}

static void test_sending_a_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller sender = {.ctx = api_ctx(), .last = -1}, receiver = {.last = -1};
        sender.socket = api_socket(sender.ctx, "push");
        receiver.socket = api_socket(sender.ctx, "pull");
        assert_ok(tn_set_int(sender.socket, "sndhwm", 100));
        api_join(receiver.socket, sender.socket, transports[i]);
        start(&receiver, receive_numbers);
        for (int n = 0; n < TIMES; n++) {
            start(&sender, send_numbers);
            usleep((useconds_t)(rand() % 2000));
            cancel(&sender);
        }
        for (int n = 0; atomic_load(&receiver.last) != atomic_load(&sender.last); n++) {
            assert_true(n < API_TIMEOUT_MS);
            pause_for(1);
        }
        cancel(&receiver);
        end(sender.ctx, sender.socket, receiver.socket);
    }
}

static void *ask(void *arg)
{
    struct caller *caller = arg;
    char buffer[8];

    while (tn_send(caller->socket, "ask", 3, 0) == 0 &&
           tn_recv(caller->socket, buffer, sizeof buffer, 0) >= 0)
        atomic_fetch_add(&caller->last, 1);
    return NULL;
}

static void *answer(void *arg)
{
    struct caller *caller = arg;
    char buffer[8];
    ssize_t size;

    while ((size = tn_recv(caller->socket, buffer, sizeof buffer, 0)) >= 0)
        tn_send(caller->socket, buffer, (size_t)size, 0);
    return NULL;
}

/** A thread that asks has the watch of its connection, and a lease of it. */
static void test_asking(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct caller asker = {.ctx = api_ctx()}, answerer = {0};
        char buffer[8];
        asker.socket = api_socket(asker.ctx, "pair");
        answerer.socket = api_socket(asker.ctx, "pair");
        api_join(answerer.socket, asker.socket, transports[i]);
        start(&answerer, answer);
        for (int n = 0; n < TIMES; n++) {
            start(&asker, ask);
            usleep((useconds_t)(rand() % 2000));
            cancel(&asker);
            api_send(asker.socket, "probe", 0);
            while (assert_ok(tn_recv(asker.socket, buffer, sizeof buffer, 0)) != 5)
                continue;
        }
        cancel(&answerer);
        end(asker.ctx, asker.socket, answerer.socket);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_receiving_without_a_peer),
        cmocka_unit_test(test_receiving_from_a_peer),
        cmocka_unit_test(test_one_of_several),
        cmocka_unit_test(test_closed_while_another_is_cancelled),
        cmocka_unit_test(test_without_io_threads),
        cmocka_unit_test(test_sending_at_the_mark),
        cmocka_unit_test(test_sending_large_ones_to_a_slow_reader),
        cmocka_unit_test(test_inside_a_message),
        cmocka_unit_test(test_polling),
        cmocka_unit_test(test_a_proxy),
        cmocka_unit_test(test_a_proxy_at_work),
        cmocka_unit_test(test_waiting_for_events),
        cmocka_unit_test(test_ending_a_context),
        cmocka_unit_test(test_receiving_a_stream),
        cmocka_unit_test(test_sending_a_stream),
        cmocka_unit_test(test_asking),
    };

    return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
