/* What is left of CURVE's keys in the memory of the process, also of those made for one connection. */
#include "security.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

enum { KEY = crypto_box_SECRETKEYBYTES, NOTED_MAX = 8 };

/* ------------------------------------------------------------------ random numbers that are known */

static struct hidden noted[NOTED_MAX];
static int noted_count;

static const char *noting_name(void)
{
    return "random numbers of which the test takes note";
}

static void noting_buf(void *out, size_t size)
{
    assert_int_equal(getrandom(out, size, 0), size);
    if (size == KEY && noted_count < NOTED_MAX)
        hide(&noted[noted_count++], "a short-term key", out, size);
}

static uint32_t noting_random(void)
{
    uint32_t number;

    noting_buf(&number, sizeof number);
    return number;
}

static randombytes_implementation noting = {
    .implementation_name = noting_name, .random = noting_random, .buf = noting_buf};

/* ------------------------------------------------------------------ what a child computes */

/* Of a key, or of a pair of keys: nothing of it stays in this process. */
static void compute(const struct hidden *ours, const struct hidden *theirs, uint8_t out[KEY])
{
    int ends[2], status = -1;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        uint8_t secret[KEY + 1], other[KEY + 1], public[KEY], result[KEY];
        reveal(theirs, other);
        crypto_scalarmult_base(public, other);
        if (ours) {
            reveal(ours, secret);
            if (crypto_box_beforenm(result, public, secret) != 0)
                _exit(1);
            for (size_t i = 0; i < KEY; i++)
                result[i] ^= 0xff; /* not in the pipe as it is */
        }
        _exit(write(ends[1], ours ? result : public, KEY) != KEY);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], out, KEY), KEY);
    close(ends[0]);
    close(ends[1]);
}

/* The key that two short-term keys give. */
static void hide_shared(struct hidden *out, const struct hidden *ours, const struct hidden *theirs)
{
    uint8_t bytes[KEY];

    compute(ours, theirs, bytes);
    hide(out, "a connection's key", bytes, KEY);
    for (size_t i = 0; i < KEY; i++)
        out->bytes[i] ^= 0xff;
}

/* ------------------------------------------------------------------ the test */

static void exchange(const char *scheme, const struct hidden *server_secret,
                     const struct hidden *client_secret, const uint8_t server_public[KEY])
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "dealer"), *client = api_socket(ctx, "dealer");

    assert_ok(tn_set_str(server, "authenticator", "none"));
    assert_ok(tn_set_str(server, "mechanism", "curve"));
    assert_ok(tn_set_int(server, "curve.server", 1));
    security_set_secret(server, "curve.secretkey", server_secret);
    assert_ok(tn_set_str(client, "mechanism", "curve"));
    security_set_secret_bytes(client, "curve.secretkey", client_secret);
    assert_ok(tn_set_blob(client, "curve.serverkey", server_public, KEY));
    api_join(server, client, scheme);
    for (int i = 0; i < 3; i++) {
        api_send(client, "hello", 0);
        api_expect(server, "hello");
        api_send(server, "world", 0);
        api_expect(client, "world");
    }
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_nothing_is_left_of_keys(const char *scheme)
{
    struct hidden server_key, server_text, client_key, client_text, shared;
    uint8_t server_public[KEY];

    hide_key(&server_key, &server_text);
    hide_key(&client_key, &client_text);
    compute(NULL, &server_key, server_public);
    noted_count = 0;
    exchange(scheme, &server_text, &client_key, server_public);
    expect_no_leftovers(&server_key);
    expect_no_leftovers(&server_text);
    expect_no_leftovers(&client_key);
    assert_true(noted_count >= 2); /* one of each side, and the server's for cookies */
    for (int i = 0; i < noted_count; i++) {
        expect_no_leftovers(&noted[i]);
        for (int j = 0; j < i; j++) {
            hide_shared(&shared, &noted[i], &noted[j]);
            expect_no_leftovers(&shared);
        }
    }
}

static void test_nothing_is_left_of_keys_over_tcp(void **state)
{
    (void)state;
    test_nothing_is_left_of_keys(API_TCP);
}

static void test_nothing_is_left_of_keys_over_ipc(void **state)
{
    (void)state;
    test_nothing_is_left_of_keys(API_IPC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left_of_keys_over_tcp),
        cmocka_unit_test(test_nothing_is_left_of_keys_over_ipc),
    };

    if (randombytes_set_implementation(&noting) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
