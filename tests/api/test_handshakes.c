/*
 * Handshakes that go wrong, mechanism by mechanism and in both roles of either: keys that do not fit, and
 * commands that are not due. Nothing is delivered either way. And those of ZMTP 3.0, which go right.
 */
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "relay.h"
#include "security.h"

enum { GREETING = 64, SEEN = 16 * 1024 };

static const char word[] = "forbidden";

static void let_in(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    const tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_OK};

    (void)info;
    (void)arg;
    tn_answer(question, &answer);
}

static void let_admin_in(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_DENIED};

    (void)arg;
    if (info->credential_count == 2 && strcmp(info->credentials[0].data, "admin") == 0 &&
        strcmp(info->credentials[1].data, "secret") == 0)
        answer.status = TN_AUTH_OK;
    tn_answer(question, &answer);
}

/* ------------------------------------------------------------------ credentials that do not fit */

static const char other_key[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";
static const char zeros[32];
static char long_name[256];

/* `is_server`: whose option is wrong. `value`: of the event at the mechanism's server, or 0 if only the
 * client finds it out. */
static const struct {
    enum security_kind kind;
    bool is_server;
    const char *option, *value;
    size_t size; /* 0: it is text */
    int fault;
} misfits[] = {
    {SECURE_PLAIN, false, "plain.password", "Secret", 0, TN_AUTH_DENIED},
    {SECURE_PLAIN, false, "plain.password", "secre", 0, TN_AUTH_DENIED},
    {SECURE_PLAIN, false, "plain.password", "", 0, TN_AUTH_DENIED},
    {SECURE_PLAIN, false, "plain.username", "root", 0, TN_AUTH_DENIED},
    {SECURE_PLAIN, false, "plain.username", "", 0, TN_AUTH_DENIED},
    {SECURE_PLAIN, false, "plain.username", long_name, 0, TN_AUTH_DENIED},
    {SECURE_CURVE, false, "curve.serverkey", other_key, 0, TN_FAULT_CRYPTOGRAPHIC},
    {SECURE_CURVE, false, "curve.serverkey", security_client_public, 0, TN_FAULT_CRYPTOGRAPHIC},
    {SECURE_CURVE, false, "curve.publickey", other_key, 0, TN_FAULT_CRYPTOGRAPHIC},
    {SECURE_CURVE, false, "curve.publickey", zeros, sizeof zeros, TN_FAULT_CRYPTOGRAPHIC},
    {SECURE_CURVE, false, "curve.publickey", security_server_public, 0, TN_FAULT_CRYPTOGRAPHIC},
    {SECURE_CURVE, false, "curve.secretkey", security_server_secret, 0, TN_FAULT_CRYPTOGRAPHIC},
    {SECURE_CURVE, true, "curve.secretkey", security_client_secret, 0, TN_FAULT_CRYPTOGRAPHIC},
    {SECURE_CURVE, false, "curve.serverkey", zeros, sizeof zeros, 0},
};

static void check_strangers(tn_socket_t *server, tn_socket_t *client)
{
    tn_stats_t stats;

    tn_send(server, word, strlen(word), TN_DONTWAIT);
    assert_ok(tn_stats(server, &stats));
    assert_int_equal(stats.connections_made, 0);
    assert_ok(tn_stats(client, &stats));
    assert_int_equal(stats.connections_made, 0);
    api_expect_nothing(server);
    api_expect_nothing(client);
}

static void check_misfit(size_t row, const char *wildcard, bool server_binds)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "pair"), *client = api_socket(ctx, "pair");
    tn_socket_t *wrong = misfits[row].is_server ? server : client;
    tn_monitor_t *monitor;
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    print_message("%s %s, over %s, the server %s\n", misfits[row].option,
                  misfits[row].size ? "of zeros" : misfits[row].value, wildcard,
                  server_binds ? "binds" : "connects");
    security_server(server, misfits[row].kind);
    security_client(client, misfits[row].kind);
    assert_ok(tn_set_authenticator(
        server, misfits[row].kind == SECURE_PLAIN ? let_admin_in : let_in, NULL));
    if (misfits[row].size)
        assert_ok(tn_set_blob(wrong, misfits[row].option, misfits[row].value, misfits[row].size));
    else
        assert_ok(tn_set_str(wrong, misfits[row].option, misfits[row].value));
    monitor = tn_monitor(misfits[row].fault ? server : client, TN_EVENT_HANDSHAKE_FAILED);
    api_bind(server_binds ? server : client, wildcard, endpoint);
    assert_ok(tn_connect(server_binds ? client : server, endpoint));
    tn_send(client, word, strlen(word), TN_DONTWAIT);
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_int_equal(event.value, misfits[row].fault);
    assert_true(event.reason[0]);
    check_strangers(server, client);
    tn_monitor_close(monitor);
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_wrong_credentials_are_refused(void **state)
{
    (void)state;
    memset(long_name, 'x', sizeof long_name - 1);
    for (size_t row = 0; row < sizeof misfits / sizeof misfits[0]; row++) {
        for (int form = 0; form < 4 && security_has(misfits[row].kind); form++)
            check_misfit(row, form & 1 ? API_TCP : API_IPC, form & 2);
    }
}

/* Two servers, and two clients, of one mechanism have nothing to say to each other. */
static void check_equals(enum security_kind kind, bool are_servers)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = api_socket(ctx, "pair"), *other = api_socket(ctx, "pair");
    tn_monitor_t *monitor = tn_monitor(one, TN_EVENT_HANDSHAKE_FAILED);
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;

    for (int i = 0; i < 2; i++) {
        tn_socket_t *socket = i ? other : one;
        if (are_servers)
            security_server(socket, kind);
        else
            security_client(socket, kind);
        assert_ok(tn_set_authenticator(socket, let_in, NULL));
        assert_ok(tn_set_int(socket, "handshake_ivl", 300));
    }
    api_bind(one, API_TCP, endpoint);
    assert_ok(tn_connect(other, endpoint));
    tn_send(other, word, strlen(word), TN_DONTWAIT);
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    check_strangers(one, other);
    tn_monitor_close(monitor);
    assert_ok(tn_close(one));
    assert_ok(tn_close(other));
    api_ctx_end(ctx);
}

static void test_equal_roles_do_not_talk(void **state)
{
    (void)state;
    for (int kind = SECURE_PLAIN; kind < security_kinds(); kind++) {
        check_equals((enum security_kind)kind, true);
        check_equals((enum security_kind)kind, false);
    }
}

/* ------------------------------------------------------------------ commands that are not due */

#define BYTES(text) (text), sizeof(text) - 1
#define READY_PAIR "\5READY\13Socket-Type\0\0\0\4PAIR"

enum { TO_SERVER = 1, TO_CLIENT = 2, TO_BOTH = 3 };

/* Frames in place of the first command; `to`: the roles of the mechanism, bit by bit, that it is wrong to. */
static const struct {
    const char *what, *bytes;
    size_t size;
    unsigned to[SECURE_KINDS];
} intrusions[] = {
    {"a message", BYTES("\0\3not"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"a part of a message", BYTES("\1\3not\0\3not"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"a long message", BYTES("\2\0\0\0\0\0\0\0\3not"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"READY of NULL", BYTES("\4\32" READY_PAIR), {0, TO_BOTH, TO_BOTH}},
    {"READY and a message", BYTES("\4\32" READY_PAIR "\0\3not"), {0, TO_BOTH, TO_BOTH}},
    {"READY twice", BYTES("\4\32" READY_PAIR "\4\32" READY_PAIR), {0, TO_BOTH, TO_BOTH}},
    {"READY, empty", BYTES("\4\6\5READY"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"WELCOME of PLAIN", BYTES("\4\10\7WELCOME"), {TO_BOTH, TO_SERVER, TO_BOTH}},
    {"WELCOME twice", BYTES("\4\10\7WELCOME\4\10\7WELCOME"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"HELLO of PLAIN", BYTES("\4\12\5HELLO\1u\1p"), {TO_BOTH, TO_CLIENT, TO_BOTH}},
    {"HELLO of PLAIN, cut", BYTES("\4\11\5HELLO\1u\1"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"HELLO of PLAIN, too long", BYTES("\4\13\5HELLO\1u\1px"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"INITIATE first",
     BYTES("\4\35\10INITIATE\13Socket-Type\0\0\0\4PAIR"),
     {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"ERROR", BYTES("\4\12\5ERROR\003400"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"ERROR, cut", BYTES("\4\12\5ERROR\377400"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"MESSAGE",
     BYTES("\4\54\7MESSAGE\0\0\0\0\0\0\0\1                xxxxxxxxxxxx"),
     {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"SUBSCRIBE", BYTES("\4\12\11SUBSCRIBE"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"PING", BYTES("\4\7\4PING\0\0"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"a command without a name", BYTES("\4\0"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"a command that ends in its name", BYTES("\4\3\5RE"), {TO_BOTH, TO_BOTH, TO_BOTH}},
    {"a reserved flag", BYTES("\14\6\5READY"), {TO_BOTH, TO_BOTH, TO_BOTH}},
};

/* Everything that comes until the peer closes: nothing of it is ours to know. */
static void expect_close_without(int fd, const char *text)
{
    static char seen[SEEN];
    size_t size = 0;
    ssize_t got;

    while ((got = recv(fd, seen + size, sizeof seen - size, 0)) > 0)
        size += (size_t)got;
    assert_true(got == 0 || errno == ECONNRESET);
    assert_null(memmem(seen, size, text, strlen(text)));
}

static void greet(int fd, enum security_kind kind, bool as_server)
{
    uint8_t greeting[GREETING] = {0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 1};

    memcpy(greeting + 12, security_names[kind], strlen(security_names[kind]));
    greeting[32] = as_server && kind != SECURE_NULL;
    api_raw_write(fd, greeting, sizeof greeting);
}

static void intrude(size_t row, enum security_kind kind, bool is_server, bool we_bind)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *ours = api_socket(ctx, "pair");
    tn_monitor_t *monitor =
        tn_monitor(ours, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_HANDSHAKE_SUCCEEDED);
    char endpoint[API_ENDPOINT_MAX];
    int listener = -1, fd;
    tn_event_t event;

    print_message("%s to a %s of %s that %s\n", intrusions[row].what,
                  is_server ? "server" : "client", security_names[kind],
                  we_bind ? "binds" : "connects");
    if (is_server)
        security_server(ours, kind);
    else
        security_client(ours, kind);
    assert_ok(tn_set_authenticator(ours, let_in, NULL));
    assert_ok(tn_set_int(ours, "reconnect_ivl", -1));
    if (we_bind) {
        api_bind(ours, API_TCP, endpoint);
        fd = api_raw_connect(endpoint);
    } else {
        listener = api_raw_listen(endpoint);
        assert_ok(tn_connect(ours, endpoint));
        tn_send(ours, word, strlen(word), TN_DONTWAIT);
        fd = accept(listener, NULL, NULL);
    }
    greet(fd, kind, !is_server);
    api_raw_write(fd, intrusions[row].bytes, intrusions[row].size);
    expect_close_without(fd, word);
    assert_ok(tn_monitor_recv(monitor, &event, API_TIMEOUT_MS));
    assert_int_equal(event.kind, TN_EVENT_HANDSHAKE_FAILED);
    api_expect_nothing(ours);
    close(fd);
    if (listener >= 0)
        close(listener);
    tn_monitor_close(monitor);
    assert_ok(tn_close(ours));
    api_ctx_end(ctx);
}

static void test_commands_that_are_not_due_end_the_connection(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof intrusions / sizeof intrusions[0]; row++) {
        for (int kind = 0; kind < security_kinds(); kind++) {
            for (int form = 0; form < 4; form++) {
                bool is_server = form & 1;
                if (is_server && kind == SECURE_NULL)
                    continue; /* it has no roles */
                if (intrusions[row].to[kind] & (is_server ? TO_SERVER : TO_CLIENT))
                    intrude(row, (enum security_kind)kind, is_server, form & 2);
            }
        }
    }
}

/* ------------------------------------------------------------------ ZMTP 3.0 */

static void join_by_relay(struct relay *relay, tn_socket_t *server, tn_socket_t *client,
                          enum security_kind kind)
{
    char endpoint[API_ENDPOINT_MAX];

    security_server(server, kind);
    security_client(client, kind);
    assert_ok(tn_set_authenticator(server, let_in, NULL));
    for (int i = 0; i < 2; i++) {
        assert_ok(tn_set_int(i ? server : client, "heartbeat_ivl", 5));
        assert_ok(tn_set_int(i ? server : client, "heartbeat_timeout", 10000));
    }
    assert_ok(tn_set_int(client, "reconnect_ivl", -1));
    api_bind(server, API_TCP, endpoint);
    relay_start(relay, endpoint);
    assert_ok(tn_connect(client, relay->endpoint));
    assert_ok(tn_wait_peers(server, 1, API_TIMEOUT_MS));
}

static void check_requests(enum security_kind kind)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "rep"), *client = api_socket(ctx, "req");
    struct relay relay;

    join_by_relay(&relay, server, client, kind);
    for (int i = 0; i < 20; i++) {
        api_send(client, "some", TN_MORE);
        api_send(client, "request", 0);
        api_expect_frame(server, "some", true);
        api_expect_frame(server, "request", false);
        api_send(server, "", 0);
        api_expect(client, "");
    }
    assert_ok(tn_close(client));
    relay_end(&relay);
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

/* Subscriptions are messages then. `publisher_serves`: which of both is the mechanism's server. */
static void check_subscriptions(enum security_kind kind, bool publisher_serves)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *publisher = api_socket(ctx, "xpub"), *subscriber = api_socket(ctx, "sub");
    struct relay relay;

    assert_ok(tn_subscribe(subscriber, "a", 1));
    if (publisher_serves)
        join_by_relay(&relay, publisher, subscriber, kind);
    else
        join_by_relay(&relay, subscriber, publisher, kind);
    api_expect(publisher, "\001a");
    assert_ok(tn_subscribe(subscriber, "topic", 5));
    api_expect(publisher, "\001topic");
    for (int i = 0; i < 20; i++) {
        api_send(publisher, "none of it", 0);
        api_send(publisher, "a message", 0);
        api_expect(subscriber, "a message");
    }
    assert_ok(tn_unsubscribe(subscriber, "topic", 5));
    assert_ok(tn_subscribe(subscriber, "b", 1));
    assert_ok(tn_subscribe(subscriber, "b", 1));
    assert_ok(tn_close(publisher_serves ? subscriber : publisher));
    relay_end(&relay);
    assert_ok(tn_close(publisher_serves ? publisher : subscriber));
    api_ctx_end(ctx);
}

static void test_every_mechanism_serves_peers_of_zmtp_30(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++) {
        check_requests((enum security_kind)kind);
        check_subscriptions((enum security_kind)kind, true);
        check_subscriptions((enum security_kind)kind, false);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrong_credentials_are_refused),
        cmocka_unit_test(test_equal_roles_do_not_talk),
        cmocka_unit_test(test_commands_that_are_not_due_end_the_connection),
        cmocka_unit_test(test_every_mechanism_serves_peers_of_zmtp_30),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
