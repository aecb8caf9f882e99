/* What happens over a connection's life: who the peer is, resuming, new certificates, large messages,
 * many connections, fragments, ends in good order and others. */
#include "pair.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TLS "tls://127.0.0.1:*"
#define SERVER(name) "tls.cert=@" name ".pem", "tls.key=@" name ".key"

enum { BIG = 10 * 1000 * 1000, MANY = 60 };

static const struct side plain_server = {{SERVER("server")}};
static const struct side plain_client = {{"tls.ca=@ca.pem"}};
static const struct side mutual_server = {
    {SERVER("server"), "tls.client_auth=required", "tls.ca=@ca.pem"}};
static const struct side mutual_client = {{"tls.ca=@ca.pem", SERVER("client")}};

static void test_peer_is_known_by_its_certificate(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin(&pair, TLS, &mutual_server, &mutual_client);
    pair_server_sees(&pair, "TLS-Subject", "CN=alice,O=Test");
    pair_server_sees(&pair, "TLS-SAN", "URI:spiffe://test/alice, email:a@b.test");
    pair_server_sees(&pair, "TLS-Fingerprint", certs_fingerprint("client"));
    pair_server_sees(&pair, "TLS-Key", certs_pin("client"));
    pair_server_sees(&pair, "User-Id", "alice");
    pair_client_sees(&pair, "TLS-Subject", "CN=server,O=Test");
    pair_client_sees(&pair, "TLS-SAN", "DNS:localhost, IP:127.0.0.1, IP:::1");
    pair_client_sees(&pair, "TLS-Fingerprint", certs_fingerprint("server"));
    pair_client_sees(&pair, "TLS-Cipher", "TLS_");
    pair_end(&pair);
}

static void test_unproved_names_are_not_told(void **state)
{
    const struct side trusting = {{"tls.verify=#0"}};
    char pin[80];
    const struct side pinned = {{pin}};
    struct pair pair;

    (void)state;
    pair_begin(&pair, TLS, &plain_server, &trusting);
    pair_client_sees(&pair, "TLS-Fingerprint", certs_fingerprint("server"));
    pair_client_sees(&pair, "TLS-Subject", NULL);
    pair_client_sees(&pair, "User-Id", NULL);
    pair_server_sees(&pair, "TLS-Fingerprint", NULL);
    pair_end(&pair);
    /* The key is proved, the name it gives itself is not. */
    snprintf(pin, sizeof pin, "tls.pin=%s", certs_pin("server"));
    pair_begin(&pair, TLS, &plain_server, &pinned);
    pair_client_sees(&pair, "User-Id", certs_pin("server"));
    pair_client_sees(&pair, "TLS-Subject", NULL);
    pair_end(&pair);
}

static void test_server_name_is_asked_for(void **state)
{
    const struct side named = {{"tls.ca=@ca.pem", "tls.hostname=localhost"}};
    struct pair pair;

    (void)state;
    pair_begin(&pair, TLS, &plain_server, &named);
    pair_server_sees(&pair, "TLS-Server-Name", "localhost");
    pair_end(&pair);
    pair_begin(&pair, TLS, &plain_server, &plain_client);
    pair_server_sees(&pair, "TLS-Server-Name", NULL);
    pair_end(&pair);
}

/* The same client, after a loss, at a server that has stayed. */
static void resume(const char *version, bool may_resume)
{
    char limit[32];
    struct side client = {{"tls.ca=@ca.pem", limit}};
    struct side server = {{SERVER("server"), may_resume ? "tls.resume=#1" : "tls.resume=#0"}};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *router = api_socket(ctx, "router"), *dealer = api_socket(ctx, "dealer");
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX], id[256];
    tn_event_t event;
    tn_msg_t msg;
    int resumed = 0;

    snprintf(limit, sizeof limit, "tls.max_version=%s", version);
    pair_set(router, &server);
    pair_set(dealer, &client);
    assert_ok(tn_set_blob(dealer, "routing_id", "me", 2));
    assert_ok(tn_set_int(dealer, "reconnect_ivl", 1));
    /* A message that is too long makes the server drop the connection. */
    assert_ok(tn_set_int(router, "maxmsgsize", 100));
    api_bind(router, TLS, endpoint);
    monitor = tn_monitor(dealer, TN_EVENT_DISCONNECTED | TN_EVENT_HANDSHAKE_SUCCEEDED);
    assert_ok(tn_connect(dealer, endpoint));
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
    for (int round = 0; round < 3; round++) {
        char large[200] = {0};

        api_send(dealer, "hello", 0);
        assert_ok(tn_recv(router, id, sizeof id, 0));
        tn_msg_init(&msg);
        assert_ok(tn_msg_recv(router, &msg, 0));
        assert_non_null(tn_msg_property(&msg, "TLS-Resumed"));
        resumed += strcmp(tn_msg_property(&msg, "TLS-Resumed"), "yes") == 0;
        tn_msg_close(&msg);
        api_send(router, "me", TN_MORE);
        api_send(router, "answer", 0);
        api_expect(dealer, "answer");
        assert_ok(tn_send(dealer, large, sizeof large, 0));
        api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
        api_expect_event(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED, &event);
    }
    assert_int_equal(resumed, may_resume ? 2 : 0);
    tn_monitor_close(monitor);
    assert_ok(tn_close(dealer));
    assert_ok(tn_close(router));
    api_ctx_end(ctx);
}

static void test_sessions_are_resumed(void **state)
{
    (void)state;
    resume("1.2", true);
    resume("1.3", true);
    resume("1.2", false);
    resume("1.3", false);
}

static void test_new_certificate_is_for_new_connections(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "rep"), *old = api_socket(ctx, "req"),
                *fresh = api_socket(ctx, "req");
    char endpoint[API_ENDPOINT_MAX], before[65];
    tn_msg_t msg;
    FILE *file;

    (void)state;
    snprintf(before, sizeof before, "%s", certs_fingerprint("server"));
    pair_set(server, &plain_server);
    pair_set(old, &plain_client);
    pair_set(fresh, &plain_client);
    api_bind(server, TLS, endpoint);
    assert_ok(tn_connect(old, endpoint));
    api_send(old, "one", 0);
    api_expect(server, "one");
    api_send(server, "1", 0);
    api_expect(old, "1");

    /* Broken files: the old certificate stays in use. */
    file = fopen(certs_path("server.pem"), "w");
    fputs("not a certificate", file);
    fclose(file);
    assert_ok(tn_connect(fresh, endpoint));
    api_send(fresh, "two", 0);
    api_expect(server, "two");
    api_send(server, "2", 0);
    tn_msg_init(&msg);
    assert_ok(tn_msg_recv(fresh, &msg, 0));
    assert_string_equal(tn_msg_property(&msg, "TLS-Fingerprint"), before);
    tn_msg_close(&msg);
    assert_ok(tn_close(fresh));

    certs_renew("server");
    fresh = api_socket(ctx, "req");
    pair_set(fresh, &plain_client);
    assert_ok(tn_connect(fresh, endpoint));
    api_send(fresh, "three", 0);
    api_expect(server, "three");
    api_send(server, "3", 0);
    tn_msg_init(&msg);
    assert_ok(tn_msg_recv(fresh, &msg, 0));
    assert_string_not_equal(certs_fingerprint("server"), before);
    assert_string_equal(tn_msg_property(&msg, "TLS-Fingerprint"), certs_fingerprint("server"));
    tn_msg_close(&msg);

    /* The old connection is still there. */
    api_send(old, "four", 0);
    api_expect(server, "four");
    api_send(server, "4", 0);
    tn_msg_init(&msg);
    assert_ok(tn_msg_recv(old, &msg, 0));
    assert_string_equal(tn_msg_property(&msg, "TLS-Fingerprint"), before);
    tn_msg_close(&msg);
    assert_ok(tn_close(old));
    assert_ok(tn_close(fresh));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_certificates_may_be_text(void **state)
{
    char *cert = certs_text("server.pem"), *key = certs_text("server.key"),
         *ca = certs_text("ca.pem");
    const struct side none = {{NULL}};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair"), *client = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX], value[4096];
    size_t size = sizeof value;

    (void)state;
    pair_set(server, &none);
    assert_ok(tn_set_str(server, "tls.cert_pem", cert));
    assert_ok(tn_set_str(server, "tls.key_pem", key));
    assert_ok(tn_set_str(client, "tls.ca_pem", ca));
    assert_true(tn_get_str(server, "tls.key_pem", value, &size) < 0);
    api_bind(server, TLS, endpoint);
    assert_ok(tn_connect(client, endpoint));
    api_send(client, "hello", 0);
    api_expect(server, "hello");
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
    free(cert);
    free(key);
    free(ca);
}

static void send_big(tn_socket_t *from, tn_socket_t *to, char *big)
{
    tn_msg_t msg;

    for (size_t i = 0; i < BIG; i++)
        big[i] = (char)(i * 2654435761u >> 13);
    assert_ok(tn_send(from, big, BIG, 0));
    tn_msg_init(&msg);
    assert_int_equal(tn_msg_recv(to, &msg, 0), BIG);
    assert_memory_equal(tn_msg_data(&msg), big, BIG);
    tn_msg_close(&msg);
}

static void test_large_messages_pass_both_ways(void **state)
{
    char *big = malloc(BIG);
    struct pair pair;

    (void)state;
    assert_non_null(big);
    pair_begin(&pair, TLS, &plain_server, &plain_client);
    send_big(pair.client, pair.server, big);
    send_big(pair.server, pair.client, big);
    pair_end(&pair);
    free(big);
}

/* Small messages share records, and none is lost or out of order when both sides write. */
static void test_many_small_messages_pass(void **state)
{
    enum { COUNT = 20000 };
    struct pair pair;
    char text[32], got[32];

    (void)state;
    pair_begin(&pair, TLS, &plain_server, &plain_client);
    assert_ok(tn_set_int(pair.client, "sndhwm", 0));
    for (int i = 0; i < COUNT; i++) {
        int size = snprintf(text, sizeof text, "message %d", i);

        assert_ok(tn_send(pair.client, text, (size_t)size, 0));
        if (i >= 500) {
            size = snprintf(text, sizeof text, "message %d", i - 500);
            assert_int_equal(tn_recv(pair.server, got, sizeof got, 0), size);
            assert_memory_equal(got, text, (size_t)size);
        }
    }
    for (int i = COUNT - 500; i < COUNT; i++) {
        int size = snprintf(text, sizeof text, "message %d", i);

        assert_int_equal(tn_recv(pair.server, got, sizeof got, 0), size);
        assert_memory_equal(got, text, (size_t)size);
    }
    pair_end(&pair);
}

/* What was queued when the socket was closed still arrives, all of it, also where the stream below
 * refuses for a while. */
static void test_close_sends_what_is_queued(void **state)
{
    char *big = calloc(1, BIG);
    struct pair pair;
    tn_msg_t msg;

    (void)state;
    assert_non_null(big);
    pair_begin(&pair, TLS, &plain_server, &plain_client);
    pair_talk(&pair);
    assert_ok(tn_set_int(pair.client, "linger", -1));
    assert_ok(tn_send(pair.client, big, BIG, 0));
    assert_ok(tn_send(pair.client, "last", 4, 0));
    assert_ok(tn_close(pair.client));
    tn_msg_init(&msg);
    assert_int_equal(tn_msg_recv(pair.server, &msg, 0), BIG);
    tn_msg_close(&msg);
    api_expect(pair.server, "last");
    pair.client = api_socket(pair.ctx, "pair");
    pair_end(&pair);
    free(big);
}

static void test_many_connections_stand_side_by_side(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pull"), *clients[MANY];
    char endpoint[API_ENDPOINT_MAX], buffer[16];

    (void)state;
    pair_set(server, &mutual_server);
    assert_ok(tn_set_int(server, "backlog", 100));
    api_bind(server, TLS, endpoint);
    for (int i = 0; i < MANY; i++) {
        clients[i] = api_socket(ctx, "push");
        pair_set(clients[i], &mutual_client);
        assert_ok(tn_connect(clients[i], endpoint));
    }
    for (int i = 0; i < MANY; i++)
        api_send(clients[i], "one", 0);
    for (int i = 0; i < MANY; i++)
        assert_ok(tn_recv(server, buffer, sizeof buffer, 0));
    for (int i = 0; i < MANY; i++)
        assert_ok(tn_close(clients[i]));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_silent_peer_is_given_up_by_one_deadline(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX];
    tn_monitor_t *monitor = tn_monitor(server, TN_EVENT_ALL);
    tn_event_t event;
    int fd;

    (void)state;
    pair_set(server, &plain_server);
    assert_ok(tn_set_int(server, "handshake_ivl", 50));
    api_bind(server, TLS, endpoint);
    memcpy(endpoint, "tcp", 3);
    fd = api_raw_connect(endpoint);
    api_raw_write(fd, "\x16\x03\x01\x02", 4);
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_int_equal(event.error, -ETIMEDOUT);
    assert_non_null(strstr(event.reason, "handshake_ivl"));
    api_raw_expect_close(fd);
    close(fd);
    tn_monitor_close(monitor);
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ a peer made by hand */

struct hand {
    SSL_CTX *context;
    SSL *ssl;
    int fd;
};

static void hand_begin(struct hand *hand, const char *endpoint)
{
    char plain[API_ENDPOINT_MAX];

    snprintf(plain, sizeof plain, "tcp%s", strchr(endpoint, ':'));
    hand->context = SSL_CTX_new(TLS_client_method());
    hand->ssl = SSL_new(hand->context);
    hand->fd = api_raw_connect(plain);
    assert_int_equal(SSL_set_fd(hand->ssl, hand->fd), 1);
    assert_int_equal(SSL_connect(hand->ssl), 1);
}

static void hand_end(struct hand *hand)
{
    SSL_free(hand->ssl);
    SSL_CTX_free(hand->context);
    close(hand->fd);
}

static void hand_reads(struct hand *hand, unsigned char *out, size_t size)
{
    while (size > 0) {
        int step = SSL_read(hand->ssl, out, (int)size);

        assert_true(step > 0);
        out += step;
        size -= (size_t)step;
    }
}

static void hand_greets(struct hand *hand)
{
    static const unsigned char greeting[64] = {0xff, 0,    0, 0, 0,   0,   0,   0,
                                               1,    0x7f, 3, 1, 'N', 'U', 'L', 'L'};
    static const unsigned char ready[] = "\x04\x1a\x05READY\x0bSocket-Type\0\0\0\4PAIR";
    unsigned char theirs[256];

    assert_int_equal(SSL_write(hand->ssl, greeting, 64), 64);
    assert_int_equal(SSL_write(hand->ssl, ready, sizeof ready - 1), sizeof ready - 1);
    hand_reads(hand, theirs, 64);
    assert_int_equal(theirs[0], 0xff);
    assert_string_equal((char *)theirs + 12, "NULL");
    hand_reads(hand, theirs, 2);
    assert_int_equal(theirs[0], 4);
    hand_reads(hand, theirs + 2, theirs[1]);
    assert_memory_equal(theirs + 3, "READY", 5);
}

static void lose(bool in_good_order, const char *words)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair");
    tn_monitor_t *monitor = tn_monitor(server, TN_EVENT_ALL);
    char endpoint[API_ENDPOINT_MAX];
    struct hand hand;
    tn_event_t event;

    pair_set(server, &plain_server);
    api_bind(server, TLS, endpoint);
    hand_begin(&hand, endpoint);
    hand_greets(&hand);
    assert_int_equal(SSL_write(hand.ssl, "\0\5hello", 7), 7);
    api_expect(server, "hello");
    if (in_good_order)
        SSL_shutdown(hand.ssl);
    shutdown(hand.fd, SHUT_WR);
    api_expect_event(monitor, TN_EVENT_DISCONNECTED, &event);
    if (!strstr(event.reason, words))
        print_error("%s\n", event.reason);
    assert_non_null(strstr(event.reason, words));
    hand_end(&hand);
    tn_monitor_close(monitor);
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_end_in_good_order_and_a_cut_differ(void **state)
{
    (void)state;
    lose(true, "the peer closed the connection");
    lose(false, "without the peer's close_notify");
}

static void test_close_says_goodbye(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX], byte;
    struct hand hand;
    int got;

    (void)state;
    pair_set(server, &plain_server);
    api_bind(server, TLS, endpoint);
    hand_begin(&hand, endpoint);
    hand_greets(&hand);
    assert_int_equal(SSL_write(hand.ssl, "\0\5hello", 7), 7);
    api_expect(server, "hello");
    assert_ok(tn_close(server));
    while ((got = SSL_read(hand.ssl, &byte, 1)) > 0)
        ;
    assert_int_equal(SSL_get_error(hand.ssl, got), SSL_ERROR_ZERO_RETURN);
    hand_end(&hand);
    api_ctx_end(ctx);
}

static void test_renegotiation_is_refused(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX];
    struct hand hand;

    (void)state;
    pair_set(server, &plain_server);
    assert_ok(tn_set_str(server, "tls.max_version", "1.2"));
    api_bind(server, TLS, endpoint);
    hand_begin(&hand, endpoint);
    hand_greets(&hand);
    assert_int_equal(SSL_renegotiate(hand.ssl), 1);
    assert_true(SSL_do_handshake(hand.ssl) <= 0);
    assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), SSL_R_NO_RENEGOTIATION);
    ERR_clear_error();
    hand_end(&hand);
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

/* A peer that asks for new keys without end, and does not read the answers, costs no memory. */
static void test_key_updates_are_bounded(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair");
    char endpoint[API_ENDPOINT_MAX];
    struct hand hand;

    (void)state;
    pair_set(server, &plain_server);
    api_bind(server, TLS, endpoint);
    hand_begin(&hand, endpoint);
    hand_greets(&hand);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(SSL_key_update(hand.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_write(hand.ssl, "\0\5hello", 7), 7);
    }
    for (int i = 0; i < 20; i++)
        api_expect(server, "hello");
    hand_end(&hand);
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ the program's own OpenSSL */

static void test_error_queue_and_errno_stay_the_programs(void **state)
{
    struct pair pair;

    (void)state;
    pair_begin(&pair, TLS, &plain_server, &plain_client);
    pair_talk(&pair);
    ERR_raise(ERR_LIB_USER, 7);
    ERR_raise(ERR_LIB_USER, 8);
    errno = 4711;
    pair_talk(&pair);
    pair_end(&pair);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), 8);
    assert_int_equal(ERR_get_error(), 0);
    pair_begin(&pair, TLS, &plain_server, &(struct side){{"tls.ca=@other.pem"}});
    pair_fails(pair.at_client, "unable to get local issuer");
    pair_end(&pair);
    assert_int_equal(ERR_get_error(), 0);
}

static int set_up(void **state)
{
    (void)state;
    certs_begin();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    certs_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_is_known_by_its_certificate),
        cmocka_unit_test(test_unproved_names_are_not_told),
        cmocka_unit_test(test_server_name_is_asked_for),
        cmocka_unit_test(test_sessions_are_resumed),
        cmocka_unit_test(test_new_certificate_is_for_new_connections),
        cmocka_unit_test(test_certificates_may_be_text),
        cmocka_unit_test(test_large_messages_pass_both_ways),
        cmocka_unit_test(test_many_small_messages_pass),
        cmocka_unit_test(test_close_sends_what_is_queued),
        cmocka_unit_test(test_many_connections_stand_side_by_side),
        cmocka_unit_test(test_silent_peer_is_given_up_by_one_deadline),
        cmocka_unit_test(test_end_in_good_order_and_a_cut_differ),
        cmocka_unit_test(test_close_says_goodbye),
        cmocka_unit_test(test_renegotiation_is_refused),
        cmocka_unit_test(test_key_updates_are_bounded),
        cmocka_unit_test(test_error_queue_and_errno_stay_the_programs),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
