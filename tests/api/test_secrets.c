/* Secrets: where they may be written, and that nothing shows them: logs, events, what is said of an
 * endpoint, the memory that is left. */
#include "caught.h"
#include "security.h"

#include <stdlib.h>

static const char password[] = "pa55-of-this-test";

static void let_in(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    const tn_answer_t answer = {.size = sizeof answer, .status = TN_AUTH_OK, .user_id = "somebody"};
    int *asked = arg;

    assert_string_equal(info->mechanism, "PLAIN");
    assert_string_equal(info->credentials[0].data, "admin");
    assert_string_equal(info->credentials[1].data, password);
    if (asked)
        ++*asked;
    tn_answer(question, &answer);
}

/* ------------------------------------------------------------------ in an endpoint */

static void expect_no_secret(tn_monitor_t *monitor, uint32_t until)
{
    tn_event_t event;

    do {
        assert_ok(tn_monitor_recv(monitor, &event, API_TIMEOUT_MS));
        assert_null(strstr(event.endpoint, password));
        assert_null(strstr(event.reason, password));
    } while (event.kind != until);
}

static void test_endpoint_sets_options_of_a_mechanism(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "dealer"), *client = api_socket(ctx, "dealer");
    tn_monitor_t *monitor = tn_monitor(client, TN_EVENT_ALL);
    char bound[API_ENDPOINT_MAX], endpoint[2 * API_ENDPOINT_MAX], shown[2 * API_ENDPOINT_MAX];
    size_t size = sizeof shown;
    int asked = 0;

    (void)state;
    assert_non_null(monitor);
    assert_ok(tn_set_authenticator(server, let_in, &asked));
    api_bind(server, API_TCP "?mechanism=plain&plain.server=1", bound);
    snprintf(endpoint, sizeof endpoint,
             "%.*s?mechanism=plain&plain.username=admin&plain.password=%s",
             (int)strcspn(bound, "?"), bound, password);
    assert_ok(tn_connect(client, endpoint));
    expect_no_secret(monitor, TN_EVENT_HANDSHAKE_SUCCEEDED);
    api_send(client, "hello", 0);
    api_expect(server, "hello");
    assert_int_equal(asked, 1);
    assert_ok(tn_get_str(client, "last_endpoint", shown, &size));
    assert_null(strstr(shown, password));
    assert_ok(tn_disconnect(client, endpoint));
    tn_monitor_close(monitor);
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_endpoint_with_an_unknown_option_is_refused_without_its_secrets(void **state)
{
    static const char *const wrong[] = {"plain.passwort=x", "plane.username=x", "plain.=x", ".x=1"};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *client = api_socket(ctx, "dealer");
    char endpoint[API_ENDPOINT_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:1?plain.password=%s&%s", password,
                 wrong[i]);
        assert_true(tn_connect(client, endpoint) < 0);
        assert_null(strstr(tn_last_error(), password));
        assert_true(strlen(tn_last_error()) > 0);
    }
    assert_ok(tn_close(client));
    api_ctx_end(ctx);
}

/* ------------------------------------------------------------------ the log */

static void test_plain_in_the_clear_warns_once_for_each_endpoint(void **state)
{
    static const char words[] = "shows its credentials";
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "dealer"), *client = api_socket(ctx, "dealer");
    char over_tcp[API_ENDPOINT_MAX], over_ipc[API_ENDPOINT_MAX];
    struct caught caught;
    char *text;

    (void)state;
    caught_begin(&caught);
    assert_ok(tn_set_str(server, "mechanism", "plain"));
    assert_ok(tn_set_int(server, "plain.server", 1));
    assert_ok(tn_set_authenticator(server, let_in, NULL));
    assert_ok(tn_set_str(client, "mechanism", "plain"));
    assert_ok(tn_set_str(client, "plain.username", "admin"));
    assert_ok(tn_set_str(client, "plain.password", password));
    assert_ok(tn_set_int(client, "reconnect_ivl", 1));
    api_bind(server, "ipc://*", over_ipc);
    assert_ok(tn_connect(client, over_ipc));
    assert_ok(tn_wait_peers(client, 1, API_TIMEOUT_MS));
    assert_ok(tn_disconnect(client, over_ipc));
    text = caught_end(&caught);
    assert_int_equal(caught_count(text, words), 0);
    free(text);

    caught_begin(&caught);
    api_bind(server, API_TCP, over_tcp);
    assert_ok(tn_connect(client, over_tcp));
    for (int i = 0; i < 3; i++) { /* again and again over one endpoint */
        assert_ok(tn_wait_peers(server, 1, API_TIMEOUT_MS));
        assert_ok(tn_unbind(server, over_tcp));
        assert_ok(tn_bind(server, over_tcp));
        api_send(client, "x", 0);
        api_expect(server, "x");
    }
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
    text = caught_end(&caught);
    assert_int_equal(caught_count(text, words), 5); /* one connect, four binds */
    assert_null(strstr(text, password));
    free(text);
}

static void exchange_all(enum security_kind kind)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *server = api_socket(ctx, "dealer"), *client = api_socket(ctx, "dealer");
    char endpoint[API_ENDPOINT_MAX];

    security_server(server, kind);
    security_client(client, kind);
    if (kind == SECURE_PLAIN) {
        assert_ok(tn_set_str(client, "plain.username", "admin"));
        assert_ok(tn_set_str(client, "plain.password", password));
        assert_ok(tn_set_authenticator(server, let_in, NULL));
    } else {
        assert_ok(tn_set_str(server, "authenticator", "none"));
    }
    api_bind(server, API_TCP, endpoint);
    assert_ok(tn_connect(client, endpoint));
    api_send(client, "hello", 0);
    api_expect(server, "hello");
    assert_ok(tn_close(client));
    assert_ok(tn_close(server));
    api_ctx_end(ctx);
}

static void test_log_at_its_most_talkative_has_no_secret(void **state)
{
    struct caught caught;
    char *text;

    (void)state;
    caught_begin(&caught);
    exchange_all(SECURE_PLAIN);
    if (security_has(SECURE_CURVE))
        exchange_all(SECURE_CURVE);
    text = caught_end(&caught);
    assert_true(strlen(text) > 0);
    assert_null(strstr(text, password));
    assert_null(strstr(text, security_server_secret));
    assert_null(strstr(text, security_client_secret));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_endpoint_sets_options_of_a_mechanism),
        cmocka_unit_test(test_endpoint_with_an_unknown_option_is_refused_without_its_secrets),
        cmocka_unit_test(test_plain_in_the_clear_warns_once_for_each_endpoint),
        cmocka_unit_test(test_log_at_its_most_talkative_has_no_secret),
    };

    setenv("TENON_LOG", "debug", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
