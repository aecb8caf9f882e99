/* Message objects, whole messages, batches, and bodies that are never copied. */
#include "api.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct pair {
    tn_ctx_t *ctx;
    tn_socket_t *push, *pull;
};

static const char *const endpoints[] = {"inproc://messages", API_TCP};

static struct pair open_pair(const char *endpoint)
{
    struct pair pair = {api_ctx(), NULL, NULL};

    pair.push = api_socket(pair.ctx, "push");
    pair.pull = api_socket(pair.ctx, "pull");
    api_join(pair.pull, pair.push, endpoint);
    return pair;
}

static void close_pair(struct pair *pair)
{
    assert_ok(tn_close(pair->push));
    assert_ok(tn_close(pair->pull));
    api_ctx_end(pair->ctx);
}

static void init_all(tn_msg_t *msgs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tn_msg_init(&msgs[i]);
}

static void close_all(tn_msg_t *msgs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        tn_msg_close(&msgs[i]);
}

static void assert_body(tn_msg_t *msg, const char *text)
{
    assert_int_equal(tn_msg_size(msg), strlen(text));
    assert_memory_equal(tn_msg_data(msg), text, strlen(text));
}

static void test_message_objects_move_and_share(void **state)
{
    static const size_t sizes[] = {0, 1, 40, 41, 1000, 100000};
    static char body[100000];

    (void)state;
    assert_int_equal(sizeof(tn_msg_t), 64);
    memset(body, 'b', sizeof(body));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tn_msg_t a, b, c;
        assert_ok(tn_msg_init_copy(&a, body, sizes[i]));
        tn_msg_init(&b);
        assert_ok(tn_msg_init_size(&c, 10));
        assert_ok(tn_msg_copy(&b, &a));
        tn_msg_move(&c, &a);
        assert_int_equal(tn_msg_size(&a), 0);
        assert_int_equal(tn_msg_size(&b), sizes[i]);
        assert_int_equal(tn_msg_size(&c), sizes[i]);
        assert_memory_equal(tn_msg_data(&b), body, sizes[i]);
        tn_msg_close(&b);
        assert_memory_equal(tn_msg_data(&c), body, sizes[i]);
        tn_msg_close(&a);
        tn_msg_close(&c);
    }
}

static void test_impossible_size_is_no_memory(void **state)
{
    tn_msg_t msg;

    (void)state;
    assert_code(tn_msg_init_size(&msg, SIZE_MAX), -ENOMEM);
    assert_code(tn_msg_init_size(&msg, SIZE_MAX / 2), -ENOMEM);
}

static void test_whole_messages_pass_as_parts(void **state)
{
    (void)state;
    for (int e = 0; e < 2; e++) {
        struct pair pair = open_pair(endpoints[e]);
        tn_msg_t parts[4];
        assert_ok(tn_msg_init_copy(&parts[0], "one", 3));
        tn_msg_init(&parts[1]);
        assert_ok(tn_msg_init_copy(&parts[2], "three", 5));
        assert_ok(tn_send_parts(pair.push, parts, 3, 0));
        for (int i = 0; i < 3; i++)
            assert_int_equal(tn_msg_size(&parts[i]), 0);
        init_all(parts, 4);
        assert_int_equal(assert_ok(tn_recv_parts(pair.pull, parts, 4, 0)), 3);
        assert_body(&parts[0], "one");
        assert_body(&parts[1], "");
        assert_body(&parts[2], "three");
        assert_true(tn_msg_more(&parts[0]));
        assert_false(tn_msg_more(&parts[2]));
        close_all(parts, 4);
        close_pair(&pair);
    }
}

static void test_message_with_too_many_parts_is_cut(void **state)
{
    struct pair pair = open_pair(API_TCP);
    tn_msg_t parts[2];

    (void)state;
    api_send(pair.push, "1", TN_MORE);
    api_send(pair.push, "2", TN_MORE);
    api_send(pair.push, "3", 0);
    api_send(pair.push, "next", 0);
    init_all(parts, 2);
    assert_code(tn_recv_parts(pair.pull, parts, 2, 0), -EMSGSIZE);
    assert_body(&parts[0], "1");
    assert_body(&parts[1], "2");
    api_expect_frame(pair.pull, "next", false);
    close_all(parts, 2);
    close_pair(&pair);
}

static void test_refused_parts_stay_with_the_caller(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push");
    tn_msg_t parts[2];

    (void)state;
    assert_ok(tn_msg_init_copy(&parts[0], "one", 3));
    assert_ok(tn_msg_init_copy(&parts[1], "two", 3));
    assert_code(tn_send_parts(push, parts, 2, TN_DONTWAIT), -EAGAIN);
    assert_body(&parts[0], "one");
    assert_body(&parts[1], "two");
    close_all(parts, 2);
    assert_ok(tn_close(push));
    api_ctx_end(ctx);
}

static void test_batches_keep_messages_and_order(void **state)
{
    enum { MESSAGES = 500, BATCH = 50 };

    (void)state;
    for (int e = 0; e < 2; e++) {
        struct pair pair = open_pair(endpoints[e]);
        tn_msg_t msgs[BATCH];
        int sent = 0, received = 0;
        char text[16];
        while (received < MESSAGES) {
            for (int i = 0; sent < MESSAGES && i < BATCH; i++) {
                snprintf(text, sizeof(text), "%d", sent + i);
                assert_ok(tn_msg_init_copy(&msgs[i], text, strlen(text)));
            }
            if (sent < MESSAGES) {
                assert_int_equal(assert_ok(tn_send_batch(pair.push, msgs, BATCH, 0)), BATCH);
                sent += BATCH;
            }
            init_all(msgs, BATCH);
            int count = (int)assert_ok(tn_recv_batch(pair.pull, msgs, BATCH, 0));
            assert_in_range(count, 1, BATCH);
            for (int i = 0; i < count; i++) {
                snprintf(text, sizeof(text), "%d", received++);
                assert_body(&msgs[i], text);
            }
            close_all(msgs, BATCH);
        }
        close_pair(&pair);
    }
}

static void test_batch_goes_on_where_it_was_cut(void **state)
{
    struct pair pair = open_pair("inproc://split");
    tn_msg_t msgs[6];

    (void)state;
    for (int i = 0; i < 6; i++) {
        assert_ok(tn_msg_init_copy(&msgs[i], "frame", 5));
        tn_msg_set_more(&msgs[i], i % 3 != 2);
    }
    assert_int_equal(assert_ok(tn_send_batch(pair.push, msgs, 6, 0)), 6);
    init_all(msgs, 6);
    assert_int_equal(assert_ok(tn_recv_batch(pair.pull, msgs, 5, 0)), 5);
    assert_true(tn_msg_more(&msgs[1]));
    assert_false(tn_msg_more(&msgs[2]));
    assert_true(tn_msg_more(&msgs[4]));
    assert_int_equal(assert_ok(tn_recv_batch(pair.pull, msgs, 6, 0)), 1);
    assert_false(tn_msg_more(&msgs[0]));
    assert_code(tn_recv_batch(pair.pull, msgs, 6, TN_DONTWAIT), -EAGAIN);
    close_all(msgs, 6);
    close_pair(&pair);
}

static void test_batch_stops_at_the_mark(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pull = api_socket(ctx, "pull");
    tn_msg_t msgs[10];
    int taken;

    (void)state;
    assert_ok(tn_set_int(push, "sndhwm", 2));
    assert_ok(tn_set_int(pull, "rcvhwm", 2));
    api_join(pull, push, "inproc://batch-mark");
    for (int i = 0; i < 10; i++)
        assert_ok(tn_msg_init_copy(&msgs[i], "x", 1));
    taken = (int)assert_ok(tn_send_batch(push, msgs, 10, 0));
    assert_int_equal(taken, 4);
    assert_code(tn_send_batch(push, msgs + taken, 6, TN_DONTWAIT), -EAGAIN);
    for (int i = taken; i < 10; i++)
        assert_body(&msgs[i], "x");
    close_all(msgs, 10);
    assert_ok(tn_close(push));
    assert_ok(tn_close(pull));
    api_ctx_end(ctx);
}

static atomic_int freed;

static void count_free(void *data, void *hint)
{
    assert_ptr_equal(hint, &freed);
    free(data);
    atomic_fetch_add(&freed, 1);
}

static void make_foreign(tn_msg_t *msg, size_t size)
{
    char *body = malloc(size + 1);

    assert_non_null(body);
    memset(body, 'f', size);
    assert_ok(tn_msg_init_data(msg, body, size, count_free, &freed));
}

static void wait_freed(int count)
{
    for (int i = 0; i < 100000 && atomic_load(&freed) < count; i++)
        sched_yield();
    tn_poll(NULL, 0, atomic_load(&freed) < count ? 1000 : 0);
    assert_int_equal(atomic_load(&freed), count);
}

static void test_foreign_body_is_freed_once(void **state)
{
    static const size_t sizes[] = {0, 1, 40, 1000, 1000000};

    (void)state;
    for (int e = 0; e < 2; e++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct pair pair = open_pair(endpoints[e]);
            tn_msg_t msg, got;
            atomic_store(&freed, 0);
            make_foreign(&msg, sizes[i]);
            assert_ok(tn_msg_send(pair.push, &msg, 0));
            tn_msg_init(&got);
            assert_int_equal(assert_ok(tn_msg_recv(pair.pull, &got, 0)), sizes[i]);
            tn_msg_close(&msg);
            tn_msg_close(&got);
            wait_freed(1);
            close_pair(&pair);
            assert_int_equal(atomic_load(&freed), 1);
        }
    }
}

static void test_foreign_body_is_freed_when_nobody_gets_it(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *push = api_socket(ctx, "push"), *pub = api_socket(ctx, "pub");
    tn_msg_t msg;

    (void)state;
    atomic_store(&freed, 0);
    make_foreign(&msg, 100);
    tn_msg_close(&msg);
    wait_freed(1);
    make_foreign(&msg, 100);
    assert_code(tn_msg_send(push, &msg, TN_DONTWAIT), -EAGAIN);
    assert_int_equal(atomic_load(&freed), 1);
    assert_ok(tn_connect(push, "tcp://127.0.0.1:1"));
    assert_ok(tn_msg_send(push, &msg, 0));
    make_foreign(&msg, 100);
    assert_ok(tn_msg_send(pub, &msg, 0));
    assert_ok(tn_close(push));
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
    wait_freed(3);
}

static void test_foreign_body_goes_to_all_subscribers(void **state)
{
    enum { SUBSCRIBERS = 5 };
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "pub"), *subs[SUBSCRIBERS];
    char endpoint[API_ENDPOINT_MAX];
    tn_msg_t msg;

    (void)state;
    atomic_store(&freed, 0);
    api_bind(pub, API_TCP, endpoint);
    for (int i = 0; i < SUBSCRIBERS; i++) {
        subs[i] = api_socket(ctx, "sub");
        assert_ok(tn_subscribe(subs[i], "", 0));
        assert_ok(tn_connect(subs[i], endpoint));
    }
    assert_ok(tn_wait_subscribers(pub, SUBSCRIBERS, API_TIMEOUT_MS));
    make_foreign(&msg, 100000);
    assert_ok(tn_msg_send(pub, &msg, 0));
    for (int i = 0; i < SUBSCRIBERS; i++) {
        tn_msg_init(&msg);
        assert_int_equal(assert_ok(tn_msg_recv(subs[i], &msg, 0)), 100000);
        tn_msg_close(&msg);
        assert_ok(tn_close(subs[i]));
    }
    assert_ok(tn_close(pub));
    api_ctx_end(ctx);
    wait_freed(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_objects_move_and_share),
        cmocka_unit_test(test_impossible_size_is_no_memory),
        cmocka_unit_test(test_whole_messages_pass_as_parts),
        cmocka_unit_test(test_message_with_too_many_parts_is_cut),
        cmocka_unit_test(test_refused_parts_stay_with_the_caller),
        cmocka_unit_test(test_batches_keep_messages_and_order),
        cmocka_unit_test(test_batch_goes_on_where_it_was_cut),
        cmocka_unit_test(test_batch_stops_at_the_mark),
        cmocka_unit_test(test_foreign_body_is_freed_once),
        cmocka_unit_test(test_foreign_body_is_freed_when_nobody_gets_it),
        cmocka_unit_test(test_foreign_body_goes_to_all_subscribers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
