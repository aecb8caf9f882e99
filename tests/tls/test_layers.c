/* TLS over streams that give one byte at a time, refuse every third call, or die at every stage.
 * usage: tls_layers DIRECTORY-OF-FIXTURES */
#include "pair.h"

#include <stdlib.h>
#include <unistd.h>

#define SERVER(name) "tls.cert=@" name ".pem", "tls.key=@" name ".key"

static const char *fixtures;
static const struct side server = {
    {SERVER("server"), "tls.client_auth=required", "tls.ca=@ca.pem"}};
static const struct side client = {{"tls.ca=@ca.pem", SERVER("client")}};

static void manifest(const char *name, const char *stem)
{
    char file[64];
    FILE *out;

    snprintf(file, sizeof file, "50-%s.conf", name);
    out = fopen(certs_path(file), "w");
    assert_non_null(out);
    fprintf(out, "module = %s/%s.so\nprovides = transport:%s\n", fixtures, stem, name);
    fclose(out);
}

static tn_ctx_t *layered(void)
{
    tn_ctx_t *ctx = api_ctx();

    assert_ok(tn_ctx_set_str(ctx, "plugins_d", certs_directory()));
    return ctx;
}

static void talk_over(const char *scheme, const char *version)
{
    enum { SIZE = 30000 };
    tn_ctx_t *ctx = layered();
    tn_socket_t *one = api_socket(ctx, "pair"), *two = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX], *big = malloc(SIZE);
    tn_msg_t msg;

    print_message("    %s, TLS %s\n", scheme, version);
    assert_ok(tn_set_int(one, "fault.fragment", 1));
    assert_ok(tn_set_int(one, "fault.refuse", 333));
    assert_ok(tn_set_int(two, "fault.fragment", 1));
    assert_ok(tn_set_int(two, "fault.refuse", 333));
    assert_non_null(big);
    for (int i = 0; i < SIZE; i++)
        big[i] = (char)(i % 251);
    pair_set(one, &server);
    pair_set(two, &client);
    assert_ok(tn_set_str(one, "tls.max_version", version));
    assert_ok(tn_set_str(two, "tls.hostname", "localhost"));
    api_bind(one, scheme, endpoint);
    assert_ok(tn_connect(two, endpoint));
    api_send(two, "hello", 0);
    api_expect(one, "hello");
    assert_ok(tn_send(one, big, SIZE, 0));
    tn_msg_init(&msg);
    assert_int_equal(tn_msg_recv(two, &msg, 0), SIZE);
    assert_memory_equal(tn_msg_data(&msg), big, SIZE);
    tn_msg_close(&msg);
    /* What is queued at the close arrives over these streams, too. */
    assert_ok(tn_set_int(two, "linger", -1));
    assert_ok(tn_send(two, big, SIZE, 0));
    assert_ok(tn_close(two));
    tn_msg_init(&msg);
    assert_int_equal(tn_msg_recv(one, &msg, 0), SIZE);
    assert_memory_equal(tn_msg_data(&msg), big, SIZE);
    tn_msg_close(&msg);
    assert_ok(tn_close(one));
    api_ctx_end(ctx);
    free(big);
}

static void test_streams_of_any_kind_carry_it(void **state)
{
    static const char *const schemes[] = {
        "tls+fault+tcp://127.0.0.1:*", "tls+fault+ipc://*", "tls+safe+tcp://127.0.0.1:*",
        "tls+fault+tls+tcp://127.0.0.1:*", "safe+tls://127.0.0.1:*"};

    (void)state;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        talk_over(schemes[i], "1.2");
        talk_over(schemes[i], "1.3");
    }
}

/* What was on its way when a connection died is lost: it is sent again until it comes through. */
static void exchange(tn_socket_t *from, tn_socket_t *to)
{
    char text[16];
    ssize_t got = -EAGAIN;

    assert_ok(tn_set_int(to, "rcvtimeo", 20));
    for (int i = 0; i < 200 && got == -EAGAIN; i++) {
        int rc = tn_send(from, "hello", 5, TN_DONTWAIT);

        assert_true(rc == 0 || rc == -EAGAIN);
        got = tn_recv(to, text, sizeof text, 0);
    }
    assert_int_equal(got, 5);
}

/* One side's connections die, each a few bytes later than the one before: in the hello, between the
 * certificates, after the handshake, inside ZMTP's. The other side sees a peer that died, and in the end
 * one connection that lives. */
static void die_at_every_stage(const char *bind, const char *connect, const char *version)
{
    tn_ctx_t *ctx = layered();
    tn_socket_t *one = api_socket(ctx, "dealer"), *two = api_socket(ctx, "dealer");
    char endpoint[API_ENDPOINT_MAX], other[API_ENDPOINT_MAX];

    print_message("    %s and %s, TLS %s\n", bind, connect, version);
    pair_set(one, &server);
    pair_set(two, &client);
    assert_ok(tn_set_str(one, "tls.max_version", version));
    assert_ok(tn_set_int(two, "reconnect_ivl", 1));
    for (size_t i = 0; i < 2; i++) {
        assert_ok(tn_set_int(i ? one : two, "fault.cut", 0));
        assert_ok(tn_set_int(i ? one : two, "fault.cut_step", 61));
    }
    api_bind(one, bind, endpoint);
    snprintf(other, sizeof other, "%s%s", connect, strchr(endpoint, ':'));
    assert_ok(tn_connect(two, other));
    exchange(two, one);
    exchange(one, two);
    assert_ok(tn_close(two));
    assert_ok(tn_close(one));
    api_ctx_end(ctx);
}

static void test_peer_may_die_at_every_stage(void **state)
{
    (void)state;
    die_at_every_stage("tls+tcp://127.0.0.1:*", "tls+fault+tcp", "1.3");
    die_at_every_stage("tls+fault+tcp://127.0.0.1:*", "tls+tcp", "1.2");
}

static int set_up(void **state)
{
    (void)state;
    certs_begin();
    manifest("safe", "layer_safe");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    certs_end();
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_of_any_kind_carry_it),
        cmocka_unit_test(test_peer_may_die_at_every_stage),
    };

    if (argc != 2)
        return 2;
    fixtures = argv[1];
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
