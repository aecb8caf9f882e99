/* The SOCKS5 client, by byte scripts of proxies. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transports/tcp/socks.h"

static struct tni_socks started(const char *host, const char *user, const char *password)
{
    struct tni_socks socks;

    assert_int_equal(tni_socks_start(&socks, host, 0x1234, user, password), 0);
    return socks;
}

static void expect_said(const struct tni_socks *socks, const void *bytes, size_t size)
{
    assert_int_equal(socks->out_size, size);
    assert_memory_equal(socks->out, bytes, size);
}

/* Byte by byte, as many as are wanted. */
static int answer(struct tni_socks *socks, const void *bytes, size_t size)
{
    int code = 0;

    for (size_t i = 0; i < size && code == 0; i++) {
        assert_int_not_equal(tni_socks_wants(socks), 0);
        code = tni_socks_take(socks, (const uint8_t *)bytes + i, 1);
    }
    return code;
}

static void expect_done(struct tni_socks *socks)
{
    assert_int_equal(socks->state, TNI_SOCKS_DONE);
    assert_int_equal(tni_socks_wants(socks), 0);
}

static void test_name_is_left_to_the_proxy(void **state)
{
    struct tni_socks socks = started("name.example", NULL, NULL);

    (void)state;
    expect_said(&socks, "\5\1\0", 3);
    assert_int_equal(answer(&socks, "\5\0", 2), 0);
    expect_said(&socks, "\5\1\0\3\14name.example\x12\x34", 19);
    assert_int_equal(answer(&socks, "\5\0\0\1\1\2\3\4\0\7", 10), 0);
    expect_done(&socks);
}

static void test_numbers_are_sent_as_numbers(void **state)
{
    struct tni_socks socks = started("1.2.3.4", NULL, NULL);

    (void)state;
    assert_int_equal(answer(&socks, "\5\0", 2), 0);
    expect_said(&socks, "\5\1\0\1\1\2\3\4\x12\x34", 10);
    socks = started("::1%eth0", NULL, NULL);
    assert_int_equal(answer(&socks, "\5\0", 2), 0);
    expect_said(&socks, "\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\x12\x34", 22);
}

static void test_every_kind_of_bound_address_is_read_to_its_end(void **state)
{
    static const char *const replies[] = {"\5\0\0\1\1\2\3\4\0\7", "\5\0\0\3\3abc\0\7",
                                          "\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\7",
                                          "\5\0\0\3\0\0\7"};
    static const size_t sizes[] = {10, 10, 22, 7};

    (void)state;
    for (int i = 0; i < 4; i++) {
        struct tni_socks socks = started("host", NULL, NULL);

        assert_int_equal(answer(&socks, "\5\0", 2), 0);
        assert_int_equal(answer(&socks, replies[i], sizes[i]), 0);
        expect_done(&socks);
    }
}

static void test_user_and_password_are_sent(void **state)
{
    struct tni_socks socks = started("host", "me", "secret");

    (void)state;
    expect_said(&socks, "\5\1\2", 3);
    assert_int_equal(answer(&socks, "\5\2", 2), 0);
    expect_said(&socks, "\1\2me\6secret", 11);
    assert_int_equal(answer(&socks, "\1\0", 2), 0);
    expect_said(&socks, "\5\1\0\3\4host\x12\x34", 11);
}

static void test_longest_texts_fit(void **state)
{
    char longest[TNI_SOCKS_TEXT_MAX + 2];
    struct tni_socks socks;

    (void)state;
    memset(longest, 'x', sizeof longest);
    longest[TNI_SOCKS_TEXT_MAX + 1] = '\0';
    assert_int_equal(tni_socks_start(&socks, longest, 1, NULL, NULL), -EINVAL);
    assert_int_equal(tni_socks_start(&socks, "h", 1, longest, NULL), -EINVAL);
    assert_int_equal(tni_socks_start(&socks, "h", 1, "u", longest), -EINVAL);
    assert_int_equal(tni_socks_start(&socks, "", 1, NULL, NULL), -EINVAL);
    longest[TNI_SOCKS_TEXT_MAX] = '\0';
    socks = started(longest, longest, longest);
    assert_int_equal(answer(&socks, "\5\2", 2), 0);
    assert_int_equal(socks.out_size, TNI_SOCKS_OUT_MAX);
    assert_int_equal(answer(&socks, "\1\0", 2), 0);
    assert_int_equal(socks.out_size, 4 + 1 + 255 + 2);
}

static void test_an_empty_user_is_none(void **state)
{
    struct tni_socks socks = started("host", "", "ignored");

    (void)state;
    expect_said(&socks, "\5\1\0", 3);
}

static void expect_failure(const char *user, const void *bytes, size_t size, int code)
{
    struct tni_socks socks = started("host", user, "p");

    assert_int_equal(answer(&socks, bytes, size), code);
    assert_int_equal(socks.state, TNI_SOCKS_FAILED);
    assert_int_equal(tni_socks_wants(&socks), 0);
    assert_true(socks.reason[0] != '\0');
}

static void test_refusals_have_codes(void **state)
{
    static const int codes[] = {-ECONNABORTED, -EACCES,       -ENETUNREACH,
                                -EHOSTUNREACH, -ECONNREFUSED, -ETIMEDOUT,
                                -EOPNOTSUPP,   -EAFNOSUPPORT, -ECONNABORTED};

    (void)state;
    for (int i = 0; i < 9; i++) {
        char bytes[] = {5, 0, 5, (char)(i + 1), 0, 1, 0};
        expect_failure(NULL, bytes, sizeof bytes, codes[i]);
    }
    expect_failure(NULL, "\5\xff", 2, -ECONNREFUSED);
    expect_failure("u", "\5\xff", 2, -ECONNREFUSED);
    expect_failure("u", "\5\2\1\1", 4, -EACCES);
}

static void test_nonsense_is_refused(void **state)
{
    (void)state;
    expect_failure(NULL, "\4\0", 2, -ECONNABORTED);
    expect_failure(NULL, "HT", 2, -ECONNABORTED);
    expect_failure(NULL, "\5\2", 2, -ECONNABORTED);
    expect_failure("u", "\5\0", 2, -ECONNABORTED);
    expect_failure("u", "\5\2\5\0", 4, -ECONNABORTED);
    expect_failure(NULL, "\5\0\4\0\0\1\0", 7, -ECONNABORTED);
    expect_failure(NULL, "\5\0\5\0\0\2\0", 7, -ECONNABORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_is_left_to_the_proxy),
        cmocka_unit_test(test_numbers_are_sent_as_numbers),
        cmocka_unit_test(test_every_kind_of_bound_address_is_read_to_its_end),
        cmocka_unit_test(test_user_and_password_are_sent),
        cmocka_unit_test(test_longest_texts_fit),
        cmocka_unit_test(test_an_empty_user_is_none),
        cmocka_unit_test(test_refusals_have_codes),
        cmocka_unit_test(test_nonsense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
