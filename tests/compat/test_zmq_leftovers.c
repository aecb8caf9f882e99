/* What the drop-in leaves of a password and of CURVE's keys in memory; libzmq leaves what it likes. */
#include "compat.h"

#include "../api/leftovers.h"

static struct hidden password, key, key_text;

static void set_secret(void *socket, int option, const struct hidden *hidden)
{
    char secret[HIDDEN_MAX + 1], back[256];
    size_t size = hidden->size == 32 ? 32 : hidden->size + 1;

    reveal(hidden, secret);
    assert_int_equal(zmq_setsockopt(socket, option, secret, hidden->size), 0);
    assert_int_equal(zmq_getsockopt(socket, option, back, &size), 0);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(back, sizeof back);
}

static void set_int(void *socket, int option, int value)
{
    assert_int_equal(zmq_setsockopt(socket, option, &value, sizeof value), 0);
}

static void *open_socket(void *ctx, int type)
{
    void *socket = zmq_socket(ctx, type);

    assert_non_null(socket);
    set_int(socket, ZMQ_LINGER, 0);
    set_int(socket, ZMQ_RCVTIMEO, 20000);
    return socket;
}

static void exchange(void *server, void *client)
{
    char endpoint[256], buffer[8];
    size_t size = sizeof endpoint;

    assert_int_equal(zmq_bind(server, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(server, ZMQ_LAST_ENDPOINT, endpoint, &size), 0);
    assert_int_equal(zmq_connect(client, endpoint), 0);
    assert_int_equal(zmq_send(client, "hello", 5, 0), 5);
    assert_int_equal(zmq_recv(server, buffer, sizeof buffer, 0), 5);
    zmq_close(client);
    zmq_close(server);
}

static void test_nothing_is_left_of_keys(void **state)
{
    char public[41] = "", secret[41] = "";
    void *ctx, *server, *client;

    (void)state;
    SKIP_ON_ORACLE();
    if (!zmq_has("curve"))
        skip();
    ctx = zmq_ctx_new();
    server = open_socket(ctx, ZMQ_DEALER);
    client = open_socket(ctx, ZMQ_DEALER);
    hide_key(&key, &key_text);
    reveal(&key_text, secret);
    assert_int_equal(zmq_curve_public(public, secret), 0);
    explicit_bzero(secret, sizeof secret);
    set_int(server, ZMQ_CURVE_SERVER, 1);
    set_secret(server, ZMQ_CURVE_SECRETKEY, &key_text);
    set_secret(client, ZMQ_CURVE_SECRETKEY, &key);
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_PUBLICKEY, public, 40), 0);
    assert_int_equal(zmq_setsockopt(client, ZMQ_CURVE_SERVERKEY, public, 40), 0);
    exchange(server, client);
    zmq_ctx_term(ctx);
    expect_no_leftovers(&key);
    expect_no_leftovers(&key_text);
}

static void test_nothing_is_left_of_an_unused_password(void **state)
{
    void *ctx = zmq_ctx_new(), *client = open_socket(ctx, ZMQ_DEALER);

    (void)state;
    hide_text(&password, "the password", 40);
    if (is_drop_in()) {
        assert_int_equal(zmq_setsockopt(client, ZMQ_PLAIN_USERNAME, "admin", 5), 0);
        set_secret(client, ZMQ_PLAIN_PASSWORD, &password);
    }
    zmq_close(client);
    zmq_ctx_term(ctx);
    expect_no_leftovers(&password);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_left_of_keys),
        cmocka_unit_test(test_nothing_is_left_of_an_unused_password),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
