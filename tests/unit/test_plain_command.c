/* PLAIN's ERROR: the form that libzmq's clients know, and RFC 24's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mechanisms/plain/command.h"

static void test_error_is_written_as_libzmq_reads_it(void **state)
{
    uint8_t out[9];

    (void)state;
    assert_int_equal(plain_build_error(out, sizeof out, 400), 9);
    assert_memory_equal(out, "^RROR\003400", 9);
    assert_int_equal(plain_build_error(out, sizeof out, 0), 9);
    assert_memory_equal(out, "^RROR\003500", 9);
    assert_true(plain_build_error(out, sizeof out - 1, 400) < 0);
}

static void test_error_is_read_in_both_forms(void **state)
{
    static const char *const forms[] = {"^RROR\003400", "\5ERROR\003400"};
    struct plain_text reason;
    struct plain_view view;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(plain_parse((const uint8_t *)forms[i], 9 + i, &view), 0);
        assert_int_equal(view.command, PLAIN_ERROR);
        assert_int_equal(plain_parse_error(&view, &reason), 0);
        assert_int_equal(plain_status(&reason), 400);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_is_written_as_libzmq_reads_it),
        cmocka_unit_test(test_error_is_read_in_both_forms),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
