/* A ZAP handler is asked about peers of TLS: by their certificate when they show one, as of any other
 * mechanism when they do not. */
#include "../api/security.h"
#include "pair.h"

#define SERVER(name) "tls.cert=@" name ".pem", "tls.key=@" name ".key"

enum caller { ANONYMOUS, CERTIFIED, PASSWORDED, CALLERS };

static const struct side servers[CALLERS] = {
    {{SERVER("server"), "zap_domain=global"}},
    {{SERVER("server"), "zap_domain=global", "tls.client_auth=required", "tls.ca=@ca.pem"}},
    {{SERVER("server"), "zap_domain=global", "mechanism=plain", "plain.server=#1"}},
};
static const struct side clients[CALLERS] = {
    {{"tls.ca=@ca.pem"}},
    {{"tls.ca=@ca.pem", SERVER("client")}},
    {{"tls.ca=@ca.pem", "mechanism=plain", "plain.username=admin", "plain.password=secret"}},
};
static const char *const mechanisms[CALLERS] = {"NULL", "TLS", "PLAIN"};

static void check_request(const struct handler_request *request, enum caller caller)
{
    assert_string_equal(request->domain, "global");
    assert_string_equal(request->address, "127.0.0.1");
    assert_string_equal(request->mechanism, mechanisms[caller]);
    if (caller == CERTIFIED) {
        assert_int_equal(request->credential_count, 3);
        assert_string_equal(request->credentials[0], "CN=alice,O=Test");
        assert_non_null(strstr(request->credentials[1], "URI:spiffe://test/alice"));
        assert_int_equal(request->credential_sizes[2], 64);
    }
}

static int64_t failure(tn_monitor_t *monitor)
{
    tn_event_t event;

    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_true(event.reason[0]);
    return event.value;
}

static void expect_strangers(struct pair *pair)
{
    tn_stats_t stats;

    tn_send(pair->client, "in", 2, TN_DONTWAIT);
    tn_send(pair->server, "out", 3, TN_DONTWAIT);
    assert_ok(tn_stats(pair->server, &stats));
    assert_int_equal(stats.connections_made, 0);
    assert_ok(tn_stats(pair->client, &stats));
    assert_int_equal(stats.connections_made, 0);
    api_expect_nothing(pair->server);
    api_expect_nothing(pair->client);
}

/* As pair_begin, with a handler in the context before anybody connects. */
static void begin(struct pair *pair, struct handler *handler, const struct handler_reply *reply,
                  enum caller caller)
{
    const uint32_t events = TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_HANDSHAKE_SUCCEEDED;

    pair->ctx = api_ctx();
    if (reply)
        handler_start(handler, pair->ctx, "rep", reply);
    pair->server = api_socket(pair->ctx, "pair");
    pair->client = api_socket(pair->ctx, "pair");
    pair_set(pair->server, &servers[caller]);
    pair_set(pair->client, &clients[caller]);
    pair->at_server = tn_monitor(pair->server, events);
    pair->at_client = tn_monitor(pair->client, events);
    assert_non_null(pair->at_server);
    assert_non_null(pair->at_client);
    api_bind(pair->server, "tls://127.0.0.1:*", pair->endpoint);
    assert_ok(tn_connect(pair->client, pair->endpoint));
}

static void end(struct pair *pair, struct handler *handler)
{
    tn_monitor_close(pair->at_server);
    tn_monitor_close(pair->at_client);
    assert_ok(tn_close(pair->client));
    assert_ok(tn_close(pair->server));
    assert_ok(tn_ctx_shutdown(pair->ctx));
    if (handler)
        handler_join(handler);
    api_ctx_end(pair->ctx);
}

static void check_answer(enum caller caller, size_t row)
{
    const struct security_answer *answer = &security_answers[row];
    struct handler handler;
    struct pair pair;

    print_message("%s in tls, answer %zu\n", mechanisms[caller], row);
    begin(&pair, &handler, &answer->reply, caller);
    if (answer->value == 0) {
        pair_talk(&pair);
    } else {
        assert_int_equal(failure(pair.at_server), answer->value);
        if (answer->told)
            assert_int_equal(failure(pair.at_client), answer->told);
        expect_strangers(&pair);
    }
    check_request(&handler.request, caller);
    end(&pair, &handler);
}

static void test_every_answer_about_peers_of_tls(void **state)
{
    (void)state;
    for (int caller = 0; caller < CALLERS; caller++)
        for (size_t row = 0; row < security_answer_count; row++)
            check_answer((enum caller)caller, row);
}

static void test_nobody_to_ask_about_peers_of_tls(void **state)
{
    (void)state;
    for (int caller = 0; caller < CALLERS; caller++) {
        struct pair pair;

        begin(&pair, NULL, NULL, (enum caller)caller);
        assert_int_equal(failure(pair.at_server), 0);
        expect_strangers(&pair);
        end(&pair, NULL);
    }
}

/* The certificate's own name gives way to what the handler says. */
static void test_handler_names_the_user(void **state)
{
    static const struct handler_reply reply = {
        .count = 6,
        .frames = {"1.0", NULL, "200", "OK", "bob", "\4Room\0\0\0\3two"},
        .metadata_size = 12};
    struct handler handler;
    struct pair pair;

    (void)state;
    begin(&pair, &handler, &reply, CERTIFIED);
    pair_server_sees(&pair, "User-Id", "bob");
    pair_server_sees(&pair, "Room", "two");
    pair_server_sees(&pair, "TLS-Subject", "CN=alice,O=Test");
    end(&pair, &handler);
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
        cmocka_unit_test(test_every_answer_about_peers_of_tls),
        cmocka_unit_test(test_nobody_to_ask_about_peers_of_tls),
        cmocka_unit_test(test_handler_names_the_user),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
