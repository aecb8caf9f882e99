/* Sockets shared between threads: messages stay whole, and a close or a shutdown wakes sleepers. */
#include "api.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 4, MESSAGES = 5000, FRAMES = 3 };

struct worker {
    tn_socket_t *socket;
    int number;
    atomic_int *received;
    long result;
    pthread_t thread;
};

static void *send_messages(void *argument)
{
    struct worker *worker = argument;
    char text[32];

    for (int i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof(text), "%d %d", worker->number, i);
        for (int frame = 0; frame < FRAMES; frame++) {
            worker->result =
                tn_send(worker->socket, text, strlen(text), frame + 1 < FRAMES ? TN_MORE : 0);
            if (worker->result < 0)
                return NULL;
        }
    }
    return NULL;
}

/** The frames of one message in `parts`: all the same text; returns the sender's number, or -1. */
static int check_whole(tn_msg_t *parts, int count)
{
    if (count != FRAMES)
        return -1;
    for (int i = 1; i < FRAMES; i++) {
        if (tn_msg_size(&parts[i]) != tn_msg_size(&parts[0]) ||
            memcmp(tn_msg_data(&parts[i]), tn_msg_data(&parts[0]), tn_msg_size(&parts[0])) != 0)
            return -1;
    }
    return *(char *)tn_msg_data(&parts[0]) - '0';
}

static void *receive_messages(void *argument)
{
    struct worker *worker = argument;
    tn_msg_t parts[FRAMES];

    for (int i = 0; i < FRAMES; i++)
        tn_msg_init(&parts[i]);
    for (;;) {
        int count = tn_recv_parts(worker->socket, parts, FRAMES, 0);
        if (count < 0) {
            worker->result = count;
            break;
        }
        if (check_whole(parts, count) < 0) {
            worker->result = -EBADMSG;
            break;
        }
        if (atomic_fetch_add(worker->received, 1) + 1 == THREADS * MESSAGES) {
            tn_close(worker->socket);
            worker->result = -TN_ECLOSED;
            break;
        }
    }
    for (int i = 0; i < FRAMES; i++)
        tn_msg_close(&parts[i]);
    return NULL;
}

static void start(struct worker *worker, void *(*run)(void *))
{
    assert_int_equal(pthread_create(&worker->thread, NULL, run, worker), 0);
}

static void run_shared(const char *endpoint)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    struct worker senders[THREADS], receivers[THREADS];
    atomic_int received = 0;

    api_join(pull, push, endpoint);
    for (int i = 0; i < THREADS; i++) {
        senders[i] = (struct worker){.socket = push, .number = i};
        receivers[i] = (struct worker){.socket = pull, .received = &received};
        start(&receivers[i], receive_messages);
    }
    for (int i = 0; i < THREADS; i++)
        start(&senders[i], send_messages);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(senders[i].thread, NULL);
        assert_ok(senders[i].result);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(receivers[i].thread, NULL);
        assert_code(receivers[i].result, -TN_ECLOSED);
    }
    assert_int_equal(received, THREADS * MESSAGES);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_shared_sockets_keep_messages_whole(void **state)
{
    (void)state;
    run_shared("inproc://shared");
    run_shared(API_TCP);
}

static void *receive_one(void *argument)
{
    struct worker *worker = argument;
    char buffer[8];

    atomic_fetch_add(worker->received, 1);
    worker->result = tn_recv(worker->socket, buffer, sizeof(buffer), 0);
    return NULL;
}

static void *send_one(void *argument)
{
    struct worker *worker = argument;

    atomic_fetch_add(worker->received, 1);
    worker->result = tn_send(worker->socket, "x", 1, 0);
    return NULL;
}

static void *poll_one(void *argument)
{
    struct worker *worker = argument;
    tn_pollitem_t item = {worker->socket, -1, TN_POLLIN, 0};

    atomic_fetch_add(worker->received, 1);
    worker->result = tn_poll(&item, 1, API_TIMEOUT_MS);
    if (worker->result == 1)
        worker->result = item.revents == TN_POLLERR ? -TN_ECLOSED : 1;
    return NULL;
}

typedef void *(*waiter_fn)(void *);
static const waiter_fn waiters[] = {receive_one, send_one, poll_one};

/** Starts a thread for each way to wait. They count themselves in just before they wait. */
static void start_waiters(struct worker *workers, tn_socket_t *socket, atomic_int *started)
{
    for (int i = 0; i < 3; i++) {
        workers[i] = (struct worker){.socket = socket, .received = started};
        start(&workers[i], waiters[i]);
    }
    while (atomic_load(started) < 3)
        sched_yield();
    /* Most of them are asleep by now; the others find the socket closed, which is as good. */
    poll(NULL, 0, 20);
}

static void test_close_wakes_the_sleepers(void **state)
{
    static const char *const endpoints[] = {NULL, "inproc://nobody", API_TCP};

    (void)state;
    for (int e = 0; e < 3; e++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *socket = api_socket(ctx, "dealer");
        struct worker workers[3];
        atomic_int started = 0;
        if (endpoints[e])
            assert_ok(tn_bind(socket, endpoints[e]));
        start_waiters(workers, socket, &started);
        assert_ok(tn_close(socket));
        for (int i = 0; i < 3; i++) {
            pthread_join(workers[i].thread, NULL);
            assert_code(workers[i].result, -TN_ECLOSED);
        }
        api_ctx_end(ctx);
    }
}

static void test_shutdown_wakes_the_sleepers(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = api_socket(ctx, "dealer");
    struct worker workers[3];
    atomic_int started = 0;

    (void)state;
    assert_ok(tn_bind(socket, API_TCP));
    start_waiters(workers, socket, &started);
    assert_ok(tn_ctx_shutdown(ctx));
    for (int i = 0; i < 3; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_code(workers[i].result, -TN_ETERM);
    }
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

static void test_sender_is_blocked_while_another_is_in_its_message(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    struct worker worker = {.socket = push};
    atomic_int started = 0;

    (void)state;
    worker.received = &started;
    api_join(pull, push, "inproc://claim");
    api_send(push, "mine", TN_MORE);
    start(&worker, send_one);
    while (!atomic_load(&started))
        sched_yield();
    poll(NULL, 0, 10);
    api_send(push, "still mine", 0);
    pthread_join(worker.thread, NULL);
    assert_ok(worker.result);
    api_expect_frame(pull, "mine", true);
    api_expect_frame(pull, "still mine", false);
    api_expect_frame(pull, "x", false);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static void *echo(void *argument)
{
    struct worker *worker = argument;
    char buffer[16];

    for (;;) {
        ssize_t size = tn_recv(worker->socket, buffer, sizeof(buffer), 0);
        if (size < 0) {
            worker->result = size;
            return NULL;
        }
        tn_send(worker->socket, buffer, (size_t)size, 0);
    }
}

static void test_both_directions_run_from_two_threads(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *near = api_socket(ctx, "pair"), *far = api_socket(ctx, "pair");
    struct worker echoer = {.socket = far}, sender = {.socket = near};

    (void)state;
    api_join(far, near, API_TCP);
    start(&echoer, echo);
    start(&sender, send_messages);
    for (int i = 0; i < MESSAGES * FRAMES; i++) {
        char buffer[16];
        assert_ok(tn_recv(near, buffer, sizeof(buffer), 0));
    }
    pthread_join(sender.thread, NULL);
    assert_ok(sender.result);
    assert_ok(tn_close(far));
    pthread_join(echoer.thread, NULL);
    assert_code(echoer.result, -TN_ECLOSED);
    assert_ok(tn_close(near));
    api_ctx_end(ctx);
}

static void *open_and_close(void *argument)
{
    tn_ctx_t *ctx = argument;

    for (int i = 0; i < 200; i++) {
        tn_socket_t *a = tn_socket(ctx, "pair"), *b = tn_socket(ctx, "pair");
        char endpoint[64], buffer[8];
        snprintf(endpoint, sizeof(endpoint), "inproc://%p-%d", (void *)&endpoint, i);
        if (!a || !b || tn_bind(a, endpoint) || tn_connect(b, endpoint) || tn_send(b, "x", 1, 0) ||
            tn_recv(a, buffer, sizeof(buffer), 0) != 1 || tn_close(a) || tn_close(b))
            return (void *)1;
    }
    return NULL;
}

static void test_threads_open_and_close_at_once(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, ctx), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_sockets_keep_messages_whole),
        cmocka_unit_test(test_close_wakes_the_sleepers),
        cmocka_unit_test(test_shutdown_wakes_the_sleepers),
        cmocka_unit_test(test_sender_is_blocked_while_another_is_in_its_message),
        cmocka_unit_test(test_both_directions_run_from_two_threads),
        cmocka_unit_test(test_threads_open_and_close_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
