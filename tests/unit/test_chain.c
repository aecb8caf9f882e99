/* The chain under one direction of a pipe, by cases and against a naive model of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "message/body.h"
#include "message/message.h"
#include "pipe/chain.h"
#include "pipe/chain_body.h"
#include "pipe/chunk.h"
#include "zmtp/frame.h"

/* ------------------------------------------------------------------ helpers */

static uint64_t seed;

/* xorshift: the same run every time. */
static uint64_t random_below(uint64_t bound)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % bound;
}

/* Body of message `number`: every byte tells where it belongs. */
static uint8_t body_byte(uint64_t number, size_t at)
{
    return (uint8_t)(number * 31 + at * 7 + (at >> 8));
}

static void fill(uint8_t *to, uint64_t number, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = body_byte(number, i);
}

static void start(struct tni_chain *chain, uint64_t hwm)
{
    assert_int_equal(tni_chain_init(chain, hwm, false), 0);
}

enum kind { BORROWED, OWNED, KINDS };

static int write_kind(struct tni_chain *chain, uint64_t number, size_t size, unsigned flags,
                      enum kind kind)
{
    uint8_t *bytes = malloc(size + 1);
    tn_msg_t msg;
    int rc;

    assert_non_null(bytes);
    fill(bytes, number, size);
    if (kind == BORROWED)
        tn_msg_borrow(&msg, bytes, size);
    else
        assert_int_equal(tn_msg_init_copy(&msg, bytes, size), 0);
    msg.flags = (uint8_t)flags;
    rc = tni_chain_write(chain, &msg);
    if (kind == OWNED)
        tn_msg_close(&msg);
    free(bytes);
    return rc;
}

static void write_one(struct tni_chain *chain, uint64_t number, size_t size, unsigned flags)
{
    assert_int_equal(write_kind(chain, number, size, flags, BORROWED), 0);
}

static void expect_frame(struct tni_chain *chain, uint64_t number, size_t size, unsigned flags)
{
    struct tni_frame_view view;

    assert_true(tni_chain_peek(chain, &view));
    assert_false(view.is_control);
    assert_int_equal(view.size, size);
    assert_int_equal(view.flags, flags);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(view.body[i], body_byte(number, i));
    tni_chain_next(chain, &view);
}

static void expect_control(struct tni_chain *chain, unsigned kind)
{
    struct tni_frame_view view;

    assert_true(tni_chain_peek(chain, &view));
    assert_true(view.is_control);
    assert_int_equal(view.attachment->kind, kind);
    tni_chain_next(chain, &view);
}

static void expect_end(struct tni_chain *chain)
{
    struct tni_frame_view view;

    assert_false(tni_chain_peek(chain, &view));
    assert_true(tni_chain_is_empty(chain));
}

/* All that can be gathered, `step` bytes at a time; returns how many. */
static size_t drain_bytes(struct tni_chain *chain, uint8_t *out, size_t capacity, size_t step,
                          uint64_t *out_messages)
{
    struct iovec iov[4];
    size_t total = 0;
    int count;

    *out_messages = 0;
    while ((count = tni_chain_gather(chain, iov, 4, step)) > 0) {
        size_t taken = 0;
        for (int i = 0; i < count && taken < step; i++) {
            size_t part = iov[i].iov_len < step - taken ? iov[i].iov_len : step - taken;
            assert_true(total + part <= capacity);
            memcpy(out + total, iov[i].iov_base, part);
            total += part;
            taken += part;
        }
        *out_messages += tni_chain_sent(chain, taken);
    }
    return total;
}

/* Appends the canonical form of a frame. */
static size_t encode(uint8_t *out, uint64_t number, size_t size, unsigned flags)
{
    size_t header = tni_frame_encode(out, flags, size);

    fill(out + header, number, size);
    return header + size;
}

static void test_an_idle_chain_shrinks_and_goes_on(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    for (uint64_t i = 0; i < 1000; i++)
        write_one(&chain, i, 100, 0);
    tni_chain_shrink(&chain);
    assert_true(chain.w.chunk->capacity > TNI_CHUNK_FIRST); /* there is something in it */
    for (uint64_t i = 0; i < 1000; i++)
        expect_frame(&chain, i, 100, 0);
    expect_end(&chain);
    write_one(&chain, 1000, 100, TN_MSG_MORE);
    tni_chain_shrink(&chain);
    assert_true(chain.w.chunk->capacity > TNI_CHUNK_FIRST); /* a message is being written */
    tni_chain_rollback(&chain);
    tni_chain_shrink(&chain);
    assert_true(chain.w.chunk->capacity < TNI_CHUNK_FIRST);
    assert_null(atomic_load(&chain.spare));
    assert_false(tni_chain_release(&chain, true));
    assert_int_equal(tni_chain_length(&chain), 0);
    for (uint64_t i = 0; i < 1000; i++)
        write_one(&chain, i, 100, 0);
    for (uint64_t i = 0; i < 1000; i++)
        expect_frame(&chain, i, 100, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static const size_t sizes[] = {0,    1,    2,     39,    40,    41,    254,   255,
                               256,  257,  511,   512,   513,   900,   990,   1000,
                               1024, 4096, 16383, 16384, 16385, 65536, 100000};
enum { SIZES = sizeof sizes / sizeof sizes[0], ALL_BYTES = 300 * 1024 };

/* ------------------------------------------------------------------ frames */

static void test_frames_of_all_sizes_come_out_as_they_went_in(void **state)
{
    struct tni_chain chain;

    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        start(&chain, 0);
        for (unsigned i = 0; i < SIZES; i++)
            assert_int_equal(write_kind(&chain, i, sizes[i], 0, (enum kind)kind), 0);
        assert_int_equal(tni_chain_length(&chain), SIZES);
        for (unsigned i = 0; i < SIZES; i++)
            expect_frame(&chain, i, sizes[i], 0);
        expect_end(&chain);
        assert_false(tni_chain_release(&chain, true));
        assert_int_equal(tni_chain_length(&chain), 0);
        tni_chain_fini(&chain);
    }
}

static void test_each_size_next_to_each_other_survives(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    for (unsigned i = 0; i < SIZES; i++) {
        for (unsigned k = 0; k < SIZES; k++) {
            assert_int_equal(write_kind(&chain, i, sizes[i], TN_MSG_MORE, OWNED), 0);
            write_one(&chain, k, sizes[k], 0);
            expect_frame(&chain, i, sizes[i], TNI_FRAME_MORE);
            expect_frame(&chain, k, sizes[k], 0);
            expect_end(&chain);
        }
    }
    tni_chain_fini(&chain);
}

static void test_uncommitted_frames_are_not_seen(void **state)
{
    struct tni_chain chain;
    struct iovec iov[4];

    (void)state;
    start(&chain, 0);
    write_one(&chain, 1, 10, TN_MSG_MORE);
    write_one(&chain, 2, 3000, TN_MSG_MORE);
    assert_int_equal(tni_chain_gather(&chain, iov, 4, SIZE_MAX), 0);
    assert_int_equal(tni_chain_length(&chain), 0);
    expect_end(&chain);
    write_one(&chain, 3, 20, 0);
    assert_int_equal(tni_chain_length(&chain), 1);
    expect_frame(&chain, 1, 10, TNI_FRAME_MORE);
    expect_frame(&chain, 2, 3000, TNI_FRAME_MORE);
    expect_frame(&chain, 3, 20, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_what_is_left_is_ended_with_the_chain(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    for (unsigned i = 0; i < SIZES; i++)
        assert_int_equal(write_kind(&chain, i, sizes[i], 0, OWNED), 0);
    expect_frame(&chain, 0, sizes[0], 0);
    assert_int_equal(write_kind(&chain, 1, 70000, TN_MSG_MORE, OWNED), 0);
    tni_chain_fini(&chain);
}

static void test_subscription_is_a_command(void **state)
{
    struct tni_chain chain;
    struct tni_frame_view view;

    (void)state;
    start(&chain, 0);
    write_one(&chain, 0, 0, TN_MSG_SUBSCRIBE);
    write_one(&chain, 0, 0, TN_MSG_CANCEL);
    assert_true(tni_chain_peek(&chain, &view));
    assert_int_equal(view.flags, TNI_FRAME_COMMAND);
    assert_memory_equal(view.body, "\x09SUBSCRIBE", 10);
    tni_chain_next(&chain, &view);
    assert_true(tni_chain_peek(&chain, &view));
    assert_memory_equal(view.body,
                        "\x06"
                        "CANCEL",
                        7);
    tni_chain_next(&chain, &view);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void count_end(void *data, void *hint)
{
    (void)data;
    ++*(int *)hint;
}

static void test_attached_body_is_referred_to_and_freed_once(void **state)
{
    static uint8_t bytes[4000];
    struct tni_frame_view view;
    struct tni_chain chain;
    int ended = 0;
    tn_msg_t msg;

    (void)state;
    start(&chain, 0);
    assert_int_equal(tn_msg_init_data(&msg, bytes, sizeof bytes, count_end, &ended), 0);
    assert_int_equal(tni_chain_write(&chain, &msg), 0);
    assert_int_equal(tn_msg_length(&msg), 0);
    assert_true(tni_chain_peek(&chain, &view));
    assert_ptr_equal(view.body, bytes);
    assert_non_null(view.attachment);
    tni_chain_next(&chain, &view);
    assert_int_equal(ended, 0);
    expect_end(&chain);
    assert_int_equal(ended, 1);
    tni_chain_fini(&chain);
    assert_int_equal(ended, 1);
}

/* ------------------------------------------------------------------ rollback */

static void test_rollback_across_chunks_leaves_what_was_committed(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    for (unsigned round = 0; round < 50; round++) {
        write_one(&chain, round, round * 20, 0);
        for (unsigned i = 0; i <= round % SIZES; i++)
            assert_int_equal(write_kind(&chain, 99, sizes[i], TN_MSG_MORE, i % KINDS), 0);
        tni_chain_rollback(&chain);
    }
    tni_chain_rollback(&chain);
    for (unsigned round = 0; round < 50; round++)
        expect_frame(&chain, round, round * 20, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_no_memory_rolls_the_message_back(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    write_one(&chain, 1, 10, 0);
    write_one(&chain, 2, 900, TN_MSG_MORE);
    tni_memory_fail_at(1, -1);
    assert_int_equal(write_kind(&chain, 3, 60000, 0, BORROWED), -ENOMEM);
    tni_memory_fail_at(0, 0);
    write_one(&chain, 4, 20, 0);
    expect_frame(&chain, 1, 10, 0);
    expect_frame(&chain, 4, 20, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_refused_body_stays_the_callers(void **state)
{
    static uint8_t bytes[4000];
    struct tni_chain chain;
    int ended = 0, written = 0;
    int rc = 0;
    tn_msg_t msg;

    (void)state;
    start(&chain, 0);
    while (rc == 0) { /* until the first chunk is full */
        assert_int_equal(tn_msg_init_data(&msg, bytes, sizeof bytes, count_end, &ended), 0);
        tni_memory_fail_at(1, -1);
        rc = tni_chain_write(&chain, &msg);
        tni_memory_fail_at(0, 0);
        written += rc == 0;
    }
    assert_int_equal(rc, -ENOMEM);
    assert_int_equal(tn_msg_length(&msg), sizeof bytes);
    assert_int_equal(tni_chain_length(&chain), written);
    assert_int_equal(ended, 0);
    tn_msg_close(&msg);
    assert_int_equal(ended, 1);
    tni_chain_fini(&chain);
    assert_int_equal(ended, written + 1);
}

/* ------------------------------------------------------------------ bytes */

/* Messages of one or two frames with every size; returns how many. */
static unsigned write_stream(struct tni_chain *chain, uint8_t *expected, size_t *out_size)
{
    size_t size = 0;
    unsigned count = 0;

    for (unsigned i = 0; i < SIZES; i++) {
        unsigned more = i % 3 == 1;
        assert_int_equal(write_kind(chain, i, sizes[i], more ? TN_MSG_MORE : 0, i % KINDS), 0);
        size += encode(expected + size, i, sizes[i], more ? TNI_FRAME_MORE : 0);
        count += !more;
    }
    write_one(chain, 77, 3, 0);
    size += encode(expected + size, 77, 3, 0);
    *out_size = size;
    return count + 1;
}

static void test_bytes_in_steps_of_any_size_are_the_frames(void **state)
{
    static const size_t steps[] = {1, 2, 3, 7, 64, 1000, 1 << 16, 1 << 20};
    uint8_t *expected = malloc(ALL_BYTES), *got = malloc(ALL_BYTES);
    struct tni_chain chain;
    size_t size;
    uint64_t messages;

    (void)state;
    assert_true(expected && got);
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        unsigned count;
        start(&chain, 0);
        count = write_stream(&chain, expected, &size);
        assert_int_equal(drain_bytes(&chain, got, ALL_BYTES, steps[i], &messages), size);
        assert_memory_equal(got, expected, size);
        assert_int_equal(messages, count);
        assert_true(tni_chain_at_boundary(&chain));
        assert_true(tni_chain_is_empty(&chain));
        tni_chain_release(&chain, true);
        assert_int_equal(tni_chain_length(&chain), 0);
        tni_chain_fini(&chain);
    }
    free(expected);
    free(got);
}

/* After `cut` bytes the connection is lost: the next one gets whole messages, from the first that was
 * not handed out. */
static void check_cut(const size_t *ends, unsigned count, size_t cut)
{
    static uint8_t expected[16 * 1024], got[16 * 1024];
    struct tni_chain chain;
    uint64_t messages;
    size_t size = 0, done = 0, left;
    struct iovec iov[16];
    unsigned whole = 0;

    start(&chain, 0);
    for (unsigned i = 0; i < count; i++) {
        write_one(&chain, i, ends[i] / 2, TN_MSG_MORE);
        size += encode(expected + size, i, ends[i] / 2, TNI_FRAME_MORE);
        assert_int_equal(write_kind(&chain, i, ends[i], 0, OWNED), 0);
        size += encode(expected + size, i, ends[i], 0);
        if (size <= cut) {
            done = size;
            whole++;
        }
    }
    if (cut > size)
        cut = size;
    assert_true(tni_chain_gather(&chain, iov, 16, SIZE_MAX) > 0);
    assert_int_equal(tni_chain_sent(&chain, cut), whole);
    assert_int_equal(tni_chain_at_boundary(&chain), done == cut);
    tni_chain_rewind(&chain);
    assert_true(tni_chain_at_boundary(&chain));
    left = drain_bytes(&chain, got, sizeof got, 100, &messages);
    assert_int_equal(left, size - done);
    assert_memory_equal(got, expected + done, left);
    assert_int_equal(messages, count - whole);
    tni_chain_fini(&chain);
}

static void test_rewind_starts_at_the_first_byte_of_a_cut_message(void **state)
{
    static const size_t ends[] = {10, 300, 0, 700, 5};

    (void)state;
    for (size_t cut = 0; cut < 1700; cut++)
        check_cut(ends, 5, cut);
}

static void test_run_of_frames_is_committed_in_parts(void **state)
{
    struct tni_chain chain;
    uint8_t frames[600];
    size_t first, size;

    (void)state;
    start(&chain, 0);
    first = encode(frames, 1, 100, 0);
    size = first + encode(frames + first, 2, 50, TNI_FRAME_MORE);
    assert_true(tni_chain_room(&chain, size) >= size);
    tni_chain_append(&chain, frames, first);
    tni_chain_commit(&chain, 1);
    tni_chain_append(&chain, frames + first, size - first);
    expect_frame(&chain, 1, 100, 0);
    expect_end(&chain);
    tni_chain_rollback(&chain);
    write_one(&chain, 3, 5, 0);
    expect_frame(&chain, 3, 5, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_bytes_placed_beyond_a_message_are_written_over(void **state)
{
    struct tni_chain chain;
    size_t first, size;
    uint8_t *place;

    (void)state;
    start(&chain, 0);
    assert_true(tni_chain_room(&chain, 600) >= 600);
    place = tni_chain_place(&chain);
    first = encode(place, 1, 100, 0);
    size = first + encode(place + first, 2, 50, 0);
    assert_true(size < 600);
    tni_chain_append_placed(&chain, first);
    expect_end(&chain);
    tni_chain_commit(&chain, 1);
    expect_frame(&chain, 1, 100, 0);
    expect_end(&chain);
    write_one(&chain, 3, 5, 0);
    expect_frame(&chain, 3, 5, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_skipped_messages_are_discarded(void **state)
{
    static uint8_t got[4096], expected[256];
    struct tni_chain chain;
    struct iovec iov[8];
    uint64_t messages;

    (void)state;
    start(&chain, 0);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(write_kind(&chain, i, 600, 0, OWNED), 0);
    assert_true(tni_chain_gather(&chain, iov, 8, SIZE_MAX) > 0);
    assert_int_equal(tni_chain_sent(&chain, 2 * 609 + 5), 2);
    tni_chain_rewind(&chain);
    tni_chain_skip(&chain);
    write_one(&chain, 40, 30, 0);
    assert_int_equal(tni_chain_discard(&chain), 18);
    assert_int_equal(tni_chain_discard(&chain), 0);
    assert_int_equal(drain_bytes(&chain, got, sizeof got, 11, &messages), 32);
    encode(expected, 40, 30, 0);
    assert_memory_equal(got, expected, 32);
    assert_int_equal(messages, 1);
    tni_chain_release(&chain, true);
    assert_int_equal(tni_chain_length(&chain), 0);
    tni_chain_fini(&chain);
}

static void test_skip_of_nothing_discards_nothing(void **state)
{
    struct tni_chain chain;
    uint8_t got[64];
    uint64_t messages;

    (void)state;
    start(&chain, 0);
    tni_chain_skip(&chain);
    assert_int_equal(tni_chain_discard(&chain), 0);
    write_one(&chain, 1, 10, 0);
    assert_int_equal(tni_chain_discard(&chain), 0);
    assert_int_equal(drain_bytes(&chain, got, sizeof got, 64, &messages), 12);
    tni_chain_fini(&chain);
}

/* ------------------------------------------------------------------ frames for another wire form */

static uint64_t look_at(struct tni_chain *chain, unsigned number, size_t size)
{
    struct tni_frame_view view;

    assert_true(tni_chain_look(chain, &view));
    assert_int_equal(view.size, size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(view.body[i], body_byte(number, i));
    tni_chain_next(chain, &view);
    return view.size;
}

static void test_what_was_looked_at_comes_again_until_it_is_handed(void **state)
{
    static const size_t lengths[] = {0, 10, 300, 70000};
    struct tni_chain chain;
    struct tni_frame_view view;

    (void)state;
    start(&chain, 0);
    for (unsigned i = 0; i < 400; i++)
        write_one(&chain, i, lengths[i % 4], i % 3 == 0 ? TN_MSG_MORE : 0);
    write_one(&chain, 400, 5, 0);
    for (unsigned i = 0; i <= 400; i++)
        look_at(&chain, i, i == 400 ? 5 : lengths[i % 4]);
    assert_false(tni_chain_look(&chain, &view));
    /* Two of each three frames end a message: 0+1, 2, 3+4, 5, ... */
    tni_chain_handed(&chain, 100);
    tni_chain_rewind(&chain);
    for (unsigned i = 150; i <= 400; i++)
        look_at(&chain, i, i == 400 ? 5 : lengths[i % 4]);
    tni_chain_handed(&chain, 167);
    assert_int_equal(tni_chain_length(&chain), 267);
    tni_chain_release_kept(&chain);
    assert_int_equal(tni_chain_length(&chain), 0);
    assert_true(tni_chain_is_empty(&chain));
    tni_chain_fini(&chain);
}

static void test_the_mark_counts_what_was_looked_at(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 2);
    write_one(&chain, 0, 10, 0);
    write_one(&chain, 1, 10, 0);
    assert_true(tni_chain_is_full(&chain));
    look_at(&chain, 0, 10);
    look_at(&chain, 1, 10);
    assert_false(tni_chain_release_kept(&chain));
    assert_true(tni_chain_is_full(&chain));
    tni_chain_handed(&chain, 1);
    assert_true(tni_chain_release_kept(&chain));
    assert_false(tni_chain_is_full(&chain));
    tni_chain_fini(&chain);
}

/* ------------------------------------------------------------------ marks */

static void test_full_at_the_mark_and_released_at_half(void **state)
{
    struct tni_chain chain;

    (void)state;
    for (uint64_t hwm = 1; hwm < 12; hwm++) {
        uint64_t low = (hwm + 1) / 2;
        start(&chain, hwm);
        for (unsigned i = 0; i < hwm; i++) {
            assert_false(tni_chain_is_full(&chain));
            assert_int_equal(tni_chain_credit(&chain, 100), hwm - i);
            write_one(&chain, i, 10, 0);
        }
        assert_int_equal(tni_chain_credit(&chain, 100), 0);
        assert_true(tni_chain_is_full(&chain));
        assert_int_equal(atomic_load(&chain.blocked), 1);
        for (unsigned i = 0; i + 1 < low; i++) {
            expect_frame(&chain, i, 10, 0);
            assert_false(tni_chain_release(&chain, false));
            assert_true(tni_chain_is_full(&chain));
        }
        expect_frame(&chain, (unsigned)low - 1, 10, 0);
        assert_true(tni_chain_release(&chain, false));
        assert_false(tni_chain_release(&chain, true));
        assert_false(tni_chain_is_full(&chain));
        assert_int_equal(tni_chain_credit(&chain, 100), low);
        assert_int_equal(tni_chain_credit(&chain, 1), 1);
        tni_chain_fini(&chain);
    }
}

static void test_mark_of_zero_is_none(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    for (unsigned i = 0; i < 5000; i++)
        write_one(&chain, i, 3, 0);
    assert_false(tni_chain_is_full(&chain));
    assert_int_equal(tni_chain_credit(&chain, 7), 7);
    assert_int_equal(tni_chain_length(&chain), 5000);
    tni_chain_fini(&chain);
}

static void test_raised_mark_admits_more(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 1);
    write_one(&chain, 0, 1, 0);
    assert_true(tni_chain_is_full(&chain));
    atomic_store(&chain.hwm, 3);
    assert_false(tni_chain_is_full(&chain));
    assert_int_equal(tni_chain_credit(&chain, 100), 2);
    tni_chain_fini(&chain);
}

/* ------------------------------------------------------------------ control records */

static void test_control_records_keep_their_place(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    tni_chain_control(&chain, TNI_ATTACH_DISCONNECTED, NULL);
    expect_control(&chain, TNI_ATTACH_DISCONNECTED);
    expect_end(&chain);
    for (unsigned i = 0; i < 300; i++) {
        /* Sizes that end chunks at every distance from a record. */
        write_one(&chain, i, i * 13 % 1000, 0);
        for (unsigned k = 0; k <= i % 40; k++)
            assert_int_equal(tni_chain_control(&chain, TNI_ATTACH_DISCONNECTED, NULL), 0);
        assert_int_equal(write_kind(&chain, i, i * 7, 0, OWNED), 0);
    }
    for (unsigned i = 0; i < 300; i++) {
        expect_frame(&chain, i, i * 13 % 1000, 0);
        for (unsigned k = 0; k <= i % 40; k++)
            expect_control(&chain, TNI_ATTACH_DISCONNECTED);
        expect_frame(&chain, i, i * 7, 0);
    }
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_control_records_alone_cross_chunks(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 200; i++)
            assert_int_equal(tni_chain_control(&chain, TNI_ATTACH_DISCONNECTED, NULL), 0);
        for (unsigned i = 0; i < 200; i++)
            expect_control(&chain, TNI_ATTACH_DISCONNECTED);
        expect_end(&chain);
        write_one(&chain, round, 9, 0);
        expect_frame(&chain, round, 9, 0);
        expect_end(&chain);
    }
    tni_chain_fini(&chain);
}

static void test_peer_information_left_in_the_chain_is_released(void **state)
{
    const struct tni_peer_pieces pieces = {.connection = 1};
    struct tn_peer_info *info;
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    assert_int_equal(tni_peer_info_new(&pieces, &info), 0);
    tni_peer_info_ref(info);
    assert_int_equal(tni_chain_control(&chain, TNI_ATTACH_CONNECTED, info), 0);
    assert_int_equal(tni_chain_control(&chain, TNI_ATTACH_CONNECTED, tni_peer_info_ref(info)), 0);
    expect_control(&chain, TNI_ATTACH_CONNECTED);
    assert_int_equal(atomic_load(&info->refs), 3);
    expect_control(&chain, TNI_ATTACH_CONNECTED);
    expect_end(&chain);
    assert_int_equal(atomic_load(&info->refs), 1);
    tni_chain_fini(&chain);
    tni_peer_info_unref(info);
}

/* ------------------------------------------------------------------ conflate */

static void test_conflating_chain_keeps_the_newest(void **state)
{
    struct tni_chain chain;

    (void)state;
    assert_int_equal(tni_chain_init(&chain, 1, true), 0);
    expect_end(&chain);
    for (unsigned i = 0; i < SIZES; i++)
        assert_int_equal(write_kind(&chain, i, sizes[i], 0, i % KINDS), 0);
    assert_false(tni_chain_is_full(&chain));
    assert_false(tni_chain_is_empty(&chain));
    expect_frame(&chain, SIZES - 1, sizes[SIZES - 1], 0);
    expect_end(&chain);
    write_one(&chain, 7, 5, 0);
    write_one(&chain, 8, 6, 0);
    expect_frame(&chain, 8, 6, 0);
    write_one(&chain, 9, 7, 0);
    expect_frame(&chain, 9, 7, 0);
    expect_end(&chain);
    write_one(&chain, 10, 70, 0);
    tni_chain_fini(&chain);
}

static void test_conflating_chain_drops_all_but_last_frames(void **state)
{
    struct tni_chain chain;

    (void)state;
    assert_int_equal(tni_chain_init(&chain, 1, true), 0);
    assert_int_equal(write_kind(&chain, 1, 700, TN_MSG_MORE, OWNED), 0);
    assert_int_equal(write_kind(&chain, 2, 30, 0, OWNED), 0);
    tni_chain_rollback(&chain);
    expect_frame(&chain, 2, 30, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_conflating_chain_in_bytes_and_with_records(void **state)
{
    struct tni_chain chain;
    uint8_t got[64];
    uint64_t messages;

    (void)state;
    assert_int_equal(tni_chain_init(&chain, 1, true), 0);
    write_one(&chain, 1, 30, 0);
    write_one(&chain, 2, 31, 0);
    assert_int_equal(drain_bytes(&chain, got, sizeof got, 4, &messages), 33);
    assert_int_equal(messages, 1);
    assert_int_equal(got[2], body_byte(2, 0));
    assert_int_equal(tni_chain_control(&chain, TNI_ATTACH_DISCONNECTED, NULL), 0);
    write_one(&chain, 3, 1, 0);
    expect_control(&chain, TNI_ATTACH_DISCONNECTED);
    expect_frame(&chain, 3, 1, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_conflating_chain_without_memory_keeps_the_message(void **state)
{
    struct tni_frame_view view;
    struct tni_chain chain;

    (void)state;
    assert_int_equal(tni_chain_init(&chain, 1, true), 0);
    write_one(&chain, 1, 150, 0);
    expect_frame(&chain, 1, 150, 0);
    write_one(&chain, 2, 150, 0);
    tni_memory_fail_at(1, -1);
    assert_false(tni_chain_peek(&chain, &view));
    tni_memory_fail_at(0, 0);
    assert_false(tni_chain_is_empty(&chain));
    expect_frame(&chain, 2, 150, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_init_without_memory_is_refused(void **state)
{
    struct tni_chain chain;

    (void)state;
    for (unsigned long n = 1; n <= 2; n++) {
        tni_memory_fail_at(n, 1);
        assert_int_equal(tni_chain_init(&chain, 1, true), -ENOMEM);
    }
    tni_memory_fail_at(0, 0);
}

static void test_refused_run_stays_the_callers(void **state)
{
    struct tn_body *body = tni_body_new(8);
    struct tni_chain chain;

    (void)state;
    assert_non_null(body);
    memset(body->data, 0, 8);
    start(&chain, 0);
    while (tni_chain_room(&chain, 1) > 64)
        write_one(&chain, 1, 40, 0);
    while (tni_chain_append_run(&chain, tni_body_ref(body), body->data, 8) == 0) {
        tni_chain_commit(&chain, 4);
        if (atomic_load(&body->refs) == 3)
            tni_memory_fail_at(1, 1000);
    }
    tni_memory_fail_at(0, 0);
    tni_body_unref(body); /* of the one that was refused */
    tni_chain_fini(&chain);
    assert_int_equal(atomic_load(&body->refs), 1);
    tni_body_unref(body);
}

static void test_short_way_is_closed_where_it_would_not_do(void **state)
{
    struct tni_chain chain;

    (void)state;
    assert_int_equal(tni_chain_init(&chain, 0, true), 0);
    assert_false(tni_chain_put(&chain, false, "", 0)); /* a chain with a slot */
    assert_false(tni_chain_put(&chain, true, "", 0));
    tni_chain_fini(&chain);

    start(&chain, 1);
    write_one(&chain, 1, 0, TN_MSG_MORE);
    assert_false(tni_chain_put(&chain, false, "", 0)); /* in the middle of a message */
    assert_false(tni_chain_put(&chain, true, "", 0));
    tni_chain_rollback(&chain);
    assert_true(tni_chain_put(&chain, false, "", 0));
    assert_false(tni_chain_put(&chain, false, "", 0)); /* the mark */
    assert_false(tni_chain_put(&chain, true, "", 0));
    expect_frame(&chain, 2, 0, 0);
    assert_false(tni_chain_put(&chain, false, "", SIZE_MAX));
    for (volatile size_t less = 0; less < 20; less++)
        assert_false(tni_chain_put(&chain, true, "", SIZE_MAX - less));
    expect_end(&chain);
    tni_chain_fini(&chain);
}

static void test_body_of_its_own_goes_from_hand_to_hand(void **state)
{
    struct tn_body *body = tni_body_new(300);
    struct tni_attachment *found;
    struct tni_chain chain;

    (void)state;
    assert_non_null(body);
    start(&chain, 3);
    assert_null(tni_chain_find_body(&chain));
    assert_false(tni_chain_put_body(&chain, body, body->data, 3)); /* too short for a long header */
    /* The first chunk is small: the other way makes room for more. */
    write_one(&chain, 1, 600, 0);
    assert_true(tni_chain_put_body(&chain, body, body->data, 300));
    assert_null(tni_chain_find_body(&chain)); /* another frame comes first */
    expect_frame(&chain, 1, 600, 0);
    assert_true(tni_chain_put(&chain, false, "end", 3));
    assert_false(tni_chain_put_body(&chain, body, body->data, 300)); /* the mark */
    found = tni_chain_find_body(&chain);
    assert_non_null(found);
    assert_ptr_equal(found->object, body);
    assert_int_equal(found->size, 300);
    tni_chain_take_body(&chain);
    assert_null(tni_chain_find_body(&chain));
    assert_int_equal(atomic_load(&body->refs), 1);
    tni_body_unref(body); /* it is ours, and the chain ends without it */
    tni_chain_fini(&chain);
}

static void expect_delimited(struct tni_chain *chain, const char *text)
{
    size_t size = 0;
    const uint8_t *body = tni_chain_get_delimited(chain, &size);

    assert_non_null(body);
    assert_int_equal(size, strlen(text));
    assert_memory_equal(body, text, size);
}

static void test_short_way_behind_a_delimiter(void **state)
{
    struct tni_chain chain;
    uint64_t before;
    size_t size;

    (void)state;
    start(&chain, 2);
    assert_null(tni_chain_get_delimited(&chain, &size));
    assert_true(tni_chain_put(&chain, true, "one", 3));
    assert_true(tni_chain_put(&chain, true, "", 0));
    assert_false(tni_chain_put(&chain, true, "", 0));
    assert_int_equal(tni_chain_length(&chain), 2);
    assert_null(tni_chain_get(&chain, &size)); /* it has two frames */
    before = chain.r.sent.position;
    expect_delimited(&chain, "one");
    tni_chain_unget(&chain, before);
    expect_delimited(&chain, "one");
    expect_delimited(&chain, "");
    assert_null(tni_chain_get_delimited(&chain, &size));
    assert_true(tni_chain_release(&chain, true) || tni_chain_length(&chain) == 0);
    tni_chain_fini(&chain);
}

/* What it leaves to the other way, from the first frame on. */
static void expect_not_delimited(struct tni_chain *chain)
{
    uint64_t before = chain->r.sent.position;
    size_t size;

    assert_null(tni_chain_get_delimited(chain, &size));
    assert_int_equal(chain->r.sent.position, before);
}

static void test_short_way_leaves_what_is_not_behind_a_delimiter(void **state)
{
    struct tni_chain chain;

    (void)state;
    start(&chain, 0);
    assert_true(tni_chain_put(&chain, false, "", 0)); /* one empty frame */
    expect_not_delimited(&chain);
    expect_frame(&chain, 0, 0, 0);
    write_one(&chain, 1, 5, TN_MSG_MORE); /* a routing frame first */
    write_one(&chain, 2, 0, TN_MSG_MORE);
    write_one(&chain, 3, 5, 0);
    expect_not_delimited(&chain);
    expect_frame(&chain, 1, 5, TNI_FRAME_MORE);
    expect_frame(&chain, 2, 0, TNI_FRAME_MORE);
    expect_frame(&chain, 3, 5, 0);
    write_one(&chain, 1, 0, TN_MSG_MORE); /* two frames behind it */
    write_one(&chain, 2, 5, TN_MSG_MORE);
    write_one(&chain, 3, 5, 0);
    expect_not_delimited(&chain);
    expect_frame(&chain, 1, 0, TNI_FRAME_MORE);
    expect_frame(&chain, 2, 5, TNI_FRAME_MORE);
    expect_frame(&chain, 3, 5, 0);
    write_one(&chain, 1, 0, TN_MSG_MORE); /* a body that is attached */
    assert_int_equal(write_kind(&chain, 2, 100000, 0, OWNED), 0);
    expect_not_delimited(&chain);
    expect_frame(&chain, 1, 0, TNI_FRAME_MORE);
    expect_frame(&chain, 2, 100000, 0);
    expect_end(&chain);
    tni_chain_fini(&chain);
}

/* ------------------------------------------------------------------ against a model */

enum { MOST_EVENTS = 200000, ROUNDS = 3000, RECORD = 0xff };

/* The model: every frame ever committed or staged, in order. */
struct entry {
    uint64_t number;
    size_t size;
    unsigned flags; /* of frame.h; RECORD: a control record */
};

struct model {
    struct tni_chain chain;
    struct entry entries[MOST_EVENTS];
    size_t committed, staged; /* entries */
    size_t read; /* frames: entries taken */
    uint64_t produced, done; /* messages */
    uint64_t hwm;
    /* bytes */
    uint8_t *stream;
    size_t stream_size, stream_committed, stream_room;
    size_t sent, keep, skip;
    bool has_runs;
    size_t ends[MOST_EVENTS]; /* of messages, in the stream */
};

static struct model *model_new(uint64_t hwm)
{
    struct model *model = calloc(1, sizeof *model);

    assert_non_null(model);
    model->hwm = hwm;
    model->stream_room = 64u << 20;
    model->stream = malloc(model->stream_room);
    assert_non_null(model->stream);
    start(&model->chain, hwm);
    return model;
}

static void model_free(struct model *model)
{
    tni_chain_fini(&model->chain);
    free(model->stream);
    free(model);
}

static size_t random_size(void)
{
    switch (random_below(12)) {
    case 0:
        return random_below(70000);
    case 1:
        return 16380 + random_below(10);
    case 2:
    case 3:
        return random_below(3000);
    case 4:
        return 250 + random_below(10);
    default:
        return random_below(120);
    }
}

static void model_commit(struct model *model)
{
    model->committed = model->staged;
    model->stream_committed = model->stream_size;
    model->ends[model->produced++] = model->stream_size;
}

static void model_stage(struct model *model, uint64_t number, size_t size, unsigned flags)
{
    assert_true(model->stream_size + size + 9 <= model->stream_room);
    model->entries[model->staged++] = (struct entry){number, size, flags};
    model->stream_size += encode(model->stream + model->stream_size, number, size, flags);
}

/* The short way may refuse, but not write wrongly; in the middle of a message it must refuse. */
static bool short_write(struct tni_chain *chain, bool is_delimited, uint64_t number, size_t size,
                        bool in_message)
{
    uint8_t *bytes = malloc(size + 1);
    bool is_written;

    assert_non_null(bytes);
    fill(bytes, number, size);
    is_written = tni_chain_put(chain, is_delimited, bytes, size);
    assert_false(is_written && in_message);
    free(bytes);
    return is_written;
}

/* Likewise with a body of its own. */
static bool short_write_body(struct tni_chain *chain, uint64_t number, size_t size, bool in_message)
{
    struct tn_body *body = tni_body_new(size);

    assert_non_null(body);
    fill(body->data, number, size);
    if (tni_chain_put_body(chain, body, body->data, size)) {
        assert_false(in_message);
        return true;
    }
    tni_body_unref(body);
    return false;
}

/* Whole messages that lie in a body which several chains would share. */
static void random_run(struct model *model)
{
    uint64_t messages = 1 + random_below(6), frames = 0;
    size_t begin = model->stream_size;
    struct tn_body *body;

    if (tni_chain_credit(&model->chain, messages) < messages ||
        model->staged + 3 * messages >= MOST_EVENTS)
        return;
    for (uint64_t i = 0; i < messages; i++) {
        for (frames = random_below(3); frames; frames--)
            model_stage(model, random_below(1000000), random_size() % 5000, TNI_FRAME_MORE);
        model_stage(model, random_below(1000000), random_size() % 5000, 0);
        model_commit(model);
    }
    body = tni_body_new(model->stream_size - begin);
    assert_non_null(body);
    memcpy(body->data, model->stream + begin, model->stream_size - begin);
    assert_int_equal(
        tni_chain_append_run(&model->chain, body, body->data, model->stream_size - begin), 0);
    tni_chain_commit(&model->chain, messages);
}

/* An empty frame and another one. */
static void random_delimited(struct model *model)
{
    uint64_t number = random_below(1000000);
    size_t size = random_size();

    if (tni_chain_credit(&model->chain, 1) == 0 || model->staged + 2 >= MOST_EVENTS)
        return;
    if (random_below(3) == 0 || !short_write(&model->chain, true, number, size, false)) {
        write_one(&model->chain, 0, 0, TN_MSG_MORE);
        write_one(&model->chain, number, size, 0);
    }
    model_stage(model, 0, 0, TNI_FRAME_MORE);
    model_stage(model, number, size, 0);
    model_commit(model);
}

/* One frame, in one of the ways that the core uses. */
static void random_write(struct model *model)
{
    uint64_t number = random_below(1000000);
    size_t size = random_size();
    bool more = random_below(3) == 0;
    bool in_message = model->staged > model->committed;
    uint8_t *frame;

    if (!in_message && model->has_runs && random_below(3) == 0) {
        random_run(model);
        return;
    }
    if (!in_message && random_below(4) == 0) {
        random_delimited(model);
        return;
    }
    if (!in_message && model->hwm) {
        bool is_full = tni_chain_is_full(&model->chain);
        assert_int_equal(tni_chain_credit(&model->chain, 1), !is_full);
        if (is_full)
            return;
    }
    if (model->staged + 1 >= MOST_EVENTS)
        return;
    model_stage(model, number, size, more ? TNI_FRAME_MORE : 0);
    switch (random_below(8)) {
    case 6:
    case 7:
        if (!more && short_write_body(&model->chain, number, size, in_message))
            break;
        write_one(&model->chain, number, size, more ? TN_MSG_MORE : 0);
        break;
    case 4:
    case 5:
        if (!more && short_write(&model->chain, false, number, size, in_message))
            break;
        write_one(&model->chain, number, size, more ? TN_MSG_MORE : 0);
        break;
    case 0:
        frame = malloc(size + 9);
        assert_non_null(frame);
        size = encode(frame, number, size, more ? TNI_FRAME_MORE : 0);
        assert_true(tni_chain_room(&model->chain, size) >= size);
        if (random_below(2)) {
            memcpy(tni_chain_place(&model->chain), frame, size);
            tni_chain_append_placed(&model->chain, size);
        } else {
            tni_chain_append(&model->chain, frame, size);
        }
        free(frame);
        if (!more)
            tni_chain_commit(&model->chain, 1);
        break;
    case 1:
        assert_int_equal(write_kind(&model->chain, number, size, more ? TN_MSG_MORE : 0, OWNED), 0);
        break;
    default:
        assert_int_equal(write_kind(&model->chain, number, size, more ? TN_MSG_MORE : 0, BORROWED),
                         0);
        break;
    }
    if (!more)
        model_commit(model);
}

static void random_rollback(struct model *model)
{
    tni_chain_rollback(&model->chain);
    model->staged = model->committed;
    model->stream_size = model->stream_committed;
}

static void check_length(struct model *model)
{
    bool was_blocked = atomic_load(&model->chain.blocked);
    bool must_wake = tni_chain_release(&model->chain, true);
    uint64_t left = model->produced - model->done;

    assert_int_equal(tni_chain_length(&model->chain), left);
    assert_int_equal(must_wake, was_blocked && left <= model->hwm - (model->hwm + 1) / 2);
}

/* Frames of the next message, which the short way may leave to the other one: then none. Puts it back
 * now and then and takes it again. */
static size_t short_read(struct model *model, bool is_delimited)
{
    const uint8_t *(*get)(struct tni_chain * chain, size_t * out_size) =
        is_delimited ? tni_chain_get_delimited : tni_chain_get;
    const struct entry *entry = &model->entries[model->read];
    uint64_t before = model->chain.r.sent.position;
    const uint8_t *body;
    size_t size = 0;

    body = get(&model->chain, &size);
    if (!body) {
        assert_int_equal(model->chain.r.sent.position, before);
        return 0;
    }
    if (random_below(4) == 0) {
        tni_chain_unget(&model->chain, before);
        body = get(&model->chain, &size);
    }
    assert_non_null(body);
    assert_true(model->read + is_delimited < model->committed);
    if (is_delimited) {
        assert_true(entry->flags == TNI_FRAME_MORE && entry->size == 0);
        entry++;
    }
    assert_int_equal(entry->flags, 0);
    assert_int_equal(size, entry->size);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(body[i], body_byte(entry->number, i));
    return 1 + is_delimited;
}

/* Likewise of a body of its own. */
static size_t short_read_body(struct model *model)
{
    const struct entry *entry = &model->entries[model->read];
    struct tni_attachment *found = tni_chain_find_body(&model->chain);
    struct tn_body *body;

    if (!found)
        return 0;
    assert_true(model->read < model->committed);
    assert_ptr_equal(tni_chain_find_body(&model->chain), found);
    assert_int_equal(entry->flags, 0);
    assert_int_equal(found->size, entry->size);
    for (size_t i = 0; i < entry->size; i++)
        assert_int_equal(found->data[i], body_byte(entry->number, i));
    body = found->object;
    tni_chain_take_body(&model->chain);
    tni_body_unref(body);
    return 1;
}

static size_t any_short_read(struct model *model)
{
    unsigned way = random_below(3);

    return way == 2 ? short_read_body(model) : short_read(model, way);
}

static void random_frames(struct model *model)
{
    bool is_short = random_below(2);

    for (uint64_t count = random_below(8); count; count--) {
        struct entry *entry = &model->entries[model->read];
        size_t frames = is_short ? any_short_read(model) : 0;
        if (frames) {
            model->done++;
            model->read += frames;
            continue;
        }
        if (model->read == model->committed) {
            expect_end(&model->chain);
            return;
        }
        assert_false(tni_chain_is_empty(&model->chain));
        if (entry->flags == RECORD) {
            expect_control(&model->chain, TNI_ATTACH_DISCONNECTED);
        } else {
            expect_frame(&model->chain, entry->number, entry->size, entry->flags);
            model->done += !(entry->flags & TNI_FRAME_MORE);
        }
        model->read++;
    }
}

static void random_record(struct model *model)
{
    if (model->staged > model->committed || model->staged + 1 >= MOST_EVENTS)
        return;
    assert_int_equal(tni_chain_control(&model->chain, TNI_ATTACH_DISCONNECTED, NULL), 0);
    model->entries[model->staged++].flags = RECORD;
    model->committed = model->staged;
}

static void test_random_frames_agree_with_the_model(void **state)
{
    (void)state;
    for (uint64_t hwm = 0; hwm < 30; hwm += 1 + hwm / 3) {
        struct model *model = model_new(hwm);
        model->has_runs = hwm & 1;
        seed = 88172645463325252u + hwm;
        for (int i = 0; i < ROUNDS; i++) {
            switch (random_below(8)) {
            case 0:
                random_rollback(model);
                break;
            case 1:
                random_record(model);
                break;
            case 2:
            case 3:
            case 4:
                random_frames(model);
                check_length(model);
                break;
            default:
                random_write(model);
                break;
            }
        }
        model_free(model);
    }
}

static void random_bytes(struct model *model)
{
    int max = 1 + (int)random_below(8);
    size_t most = 1 + random_below(random_below(4) ? 500 : 100000);
    struct iovec iov[8];
    int count = tni_chain_gather(&model->chain, iov, max, most);
    size_t total = 0, taken;
    uint64_t before = model->done;

    assert_true(count <= max);
    assert_int_equal(count > 0, model->sent < model->stream_committed);
    for (int i = 0; i < count; i++) {
        assert_true(iov[i].iov_len > 0);
        assert_true(model->sent + total + iov[i].iov_len <= model->stream_committed);
        assert_memory_equal(iov[i].iov_base, model->stream + model->sent + total, iov[i].iov_len);
        total += iov[i].iov_len;
    }
    if (!count)
        return;
    taken = random_below(3) ? total : random_below(total + 1);
    model->sent += taken;
    while (model->done < model->produced && model->ends[model->done] <= model->sent)
        model->keep = model->ends[model->done++];
    assert_int_equal(tni_chain_sent(&model->chain, taken), model->done - before);
    assert_int_equal(tni_chain_at_boundary(&model->chain), model->sent == model->keep);
}

static void random_loss(struct model *model)
{
    tni_chain_rewind(&model->chain);
    model->sent = model->keep;
    if (!model->has_runs && random_below(2)) { /* runs do not go to those whose queue is rebuilt */
        uint64_t before = model->done;
        random_rollback(model);
        tni_chain_skip(&model->chain);
        model->done = model->produced;
        model->sent = model->keep = model->stream_committed;
        assert_int_equal(tni_chain_discard(&model->chain), model->done - before);
    }
}

static void test_random_bytes_agree_with_the_model(void **state)
{
    (void)state;
    for (uint64_t hwm = 0; hwm < 30; hwm += 1 + hwm / 3) {
        struct model *model = model_new(hwm);
        model->has_runs = hwm & 1;
        seed = 362436069362436069u + hwm;
        for (int i = 0; i < ROUNDS; i++) {
            switch (random_below(16)) {
            case 0:
                random_rollback(model);
                break;
            case 1:
                random_loss(model);
                break;
            case 2:
                tni_chain_shrink(&model->chain);
                break;
            case 3:
            case 4:
            case 5:
            case 6:
                random_bytes(model);
                check_length(model);
                break;
            default:
                random_write(model);
                break;
            }
            assert_int_equal(tni_chain_is_empty(&model->chain),
                             model->sent == model->stream_committed);
        }
        model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames_of_all_sizes_come_out_as_they_went_in),
        cmocka_unit_test(test_each_size_next_to_each_other_survives),
        cmocka_unit_test(test_uncommitted_frames_are_not_seen),
        cmocka_unit_test(test_what_is_left_is_ended_with_the_chain),
        cmocka_unit_test(test_subscription_is_a_command),
        cmocka_unit_test(test_attached_body_is_referred_to_and_freed_once),
        cmocka_unit_test(test_rollback_across_chunks_leaves_what_was_committed),
        cmocka_unit_test(test_no_memory_rolls_the_message_back),
        cmocka_unit_test(test_refused_body_stays_the_callers),
        cmocka_unit_test(test_bytes_in_steps_of_any_size_are_the_frames),
        cmocka_unit_test(test_rewind_starts_at_the_first_byte_of_a_cut_message),
        cmocka_unit_test(test_run_of_frames_is_committed_in_parts),
        cmocka_unit_test(test_bytes_placed_beyond_a_message_are_written_over),
        cmocka_unit_test(test_skipped_messages_are_discarded),
        cmocka_unit_test(test_skip_of_nothing_discards_nothing),
        cmocka_unit_test(test_what_was_looked_at_comes_again_until_it_is_handed),
        cmocka_unit_test(test_the_mark_counts_what_was_looked_at),
        cmocka_unit_test(test_full_at_the_mark_and_released_at_half),
        cmocka_unit_test(test_mark_of_zero_is_none),
        cmocka_unit_test(test_raised_mark_admits_more),
        cmocka_unit_test(test_control_records_keep_their_place),
        cmocka_unit_test(test_control_records_alone_cross_chunks),
        cmocka_unit_test(test_peer_information_left_in_the_chain_is_released),
        cmocka_unit_test(test_an_idle_chain_shrinks_and_goes_on),
        cmocka_unit_test(test_conflating_chain_keeps_the_newest),
        cmocka_unit_test(test_conflating_chain_drops_all_but_last_frames),
        cmocka_unit_test(test_conflating_chain_in_bytes_and_with_records),
        cmocka_unit_test(test_conflating_chain_without_memory_keeps_the_message),
        cmocka_unit_test(test_init_without_memory_is_refused),
        cmocka_unit_test(test_refused_run_stays_the_callers),
        cmocka_unit_test(test_short_way_is_closed_where_it_would_not_do),
        cmocka_unit_test(test_body_of_its_own_goes_from_hand_to_hand),
        cmocka_unit_test(test_short_way_behind_a_delimiter),
        cmocka_unit_test(test_short_way_leaves_what_is_not_behind_a_delimiter),
        cmocka_unit_test(test_random_frames_agree_with_the_model),
        cmocka_unit_test(test_random_bytes_agree_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
