/* What is left of a password in the memory of the process once its sockets and contexts are gone: nothing. */
#include "security.h"

#include <stdlib.h>

static struct hidden password;

/* The control: a copy in freed memory is found, wherever it lies, and half of one. */
static void test_copy_that_was_left_is_found(void **state)
{
    char *copy = malloc(2 * HIDDEN_MAX);

    (void)state;
    assert_non_null(copy);
    expect_no_leftovers(&password);
    fprintf(stderr, "the control begins: what it plants is found\n");
    for (size_t at = 0; at < 8; at++) {
        reveal(&password, copy + at);
        assert_int_equal(leftovers(&password), 2);
        explicit_bzero(copy, 2 * HIDDEN_MAX);
    }
    reveal(&password, copy);
    copy[0] ^= 1;
    assert_int_equal(leftovers(&password), 1);
    fprintf(stderr, "the control ends\n");
    explicit_bzero(copy, 2 * HIDDEN_MAX);
    free(copy);
    expect_no_leftovers(&password);
}

static void let_in(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    const tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_OK, .user_id = "somebody"};

    (void)info;
    (void)arg;
    tn_answer(question, &answer);
}

/* ------------------------------------------------------------------ peers that get in, or do not */

struct sides {
    tn_ctx_t *ctx;
    tn_socket_t *server, *client;
};

static void begin(struct sides *sides)
{
    sides->ctx = api_ctx();
    sides->server = api_socket(sides->ctx, "dealer");
    sides->client = api_socket(sides->ctx, "dealer");
    security_server(sides->server, SECURE_PLAIN);
    security_client(sides->client, SECURE_PLAIN);
    security_set_secret(sides->client, "plain.password", &password);
}

static void end(struct sides *sides)
{
    assert_ok(tn_close(sides->client));
    assert_ok(tn_close(sides->server));
    api_ctx_end(sides->ctx);
}

static void exchange(const char *scheme)
{
    struct sides sides;

    begin(&sides);
    assert_ok(tn_set_authenticator(sides.server, let_in, NULL));
    api_join(sides.server, sides.client, scheme);
    api_send(sides.client, "hello", 0);
    api_expect(sides.server, "hello");
    end(&sides);
}

static void test_nothing_is_left_of_a_password(void **state)
{
    (void)state;
    exchange(API_TCP);
    expect_no_leftovers(&password);
    exchange(API_IPC);
    expect_no_leftovers(&password);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_that_was_left_is_found),
        cmocka_unit_test(test_nothing_is_left_of_a_password),
    };

    hide_text(&password, "the password", 40);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
