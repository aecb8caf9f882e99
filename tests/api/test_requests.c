/* REQ and REP: small messages go another way than the rest, and nobody may see a difference. */
#include <pthread.h>
#include <stdlib.h>

#include "api.h"

enum { FRAMES = 3, ROUNDS = 120, LARGE = 100000, DROPS = 5 };

/* Sizes of the frames of a message, -1 behind the last. */
static const int kinds[][FRAMES + 1] = {
    {5, -1},    {0, -1},           {255, -1},         {256, -1},   {600, -1},   {3, 4, -1},
    {2000, -1}, {0, 0, -1},        {1, -1},           {1, -1},     {LARGE, -1}, {7, -1},
    {0, 5, -1}, {3, LARGE, 1, -1}, {LARGE, 0, 0, -1}, {12000, -1}, {64, -1},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static uint8_t byte_of(unsigned number, int frame, int i)
{
    return (uint8_t)(number * 7 + (unsigned)frame * 31 + (unsigned)i);
}

static void fill(uint8_t *bytes, unsigned number, int frame, int size)
{
    for (int i = 0; i < size; i++)
        bytes[i] = byte_of(number, frame, i);
}

/* As buffers or as message objects. */
static void send_kind(tn_socket_t *socket, unsigned number, uint8_t *bytes)
{
    const int *sizes = kinds[number % KINDS];

    for (int frame = 0; sizes[frame] >= 0; frame++) {
        size_t size = (size_t)sizes[frame];
        int flags = sizes[frame + 1] >= 0 ? TN_MORE : 0;
        tn_msg_t msg;

        fill(bytes, number, frame, sizes[frame]);
        if (number % 3) {
            assert_ok(tn_send(socket, bytes, size, flags));
        } else {
            assert_ok(tn_msg_init_copy(&msg, bytes, size));
            assert_ok(tn_msg_send(socket, &msg, flags));
        }
    }
}

static void expect_bytes(const uint8_t *bytes, unsigned number, int frame, int size)
{
    for (int i = 0; i < size; i++)
        if (bytes[i] != byte_of(number, frame, i))
            fail_msg("message %u, frame %d: byte %d is wrong", number, frame, i);
}

static void expect_kind(tn_socket_t *socket, unsigned number, uint8_t *bytes)
{
    const int *sizes = kinds[number % KINDS];
    int64_t more;

    if (number % 5 == 0) {
        tn_pollitem_t item = {.socket = socket, .events = TN_POLLIN};
        assert_int_equal(tn_poll(&item, 1, API_TIMEOUT_MS), 1);
    }
    for (int frame = 0; sizes[frame] >= 0; frame++) {
        if (number % 2) {
            assert_int_equal(assert_ok(tn_recv(socket, bytes, LARGE, 0)), sizes[frame]);
            expect_bytes(bytes, number, frame, sizes[frame]);
        } else {
            tn_msg_t msg;

            tn_msg_init(&msg);
            assert_int_equal(assert_ok(tn_msg_recv(socket, &msg, 0)), sizes[frame]);
            expect_bytes(tn_msg_data(&msg), number, frame, sizes[frame]);
            tn_msg_close(&msg);
        }
        assert_ok(tn_get_int(socket, "rcvmore", &more));
        assert_int_equal(more, sizes[frame + 1] >= 0);
    }
}

struct server {
    tn_socket_t *socket;
    uint8_t *bytes;
};

/* Each reply is of the kind after that of its request. */
static void *serve(void *arg)
{
    struct server *server = arg;

    for (unsigned i = 0; i < ROUNDS; i++) {
        expect_kind(server->socket, i, server->bytes);
        send_kind(server->socket, i + 1, server->bytes);
    }
    return NULL;
}

/* Of messages that follow each other, from that one on. */
static uint64_t bytes_from(unsigned first)
{
    uint64_t bytes = 0;

    for (unsigned number = first; number < first + ROUNDS; number++)
        for (const int *size = kinds[number % KINDS]; *size >= 0; size++)
            bytes += (uint64_t)*size;
    return bytes;
}

static void expect_counts(tn_socket_t *socket, unsigned first_sent)
{
    tn_stats_t stats;

    assert_ok(tn_stats(socket, &stats));
    assert_int_equal(stats.messages_sent, ROUNDS);
    assert_int_equal(stats.messages_received, ROUNDS);
    assert_int_equal(stats.bytes_sent, bytes_from(first_sent));
    assert_int_equal(stats.bytes_received, bytes_from(1 - first_sent));
    for (int i = 0; i < TN_DROP_REASONS; i++)
        assert_int_equal(stats.dropped[i], 0);
}

static void converse(const char *endpoint, const char *option)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *rep = api_socket(ctx, "rep"), *req = api_socket(ctx, "req");
    struct server server = {.socket = rep, .bytes = malloc(LARGE)};
    uint8_t *bytes = malloc(LARGE);
    pthread_t thread;

    assert_true(server.bytes && bytes);
    if (option)
        assert_ok(tn_set_int(req, option, 1));
    api_join(rep, req, endpoint);
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        send_kind(req, i, bytes);
        expect_kind(req, i + 1, bytes);
    }
    pthread_join(thread, NULL);
    if (!option || strcmp(option, "req_correlate") != 0) { /* whose ids count, too */
        expect_counts(req, 0);
        expect_counts(rep, 1);
    }
    free(server.bytes);
    free(bytes);
    assert_ok(tn_close(req));
    assert_ok(tn_close(rep));
    api_ctx_end(ctx);
}

static void test_requests_of_all_kinds_in_one_conversation(void **state)
{
    (void)state;
    converse(API_TCP, NULL);
    converse(API_IPC, NULL);
    converse("inproc://conversation", NULL);
}

static void test_correlated_requests_of_all_kinds(void **state)
{
    (void)state;
    converse(API_TCP, "req_correlate");
    converse(API_IPC, "req_relaxed");
}

/* A ROUTER that may say anything to a REQ, on one thread: over inproc what was sent is there at once. */
struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *router, *req;
    char id[256];
    size_t id_size;
};

static void open_pair(struct pair *pair)
{
    pair->ctx = api_ctx();
    pair->router = api_socket(pair->ctx, "router");
    pair->req = api_socket(pair->ctx, "req");
    api_join(pair->router, pair->req, "inproc://pair");
}

static void close_pair(struct pair *pair)
{
    assert_ok(tn_close(pair->req));
    assert_ok(tn_close(pair->router));
    api_ctx_end(pair->ctx);
}

static void take_request(struct pair *pair, const char *text)
{
    pair->id_size = (size_t)assert_ok(tn_recv(pair->router, pair->id, sizeof pair->id, 0));
    api_expect_frame(pair->router, "", true);
    api_expect_frame(pair->router, text, false);
}

static void reply(struct pair *pair, const char *text)
{
    assert_ok(tn_send(pair->router, pair->id, pair->id_size, TN_MORE));
    api_send(pair->router, "", TN_MORE);
    api_send(pair->router, text, 0);
}

static void expect_dropped(tn_socket_t *socket, int reason, unsigned count)
{
    tn_stats_t stats;

    assert_ok(tn_stats(socket, &stats));
    assert_int_equal(stats.dropped[reason], count);
}

static void test_second_reply_is_not_that_of_the_next_request(void **state)
{
    struct pair pair;
    char buffer[8];

    (void)state;
    open_pair(&pair);
    api_send(pair.req, "one", 0);
    take_request(&pair, "one");
    reply(&pair, "first");
    reply(&pair, "second");
    reply(&pair, "third");
    api_expect(pair.req, "first");
    assert_code(tn_recv(pair.req, buffer, sizeof buffer, 0), -TN_EFSM);
    api_send(pair.req, "two", 0);
    expect_dropped(pair.req, TN_DROP_STATE, 2);
    take_request(&pair, "two");
    reply(&pair, "right");
    api_expect(pair.req, "right");
    reply(&pair, "unasked");
    api_send(pair.req, "three", 0);
    take_request(&pair, "three");
    reply(&pair, "right again");
    api_expect(pair.req, "right again");
    expect_dropped(pair.req, TN_DROP_STATE, 3);
    close_pair(&pair);
}

static struct {
    tn_socket_t *socket;
    unsigned ended;
} asks;

/* A program's own function may use any socket, whatever call it runs in. */
static void ask_and_free(void *data, void *hint)
{
    tn_stats_t stats;

    (void)hint;
    free(data);
    asks.ended++;
    assert_ok(tn_stats(asks.socket, &stats));
}

static void reply_large(struct pair *pair)
{
    void *data = calloc(1, LARGE);
    tn_msg_t msg;

    assert_non_null(data);
    assert_ok(tn_send(pair->router, pair->id, pair->id_size, TN_MORE));
    api_send(pair->router, "", TN_MORE);
    assert_ok(tn_msg_init_data(&msg, data, LARGE, ask_and_free, NULL));
    assert_ok(tn_msg_send(pair->router, &msg, 0));
}

static void test_large_reply_that_is_dropped_ends_outside_of_the_call(void **state)
{
    struct pair pair;

    (void)state;
    open_pair(&pair);
    asks.socket = pair.req;
    asks.ended = 0;
    api_send(pair.req, "one", 0);
    take_request(&pair, "one");
    reply(&pair, "first");
    reply_large(&pair);
    api_expect(pair.req, "first");
    reply_large(&pair);
    api_send(pair.req, "two", 0);
    take_request(&pair, "two");
    reply(&pair, "right");
    api_expect(pair.req, "right");
    reply_large(&pair);
    assert_ok(tn_get_int(pair.req, "events", &(int64_t){0})); /* drops it */
    api_send(pair.req, "three", 0);
    take_request(&pair, "three");
    reply(&pair, "right");
    api_expect(pair.req, "right");
    api_send(pair.req, "four", 0);
    assert_int_equal(asks.ended, 3);
    expect_dropped(pair.req, TN_DROP_STATE, 3);
    close_pair(&pair);
}

static void test_replies_beyond_the_mark_are_dropped_and_counted(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *rep = api_socket(ctx, "rep"), *dealer = api_socket(ctx, "dealer");
    unsigned arrived = 0;
    tn_stats_t stats;
    char buffer[8];

    (void)state;
    assert_ok(tn_set_int(rep, "sndhwm", 2));
    assert_ok(tn_set_int(dealer, "rcvhwm", 2));
    api_join(rep, dealer, "inproc://mark");
    for (int i = 0; i < 4 + DROPS; i++) {
        api_send(dealer, "", TN_MORE);
        api_send(dealer, "q", 0);
        api_expect(rep, "q");
        api_send(rep, "r", 0);
    }
    expect_dropped(rep, TN_DROP_HWM, DROPS);
    while (tn_recv(dealer, buffer, sizeof buffer, TN_DONTWAIT) == 0) {
        api_expect_frame(dealer, "r", false);
        arrived++;
    }
    assert_int_equal(arrived, 4);
    assert_ok(tn_stats(rep, &stats));
    assert_int_equal(stats.messages_received, 4 + DROPS);
    assert_ok(tn_close(dealer));
    assert_ok(tn_close(rep));
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_of_all_kinds_in_one_conversation),
        cmocka_unit_test(test_correlated_requests_of_all_kinds),
        cmocka_unit_test(test_second_reply_is_not_that_of_the_next_request),
        cmocka_unit_test(test_large_reply_that_is_dropped_ends_outside_of_the_call),
        cmocka_unit_test(test_replies_beyond_the_mark_are_dropped_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
