/* What a thread keeps of the messages that it closed. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "message/message.h"
#include "message/spare.h"

static struct tn_peer_info *new_peer(void)
{
    const struct tni_peer_pieces pieces = {.fd = -1};
    struct tn_peer_info *peer = NULL;

    assert_int_equal(tni_peer_info_new(&pieces, &peer), 0);
    return peer;
}

static unsigned refs(struct tn_peer_info *peer)
{
    return atomic_load(&peer->refs);
}

static void close_one_of(struct tn_peer_info *peer)
{
    tn_msg_t msg;

    tn_msg_init(&msg);
    tni_msg_set_peer(&msg, peer);
    tn_msg_close(&msg);
}

static void test_reference_is_counted_once_for_a_stream(void **state)
{
    struct tn_peer_info *peer = new_peer(), *other = new_peer(), *third = new_peer();

    (void)state;
    for (int i = 0; i < 3; i++) {
        close_one_of(peer);
        assert_int_equal(refs(peer), 2);
    }
    close_one_of(other); /* takes its place */
    assert_int_equal(refs(peer), 1);
    assert_int_equal(refs(other), 2);
    tni_peer_info_unref(peer);
    close_one_of(third);
    assert_int_equal(refs(other), 1);
    tni_peer_info_unref(other);
    tni_peer_info_unref(third);
}

static void test_messages_of_a_peer_at_once_are_counted_each(void **state)
{
    struct tn_peer_info *peer = new_peer();
    tn_msg_t first, second;

    (void)state;
    tn_msg_init(&first);
    tn_msg_init(&second);
    tni_msg_set_peer(&first, peer);
    assert_int_equal(tn_msg_copy(&second, &first), 0);
    assert_int_equal(refs(peer), 3);
    tn_msg_close(&first);
    tn_msg_close(&second);
    assert_int_equal(refs(peer), 3); /* both are spare */
    tni_peer_info_unref(peer);
}

static void *close_messages(void *arg)
{
    tn_msg_t msg;

    close_one_of(arg);
    assert_int_equal(tn_msg_init_size(&msg, 100), 0);
    tn_msg_close(&msg);
    return NULL;
}

static void test_what_is_spare_goes_with_its_thread(void **state)
{
    struct tn_peer_info *peer = new_peer();
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, close_messages, peer), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(refs(peer), 1); /* the body: AddressSanitizer would find it */
    tni_peer_info_unref(peer);
}

static void test_body_is_used_again_by_one_of_its_size(void **state)
{
    tn_msg_t msg;
    void *memory;

    (void)state;
    assert_int_equal(tn_msg_init_size(&msg, 100), 0);
    memory = msg.u.ref.owner;
    tn_msg_close(&msg);
    assert_true(tni_spare_fits(110));
    assert_false(tni_spare_fits(8));
    assert_false(tni_spare_fits(1000));
    assert_int_equal(tn_msg_init_size(&msg, 90), 0);
    assert_ptr_equal(msg.u.ref.owner, memory);
    assert_false(tni_spare_fits(110));
    tn_msg_close(&msg);
    assert_int_equal(tn_msg_init_size(&msg, 3000), 0);
    tn_msg_close(&msg); /* takes its place */
    assert_true(tni_spare_fits(3000));
}

static void test_body_without_memory_is_refused_though_one_is_spare(void **state)
{
    tn_msg_t msg;

    (void)state;
    assert_int_equal(tn_msg_init_size(&msg, 100), 0);
    tn_msg_close(&msg);
    tni_memory_fail_at(1, 1);
    assert_int_equal(tn_msg_init_size(&msg, 100), -ENOMEM);
    tni_memory_fail_at(0, 0);
    assert_int_equal(tn_msg_init_size(&msg, 100), 0);
    tn_msg_close(&msg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference_is_counted_once_for_a_stream),
        cmocka_unit_test(test_messages_of_a_peer_at_once_are_counted_each),
        cmocka_unit_test(test_what_is_spare_goes_with_its_thread),
        cmocka_unit_test(test_body_is_used_again_by_one_of_its_size),
        cmocka_unit_test(test_body_without_memory_is_refused_though_one_is_spare),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
