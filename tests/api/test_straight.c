/* Streams of large buffers, which go to the kernel without being queued, and of those that are gathered first: in
 * order, whole, whatever else is sent in between, and however they are received. */
#include "api.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LARGE = 64 * 1024, MOST = 200 * 1000, HEADER = 9 };

/** Every message tells its number and its sender; the rest of its bytes follow from them. */
struct stamp {
    uint32_t number, sender;
};

static uint8_t filling(struct stamp stamp)
{
    return (uint8_t)(stamp.number * 7 + stamp.sender);
}

static void fill(uint8_t *body, size_t size, struct stamp stamp)
{
    memset(body, filling(stamp), size);
    memcpy(body, &stamp, sizeof(stamp));
}

static struct stamp check(const uint8_t *body, size_t size)
{
    struct stamp stamp;

    assert_true(size >= sizeof(stamp));
    memcpy(&stamp, body, sizeof(stamp));
    for (size_t i = sizeof(stamp); i < size; i++)
        if (body[i] != filling(stamp))
            fail_msg("message %u: byte %zu of %zu is wrong", stamp.number, i, size);
    return stamp;
}

/* ------------------------------------------------------------------ all kinds of messages */

enum { MIXED = 800 };

static size_t size_of(uint32_t number)
{
    return number % 16 == 7 ? 10 : 33000 + number * 7919 % (MOST - 33000);
}

static void send_object(tn_socket_t *push, const uint8_t *body, size_t size)
{
    tn_msg_t msg;

    assert_ok(tn_msg_init_size(&msg, size));
    memcpy(tn_msg_data(&msg), body, size);
    assert_ok(tn_msg_send(push, &msg, 0));
}

static void send_at_once(tn_socket_t *push, const uint8_t *body, size_t size)
{
    int rc;

    do
        rc = tn_send(push, body, size, TN_DONTWAIT);
    while (rc == -EAGAIN);
    assert_ok(rc);
}

static void *send_mixed(void *arg)
{
    uint8_t *body = malloc(MOST);

    for (uint32_t i = 0; i < MIXED; i++) {
        size_t size = size_of(i);
        fill(body, size, (struct stamp){.number = i});
        if (i % 32 == 11)
            send_at_once(arg, body, size);
        else if (i % 32 == 19)
            send_object(arg, body, size);
        else
            assert_ok(tn_send(arg, body, size, i % 32 == 27 ? TN_MORE : 0));
    }
    free(body);
    return NULL;
}

static void expect_mixed(tn_socket_t *pull)
{
    uint8_t *body = malloc(MOST);
    int64_t more = -1;

    for (uint32_t i = 0; i < MIXED; i++) {
        assert_int_equal(assert_ok(tn_recv(pull, body, MOST, 0)), size_of(i));
        assert_int_equal(check(body, size_of(i)).number, i);
        assert_ok(tn_get_int(pull, "rcvmore", &more));
        assert_int_equal(more, i % 32 == 27);
    }
    free(body);
}

static void test_stream_of_all_kinds_arrives_in_order(void **state)
{
    static const char *const endpoints[] = {API_TCP, API_IPC};

    (void)state;
    for (int i = 0; i < 2; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
        pthread_t thread;

        api_join(pull, push, endpoints[i]);
        assert_int_equal(pthread_create(&thread, NULL, send_mixed, push), 0);
        expect_mixed(pull);
        pthread_join(thread, NULL);
        assert_ok(tn_close(push));
        assert_ok(tn_close(pull));
        api_ctx_end(ctx);
    }
}

/* ------------------------------------------------------------------ gathered */

enum { GATHERED = 2400 };

static size_t middling(uint32_t number)
{
    return number % 64 == 7 ? 10 : 1000 + number * 7919 % 31000;
}

static void *send_gathered(void *push)
{
    uint8_t *body = malloc(LARGE);

    for (uint32_t i = 0; i < GATHERED; i++) {
        fill(body, middling(i), (struct stamp){.number = i});
        assert_ok(tn_send(push, body, middling(i), i % 32 == 27 ? TN_MORE : 0));
    }
    free(body);
    return NULL;
}

static ssize_t receive_waiting(tn_socket_t *pull, uint8_t *body)
{
    return tn_recv(pull, body, LARGE, 0);
}

/* Somebody else has to read what comes. */
static ssize_t receive_asking(tn_socket_t *pull, uint8_t *body)
{
    time_t until = time(NULL) + API_TIMEOUT_MS / 1000;
    ssize_t size = -EAGAIN;

    while (size == -EAGAIN && time(NULL) < until) {
        size = tn_recv(pull, body, LARGE, TN_DONTWAIT);
        sched_yield();
    }
    return size;
}

static ssize_t receive_told(tn_socket_t *pull, uint8_t *body)
{
    struct pollfd item = {.fd = tn_fd(pull, TN_POLLIN), .events = POLLIN};

    return poll(&item, 1, API_TIMEOUT_MS) == 1 ? tn_recv(pull, body, LARGE, TN_DONTWAIT)
                                               : -ETIMEDOUT;
}

static void expect_gathered(tn_socket_t *pull)
{
    ssize_t (*const ways[])(tn_socket_t *, uint8_t *) = {receive_waiting, receive_asking,
                                                         receive_waiting, receive_told};
    uint8_t *body = malloc(LARGE);

    for (uint32_t i = 0; i < GATHERED; i++) {
        assert_int_equal(assert_ok(ways[i * 4 / GATHERED](pull, body)), middling(i));
        assert_int_equal(check(body, middling(i)).number, i);
    }
    free(body);
}

static void test_gathered_stream_arrives_however_it_is_received(void **state)
{
    static const char *const endpoints[] = {API_TCP, API_IPC};

    (void)state;
    for (int i = 0; i < 2; i++) {
        tn_ctx_t *ctx = api_ctx();
        tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
        pthread_t thread;

        api_join(pull, push, endpoints[i]);
        assert_int_equal(pthread_create(&thread, NULL, send_gathered, push), 0);
        expect_gathered(pull);
        pthread_join(thread, NULL);
        assert_ok(tn_close(push));
        assert_ok(tn_close(pull));
        api_ctx_end(ctx);
    }
}

/* ------------------------------------------------------------------ several threads */

enum { SENDERS = 3, EACH = 300 };

struct sender {
    pthread_t thread;
    tn_socket_t *push;
    uint32_t index;
};

static void *send_many(void *arg)
{
    struct sender *sender = arg;
    uint8_t *body = malloc(LARGE);

    for (uint32_t i = 0; i < EACH; i++) {
        fill(body, LARGE, (struct stamp){.number = i, .sender = sender->index});
        assert_ok(tn_send(sender->push, body, LARGE, 0));
    }
    free(body);
    return NULL;
}

static void test_threads_that_share_a_socket_keep_their_orders(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    struct sender senders[SENDERS];
    uint32_t next[SENDERS] = {0};
    uint8_t *body = malloc(LARGE);

    (void)state;
    api_join(pull, push, API_IPC);
    for (uint32_t i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.push = push, .index = i};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]), 0);
    }
    for (int i = 0; i < SENDERS * EACH; i++) {
        struct stamp stamp;
        assert_int_equal(assert_ok(tn_recv(pull, body, LARGE, 0)), LARGE);
        stamp = check(body, LARGE);
        assert_true(stamp.sender < SENDERS);
        assert_int_equal(stamp.number, next[stamp.sender]++);
    }
    for (int i = 0; i < SENDERS; i++)
        pthread_join(senders[i].thread, NULL);
    free(body);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ connections that are lost */

enum { CUTS = 20 };

struct stream {
    tn_socket_t *push;
    atomic_uint must_end;
};

/* The last message comes from sender 1. */
static void *send_on(void *arg)
{
    struct stream *stream = arg;
    uint8_t *body = malloc(LARGE);
    struct stamp stamp = {.number = 0};

    while (!stamp.sender) {
        stamp.number++;
        stamp.sender = atomic_load(&stream->must_end);
        fill(body, LARGE, stamp);
        assert_ok(tn_send(stream->push, body, LARGE, 0));
    }
    free(body);
    return NULL;
}

static int take_peer(int listener)
{
    int fd = accept(listener, NULL, NULL);

    assert_true(fd >= 0);
    api_raw_handshake(fd, 1, "PULL");
    return fd;
}

/** Reads a whole message, which is newer than the one before. */
static void expect_newer(int fd, uint8_t *frame, struct stamp *io_stamp)
{
    static const uint8_t header[HEADER] = {2, 0, 0, 0, 0, 0, 1, 0, 0};
    struct stamp stamp;

    api_raw_read(fd, frame, HEADER + LARGE);
    assert_memory_equal(frame, header, HEADER);
    stamp = check(frame + HEADER, LARGE);
    assert_true(stamp.number > io_stamp->number);
    *io_stamp = stamp;
}

static void test_connection_lost_in_a_message_begins_anew_with_a_whole_one(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    struct stream stream = {.push = api_socket(ctx, "push")};
    uint8_t *frame = malloc(HEADER + LARGE);
    char endpoint[API_ENDPOINT_MAX];
    int listener = api_raw_listen(endpoint), fd;
    struct stamp stamp = {0};
    pthread_t thread;

    (void)state;
    assert_ok(tn_set_int(stream.push, "sndhwm", 50));
    assert_ok(tn_set_int(stream.push, "reconnect_ivl", 1));
    assert_ok(tn_connect(stream.push, endpoint));
    assert_int_equal(pthread_create(&thread, NULL, send_on, &stream), 0);
    for (size_t i = 0; i < CUTS; i++) {
        fd = take_peer(listener);
        for (size_t k = 0; k < 40 + i; k++)
            expect_newer(fd, frame, &stamp);
        api_raw_read(fd, frame, 1 + i * 3001 % LARGE);
        close(fd);
    }
    atomic_store(&stream.must_end, 1);
    fd = take_peer(listener);
    while (!stamp.sender)
        expect_newer(fd, frame, &stamp);
    pthread_join(thread, NULL);
    close(fd);
    close(listener);
    free(frame);
    assert_ok(tn_close(stream.push));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_of_all_kinds_arrives_in_order),
        cmocka_unit_test(test_gathered_stream_arrives_however_it_is_received),
        cmocka_unit_test(test_threads_that_share_a_socket_keep_their_orders),
        cmocka_unit_test(test_connection_lost_in_a_message_begins_anew_with_a_whole_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
