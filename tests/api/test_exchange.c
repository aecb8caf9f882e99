/* Messages that go to and fro: the thread that waits for them serves the connection between its waits,
 * too, and the I/O thread takes it back when it no longer does. */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "api.h"

enum { EXCHANGES = 300 };

static void *echo(void *socket)
{
    char text[16];
    ssize_t size = 0;

    for (int i = 0; i <= EXCHANGES && size >= 0; i++) {
        size = tn_recv(socket, text, sizeof(text), 0);
        if (size >= 0)
            tn_send(socket, text, (size_t)size, 0);
    }
    return NULL;
}

struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *ours, *theirs;
    pthread_t thread;
};

/* With all exchanges done but one. */
static void begin(struct pair *pair, const char *endpoint, int spin_us)
{
    pair->ctx = api_ctx();
    pair->ours = api_socket(pair->ctx, "pair");
    pair->theirs = api_socket(pair->ctx, "pair");
    assert_ok(tn_set_int(pair->ours, "spin_us", spin_us));
    assert_ok(tn_set_int(pair->theirs, "spin_us", spin_us));
    api_join(pair->ours, pair->theirs, endpoint);
    assert_int_equal(pthread_create(&pair->thread, NULL, echo, pair->theirs), 0);
    for (int i = 0; i < EXCHANGES; i++) {
        api_send(pair->ours, i % 2 ? "ping" : "pong", 0);
        api_expect(pair->ours, i % 2 ? "ping" : "pong");
    }
}

static void end(struct pair *pair)
{
    assert_int_equal(pthread_join(pair->thread, NULL), 0);
    assert_ok(tn_close(pair->ours));
    assert_ok(tn_close(pair->theirs));
    api_ctx_end(pair->ctx);
}

static void exchange_then_watch(const char *endpoint, int spin_us)
{
    struct pollfd item = {.events = POLLIN};
    struct pair pair;

    begin(&pair, endpoint, spin_us);
    item.fd = tn_fd(pair.ours, TN_POLLIN);
    assert_ok(item.fd);
    api_send(pair.ours, "last", 0);
    assert_int_equal(poll(&item, 1, API_TIMEOUT_MS), 1);
    api_expect(pair.ours, "last");
    end(&pair);
}

static void test_descriptor_tells_after_many_exchanges(void **state)
{
    (void)state;
    exchange_then_watch(API_TCP, 0);
    exchange_then_watch(API_IPC, 0);
}

static void test_spinning_exchanges_get_their_answers(void **state)
{
    (void)state;
    exchange_then_watch(API_TCP, 100);
    exchange_then_watch(API_IPC, 100);
    exchange_then_watch("inproc://exchange", 100);
}

static void test_message_comes_to_one_who_never_waits_again(void **state)
{
    time_t until = time(NULL) + API_TIMEOUT_MS / 1000;
    ssize_t size = -EAGAIN;
    char text[16];
    struct pair pair;

    (void)state;
    begin(&pair, API_TCP, 0);
    api_send(pair.ours, "last", 0);
    while (size == -EAGAIN && time(NULL) < until) {
        size = tn_recv(pair.ours, text, sizeof(text), TN_DONTWAIT);
        sched_yield();
    }
    assert_int_equal(size, 4);
    end(&pair);
}

enum { ASKERS = 64, ROUNDS = 20 };

/* A ROUTER that sends each request back to where it came from. */
static void *answer(void *router)
{
    char id[64], text[32];

    for (int i = 0; i < ASKERS * ROUNDS; i++) {
        ssize_t id_size = tn_recv(router, id, sizeof(id), 0);
        ssize_t size = id_size < 0 ? id_size : tn_recv(router, text, sizeof(text), 0);
        if (size < 0)
            return NULL;
        tn_send(router, id, (size_t)id_size, TN_MORE);
        tn_send(router, text, (size_t)size, 0);
    }
    return NULL;
}

static void ask_all(tn_socket_t **askers, int round)
{
    char text[32];

    for (int i = 0; i < ASKERS; i++) {
        snprintf(text, sizeof(text), "%d of %d", i, round);
        api_send(askers[i], text, 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        snprintf(text, sizeof(text), "%d of %d", i, round);
        api_expect(askers[i], text);
    }
}

/* Who asks through many sockets is left alone by the I/O thread, which yet serves a socket that nobody waits
 * for. */
static void test_many_sockets_asked_in_turn_have_each_its_answer(void **state)
{
    tn_ctx_t *ctx = api_ctx(), *other = api_ctx();
    tn_socket_t *askers[ASKERS], *router = api_socket(other, "router");
    tn_socket_t *push = api_socket(other, "push"), *pull = api_socket(ctx, "pull");
    char endpoint[API_ENDPOINT_MAX];
    pthread_t thread;

    (void)state;
    api_join(push, pull, API_TCP);
    api_bind(router, API_TCP, endpoint);
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = api_socket(ctx, "dealer");
        assert_ok(tn_connect(askers[i], endpoint));
    }
    assert_int_equal(pthread_create(&thread, NULL, answer, router), 0);
    for (int round = 0; round < ROUNDS; round++) {
        time_t until = time(NULL) + API_TIMEOUT_MS / 1000;
        ssize_t size = -EAGAIN;
        char text[8];
        api_send(push, "aside", 0);
        ask_all(askers, round);
        while (size == -EAGAIN && time(NULL) < until) {
            size = tn_recv(pull, text, sizeof(text), TN_DONTWAIT);
            sched_yield();
        }
        assert_int_equal(size, 5);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    for (int i = 0; i < ASKERS; i++)
        assert_ok(tn_close(askers[i]));
    assert_ok(tn_close(router));
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
    api_ctx_end(other);
}

static void test_spin_is_a_time(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = api_socket(ctx, "pair");
    int64_t value = -1;

    (void)state;
    assert_ok(tn_get_int(socket, "spin_us", &value));
    assert_int_equal(value, 0);
    assert_code(tn_set_int(socket, "spin_us", -1), -EINVAL);
    assert_code(tn_set_int(socket, "spin_us", 1000001), -EINVAL);
    assert_ok(tn_set_int(socket, "spin_us", 1000000));
    assert_ok(tn_get_int(socket, "spin_us", &value));
    assert_int_equal(value, 1000000);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptor_tells_after_many_exchanges),
        cmocka_unit_test(test_message_comes_to_one_who_never_waits_again),
        cmocka_unit_test(test_many_sockets_asked_in_turn_have_each_its_answer),
        cmocka_unit_test(test_spinning_exchanges_get_their_answers),
        cmocka_unit_test(test_spin_is_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
