/* tn_proxy() over sockets of this file's own: a queue in, a queue out with bounded room. What the
 * program and its peers do meanwhile happens in the calls of tn_poll() that would block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "base/memory.h"
#include "socket/parts.h"

enum { FRAMES = 2000 };

struct tn_socket {
    tn_msg_t in[FRAMES], out[FRAMES];
    size_t in_first, in_count, out_count;
    size_t out_room; /* messages that may still be sent */
    bool answers; /* may send only after it has received */
    bool owes_answer;
    bool is_closed;
    int send_error;
};

static tn_socket_t front, back, capture, control;
static int (*script)(int step); /* what a tn_poll() that would block returns; 0: look again */
static int step;

/* ------------------------------------------------------------------ the sockets */

static short events_of(const tn_socket_t *socket)
{
    bool has_input = socket->in_first < socket->in_count && !socket->owes_answer;
    bool has_room = socket->out_room > 0 || socket->send_error;

    return (short)((has_input ? TN_POLLIN : 0) |
                   (has_room && socket->answers == socket->owes_answer ? TN_POLLOUT : 0));
}

static int look(tn_pollitem_t *items, size_t count)
{
    int ready = 0;

    for (size_t i = 0; i < count; i++) {
        items[i].revents = (short)(items[i].events & events_of(items[i].socket));
        if (items[i].socket->is_closed)
            items[i].revents = TN_POLLERR;
        ready += items[i].revents != 0;
    }
    return ready;
}

int tn_poll(tn_pollitem_t *items, size_t count, int timeout)
{
    int ready;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_ptr_not_equal(items[i].socket, items[j].socket);
    }
    while ((ready = look(items, count)) == 0 && timeout != 0) {
        int status = script(step++);

        if (status < 0)
            return tni_fail_code(status);
    }
    return ready;
}

ssize_t tn_msg_recv(tn_socket_t *socket, tn_msg_t *msg, int flags)
{
    (void)flags;
    if (socket->in_first == socket->in_count)
        return tni_fail_code(-EAGAIN);
    tn_msg_move(msg, &socket->in[socket->in_first++]);
    socket->owes_answer = socket->answers && !tn_msg_more(msg);
    return (ssize_t)tn_msg_size(msg);
}

int tn_send_parts(tn_socket_t *socket, tn_msg_t *parts, size_t count, int flags)
{
    assert_int_equal(flags, TN_DONTWAIT);
    if (socket->send_error)
        return tni_fail_code(socket->send_error);
    if (socket->out_room == 0)
        return tni_fail_code(-EAGAIN);
    assert_int_equal(socket->answers, socket->owes_answer);
    socket->owes_answer = false;
    socket->out_room--;
    for (size_t i = 0; i < count; i++) {
        tn_msg_init(&socket->out[socket->out_count]);
        tn_msg_move(&socket->out[socket->out_count], &parts[i]);
        tn_msg_set_more(&socket->out[socket->out_count++], i + 1 < count);
    }
    return 0;
}

int tn_send(tn_socket_t *socket, const void *data, size_t size, int flags)
{
    tn_msg_t msg;

    tn_msg_init_copy(&msg, data, size);
    return tn_send_parts(socket, &msg, 1, flags);
}

/* ------------------------------------------------------------------ the peers */

static void arrive(tn_socket_t *socket, const char *text, bool more)
{
    assert_int_equal(tn_msg_init_copy(&socket->in[socket->in_count], text, strlen(text)), 0);
    tn_msg_set_more(&socket->in[socket->in_count++], more);
}

static void assert_sent(const tn_socket_t *socket, size_t index, const char *text, bool more)
{
    const tn_msg_t *msg = &socket->out[index];

    assert_true(index < socket->out_count);
    assert_int_equal(tn_msg_size(msg), strlen(text));
    assert_memory_equal(tn_msg_bytes(msg), text, strlen(text));
    assert_int_equal(tn_msg_more(msg), more);
}

static void clear(tn_socket_t *socket)
{
    for (size_t i = socket->in_first; i < socket->in_count; i++)
        tn_msg_close(&socket->in[i]);
    for (size_t i = 0; i < socket->out_count; i++)
        tn_msg_close(&socket->out[i]);
    memset(socket, 0, sizeof *socket);
    socket->out_room = SIZE_MAX;
}

static int set_up(void **state)
{
    (void)state;
    tni_memory_fail_at(0, 0);
    clear(&front);
    clear(&back);
    clear(&capture);
    clear(&control);
    step = 0;
    return 0;
}

static int end_of_context(int at)
{
    (void)at;
    return -TN_ETERM;
}

/* ------------------------------------------------------------------ tests */

static void test_messages_move_both_ways_until_the_context_ends(void **state)
{
    (void)state;
    script = end_of_context;
    arrive(&front, "id", true);
    arrive(&front, "", true);
    arrive(&front, "question", false);
    arrive(&front, "next", false);
    arrive(&back, "answer", false);
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -TN_ETERM);
    assert_int_equal(back.out_count, 4);
    assert_sent(&back, 0, "id", true);
    assert_sent(&back, 1, "", true);
    assert_sent(&back, 2, "question", false);
    assert_sent(&back, 3, "next", false);
    assert_int_equal(front.out_count, 1);
    assert_sent(&front, 0, "answer", false);
}

static int make_room(int at)
{
    if (at > 0)
        return -TN_ETERM;
    assert_int_equal(front.in_first, 0);
    back.out_room = SIZE_MAX;
    return 0;
}

static void test_nothing_is_read_while_the_other_side_is_full(void **state)
{
    (void)state;
    script = make_room;
    back.out_room = 0;
    arrive(&front, "a", false);
    arrive(&back, "b", false);
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -TN_ETERM);
    assert_sent(&back, 0, "a", false);
    assert_sent(&front, 0, "b", false);
}

static int open_one_by_one(int at)
{
    if (at == 3)
        return -TN_ETERM;
    assert_int_equal(back.out_count, 2 * at + 2);
    back.out_room = 1;
    return 0;
}

static void test_a_message_without_room_is_held_and_not_lost(void **state)
{
    (void)state;
    script = open_one_by_one;
    back.out_room = 1;
    for (int i = 0; i < 4; i++) {
        arrive(&front, "head", true);
        arrive(&front, "tail", false);
    }
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -TN_ETERM);
    assert_int_equal(back.out_count, 8);
    for (size_t i = 0; i < 8; i += 2) {
        assert_sent(&back, i, "head", true);
        assert_sent(&back, i + 1, "tail", false);
    }
}

static int terminate(int at)
{
    if (at == 0)
        arrive(&control, "TERMINATE", false);
    return 0;
}

static void test_terminate_ends_the_proxy_and_drops_what_has_no_room(void **state)
{
    (void)state;
    script = terminate;
    back.out_room = 1;
    arrive(&front, "first", false);
    arrive(&front, "second", false);
    arrive(&front, "third", false);
    assert_int_equal(tn_proxy(&front, &back, NULL, &control), 0);
    assert_int_equal(back.out_count, 1);
    assert_int_equal(front.in_first, 2);
    assert_int_equal(control.out_count, 0);
}

static int room_and_signal(int at)
{
    (void)at;
    back.out_room = 1;
    return -EINTR;
}

static void test_a_signal_ends_the_proxy_after_the_held_message(void **state)
{
    (void)state;
    script = room_and_signal;
    back.out_room = 1;
    arrive(&front, "first", false);
    arrive(&front, "second", false);
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -EINTR);
    assert_int_equal(tni_error_code(), -EINTR);
    assert_int_equal(back.out_count, 2);
}

static int pause_and_resume(int at)
{
    switch (at) {
    case 0:
        arrive(&control, "PAUSE", false);
        return 0;
    case 1:
        arrive(&front, "late", false);
        arrive(&control, "STATISTICS", false);
        return 0;
    case 2:
        assert_int_equal(front.in_first, 2);
        arrive(&control, "RESUME", false);
        return 0;
    case 3:
        assert_int_equal(front.in_first, 3);
        arrive(&control, "STATISTICS", false);
        return 0;
    default:
        arrive(&control, "TERMINATE", false);
        return 0;
    }
}

static void assert_figures(size_t first, const uint64_t *figures)
{
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(tn_msg_size(&control.out[first + i]), 8);
        assert_memory_equal(tn_msg_bytes(&control.out[first + i]), &figures[i], 8);
        assert_int_equal(tn_msg_more(&control.out[first + i]), i < 7);
    }
}

static void test_pause_stops_and_resume_continues(void **state)
{
    static const uint64_t before[8] = {1, 5, 1, 3, 1, 3, 1, 5};
    static const uint64_t after[8] = {2, 9, 1, 3, 1, 3, 2, 9};

    (void)state;
    script = pause_and_resume;
    arrive(&front, "ear", true);
    arrive(&front, "ly", false);
    arrive(&back, "abc", false);
    assert_int_equal(tn_proxy(&front, &back, NULL, &control), 0);
    assert_int_equal(control.out_count, 16);
    assert_figures(0, before);
    assert_figures(8, after);
}

static int command_by_command(int at)
{
    static const char *const commands[] = {"PAUSE", "RESUME", "pause", "", "TERMINATE"};

    assert_int_equal(control.out_count, at);
    arrive(&control, commands[at], at == 2);
    if (at == 2)
        arrive(&control, "PAUSE", false);
    return 0;
}

static void test_control_that_owes_an_answer_gives_it(void **state)
{
    (void)state;
    script = command_by_command;
    control.answers = true;
    assert_int_equal(tn_proxy(&front, &back, NULL, &control), 0);
    assert_int_equal(control.out_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_sent(&control, i, "", false);
}

static void test_a_control_that_cannot_answer_is_obeyed(void **state)
{
    (void)state;
    script = terminate;
    control.send_error = -ENOTSUP;
    arrive(&control, "STATISTICS", false);
    assert_int_equal(tn_proxy(&front, &back, NULL, &control), 0);
}

static void test_capture_gets_a_copy_of_every_message(void **state)
{
    char body[100];

    (void)state;
    memset(body, 'x', sizeof body);
    body[99] = '\0';
    script = end_of_context;
    arrive(&front, "head", true);
    arrive(&front, body, false);
    arrive(&back, "b", false);
    assert_int_equal(tn_proxy(&front, &back, &capture, NULL), -TN_ETERM);
    assert_int_equal(capture.out_count, 3);
    assert_sent(&capture, 0, "head", true);
    assert_sent(&capture, 1, body, false);
    assert_sent(&capture, 2, "b", false);
    assert_ptr_equal(tn_msg_bytes(&capture.out[1]), tn_msg_bytes(&back.out[1]));
}

static int drain_capture(int at)
{
    if (at == 3)
        return -TN_ETERM;
    assert_int_equal(capture.out_count, at + 1);
    capture.out_room = 1;
    return 0;
}

static void test_full_capture_delays_and_loses_nothing(void **state)
{
    (void)state;
    script = drain_capture;
    capture.out_room = 1;
    arrive(&front, "1", false);
    arrive(&front, "2", false);
    arrive(&back, "3", false);
    arrive(&back, "4", false);
    assert_int_equal(tn_proxy(&front, &back, &capture, NULL), -TN_ETERM);
    assert_int_equal(capture.out_count, 4);
    assert_int_equal(front.out_count, 2);
    assert_int_equal(back.out_count, 2);
}

static void test_one_socket_may_be_both_sides(void **state)
{
    (void)state;
    script = end_of_context;
    arrive(&front, "echo", false);
    assert_int_equal(tn_proxy(&front, &front, NULL, NULL), -TN_ETERM);
    assert_int_equal(front.out_count, 1);
    assert_sent(&front, 0, "echo", false);
}

static void test_unroutable_message_is_dropped_alone(void **state)
{
    (void)state;
    script = end_of_context;
    back.send_error = -EHOSTUNREACH;
    arrive(&front, "to nobody", false);
    arrive(&back, "answer", false);
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -TN_ETERM);
    assert_int_equal(back.out_count, 0);
    assert_sent(&front, 0, "answer", false);
}

static int close_back(int at)
{
    (void)at;
    back.is_closed = true;
    return 0;
}

static void test_closed_socket_ends_the_proxy(void **state)
{
    (void)state;
    script = close_back;
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -TN_ECLOSED);
    assert_int_equal(tn_proxy(&front, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(tn_proxy(NULL, &back, NULL, NULL), -EINVAL);
}

static void test_lack_of_memory_drops_whole_messages(void **state)
{
    (void)state;
    script = end_of_context;
    tni_memory_fail_at(1, 1);
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -ENOMEM);
    for (int i = 0; i < 20; i++)
        arrive(&front, "part", i < 19);
    arrive(&front, "whole", false);
    tni_memory_fail_at(3, 1); /* after the room of either lane: that of the ninth frame */
    assert_int_equal(tn_proxy(&front, &back, NULL, NULL), -TN_ETERM);
    assert_int_equal(back.out_count, 1);
    assert_sent(&back, 0, "whole", false);
}

static void test_long_message_moves_whole(void **state)
{
    (void)state;
    script = end_of_context;
    for (int i = 0; i < 1000; i++)
        arrive(&front, "part", i < 999);
    assert_int_equal(tn_proxy(&front, &back, &capture, NULL), -TN_ETERM);
    assert_int_equal(back.out_count, 1000);
    assert_int_equal(capture.out_count, 1000);
    assert_sent(&back, 998, "part", true);
    assert_sent(&back, 999, "part", false);
}

static void test_parts_of_impossible_number_are_enomem(void **state)
{
    struct tni_parts parts = {NULL, 0, 0};

    (void)state;
    assert_int_equal(tni_parts_reserve(&parts, SIZE_MAX / 2), -ENOMEM);
    tni_parts_fini(&parts);
}

#define PROXY_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROXY_TEST(test_messages_move_both_ways_until_the_context_ends),
        PROXY_TEST(test_nothing_is_read_while_the_other_side_is_full),
        PROXY_TEST(test_a_message_without_room_is_held_and_not_lost),
        PROXY_TEST(test_terminate_ends_the_proxy_and_drops_what_has_no_room),
        PROXY_TEST(test_a_signal_ends_the_proxy_after_the_held_message),
        PROXY_TEST(test_pause_stops_and_resume_continues),
        PROXY_TEST(test_control_that_owes_an_answer_gives_it),
        PROXY_TEST(test_a_control_that_cannot_answer_is_obeyed),
        PROXY_TEST(test_capture_gets_a_copy_of_every_message),
        PROXY_TEST(test_full_capture_delays_and_loses_nothing),
        PROXY_TEST(test_one_socket_may_be_both_sides),
        PROXY_TEST(test_unroutable_message_is_dropped_alone),
        PROXY_TEST(test_closed_socket_ends_the_proxy),
        PROXY_TEST(test_lack_of_memory_drops_whole_messages),
        PROXY_TEST(test_long_message_moves_whole),
        PROXY_TEST(test_parts_of_impossible_number_are_enomem),
    };

    /* What is dropped is logged; this test looks at what is kept. */
    setenv("TENON_LOG", "error", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
