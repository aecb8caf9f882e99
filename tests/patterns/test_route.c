#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/memory.h"
#include "fake_socket.h"
#include "message/message.h"

/* The routing objects by themselves: what no pattern's test sees. */

static struct tn_sock sock;

static int set_up(void **state)
{
    (void)state;
    (void)tni_memory_fail_at(0, 0);
    fake_socket_init(&sock, 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_socket_close(&sock);
    return 0;
}

static struct tn_pipe *add_fair(size_t index)
{
    tni_fair_queue_add(&sock.fair, &sock.pipes[index].fair);
    return &sock.pipes[index];
}

static struct tn_pipe *recv_one(void)
{
    struct tn_pipe *pipe = NULL;
    tn_msg_t msg;

    tn_msg_clear(&msg);
    assert_int_equal(tni_fair_queue_recv(&sock.fair, &msg, &pipe), 0);
    tn_msg_close(&msg);
    return pipe;
}

static void test_fair_queue_visits_active_pipes_only(void **state)
{
    struct tn_pipe *first = add_fair(0), *second = add_fair(1);
    tn_msg_t msg;

    (void)state;
    assert_int_equal(tni_fair_queue_recv(&sock.fair, &msg, NULL), -EAGAIN);
    assert_true(tni_list_is_empty(&sock.fair.active));
    fake_frames_put(&first->in, "x", 1, 0);
    fake_frames_put(&second->in, "y", 1, 0);
    assert_false(tni_fair_queue_can_recv(&sock.fair, NULL));
    tni_fair_queue_ready(&sock.fair, &second->fair);
    assert_ptr_equal(recv_one(), second);
    assert_int_equal(tni_fair_queue_recv(&sock.fair, &msg, NULL), -EAGAIN);
    tni_fair_queue_ready(&sock.fair, &first->fair);
    tni_fair_queue_ready(&sock.fair, &first->fair);
    assert_ptr_equal(recv_one(), first);
}

static void test_fair_queue_gives_a_turn_to_each(void **state)
{
    size_t counts[3] = {0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tn_pipe *pipe = add_fair(i);

        for (size_t n = 0; n < 30; n++)
            fake_frames_put(&pipe->in, "x", 1, 0);
    }
    for (size_t n = 0; n < 60; n++) {
        counts[recv_one() - sock.pipes]++;
        fake_socket_settle(&sock);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(counts[i], 20);
}

static void test_fair_queue_promise_outlives_the_pipe(void **state)
{
    struct tn_pipe *pipe = add_fair(0), *promised = NULL;
    tn_msg_t msg;

    (void)state;
    fake_frames_put(&pipe->in, "a", 1, TN_MSG_MORE);
    fake_frames_put(&pipe->in, "b", 1, 0);
    fake_frames_put(&pipe->in, "c", 1, 0);
    assert_true(tni_fair_queue_can_recv(&sock.fair, &promised));
    assert_ptr_equal(promised, pipe);
    tni_fair_queue_remove(&sock.fair, &pipe->fair);
    assert_true(tni_fair_queue_can_recv(&sock.fair, &promised));
    assert_null(promised);
    assert_null(recv_one());
    assert_null(recv_one());
    assert_int_equal(tni_fair_queue_recv(&sock.fair, &msg, NULL), -EAGAIN);
}

static void test_fair_queue_asking_alone_promises_nothing(void **state)
{
    struct tn_pipe *pipe = add_fair(0);

    (void)state;
    fake_frames_put(&pipe->in, "a", 1, 0);
    assert_true(tni_fair_queue_can_recv(&sock.fair, NULL));
    tni_fair_queue_remove(&sock.fair, &pipe->fair);
    assert_false(tni_fair_queue_can_recv(&sock.fair, NULL));
}

static void test_fair_queue_frees_what_nobody_read(void **state)
{
    struct tn_pipe *pipe = add_fair(0);
    uint8_t body[100] = {0};

    (void)state;
    fake_frames_put(&pipe->in, "a", 1, TN_MSG_MORE);
    fake_frames_put(&pipe->in, body, sizeof(body), TN_MSG_MORE);
    fake_frames_put(&pipe->in, body, sizeof(body), 0);
    assert_ptr_equal(recv_one(), pipe);
    tni_fair_queue_remove(&sock.fair, &pipe->fair);
}

static void test_nodes_that_are_not_members_are_left_alone(void **state)
{
    struct tn_pipe *pipe = &sock.pipes[0];

    (void)state;
    tni_fair_queue_ready(&sock.fair, &pipe->fair);
    tni_fair_queue_remove(&sock.fair, &pipe->fair);
    tni_load_balancer_ready(&sock.balance, &pipe->balance);
    tni_load_balancer_remove(&sock.balance, &pipe->balance);
    tni_fan_out_match(&sock.fan, &pipe->fan);
    tni_fan_out_remove(&sock.fan, &pipe->fan);
    assert_true(tni_list_is_empty(&sock.fair.active));
    assert_true(tni_list_is_empty(&sock.balance.active));
    assert_true(tni_list_is_empty(&sock.fan.marked));
    tni_fair_queue_add(&sock.fair, &pipe->fair);
    tni_fair_queue_add(&sock.fair, &pipe->fair);
    assert_ptr_equal(sock.fair.active.next, sock.fair.active.prev);
}

static unsigned frees;

static void note_free(void *data, void *hint)
{
    (void)data;
    (void)hint;
    frees++;
}

static void add_fans(size_t count)
{
    for (size_t i = 0; i < count; i++)
        tni_fan_out_add(&sock.fan, &sock.pipes[i].fan);
}

static void test_fan_out_takes_a_shared_body_once(void **state)
{
    static uint8_t body[5000];
    tn_msg_t msg;

    (void)state;
    add_fans(3);
    for (size_t marked = 0; marked <= 3; marked++) {
        frees = 0;
        assert_int_equal(tn_msg_init_data(&msg, body, sizeof(body), note_free, NULL), 0);
        for (size_t i = 0; i < marked; i++)
            tni_fan_out_match(&sock.fan, &sock.pipes[i].fan);
        assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
        assert_int_equal(tn_msg_size(&msg), 0);
        assert_int_equal(frees, 1);
        for (size_t i = 0; i < marked; i++) {
            assert_int_equal(sock.pipes[i].out.messages, 1);
            assert_int_equal(sock.pipes[i].out.first->size, sizeof(body));
            fake_frames_clear(&sock.pipes[i].out);
        }
    }
}

static void test_fan_out_takes_a_shared_body_that_the_last_refuses(void **state)
{
    static uint8_t body[5000];
    tn_msg_t msg;

    (void)state;
    frees = 0;
    add_fans(2);
    tni_fan_out_match_all(&sock.fan);
    sock.pipes[1].is_closed = true;
    assert_int_equal(tn_msg_init_data(&msg, body, sizeof(body), note_free, NULL), 0);
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    assert_int_equal(frees, 1);
    assert_int_equal(sock.dropped[TN_DROP_PEER_LOST], 1);
}

static void test_fan_out_inverts_and_clears_marks(void **state)
{
    tn_msg_t msg;

    (void)state;
    add_fans(3);
    tni_fan_out_match(&sock.fan, &sock.pipes[1].fan);
    tni_fan_out_match(&sock.fan, &sock.pipes[1].fan);
    tni_fan_out_invert(&sock.fan);
    tn_msg_borrow(&msg, "x", 1);
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    assert_int_equal(sock.pipes[0].out.messages, 1);
    assert_int_equal(sock.pipes[1].out.messages, 0);
    assert_int_equal(sock.pipes[2].out.messages, 1);
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    assert_int_equal(sock.pipes[0].out.messages, 1);
    tni_fan_out_match_all(&sock.fan);
    sock.pipes[2].hwm = 1;
    assert_false(tni_fan_out_can_send(&sock.fan));
    assert_true(tni_fan_out_can_send(&sock.fan));
}

static void test_fan_out_marks_stay_in_the_middle_of_a_message(void **state)
{
    tn_msg_t msg;

    (void)state;
    add_fans(2);
    tni_fan_out_match(&sock.fan, &sock.pipes[0].fan);
    tn_msg_borrow(&msg, "x", 1);
    msg.flags = TN_MSG_MORE;
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    tni_fan_out_match_all(&sock.fan);
    tni_fan_out_invert(&sock.fan);
    tn_msg_borrow(&msg, "y", 1);
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    assert_int_equal(sock.pipes[0].out.messages, 1);
    assert_int_equal(sock.pipes[1].out.messages, 0);
}

/* ------------------------------------------------------------------ gathering */

/* A message that follows the one before at once, whatever the clock says; true: to the same pipes. */
static bool follow(const char *text)
{
    bool is_same = tni_fan_out_repeat(&sock.fan);
    tn_msg_t msg;

    sock.fan.last_ns = UINT64_MAX / 2;
    if (!is_same)
        tni_fan_out_match_all(&sock.fan);
    tn_msg_borrow(&msg, text, strlen(text));
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    return is_same;
}

static void add_connections(size_t count)
{
    add_fans(count);
    for (size_t i = 0; i < count; i++)
        sock.pipes[i].takes_runs = true;
}

/* Takes what the pipe got and compares it. */
static void expect_texts(struct tn_pipe *pipe, const char *texts)
{
    char got[64] = "";
    struct fake_frame *frame;

    while ((frame = fake_frames_take(&pipe->out))) {
        strncat(got, (const char *)frame->body, frame->size);
        free(frame);
    }
    assert_string_equal(got, texts);
}

static void test_fan_out_gathers_a_stream_and_gives_it_at_once(void **state)
{
    (void)state;
    add_connections(3);
    assert_false(follow("a"));
    assert_true(follow("b"));
    assert_true(follow("c"));
    assert_true(follow("d"));
    for (size_t i = 0; i < 3; i++)
        expect_texts(&sock.pipes[i], "a");
    tni_fan_out_flush(&sock.fan);
    tni_fan_out_flush(&sock.fan);
    for (size_t i = 0; i < 3; i++) {
        expect_texts(&sock.pipes[i], "bcd");
        assert_int_equal(sock.pipes[i].runs, 1);
    }
}

static void test_fan_out_keeps_the_order_when_marks_change(void **state)
{
    tn_msg_t msg;

    (void)state;
    add_connections(3);
    follow("a");
    follow("b");
    follow("c");
    tni_fan_out_match(&sock.fan, &sock.pipes[1].fan);
    tn_msg_borrow(&msg, "d", 1);
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    assert_true(tni_fan_out_repeat(&sock.fan));
    tn_msg_borrow(&msg, "e", 1);
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    expect_texts(&sock.pipes[0], "abc");
    expect_texts(&sock.pipes[1], "abcde");
}

static void test_fan_out_keeps_the_order_around_long_messages(void **state)
{
    static const uint8_t body[5000];
    tn_msg_t msg;

    (void)state;
    add_connections(2);
    follow("a");
    follow("b");
    assert_true(tni_fan_out_repeat(&sock.fan));
    tn_msg_borrow(&msg, body, sizeof(body));
    assert_int_equal(tni_fan_out_send(&sock.fan, &msg), 0);
    assert_true(follow("c"));
    tni_fan_out_flush(&sock.fan);
    assert_int_equal(sock.pipes[0].out.messages, 4);
    assert_int_equal(sock.pipes[0].out.first->next->next->size, sizeof(body));
}

static void test_fan_out_gathers_no_more_than_the_fullest_takes(void **state)
{
    (void)state;
    add_connections(2);
    sock.pipes[1].hwm = 4;
    follow("a");
    for (const char *text = "bcdefgh"; *text; text++)
        follow((const char[]){*text, 0});
    assert_int_equal(sock.pipes[1].out.messages, 4);
    expect_texts(&sock.pipes[1], "abcd");
    tni_fan_out_flush(&sock.fan);
    expect_texts(&sock.pipes[0], "abcdefgh");
    assert_int_equal(sock.pipes[1].dropped, 4);
    assert_int_equal(sock.dropped[TN_DROP_HWM], 4);
    follow("i");
    tni_fan_out_flush(&sock.fan);
    expect_texts(&sock.pipes[0], "i");
    expect_texts(&sock.pipes[1], "i");
}

static void test_fan_out_can_send_until_the_fullest_is_full(void **state)
{
    (void)state;
    add_connections(2);
    sock.pipes[0].hwm = 3;
    follow("a");
    for (const char *text = "bc"; *text; text++) {
        assert_true(tni_fan_out_repeat(&sock.fan));
        assert_true(tni_fan_out_can_send(&sock.fan));
        sock.fan.is_kept = true;
        assert_true(follow((const char[]){*text, 0}));
    }
    assert_true(tni_fan_out_repeat(&sock.fan));
    assert_false(tni_fan_out_can_send(&sock.fan));
    assert_false(tni_fan_out_repeat(&sock.fan));
    expect_texts(&sock.pipes[0], "abc");
    expect_texts(&sock.pipes[1], "abc");
    assert_int_equal(sock.dropped[TN_DROP_HWM], 0);
}

static void test_fan_out_gives_what_is_gathered_to_a_pipe_that_leaves(void **state)
{
    (void)state;
    add_connections(3);
    follow("a");
    follow("b");
    tni_fan_out_remove(&sock.fan, &sock.pipes[1].fan);
    follow("c");
    tni_fan_out_flush(&sock.fan);
    expect_texts(&sock.pipes[0], "abc");
    expect_texts(&sock.pipes[1], "ab");
}

static void test_fan_out_shows_a_new_pipe_to_the_next_message(void **state)
{
    (void)state;
    add_connections(2);
    follow("a");
    follow("b");
    tni_fan_out_add(&sock.fan, &sock.pipes[2].fan);
    sock.pipes[2].takes_runs = true;
    assert_false(follow("c"));
    assert_true(follow("d"));
    tni_fan_out_flush(&sock.fan);
    expect_texts(&sock.pipes[0], "abcd");
    expect_texts(&sock.pipes[2], "cd");
}

static void test_fan_out_gathers_for_connections_only(void **state)
{
    (void)state;
    add_connections(3);
    sock.pipes[1].takes_runs = false;
    follow("a");
    follow("b");
    follow("c");
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(sock.pipes[i].runs, 0);
        expect_texts(&sock.pipes[i], "abc");
    }
}

static void test_fan_out_without_memory_gives_each_its_own(void **state)
{
    (void)state;
    add_connections(2);
    follow("a");
    tni_memory_fail_at(1, 1);
    follow("b");
    tni_memory_fail_at(0, 0);
    follow("c");
    sock.pipes[1].fail_write = 1;
    tni_fan_out_flush(&sock.fan);
    expect_texts(&sock.pipes[0], "abc");
    expect_texts(&sock.pipes[1], "ab");
    assert_int_equal(sock.pipes[1].dropped, 1);
}

static void test_fan_out_long_streams_pass_through_many_runs(void **state)
{
    static char text[1001];

    (void)state;
    memset(text, 'x', 1000);
    add_connections(2);
    for (int i = 0; i < 500; i++)
        follow(text);
    tni_fan_out_flush(&sock.fan);
    assert_int_equal(sock.pipes[0].out.messages, 500);
    assert_int_equal(sock.pipes[1].out.messages, 500);
    assert_true(sock.pipes[0].runs >= 7 && sock.pipes[0].runs < 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fair_queue_visits_active_pipes_only),
        TEST(test_fair_queue_gives_a_turn_to_each),
        TEST(test_fair_queue_promise_outlives_the_pipe),
        TEST(test_fair_queue_asking_alone_promises_nothing),
        TEST(test_fair_queue_frees_what_nobody_read),
        TEST(test_nodes_that_are_not_members_are_left_alone),
        TEST(test_fan_out_takes_a_shared_body_once),
        TEST(test_fan_out_takes_a_shared_body_that_the_last_refuses),
        TEST(test_fan_out_inverts_and_clears_marks),
        TEST(test_fan_out_marks_stay_in_the_middle_of_a_message),
        TEST(test_fan_out_gathers_a_stream_and_gives_it_at_once),
        TEST(test_fan_out_keeps_the_order_when_marks_change),
        TEST(test_fan_out_keeps_the_order_around_long_messages),
        TEST(test_fan_out_gathers_no_more_than_the_fullest_takes),
        TEST(test_fan_out_can_send_until_the_fullest_is_full),
        TEST(test_fan_out_gives_what_is_gathered_to_a_pipe_that_leaves),
        TEST(test_fan_out_shows_a_new_pipe_to_the_next_message),
        TEST(test_fan_out_gathers_for_connections_only),
        TEST(test_fan_out_without_memory_gives_each_its_own),
        TEST(test_fan_out_long_streams_pass_through_many_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
