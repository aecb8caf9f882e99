/* MESSAGE of CURVE: the bytes of crypto_box; what was changed, cut or sent before does not open
 * (CVE-2014-7203). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "mechanisms/curve/message.h"

enum { LONGEST = 3000 };

static const char name[] = "CurveZMQMESSAGEC";

static uint8_t shared[CURVE_KEY];

static int make_key(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    for (int i = 0; i < CURVE_KEY; i++)
        shared[i] = (uint8_t)(i * 7 + 1);
    return 0;
}

static void fill(uint8_t *body, size_t size)
{
    for (size_t i = 0; i < size; i++)
        body[i] = (uint8_t)(i * 31 + size);
}

static void test_bytes_are_those_of_crypto_box(void **state)
{
    uint8_t text[LONGEST + 1], ours[LONGEST + CURVE_MESSAGE_OVERHEAD], box[LONGEST + 17];
    struct curve_way way;

    (void)state;
    curve_way_init(&way, name, shared, 41);
    for (size_t size = 0; size < LONGEST; size += size < 200 ? 1 : 97) {
        uint8_t nonce[CURVE_NONCE];

        text[0] = size % 3;
        fill(text + 1, size);
        curve_message_seal(&way, text[0], text + 1, size, ours);
        curve_short_nonce(nonce, name, way.nonce);
        assert_int_equal(crypto_box_easy_afternm(box, text, 1 + size, nonce, shared), 0);
        assert_memory_equal(ours, "\7MESSAGE", 8);
        assert_int_equal(curve_get_number(ours + 8), way.nonce);
        assert_memory_equal(ours + 16, box, 17 + size);
    }
}

static void test_what_was_sealed_opens_to_the_same(void **state)
{
    uint8_t body[LONGEST], message[LONGEST + CURVE_MESSAGE_OVERHEAD];
    struct curve_way out, in;

    (void)state;
    curve_way_init(&out, name, shared, 0);
    curve_way_init(&in, name, shared, 0);
    for (size_t size = 0; size < LONGEST; size += size < 200 ? 1 : 97) {
        unsigned flags = 9;
        uint8_t *opened = NULL;

        fill(body, size);
        curve_message_seal(&out, size % 3, body, size, message);
        assert_int_equal(
            curve_message_open(&in, message, size + CURVE_MESSAGE_OVERHEAD, &flags, &opened),
            CURVE_OPENED);
        assert_int_equal(flags, size % 3);
        assert_memory_equal(opened, body, size);
    }
}

static enum curve_opened open_copy(struct curve_way *in, const uint8_t *message, size_t size)
{
    uint8_t copy[256], *body;
    unsigned flags;

    memcpy(copy, message, size);
    return curve_message_open(in, copy, size, &flags, &body);
}

static void test_nonces_must_rise(void **state)
{
    uint8_t first[64], second[64];
    struct curve_way out, in;
    size_t size = 5 + CURVE_MESSAGE_OVERHEAD;

    (void)state;
    curve_way_init(&out, name, shared, 7);
    curve_way_init(&in, name, shared, 7);
    curve_message_seal(&out, 0, (const uint8_t *)"first", 5, first);
    curve_message_seal(&out, 0, (const uint8_t *)"secnd", 5, second);
    assert_int_equal(open_copy(&in, second, size), CURVE_OPENED);
    assert_int_equal(open_copy(&in, second, size), CURVE_REPLAYED);
    assert_int_equal(open_copy(&in, first, size), CURVE_REPLAYED);
    curve_way_init(&in, name, shared, 8);
    assert_int_equal(open_copy(&in, first, size), CURVE_REPLAYED);
    /* A forged nonce does not move what is expected. */
    curve_way_init(&in, name, shared, 7);
    memset(second + 8, 0xff, 8);
    assert_int_equal(open_copy(&in, second, size), CURVE_FORGED);
    assert_int_equal(open_copy(&in, first, size), CURVE_OPENED);
}

static void test_every_changed_bit_and_every_cut_is_noticed(void **state)
{
    uint8_t message[128];
    struct curve_way out, in;
    size_t size = 40 + CURVE_MESSAGE_OVERHEAD;

    (void)state;
    curve_way_init(&out, name, shared, 0);
    curve_message_seal(&out, 0, (const uint8_t *)"forty bytes of text, or very nearly that", 40,
                       message);
    for (size_t bit = 0; bit < size * 8; bit++) {
        curve_way_init(&in, name, shared, 0);
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(open_copy(&in, message, size), CURVE_OPENED);
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) {
        curve_way_init(&in, name, shared, 0);
        assert_int_not_equal(open_copy(&in, message, cut), CURVE_OPENED);
    }
    curve_way_init(&in, "CurveZMQMESSAGES", shared, 0);
    assert_int_equal(open_copy(&in, message, size), CURVE_FORGED);
}

static void test_keys_are_read_as_bytes_and_as_text(void **state)
{
    /* The example of RFC 32, four times over. */
    static const char text[] = "HelloWorldHelloWorldHelloWorldHelloWorld";
    static const uint8_t bytes[] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    uint8_t key[CURVE_KEY], zero[CURVE_KEY] = {0};

    (void)state;
    assert_true(curve_key_read(text, 40, key));
    for (int i = 0; i < 4; i++)
        assert_memory_equal(key + 8 * i, bytes, 8);
    assert_true(curve_key_read(text, 41, key));
    assert_true(curve_key_read(text, 32, key));
    assert_memory_equal(key, text, 32);
    assert_false(curve_key_read(text, 39, key));
    assert_memory_equal(key, zero, CURVE_KEY);
    assert_false(curve_key_read("#####aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 40, key));
    assert_false(curve_key_read("HelloWorldHelloWorldHelloWorldHelloWorl ", 40, key));
    assert_memory_equal(key, zero, CURVE_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_are_those_of_crypto_box),
        cmocka_unit_test(test_what_was_sealed_opens_to_the_same),
        cmocka_unit_test(test_nonces_must_rise),
        cmocka_unit_test(test_every_changed_bit_and_every_cut_is_noticed),
        cmocka_unit_test(test_keys_are_read_as_bytes_and_as_text),
    };

    return cmocka_run_group_tests(tests, make_key, NULL);
}
