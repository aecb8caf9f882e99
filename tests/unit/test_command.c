#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "zmtp/command.h"

static struct tni_command_view parse(const void *body, size_t size)
{
    struct tni_command_view view;

    assert_int_equal(tni_command_parse(body, size, &view), 0);
    return view;
}

static void test_parse_malformed_is_refused(void **state)
{
    struct tni_command_view view;

    (void)state;
    assert_int_equal(tni_command_parse((const uint8_t *)"", 0, &view), -EPROTO);
    assert_int_equal(tni_command_parse((const uint8_t *)"\0PING", 5, &view), -EPROTO);
    assert_int_equal(tni_command_parse((const uint8_t *)"\x05PING", 5, &view), -EPROTO);
    assert_int_equal(tni_command_parse((const uint8_t *)"\xff", 1, &view), -EPROTO);
}

static void test_parse_classifies_every_name(void **state)
{
    (void)state;
    for (int kind = TNI_COMMAND_PING; kind <= TNI_COMMAND_ERROR; kind++) {
        uint8_t body[TNI_COMMAND_NAME_MAX + 3];
        size_t size = tni_command_start(body, (enum tni_command)kind);
        struct tni_command_view view;

        assert_true(size <= TNI_COMMAND_NAME_MAX);
        memcpy(body + size, "abc", 3);
        view = parse(body, size + 3);
        assert_int_equal(view.kind, kind);
        assert_int_equal(view.size, 3);
        assert_memory_equal(view.data, "abc", 3);
    }
}

static void test_parse_other_names_are_unknown(void **state)
{
    struct tni_command_view view = parse("\x04ping", 5);

    (void)state;
    assert_int_equal(view.kind, TNI_COMMAND_UNKNOWN);
    view = parse("\x05PINGS", 6);
    assert_int_equal(view.kind, TNI_COMMAND_UNKNOWN);
    view = parse("\x03PINGS", 6);
    assert_int_equal(view.kind, TNI_COMMAND_UNKNOWN);
    assert_int_equal(view.name_size, 3);
    assert_int_equal(view.size, 2);
    assert_string_equal(tni_command_name(view.kind), "");
}

static void test_ping_round_trip(void **state)
{
    uint8_t context[TNI_PING_CONTEXT_MAX] = "0123456789abcde";
    uint8_t body[TNI_PING_SIZE_MAX];

    (void)state;
    for (size_t size = 0; size <= TNI_PING_CONTEXT_MAX; size++) {
        ssize_t built = tni_command_build_ping(body, sizeof body, 0x1234, context, size);
        struct tni_command_view view;
        struct tni_ping ping;

        assert_int_equal(built, 7 + size);
        view = parse(body, (size_t)built);
        assert_int_equal(tni_command_parse_ping(&view, &ping), 0);
        assert_int_equal(ping.ttl, 0x1234);
        assert_int_equal(ping.context_size, size);
        assert_memory_equal(ping.context, context, size);
    }
    assert_int_equal(tni_command_build_ping(body, sizeof body, 0, context, 17), -EINVAL);
    assert_int_equal(tni_command_build_ping(body, 22, 0, context, 16), -EMSGSIZE);
}

static void test_ping_of_wrong_size_is_refused(void **state)
{
    uint8_t body[64] = "\x04PING";
    struct tni_ping ping;

    (void)state;
    for (size_t size = 5; size <= sizeof body; size++) {
        struct tni_command_view view = parse(body, size);
        int expected = size < 7 || size > 23 ? -EPROTO : 0;

        assert_int_equal(tni_command_parse_ping(&view, &ping), expected);
    }
}

static void test_pong_round_trip_and_limit(void **state)
{
    uint8_t body[64] = {0};
    struct tni_command_view view;
    struct tni_ping pong;

    (void)state;
    assert_int_equal(tni_command_build_pong(body, sizeof body, "xyz", 3), 8);
    view = parse(body, 8);
    assert_int_equal(tni_command_parse_pong(&view, &pong), 0);
    assert_int_equal(pong.context_size, 3);
    assert_memory_equal(pong.context, "xyz", 3);
    view = parse(body, 5 + 16);
    assert_int_equal(tni_command_parse_pong(&view, &pong), 0);
    view = parse(body, 5 + 17);
    assert_int_equal(tni_command_parse_pong(&view, &pong), -EPROTO);
    assert_int_equal(tni_command_build_pong(body, sizeof body, "0123456789abcdef", 16), 21);
    assert_int_equal(tni_command_build_pong(body, sizeof body, body, 17), -EINVAL);
}

static void test_error_round_trip_and_truncation(void **state)
{
    char reason[300];
    uint8_t body[300];
    struct tni_command_view view;
    const char *text;
    size_t size;

    (void)state;
    assert_int_equal(tni_command_build_error(body, sizeof body, "400"), 10);
    view = parse(body, 10);
    assert_int_equal(view.kind, TNI_COMMAND_ERROR);
    assert_int_equal(tni_command_parse_error(&view, &text, &size), 0);
    assert_int_equal(size, 3);
    assert_memory_equal(text, "400", 3);
    view = parse(body, 9);
    assert_int_equal(tni_command_parse_error(&view, &text, &size), -EPROTO);
    view = parse(body, 6);
    assert_int_equal(tni_command_parse_error(&view, &text, &size), -EPROTO);

    memset(reason, 'r', sizeof reason);
    reason[299] = '\0';
    assert_int_equal(tni_command_build_error(body, sizeof body, reason), 6 + 1 + 255);
}

static void test_subscribe_bytes_match_rfc(void **state)
{
    uint8_t body[32];

    (void)state;
    assert_int_equal(tni_command_build(body, sizeof body, TNI_COMMAND_SUBSCRIBE, "ab", 2), 12);
    assert_memory_equal(body, "\x09SUBSCRIBEab", 12);
    assert_int_equal(tni_command_build(body, sizeof body, TNI_COMMAND_CANCEL, NULL, 0), 7);
    assert_memory_equal(body,
                        "\x06"
                        "CANCEL",
                        7);
    assert_int_equal(tni_command_build(body, 11, TNI_COMMAND_SUBSCRIBE, "ab", 2), -EMSGSIZE);
    assert_int_equal(tni_command_build(body, 12, TNI_COMMAND_SUBSCRIBE, "ab", 2), 12);
    assert_int_equal(tni_command_build(body, 0, TNI_COMMAND_READY, NULL, 0), -EMSGSIZE);
    assert_int_equal(tni_command_build(body, 32, TNI_COMMAND_READY, body, SIZE_MAX), -EMSGSIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_malformed_is_refused),
        cmocka_unit_test(test_parse_classifies_every_name),
        cmocka_unit_test(test_parse_other_names_are_unknown),
        cmocka_unit_test(test_ping_round_trip),
        cmocka_unit_test(test_ping_of_wrong_size_is_refused),
        cmocka_unit_test(test_pong_round_trip_and_limit),
        cmocka_unit_test(test_error_round_trip_and_truncation),
        cmocka_unit_test(test_subscribe_bytes_match_rfc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
