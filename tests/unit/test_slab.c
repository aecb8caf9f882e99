/* The memory of sockets: slots come back oldest first, handles carry their generation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "socket/slab.h"

enum { SLOTS = 100 };

static struct tn_sock *slots[SLOTS];

static void take_all(void)
{
    for (int i = 0; i < SLOTS; i++) {
        slots[i] = tni_slab_take();
        assert_non_null(slots[i]);
    }
}

static void give_all(void)
{
    for (int i = 0; i < SLOTS; i++)
        tni_slab_give(slots[i]);
}

static void test_slots_are_distinct_and_aligned(void **state)
{
    (void)state;
    take_all();
    for (int i = 0; i < SLOTS; i++) {
        assert_int_equal((uintptr_t)slots[i] % TNI_SOCK_GENERATIONS, 0);
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(slots[i], slots[k]);
        assert_true(tni_lock_try(&slots[i]->lock));
        tni_lock_give(&slots[i]->lock);
    }
    give_all();
}

static void test_oldest_free_slot_is_reused_first(void **state)
{
    struct tn_sock *first[SLOTS];

    (void)state;
    take_all();
    give_all();
    for (int i = 0; i < SLOTS; i++)
        first[i] = tni_slab_take();
    for (int i = 0; i + 1 < SLOTS; i++)
        for (int k = i + 1; k < SLOTS; k++)
            assert_ptr_not_equal(first[i], first[k]);
    for (int i = 0; i < SLOTS; i++)
        tni_slab_give(first[i]);
    assert_ptr_not_equal(first[SLOTS - 1], (slots[0] = tni_slab_take()));
    tni_slab_give(slots[0]);
}

static void test_handle_tells_slot_and_generation(void **state)
{
    struct tn_sock *sock = tni_slab_take();

    (void)state;
    assert_non_null(sock);
    for (unsigned generation = 0; generation < TNI_SOCK_GENERATIONS; generation++) {
        tn_socket_t *handle;
        atomic_store(&sock->generation, generation);
        handle = tni_slab_handle(sock);
        assert_ptr_equal(tni_slab_slot(handle), sock);
        assert_int_equal(tni_slab_generation(handle), generation);
    }
    atomic_store(&sock->generation, 0);
    tni_slab_give(sock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_are_distinct_and_aligned),
        cmocka_unit_test(test_oldest_free_slot_is_reused_first),
        cmocka_unit_test(test_handle_tells_slot_and_generation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
