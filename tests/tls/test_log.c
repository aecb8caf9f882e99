/* Each way in which a handshake of TLS fails: a line in the log that names the peer, has OpenSSL's reason
 * and says what to do, an event at each end that has a TLS to tell of, and one connection that closes while
 * another stands. */
#include "../api/caught.h"
#include "pair.h"

#include <stdlib.h>
#include <unistd.h>

#define TLS "tls://127.0.0.1:*"
#define SERVER(name) "tls.cert=@" name ".pem", "tls.key=@" name ".key"

enum { WORDS = 3 };

struct failure {
    const char *what;
    struct side server, good, bad;
    const char *scheme; /* of the bad client, to a listener that binds with `bound` */
    const char *bound;
    const char *at_server[WORDS], *at_client[WORDS]; /* OpenSSL's reason and the advice; or empty */
};

static const struct failure failures[] = {
    {"wrong host",
     {{SERVER("wronghost")}},
     {{"tls.ca=@ca.pem", "tls.hostname=elsewhere.test"}},
     {{"tls.ca=@ca.pem"}},
     "tls",
     TLS,
     {"the peer refused our certificate", "the name in tls.cert"},
     {"IP address mismatch", "set tls.hostname to one"}},
    {"expired",
     {{SERVER("expired")}},
     {{"tls.verify=#0"}},
     {{"tls.ca=@ca.pem"}},
     "tls",
     TLS,
     {"certificate expired", "tls.cert"},
     {"certificate has expired", "it must be renewed"}},
    {"unknown authority",
     {{SERVER("server")}},
     {{"tls.ca=@ca.pem"}},
     {{"tls.ca=@other.pem"}},
     "tls",
     TLS,
     {"unknown ca", "its tls.ca is another"},
     {"unable to get local issuer certificate", "add the authority"}},
    {"no client certificate",
     {{SERVER("server"), "tls.client_auth=required", "tls.ca=@ca.pem"}},
     {{"tls.ca=@ca.pem", SERVER("client")}},
     {{"tls.ca=@ca.pem"}},
     "tls",
     TLS,
     {"peer did not return a certificate", "set tls.cert and tls.key there"},
     {"certificate required", "set tls.cert and tls.key"}},
    {"a plain peer at a TLS port",
     {{SERVER("server")}},
     {{"tls.ca=@ca.pem"}},
     {{NULL}},
     "tcp",
     TLS,
     {"wrong version number", "it must use tls://"},
     {NULL}},
    {"a TLS peer at a plain port",
     {{NULL}},
     {{NULL}},
     {{"tls.ca=@ca.pem"}},
     "tls",
     API_TCP, /* the client reads its greeting, or finds the connection reset */
     {NULL},
     {"speak TLS"}},
};

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *server, *good, *bad;
    tn_monitor_t *at_server, *at_bad;
};

static void begin(struct scene *scene, const struct failure *failure)
{
    scene->ctx = api_ctx();
    scene->server = api_socket(scene->ctx, "router");
    scene->good = api_socket(scene->ctx, "dealer");
    scene->bad = api_socket(scene->ctx, "dealer");
    pair_set(scene->server, &failure->server);
    pair_set(scene->good, &failure->good);
    pair_set(scene->bad, &failure->bad);
    assert_ok(tn_set_int(scene->bad, "reconnect_ivl", -1));
    api_join(scene->server, scene->good, failure->bound);
    scene->at_server = tn_monitor(scene->server, TN_EVENT_ALL);
    scene->at_bad = tn_monitor(scene->bad, TN_EVENT_ALL);
    assert_non_null(scene->at_server);
    assert_non_null(scene->at_bad);
}

/* Nothing of the bad one has come through, and the good one stands as before. */
static void expect_good_stands(struct scene *scene)
{
    tn_event_t event;
    tn_msg_t parts[2];

    api_expect_nothing(scene->server);
    tn_msg_init(&parts[0]);
    tn_msg_init(&parts[1]);
    api_send(scene->good, "still here", 0);
    assert_int_equal(tn_recv_parts(scene->server, parts, 2, 0), 2);
    assert_memory_equal(tn_msg_data(&parts[1]), "still here", 10);
    tn_msg_close(&parts[0]);
    tn_msg_close(&parts[1]);
    while (tn_monitor_recv(scene->at_server, &event, 0) == 0)
        assert_int_not_equal(event.kind, TN_EVENT_DISCONNECTED);
}

static void end(struct scene *scene)
{
    tn_monitor_close(scene->at_server);
    tn_monitor_close(scene->at_bad);
    assert_ok(tn_close(scene->bad));
    assert_ok(tn_close(scene->good));
    assert_ok(tn_close(scene->server));
    api_ctx_end(scene->ctx);
}

/* The line that has the first words has the peer and the others too. */
static void expect_line(const char *text, const char *remote, const char *const words[WORDS])
{
    const char *found = strstr(text, words[0]), *from = found;
    char line[1024], peer[160];

    if (!found)
        fprintf(stderr, "\"%s\" is not in:\n%s", words[0], text);
    assert_non_null(found);
    while (from > text && from[-1] != '\n')
        from--;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(from, "\n"), from);
    assert_non_null(strstr(line, "tenon: warn: "));
    snprintf(peer, sizeof peer, "peer %s: ", remote);
    if (!strstr(line, peer))
        fprintf(stderr, "\"%s\" is not in \"%s\"\n", peer, line);
    assert_non_null(strstr(line, peer));
    for (int i = 1; i < WORDS && words[i]; i++) {
        if (!strstr(line, words[i]))
            fprintf(stderr, "\"%s\" is not in \"%s\"\n", words[i], line);
        assert_non_null(strstr(line, words[i]));
    }
    /* One line for one failure. */
    assert_int_equal(caught_count(text, words[0]), 1);
}

static void expect_event(tn_monitor_t *monitor, const char *const words[WORDS],
                         tn_event_t *out_event)
{
    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, out_event);
    assert_true(out_event->error < 0);
    assert_non_null(strstr(out_event->remote, "127.0.0.1:"));
    assert_non_null(strstr(out_event->reason, words[0]));
}

static void fail_once(const struct failure *failure)
{
    char bound[API_ENDPOINT_MAX], bad[2 * API_ENDPOINT_MAX];
    struct caught caught;
    tn_event_t at_server, at_client;
    struct scene scene;
    char *text;

    print_message("    %s\n", failure->what);
    caught_begin(&caught);
    begin(&scene, failure);
    assert_ok(tn_get_str(scene.server, "last_endpoint", bound, &(size_t){sizeof bound}));
    snprintf(bad, sizeof bad, "%s%s", failure->scheme, strstr(bound, "://"));
    assert_ok(tn_connect(scene.bad, bad));
    if (failure->at_server[0])
        expect_event(scene.at_server, failure->at_server, &at_server);
    if (failure->at_client[0])
        expect_event(scene.at_bad, failure->at_client, &at_client);
    expect_good_stands(&scene);
    end(&scene);
    text = caught_end(&caught);
    if (failure->at_server[0])
        expect_line(text, at_server.remote, failure->at_server);
    if (failure->at_client[0])
        expect_line(text, at_client.remote, failure->at_client);
    free(text);
}

static void test_each_failure_has_a_line_and_an_event(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof failures / sizeof *failures; i++)
        fail_once(&failures[i]);
}

static int make(void **state)
{
    (void)state;
    certs_begin();
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    certs_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_failure_has_a_line_and_an_event),
    };

    return cmocka_run_group_tests(tests, make, unmake);
}
