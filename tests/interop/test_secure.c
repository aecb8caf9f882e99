/* PLAIN and CURVE with libzmq in another process: each of both is the server once, each binds once; with
 * right and wrong credentials. */
#include "exchange.h"
#include "relay.h"
#include "security.h"

static void answer_by_name(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    bool is_plain = strcmp(info->mechanism, "PLAIN") == 0;
    tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_DENIED, .user_id = "somebody"};

    (void)arg;
    if (is_plain && info->credential_count == 2 &&
        strcmp(info->credentials[0].data, "admin") == 0 &&
        strcmp(info->credentials[1].data, "secret") == 0)
        answer.status = TN_AUTH_OK;
    if (!is_plain && info->credential_count == 1 && info->credentials[0].size == 32)
        answer.status = TN_AUTH_OK;
    tn_answer(question, &answer);
}

static void set(struct side *side, const char *name, const char *value)
{
    char line[128];

    snprintf(line, sizeof line, "secure %s %s", name, value);
    side_order(side, line);
}

static void make_server(struct side *side, enum security_kind kind)
{
    if (side->is_ours) {
        security_server(side->socket, kind);
        assert_ok(tn_set_authenticator(side->socket, answer_by_name, NULL));
        return;
    }
    side_order(side, "zap 200");
    set(side, "zap_domain", "global");
    set(side, kind == SECURE_PLAIN ? "plain_server" : "curve_server", "1");
    if (kind == SECURE_CURVE)
        set(side, "curve_secretkey", security_server_secret);
}

static void make_client(struct side *side, enum security_kind kind)
{
    if (side->is_ours) {
        security_client(side->socket, kind);
        return;
    }
    if (kind == SECURE_PLAIN) {
        set(side, "plain_username", "admin");
        set(side, "plain_password", "secret");
        return;
    }
    set(side, "curve_publickey", security_client_public);
    set(side, "curve_secretkey", security_client_secret);
    set(side, "curve_serverkey", security_server_public);
}

/* Heartbeats go through the boxes as well. */
static void beat(struct side *side)
{
    if (side->is_ours) {
        assert_ok(tn_set_int(side->socket, "heartbeat_ivl", 10));
        assert_ok(tn_set_int(side->socket, "heartbeat_timeout", 10000));
        return;
    }
    set(side, "heartbeat_ivl", "10");
    set(side, "heartbeat_timeout", "10000");
}

static void run(const struct exchange *exchange, enum security_kind kind, const char *wildcard,
                bool a_is_ours, bool a_serves, bool is_long)
{
    struct side a, b;
    char endpoint[API_ENDPOINT_MAX];
    bool a_binds = a_is_ours == a_serves;

    print_message("%s-%s, %s over %s, %s is ours, %s serves, %s binds\n", exchange->a, exchange->b,
                  security_names[kind], wildcard, a_is_ours ? "the first" : "the second",
                  a_serves ? "the first" : "the second", a_binds ? "the first" : "the second");
    side_start(&a, a_is_ours, exchange->a, exchange->a_id);
    side_start(&b, !a_is_ours, exchange->b, exchange->b_id);
    make_server(a_serves ? &a : &b, kind);
    make_client(a_serves ? &b : &a, kind);
    beat(&a);
    beat(&b);
    side_bind(a_binds ? &a : &b, wildcard, endpoint);
    side_connect(a_binds ? &b : &a, endpoint);
    exchange_run(exchange, &a, &b, is_long);
    side_end(&a);
    side_end(&b);
}

static void run_all(enum security_kind kind, const char *wildcard)
{
    for (size_t i = 0; i < exchange_count; i++) {
        for (int form = 0; form < 4; form++)
            run(&exchanges[i], kind, wildcard, form & 1, form & 2, i == 0);
    }
}

static void test_plain_with_libzmq_over_tcp(void **state)
{
    (void)state;
    run_all(SECURE_PLAIN, API_TCP);
}

static void test_curve_with_libzmq_over_tcp(void **state)
{
    (void)state;
    run_all(SECURE_CURVE, API_TCP);
}

static void test_curve_with_libzmq_over_ipc(void **state)
{
    (void)state;
    run_all(SECURE_CURVE, API_IPC);
}

/* ------------------------------------------------------------------ wrong credentials */

static const char wrong_key[] = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID";

struct pair {
    struct side ours, theirs;
    tn_monitor_t *monitor;
};

/* Both transports, and either side binds. */
enum { FORMS = 4, WE_BIND = 1, OVER_IPC = 2 };

static void pair_start(struct pair *pair)
{
    side_start(&pair->ours, true, "pair", "-");
    side_start(&pair->theirs, false, "pair", "-");
    pair->monitor = tn_monitor(pair->ours.socket, TN_EVENT_HANDSHAKE_FAILED);
    assert_non_null(pair->monitor);
}

static void pair_expect_refusal(struct pair *pair, int form, int64_t value)
{
    bool we_bind = form & WE_BIND;
    char endpoint[API_ENDPOINT_MAX];
    tn_event_t event;
    bool is_equal;

    side_bind(we_bind ? &pair->ours : &pair->theirs, form & OVER_IPC ? API_IPC : API_TCP, endpoint);
    side_connect(we_bind ? &pair->theirs : &pair->ours, endpoint);
    api_expect_event(pair->monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    /* When both are to find out, the other one may have left first. */
    if (value != TN_FAULT_MECHANISM || event.value != 0)
        assert_int_equal(event.value, value);
    tn_send(pair->ours.socket, "no", 2, TN_DONTWAIT);
    assert_false(side_try(&pair->theirs, "=no", 50, &is_equal));
    api_expect_nothing(pair->ours.socket);
    tn_monitor_close(pair->monitor);
    side_end(&pair->ours);
    side_end(&pair->theirs);
}

static void test_their_wrong_password_is_refused(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        struct pair pair;
        pair_start(&pair);
        make_server(&pair.ours, SECURE_PLAIN);
        set(&pair.theirs, "plain_username", "admin");
        set(&pair.theirs, "plain_password", "guess");
        pair_expect_refusal(&pair, form, TN_AUTH_DENIED);
    }
}

static void test_they_refuse_us(void **state)
{
    (void)state;
    for (int kind = SECURE_PLAIN; kind < SECURE_KINDS; kind++) {
        for (int form = 0; form < FORMS; form++) {
            struct pair pair;
            pair_start(&pair);
            side_order(&pair.theirs, "zap 400");
            set(&pair.theirs, "zap_domain", "global");
            set(&pair.theirs, kind == SECURE_PLAIN ? "plain_server" : "curve_server", "1");
            if (kind == SECURE_CURVE)
                set(&pair.theirs, "curve_secretkey", security_server_secret);
            make_client(&pair.ours, (enum security_kind)kind);
            pair_expect_refusal(&pair, form, TN_AUTH_DENIED);
        }
    }
}

static void test_their_wrong_server_key_is_refused(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        struct pair pair;
        pair_start(&pair);
        make_server(&pair.ours, SECURE_CURVE);
        make_client(&pair.theirs, SECURE_CURVE);
        set(&pair.theirs, "curve_serverkey", wrong_key);
        pair_expect_refusal(&pair, form, TN_FAULT_CRYPTOGRAPHIC);
    }
}

static void test_their_wrong_client_secret_is_refused(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        struct pair pair;
        pair_start(&pair);
        make_server(&pair.ours, SECURE_CURVE);
        make_client(&pair.theirs, SECURE_CURVE);
        set(&pair.theirs, "curve_publickey", security_server_public);
        pair_expect_refusal(&pair, form, TN_FAULT_CRYPTOGRAPHIC);
    }
}

/* libzmq says nothing to a HELLO that is not for it. */
static void test_our_wrong_server_key_is_refused(void **state)
{
    (void)state;
    for (int form = 0; form < FORMS; form++) {
        struct pair pair;
        pair_start(&pair);
        make_server(&pair.theirs, SECURE_CURVE);
        make_client(&pair.ours, SECURE_CURVE);
        assert_ok(tn_set_str(pair.ours.socket, "curve.serverkey", wrong_key));
        pair_expect_refusal(&pair, form, 0);
    }
}

static void check_other(enum security_kind ours, enum security_kind theirs, bool we_serve, int form)
{
    struct pair pair;

    print_message("%s and %s, %s, form %d\n", security_names[ours], security_names[theirs],
                  we_serve ? "we serve" : "they serve", form);
    pair_start(&pair);
    if (we_serve)
        make_server(&pair.ours, ours);
    else
        make_client(&pair.ours, ours);
    if (theirs != SECURE_NULL && we_serve)
        make_client(&pair.theirs, theirs);
    else if (theirs != SECURE_NULL)
        make_server(&pair.theirs, theirs);
    pair_expect_refusal(&pair, form, TN_FAULT_MECHANISM);
}

static void test_other_mechanisms_are_refused(void **state)
{
    (void)state;
    for (int ours = 0; ours < SECURE_KINDS; ours++) {
        for (int theirs = 0; theirs < SECURE_KINDS; theirs++) {
            if (ours == theirs)
                continue;
            check_other((enum security_kind)ours, (enum security_kind)theirs, true, WE_BIND);
            check_other((enum security_kind)ours, (enum security_kind)theirs, true, OVER_IPC);
            check_other((enum security_kind)ours, (enum security_kind)theirs, false, 0);
            check_other((enum security_kind)ours, (enum security_kind)theirs, false,
                        WE_BIND | OVER_IPC);
        }
    }
}

/* ------------------------------------------------------------------ ZMTP 3.0 */

/* A relay tells each side that the other one is of ZMTP 3.0, where subscriptions are messages. */
static void check_zmtp_30(const struct exchange *exchange, enum security_kind kind, bool we_serve)
{
    struct side a, b, *server, *client;
    struct relay relay;
    char endpoint[API_ENDPOINT_MAX];

    print_message("%s-%s, %s of ZMTP 3.0, %s\n", exchange->a, exchange->b, security_names[kind],
                  we_serve ? "we serve" : "they serve");
    side_start(&a, we_serve, exchange->a, exchange->a_id);
    side_start(&b, !we_serve, exchange->b, exchange->b_id);
    server = &a;
    client = &b;
    make_server(server, kind);
    make_client(client, kind);
    beat(server);
    beat(client);
    side_bind(server, API_TCP, endpoint);
    relay_start(&relay, endpoint);
    side_connect(client, relay.endpoint);
    exchange_run(exchange, &a, &b, false);
    side_end(client);
    relay_end(&relay);
    side_end(server);
}

static void test_peers_of_zmtp_30_talk(void **state)
{
    (void)state;
    for (size_t i = 0; i < exchange_count; i++) {
        for (int form = 0; form < 4; form++)
            check_zmtp_30(&exchanges[i], form & 2 ? SECURE_CURVE : SECURE_PLAIN, form & 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_with_libzmq_over_tcp),
        cmocka_unit_test(test_curve_with_libzmq_over_tcp),
        cmocka_unit_test(test_curve_with_libzmq_over_ipc),
        cmocka_unit_test(test_their_wrong_password_is_refused),
        cmocka_unit_test(test_they_refuse_us),
        cmocka_unit_test(test_their_wrong_server_key_is_refused),
        cmocka_unit_test(test_their_wrong_client_secret_is_refused),
        cmocka_unit_test(test_our_wrong_server_key_is_refused),
        cmocka_unit_test(test_other_mechanisms_are_refused),
        cmocka_unit_test(test_peers_of_zmtp_30_talk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
