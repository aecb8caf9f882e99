/* Messages: their life, sharing, properties, and the calls that carry them. */
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "compat.h"

static void *ctx;

static int set_up(void **state)
{
    (void)state;
    ctx = zmq_ctx_new();
    return ctx ? 0 : -1;
}

/* Sockets that a failed test left open must not keep the others' results. */
static int tear_down(void **state)
{
    (void)state;
    alarm(10);
    return zmq_ctx_term(ctx);
}

struct pair {
    void *left, *right;
};

static struct pair join(int left, int right, const char *endpoint)
{
    struct pair pair = {zmq_socket(ctx, left), zmq_socket(ctx, right)};
    char bound[200];
    size_t size = sizeof bound;

    assert_int_equal(zmq_bind(pair.left, endpoint), 0);
    assert_int_equal(zmq_getsockopt(pair.left, ZMQ_LAST_ENDPOINT, bound, &size), 0);
    assert_int_equal(zmq_connect(pair.right, bound), 0);
    return pair;
}

static void part(struct pair pair)
{
    assert_int_equal(zmq_close(pair.left), 0);
    assert_int_equal(zmq_close(pair.right), 0);
}

/* ------------------------------------------------------------------ life */

static void test_a_closed_message_is_a_fault(void **state)
{
    zmq_msg_t msg, other;

    (void)state;
    assert_int_equal(zmq_msg_init(&msg), 0);
    assert_int_equal(zmq_msg_size(&msg), 0);
    assert_int_equal(zmq_msg_close(&msg), 0);
    assert_fails(EFAULT, zmq_msg_close(&msg));
    assert_int_equal(zmq_msg_init(&other), 0);
    assert_fails(EFAULT, zmq_msg_copy(&other, &msg));
    assert_fails(EFAULT, zmq_msg_copy(&msg, &other));
    assert_fails(EFAULT, zmq_msg_move(&other, &msg));
    assert_int_equal(zmq_msg_close(&other), 0);
    memset(&msg, 0, sizeof msg);
    assert_fails(EFAULT, zmq_msg_close(&msg));
}

static void test_memory_that_is_not_there_is_an_error(void **state)
{
    zmq_msg_t msg;

    (void)state;
    assert_fails(ENOMEM, zmq_msg_init_size(&msg, SIZE_MAX / 2 + 1));
}

static void count_free(void *data, void *hint)
{
    (void)data;
    atomic_fetch_add((atomic_int *)hint, 1);
}

static void test_a_body_of_the_programs_is_freed_once(void **state)
{
    atomic_int freed = 0;
    char body[100] = "body";
    zmq_msg_t msg, copy;

    (void)state;
    assert_int_equal(zmq_msg_init_data(&msg, body, sizeof body, count_free, &freed), 0);
    assert_ptr_equal(zmq_msg_data(&msg), body);
    assert_int_equal(zmq_msg_init(&copy), 0);
    assert_int_equal(zmq_msg_copy(&copy, &msg), 0);
    assert_int_equal(zmq_msg_close(&msg), 0);
    assert_int_equal(freed, 0);
    assert_ptr_equal(zmq_msg_data(&copy), body);
    assert_int_equal(zmq_msg_close(&copy), 0);
    assert_int_equal(freed, 1);
}

/* The other library loses the message, and aborts when it is looked at. */
static void test_move_and_copy_to_itself_change_nothing(void **state)
{
    zmq_msg_t msg;

    (void)state;
    SKIP_ON_ORACLE();
    assert_int_equal(zmq_msg_init_size(&msg, 5), 0);
    memcpy(zmq_msg_data(&msg), "hello", 5);
    assert_int_equal(zmq_msg_move(&msg, &msg), 0);
    assert_int_equal(zmq_msg_copy(&msg, &msg), 0);
    assert_int_equal(zmq_msg_size(&msg), 5);
    assert_memory_equal(zmq_msg_data(&msg), "hello", 5);
    zmq_msg_close(&msg);
}

static void test_move_empties_the_source(void **state)
{
    zmq_msg_t from, to;

    (void)state;
    assert_int_equal(zmq_msg_init_size(&from, 1000), 0);
    assert_int_equal(zmq_msg_init_size(&to, 3), 0);
    assert_int_equal(zmq_msg_move(&to, &from), 0);
    assert_int_equal(zmq_msg_size(&to), 1000);
    assert_int_equal(zmq_msg_size(&from), 0);
    zmq_msg_close(&from);
    zmq_msg_close(&to);
}

/* ------------------------------------------------------------------ properties */

static void test_shared_bodies_say_so(void **state)
{
    static char constant[] = "constant";
    zmq_msg_t msg, copy;

    (void)state;
    zmq_msg_init(&copy);
    zmq_msg_init_size(&msg, 1000);
    assert_int_equal(zmq_msg_get(&msg, ZMQ_SHARED), 0);
    zmq_msg_copy(&copy, &msg);
    assert_int_equal(zmq_msg_get(&msg, ZMQ_SHARED), 1);
    assert_int_equal(zmq_msg_get(&copy, ZMQ_SHARED), 1);
    zmq_msg_close(&msg);
    assert_int_equal(zmq_msg_get(&copy, ZMQ_SHARED), 1);
    zmq_msg_init_size(&msg, 3);
    zmq_msg_copy(&copy, &msg);
    assert_int_equal(zmq_msg_get(&copy, ZMQ_SHARED), 0);
    zmq_msg_close(&msg);
    zmq_msg_init_data(&msg, constant, sizeof constant, NULL, NULL);
    assert_int_equal(zmq_msg_get(&msg, ZMQ_SHARED), 1);
    zmq_msg_close(&msg);
    zmq_msg_close(&copy);
}

static void test_unknown_properties_are_refused(void **state)
{
    zmq_msg_t msg;

    (void)state;
    zmq_msg_init(&msg);
    assert_fails(EINVAL, zmq_msg_get(&msg, 77));
    assert_fails(EINVAL, zmq_msg_set(&msg, ZMQ_MORE, 1));
    errno = 0;
    assert_null(zmq_msg_gets(&msg, "Socket-Type"));
    assert_int_equal(errno, EINVAL);
    assert_int_equal(zmq_msg_get(&msg, ZMQ_SRCFD), -1);
    zmq_msg_close(&msg);
}

static void expect_property(const zmq_msg_t *msg, const char *name, const char *value)
{
    const char *found = zmq_msg_gets(msg, name);

    if (!found)
        fail_msg("no property %s", name);
    assert_string_equal(found, value);
}

static void test_messages_know_their_connection(void **state)
{
    struct pair pair;
    zmq_msg_t msg, copy;

    (void)state;
    pair.left = zmq_socket(ctx, ZMQ_DEALER);
    pair.right = zmq_socket(ctx, ZMQ_DEALER);
    {
        char bound[100];
        size_t size = sizeof bound;
        assert_int_equal(zmq_setsockopt(pair.right, ZMQ_ROUTING_ID, "me", 2), 0);
        assert_int_equal(zmq_setsockopt(pair.right, ZMQ_METADATA, "X-hello:world", 13), 0);
        assert_int_equal(zmq_bind(pair.left, "tcp://127.0.0.1:*"), 0);
        assert_int_equal(zmq_getsockopt(pair.left, ZMQ_LAST_ENDPOINT, bound, &size), 0);
        assert_int_equal(zmq_connect(pair.right, bound), 0);
    }
    assert_int_equal(zmq_send(pair.right, "x", 1, 0), 1);
    zmq_msg_init(&msg);
    zmq_msg_init(&copy);
    assert_int_equal(zmq_msg_recv(&msg, pair.left, 0), 1);
    expect_property(&msg, "Socket-Type", "DEALER");
    expect_property(&msg, "Identity", "me");
    expect_property(&msg, "Peer-Address", "127.0.0.1");
    expect_property(&msg, "X-hello", "world");
    assert_null(zmq_msg_gets(&msg, "User-Id"));
    assert_null(zmq_msg_gets(&msg, "X-none"));
    assert_true(zmq_msg_get(&msg, ZMQ_SRCFD) > 2);
    assert_int_equal(zmq_msg_copy(&copy, &msg), 0);
    zmq_msg_close(&msg);
    part(pair);
    expect_property(&copy, "X-hello", "world");
    zmq_msg_close(&copy);
}

static void test_within_the_process_there_is_no_connection(void **state)
{
    struct pair pair = join(ZMQ_PAIR, ZMQ_PAIR, "inproc://here");
    zmq_msg_t msg;

    (void)state;
    zmq_msg_init(&msg);
    assert_int_equal(zmq_send(pair.right, "x", 1, 0), 1);
    assert_int_equal(zmq_msg_recv(&msg, pair.left, 0), 1);
    assert_null(zmq_msg_gets(&msg, "Socket-Type"));
    assert_null(zmq_msg_gets(&msg, "Peer-Address"));
    zmq_msg_close(&msg);
    part(pair);
}

/* ------------------------------------------------------------------ sending and receiving */

static void test_calls_return_lengths(void **state)
{
    struct pair pair = join(ZMQ_PAIR, ZMQ_PAIR, "inproc://lengths");
    char room[4] = "....";
    zmq_msg_t msg;

    (void)state;
    assert_int_equal(zmq_send(pair.left, "0123456789", 10, 0), 10);
    assert_int_equal(zmq_recv(pair.right, room, 4, 0), 10);
    assert_memory_equal(room, "0123", 4);
    assert_int_equal(zmq_send_const(pair.left, "0123456789", 10, ZMQ_SNDMORE), 10);
    assert_int_equal(zmq_send(pair.left, NULL, 0, 0), 0);
    zmq_msg_init(&msg);
    assert_int_equal(zmq_msg_recv(&msg, pair.right, 0), 10);
    assert_int_equal(zmq_msg_more(&msg), 1);
    assert_int_equal(zmq_msg_get(&msg, ZMQ_MORE), 1);
    assert_int_equal(zmq_msg_recv(&msg, pair.right, 0), 0);
    assert_int_equal(zmq_msg_more(&msg), 0);
    assert_fails(EAGAIN, zmq_msg_recv(&msg, pair.right, ZMQ_DONTWAIT));
    zmq_msg_close(&msg);
    part(pair);
}

/* What was received as one of several parts is sent as the last unless the call says otherwise. */
static void test_more_is_the_senders_word(void **state)
{
    struct pair pair = join(ZMQ_PAIR, ZMQ_PAIR, "inproc://more");
    zmq_msg_t msg;

    (void)state;
    assert_int_equal(zmq_send(pair.left, "a", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(pair.left, "b", 1, 0), 1);
    zmq_msg_init(&msg);
    assert_int_equal(zmq_msg_recv(&msg, pair.right, 0), 1);
    assert_int_equal(zmq_msg_send(&msg, pair.right, 0), 1);
    assert_int_equal(zmq_msg_size(&msg), 0);
    assert_int_equal(zmq_msg_recv(&msg, pair.left, 0), 1);
    assert_int_equal(zmq_msg_more(&msg), 0);
    zmq_msg_close(&msg);
    part(pair);
}

static void test_a_message_that_is_not_taken_stays(void **state)
{
    void *push = zmq_socket(ctx, ZMQ_PUSH);
    zmq_msg_t msg;

    (void)state;
    zmq_msg_init_size(&msg, 100);
    assert_fails(EAGAIN, zmq_msg_send(&msg, push, ZMQ_DONTWAIT));
    assert_int_equal(zmq_msg_size(&msg), 100);
    assert_fails(ENOTSOCK, zmq_msg_send(&msg, NULL, 0));
    assert_int_equal(zmq_msg_size(&msg), 100);
    assert_int_equal(zmq_msg_close(&msg), 0);
    assert_int_equal(zmq_close(push), 0);
}

static void test_arrays_carry_whole_messages(void **state)
{
    struct pair pair = join(ZMQ_PAIR, ZMQ_PAIR, "inproc://arrays");
    struct iovec out[3] = {{"one", 3}, {"", 0}, {"three", 5}}, in[4];
    size_t count = 4;

    (void)state;
    assert_int_equal(zmq_sendiov(pair.left, out, 3, ZMQ_SNDMORE), 5);
    assert_int_equal(zmq_recviov(pair.right, in, &count, 0), 3);
    assert_int_equal(count, 3);
    assert_int_equal(in[0].iov_len, 3);
    assert_memory_equal(in[0].iov_base, "one", 3);
    assert_int_equal(in[1].iov_len, 0);
    assert_memory_equal(in[2].iov_base, "three", 5);
    for (size_t i = 0; i < count; i++)
        free(in[i].iov_base);
    assert_int_equal(zmq_sendiov(pair.left, out, 3, 0), 5);
    for (size_t i = 0; i < 3; i++) {
        count = 4;
        assert_int_equal(zmq_recviov(pair.right, in, &count, ZMQ_DONTWAIT), 1);
        free(in[0].iov_base);
    }
    count = 0;
    assert_fails(EINVAL, zmq_sendiov(pair.left, out, 0, 0));
    assert_fails(EINVAL, zmq_recviov(pair.right, in, &count, 0));
    part(pair);
}

/* ------------------------------------------------------------------ the draft interface */

static void test_peers_and_groups_travel_with_messages(void **state)
{
    char group[ZMQ_GROUP_MAX_LENGTH + 2];
    zmq_msg_t msg, copy;

    (void)state;
    SKIP_ON_ORACLE();
    assert_int_equal(zmq_msg_init_buffer(&msg, "body", 4), 0);
    assert_memory_equal(zmq_msg_data(&msg), "body", 4);
    assert_int_equal(zmq_msg_routing_id(&msg), 0);
    assert_string_equal(zmq_msg_group(&msg), "");
    assert_fails(EINVAL, zmq_msg_set_routing_id(&msg, 0));
    assert_int_equal(zmq_msg_set_routing_id(&msg, 77), 0);
    assert_int_equal(zmq_msg_set_group(&msg, "movies"), 0);
    zmq_msg_init(&copy);
    assert_int_equal(zmq_msg_copy(&copy, &msg), 0);
    assert_int_equal(zmq_msg_routing_id(&copy), 77);
    assert_string_equal(zmq_msg_group(&copy), "movies");
    memset(group, 'g', sizeof group);
    group[ZMQ_GROUP_MAX_LENGTH + 1] = '\0';
    assert_fails(EINVAL, zmq_msg_set_group(&msg, group));
    zmq_msg_close(&msg);
    zmq_msg_close(&copy);
}

static void test_a_server_answers_by_number(void **state)
{
    struct pair pair;
    zmq_msg_t msg;
    char room[8];

    (void)state;
    SKIP_ON_ORACLE();
    pair = join(ZMQ_SERVER, ZMQ_CLIENT, "tcp://127.0.0.1:*");
    assert_int_equal(zmq_send(pair.right, "ask", 3, 0), 3);
    assert_fails(EINVAL, zmq_send(pair.right, "ask", 3, ZMQ_SNDMORE));
    zmq_msg_init(&msg);
    assert_int_equal(zmq_msg_recv(&msg, pair.left, 0), 3);
    assert_true(zmq_msg_routing_id(&msg) != 0);
    assert_int_equal(zmq_msg_send(&msg, pair.left, 0), 3);
    assert_int_equal(zmq_recv(pair.right, room, sizeof room, 0), 3);
    zmq_msg_close(&msg);
    part(pair);
}

static void test_a_dish_gets_its_groups(void **state)
{
    struct pair pair;
    zmq_msg_t msg;

    (void)state;
    SKIP_ON_ORACLE();
    pair.left = zmq_socket(ctx, ZMQ_DISH);
    pair.right = zmq_socket(ctx, ZMQ_RADIO);
    assert_int_equal(zmq_join(pair.left, "tv"), 0);
    assert_fails(EINVAL, zmq_join(pair.left, "tv"));
    assert_fails(EINVAL, zmq_leave(pair.left, "radio"));
    assert_int_equal(zmq_bind(pair.right, "inproc://groups"), 0);
    assert_int_equal(zmq_connect(pair.left, "inproc://groups"), 0);
    zmq_msg_init_buffer(&msg, "news", 4);
    zmq_msg_set_group(&msg, "other");
    assert_int_equal(zmq_msg_send(&msg, pair.right, 0), 4);
    zmq_msg_init_buffer(&msg, "film", 4);
    zmq_msg_set_group(&msg, "tv");
    assert_int_equal(zmq_msg_send(&msg, pair.right, 0), 4);
    zmq_msg_init(&msg);
    assert_int_equal(zmq_msg_recv(&msg, pair.left, 0), 4);
    assert_memory_equal(zmq_msg_data(&msg), "film", 4);
    assert_string_equal(zmq_msg_group(&msg), "tv");
    zmq_msg_close(&msg);
    part(pair);
}

static void test_a_peer_is_known_before_it_is_connected(void **state)
{
    void *left, *right;
    uint32_t number;
    zmq_msg_t msg;

    (void)state;
    SKIP_ON_ORACLE();
    left = zmq_socket(ctx, ZMQ_PEER);
    right = zmq_socket(ctx, ZMQ_PEER);
    assert_int_equal(zmq_bind(left, "inproc://peers"), 0);
    number = zmq_connect_peer(right, "inproc://peers");
    assert_true(number != 0);
    zmq_msg_init_buffer(&msg, "hello", 5);
    assert_int_equal(zmq_msg_set_routing_id(&msg, number), 0);
    assert_int_equal(zmq_msg_send(&msg, right, 0), 5);
    zmq_msg_init(&msg);
    assert_int_equal(zmq_msg_recv(&msg, left, 0), 5);
    zmq_msg_close(&msg);
    assert_int_equal(zmq_disconnect_peer(right, number), 0);
    assert_fails(EHOSTUNREACH, zmq_disconnect_peer(right, number));
    errno = 0;
    assert_int_equal(zmq_connect_peer(right, "nonsense"), 0);
    assert_int_equal(errno, EINVAL);
    part((struct pair){left, right});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_closed_message_is_a_fault),
        cmocka_unit_test(test_memory_that_is_not_there_is_an_error),
        cmocka_unit_test(test_a_body_of_the_programs_is_freed_once),
        cmocka_unit_test(test_move_and_copy_to_itself_change_nothing),
        cmocka_unit_test(test_move_empties_the_source),
        cmocka_unit_test(test_shared_bodies_say_so),
        cmocka_unit_test(test_unknown_properties_are_refused),
        cmocka_unit_test(test_messages_know_their_connection),
        cmocka_unit_test(test_within_the_process_there_is_no_connection),
        cmocka_unit_test(test_calls_return_lengths),
        cmocka_unit_test(test_more_is_the_senders_word),
        cmocka_unit_test(test_a_message_that_is_not_taken_stays),
        cmocka_unit_test(test_arrays_carry_whole_messages),
        cmocka_unit_test(test_peers_and_groups_travel_with_messages),
        cmocka_unit_test(test_a_server_answers_by_number),
        cmocka_unit_test(test_a_dish_gets_its_groups),
        cmocka_unit_test(test_a_peer_is_known_before_it_is_connected),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
