#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "message/message.h"

static unsigned frees;
static void *freed_data, *freed_hint;

static void note_free(void *data, void *hint)
{
    frees++;
    freed_data = data;
    freed_hint = hint;
}

static int reset(void **state)
{
    (void)state;
    frees = 0;
    tni_memory_fail_at(0, 0);
    return 0;
}

static void test_layout_is_64_bytes(void **state)
{
    (void)state;
    assert_int_equal(sizeof(tn_msg_t), 64);
    assert_int_equal(offsetof(tn_msg_t, peer), 40);
    assert_int_equal(offsetof(tn_msg_t, routing_id), 56);
}

static void test_init_copy_round_trips_all_sizes(void **state)
{
    static const size_t sizes[] = {0, 1, 39, 40, 41, 255, 256, 8192, 70000};
    uint8_t *bytes = malloc(70000);

    (void)state;
    for (size_t i = 0; i < 70000; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        tn_msg_t msg;

        assert_int_equal(tn_msg_init_copy(&msg, bytes, sizes[i]), 0);
        assert_int_equal(tn_msg_size(&msg), sizes[i]);
        assert_int_equal(msg.type, sizes[i] <= TN_MSG_INLINE ? TN_MSG_SHORT : TN_MSG_COUNTED);
        assert_memory_equal(tn_msg_data(&msg), bytes, sizes[i]);
        tn_msg_close(&msg);
    }
    free(bytes);
}

static void test_init_data_frees_once_after_last_user(void **state)
{
    char data[100], hint;
    tn_msg_t msg, copy;

    (void)state;
    assert_int_equal(tn_msg_init_data(&msg, data, sizeof data, note_free, &hint), 0);
    assert_ptr_equal(tn_msg_data(&msg), data);
    tn_msg_init(&copy);
    assert_int_equal(tn_msg_copy(&copy, &msg), 0);
    assert_ptr_equal(tn_msg_data(&copy), data);
    tn_msg_close(&msg);
    assert_int_equal(frees, 0);
    tn_msg_close(&copy);
    assert_int_equal(frees, 1);
    assert_ptr_equal(freed_data, data);
    assert_ptr_equal(freed_hint, &hint);
    tn_msg_close(&copy);
    assert_int_equal(frees, 1);
}

static void test_init_data_without_free_function_borrows(void **state)
{
    char data[100];
    tn_msg_t msg;

    (void)state;
    assert_int_equal(tn_msg_init_data(&msg, data, sizeof data, NULL, NULL), 0);
    tn_msg_close(&msg);
    assert_int_equal(tn_msg_init_data(&msg, NULL, 0, note_free, NULL), 0);
    tn_msg_close(&msg);
    assert_int_equal(frees, 1);
}

static void test_null_arguments_are_errors(void **state)
{
    tn_msg_t msg;

    (void)state;
    tn_msg_init(NULL);
    tn_msg_close(NULL);
    tn_msg_move(NULL, NULL);
    assert_int_equal(tn_msg_init_size(NULL, 1), -EINVAL);
    assert_int_equal(tn_msg_init_copy(&msg, NULL, 1), -EINVAL);
    assert_int_equal(tn_msg_init_data(&msg, NULL, 1, NULL, NULL), -EINVAL);
    assert_int_equal(tn_msg_copy(NULL, &msg), -EINVAL);
    assert_null(tn_msg_data(NULL));
    assert_int_equal(tn_msg_size(NULL), 0);
    assert_false(tn_msg_more(NULL));
    tn_msg_set_more(NULL, true);
    assert_null(tn_msg_property(NULL, "Identity"));
    assert_int_equal(tn_msg_connection(NULL), 0);
}

static void test_init_size_beyond_memory_is_enomem(void **state)
{
    tn_msg_t msg;

    (void)state;
    assert_int_equal(tn_msg_init_size(&msg, SIZE_MAX), -ENOMEM);
    assert_int_equal(tn_msg_size(&msg), 0);
    tn_msg_close(&msg);
}

static void test_move_empties_the_source(void **state)
{
    char data[100];
    tn_msg_t from, to;

    (void)state;
    tn_msg_init_data(&to, data, 10, note_free, NULL);
    tn_msg_init_copy(&from, "hello", 5);
    tn_msg_set_more(&from, true);
    tn_msg_move(&to, &from);
    assert_int_equal(frees, 1);
    assert_true(tn_msg_more(&to));
    assert_memory_equal(tn_msg_data(&to), "hello", 5);
    assert_int_equal(tn_msg_size(&from), 0);
    assert_false(tn_msg_more(&from));
    tn_msg_move(&to, &to);
    assert_int_equal(tn_msg_size(&to), 5);
    tn_msg_close(&to);
}

static void test_own_copies_a_borrowed_body(void **state)
{
    char bytes[100];
    tn_msg_t msg;

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    tn_msg_borrow(&msg, bytes, 40);
    assert_int_equal(tni_msg_own(&msg), 0);
    assert_int_equal(msg.type, TN_MSG_SHORT);
    assert_memory_equal(tn_msg_data(&msg), bytes, 40);
    tn_msg_close(&msg);

    tn_msg_borrow(&msg, bytes, 41);
    msg.flags = TN_MSG_MORE;
    assert_int_equal(tni_msg_own(&msg), 0);
    assert_int_equal(msg.type, TN_MSG_COUNTED);
    assert_true(tn_msg_more(&msg));
    assert_ptr_not_equal(tn_msg_data(&msg), bytes);
    assert_int_equal(tni_msg_own(&msg), 0);
    tn_msg_close(&msg);
}

static void test_copy_of_borrowed_owns_both(void **state)
{
    char bytes[100] = "abc";
    tn_msg_t from, to;

    (void)state;
    tn_msg_init(&to);
    tn_msg_borrow(&from, bytes, sizeof bytes);
    assert_int_equal(tn_msg_copy(&to, &from), 0);
    assert_ptr_equal(tn_msg_data(&to), tn_msg_data(&from));
    assert_ptr_not_equal(tn_msg_data(&to), bytes);
    tn_msg_close(&from);
    tn_msg_close(&to);
}

static void test_take_body_refers_into_it(void **state)
{
    struct tn_body *body = tni_body_new(100);
    tn_msg_t msg;

    (void)state;
    memcpy(body->data + 10, "part", 4);
    tni_msg_take_body(&msg, tni_body_ref(body), body->data + 10, 4);
    tni_body_unref(body);
    assert_memory_equal(tn_msg_data(&msg), "part", 4);
    tn_msg_close(&msg);
}

static void test_body_grow_keeps_the_bytes(void **state)
{
    struct tn_body *body = tni_body_new(4);

    (void)state;
    memcpy(body->data, "head", 4);
    assert_int_equal(tni_body_grow(&body, 100000), 0);
    assert_memory_equal(body->data, "head", 4);
    assert_int_equal(body->size, 100000);
    assert_int_equal(tni_body_grow(&body, SIZE_MAX), -ENOMEM);
    tni_memory_fail_at(1, 1);
    assert_int_equal(tni_body_grow(&body, 200000), -ENOMEM);
    assert_int_equal(body->size, 100000);
    tni_body_unref(body);
    tni_body_unref(NULL);
}

static void test_peer_and_group_are_shared_by_copies(void **state)
{
    struct tni_peer_pieces pieces = {.connection = 9, .remote = "tcp://127.0.0.1:1"};
    struct tn_peer_info *info;
    tn_msg_t msg, copy;

    (void)state;
    assert_int_equal(tni_peer_info_new(&pieces, &info), 0);
    tn_msg_init(&msg);
    tn_msg_init(&copy);
    tni_msg_set_peer(&msg, info);
    tni_msg_set_peer(&msg, info);
    assert_int_equal(tn_msg_set_group(&msg, "weather"), 0);
    assert_int_equal(tn_msg_copy(&copy, &msg), 0);
    tni_peer_info_unref(info);
    tn_msg_close(&msg);
    assert_int_equal(tn_msg_connection(&copy), 9);
    assert_string_equal(tn_msg_property(&copy, "peer-address"), "tcp://127.0.0.1:1");
    assert_string_equal(tn_msg_group(&copy), "weather");
    tni_msg_share_group(&copy, NULL);
    assert_string_equal(tn_msg_group(&copy), "");
    tni_msg_set_peer(&copy, NULL);
    assert_int_equal(tn_msg_connection(&copy), 0);
    tn_msg_close(&copy);
}

static void test_graveyard_defers_free_functions_to_outermost_close(void **state)
{
    char data[2][50];
    tn_msg_t first, second;

    (void)state;
    tn_msg_init_data(&first, data[0], 50, note_free, NULL);
    tn_msg_init_data(&second, data[1], 50, note_free, NULL);
    tni_graveyard_open();
    tni_graveyard_open();
    tn_msg_close(&first);
    tni_graveyard_close();
    tn_msg_close(&second);
    assert_int_equal(frees, 0);
    tni_graveyard_close();
    assert_int_equal(frees, 2);
    assert_ptr_equal(freed_data, data[1]);
}

/* A free function that ends the next message, and locks as a send would. */
static void end_next(void *data, void *hint)
{
    (void)data;
    frees++;
    tni_graveyard_open();
    if (hint) {
        tn_msg_close(hint);
        free(hint);
    }
    tni_graveyard_close();
}

static void test_chain_of_free_functions_does_not_recurse(void **state)
{
    enum { CHAIN = 200000 };
    static char data[1];
    tn_msg_t *next = NULL, last;

    (void)state;
    for (int i = 0; i < CHAIN; i++) {
        tn_msg_t *msg = malloc(sizeof *msg);

        assert_int_equal(tn_msg_init_data(msg, data, 1, end_next, next), 0);
        next = msg;
    }
    last = *next;
    free(next);
    tn_msg_close(&last);
    assert_int_equal(frees, CHAIN);
}

static void test_each_allocation_failure_leaves_an_empty_message(void **state)
{
    char data[100] = "body";
    tn_msg_t msg, to;

    (void)state;
    tni_memory_fail_at(1, -1);
    assert_int_equal(tn_msg_init_size(&msg, 100), -ENOMEM);
    assert_int_equal(tn_msg_size(&msg), 0);
    tn_msg_close(&msg);
    assert_int_equal(tn_msg_init_copy(&msg, data, 100), -ENOMEM);
    tn_msg_close(&msg);
    assert_int_equal(tn_msg_init_data(&msg, data, 100, note_free, NULL), -ENOMEM);
    tn_msg_close(&msg);
    assert_int_equal(frees, 0);

    tn_msg_borrow(&msg, data, 100);
    assert_int_equal(tni_msg_own(&msg), -ENOMEM);
    assert_int_equal(msg.type, TN_MSG_BORROWED);
    assert_memory_equal(tn_msg_data(&msg), data, 100);
    tn_msg_init_copy(&to, "kept", 4);
    assert_int_equal(tn_msg_copy(&to, &msg), -ENOMEM);
    assert_memory_equal(tn_msg_data(&to), "kept", 4);
    assert_int_equal(tn_msg_set_group(&to, "g"), -ENOMEM);
    tn_msg_close(&to);
    tn_msg_close(&msg);
}

static atomic_uint shared_frees;

static void note_shared_free(void *data, void *hint)
{
    (void)hint;
    /* A plain write: TSan sees whether all readers came before it. */
    memset(data, 0, 100);
    atomic_fetch_add(&shared_frees, 1);
}

static void *use_and_close(void *arg)
{
    tn_msg_t copy;

    tn_msg_init(&copy);
    for (int i = 0; i < 1000; i++) {
        tn_msg_copy(&copy, arg);
        if (((const char *)tn_msg_data(&copy))[99] != 'z')
            return "a body was freed too early";
    }
    tn_msg_close(&copy);
    tn_msg_close(arg);
    return NULL;
}

static void test_body_shared_by_threads_is_freed_once(void **state)
{
    enum { THREADS = 4 };
    static char data[100];
    tn_msg_t msgs[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    memset(data, 'z', sizeof data);
    tn_msg_init_data(&msgs[0], data, sizeof data, note_shared_free, NULL);
    for (int i = 1; i < THREADS; i++) {
        tn_msg_init(&msgs[i]);
        tn_msg_copy(&msgs[i], &msgs[0]);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_and_close, &msgs[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *complaint;

        pthread_join(threads[i], &complaint);
        assert_null(complaint);
    }
    assert_int_equal(atomic_load(&shared_frees), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_layout_is_64_bytes, reset),
        cmocka_unit_test_setup(test_init_copy_round_trips_all_sizes, reset),
        cmocka_unit_test_setup(test_init_data_frees_once_after_last_user, reset),
        cmocka_unit_test_setup(test_init_data_without_free_function_borrows, reset),
        cmocka_unit_test_setup(test_null_arguments_are_errors, reset),
        cmocka_unit_test_setup(test_init_size_beyond_memory_is_enomem, reset),
        cmocka_unit_test_setup(test_move_empties_the_source, reset),
        cmocka_unit_test_setup(test_own_copies_a_borrowed_body, reset),
        cmocka_unit_test_setup(test_copy_of_borrowed_owns_both, reset),
        cmocka_unit_test_setup(test_take_body_refers_into_it, reset),
        cmocka_unit_test_setup(test_body_grow_keeps_the_bytes, reset),
        cmocka_unit_test_setup(test_peer_and_group_are_shared_by_copies, reset),
        cmocka_unit_test_setup(test_graveyard_defers_free_functions_to_outermost_close, reset),
        cmocka_unit_test_setup(test_chain_of_free_functions_does_not_recurse, reset),
        cmocka_unit_test_setup(test_each_allocation_failure_leaves_an_empty_message, reset),
        cmocka_unit_test_setup(test_body_shared_by_threads_is_freed_once, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
