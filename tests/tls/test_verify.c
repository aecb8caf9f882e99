/* Who is let in and who is not: each failure from both ends, under both versions of TLS. */
#include "pair.h"

#include <stdlib.h>
#include <sys/stat.h>

#define TLS "tls://127.0.0.1:*"
#define SERVER(name) "tls.cert=@" name ".pem", "tls.key=@" name ".key"

/* What is refused, and what either side says of it; NULL: it only sees that the other is gone. */
struct refusal {
    const char *what;
    struct side server, client;
    const char *server_says, *client_says;
    const char *server_says_12; /* where TLS 1.2 words it otherwise; or NULL */
    const char *client_says_12;
};

static const struct refusal refusals[] = {
    {"unknown authority",
     {{SERVER("server")}},
     {{"tls.ca=@other.pem"}},
     "unknown ca",
     "unable to get local issuer certificate",
     NULL,
     NULL},
    {"self-signed",
     {{SERVER("lone")}},
     {{"tls.ca=@ca.pem"}},
     "the peer refused our certificate",
     "self-signed certificate",
     NULL,
     NULL},
    {"expired",
     {{SERVER("expired")}},
     {{"tls.ca=@ca.pem"}},
     "certificate expired",
     "certificate has expired",
     NULL,
     NULL},
    {"not yet valid",
     {{SERVER("future")}},
     {{"tls.ca=@ca.pem"}},
     "the peer refused our certificate",
     "certificate is not yet valid",
     NULL,
     NULL},
    {"wrong host",
     {{SERVER("wronghost")}},
     {{"tls.ca=@ca.pem"}},
     "the peer refused our certificate",
     "it is not for '127.0.0.1'",
     NULL,
     NULL},
    {"wrong name",
     {{SERVER("server")}},
     {{"tls.ca=@ca.pem", "tls.hostname=example.test"}},
     "the peer refused our certificate",
     "it is not for 'example.test'",
     NULL,
     NULL},
    {"revoked",
     {{SERVER("revoked")}},
     {{"tls.ca=@ca.pem", "tls.crl=@ca.crl"}},
     "certificate revoked",
     "certificate revoked",
     NULL,
     NULL},
    {"another key than the pinned one",
     {{SERVER("server")}},
     {{"tls.pin=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}},
     "the peer refused our certificate",
     "its key is none of tls.pin",
     NULL,
     NULL},
    {"pinned, but of an unknown authority",
     {{SERVER("server")}},
     {{"tls.ca=@other.pem", "tls.pin=PIN"}},
     "unknown ca",
     "unable to get local issuer certificate",
     NULL,
     NULL},
    {"no client certificate",
     {{SERVER("server"), "tls.client_auth=required", "tls.ca=@ca.pem"}},
     {{"tls.ca=@ca.pem"}},
     "the client shows no certificate",
     "the server wants a certificate of us",
     NULL,
     "the peer refused the handshake"},
    {"a client of another authority",
     {{SERVER("server"), "tls.client_auth=required", "tls.ca=@ca.pem"}},
     {{"tls.ca=@ca.pem", SERVER("stranger")}},
     "unable to get local issuer certificate",
     "the peer refused our certificate",
     NULL,
     NULL},
    {"an optional client certificate that is wrong",
     {{SERVER("server"), "tls.client_auth=optional", "tls.ca=@ca.pem"}},
     {{"tls.ca=@ca.pem", SERVER("stranger")}},
     "unable to get local issuer certificate",
     "the peer refused our certificate",
     NULL,
     NULL},
    {"another protocol name",
     {{SERVER("server"), "tls.alpn=zmtp"}},
     {{"tls.ca=@ca.pem", "tls.alpn=http/1.1"}},
     "no application protocol",
     "no application protocol",
     NULL,
     NULL},
};

static void refuse(const struct refusal *refusal, const char *version)
{
    struct side server = refusal->server, client = refusal->client;
    bool is_12 = strcmp(version, "1.2") == 0;
    char limit[32], pin[80];
    struct pair pair;
    int i = 0;

    print_message("    %s, TLS %s\n", refusal->what, version);
    snprintf(limit, sizeof limit, "tls.max_version=%s", version);
    snprintf(pin, sizeof pin, "tls.pin=%s", certs_pin("server"));
    for (i = 0; client.options[i]; i++)
        if (strcmp(client.options[i], "tls.pin=PIN") == 0)
            client.options[i] = pin;
    client.options[i] = limit;
    pair_begin(&pair, TLS, &server, &client);
    pair_fails(pair.at_server,
               is_12 && refusal->server_says_12 ? refusal->server_says_12 : refusal->server_says);
    pair_fails(pair.at_client,
               is_12 && refusal->client_says_12 ? refusal->client_says_12 : refusal->client_says);
    /* Nothing has come through, and the listener is as good as before. */
    api_expect_nothing(pair.server);
    pair_end(&pair);
}

static void test_refusals_are_told_at_both_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        refuse(&refusals[i], "1.2");
        refuse(&refusals[i], "1.3");
    }
}

struct acceptance {
    const char *what;
    const char *endpoint;
    struct side server, client;
};

static const struct acceptance acceptances[] = {
    {"authority and name", TLS, {{SERVER("server")}}, {{"tls.ca=@ca.pem"}}},
    {"a chain", TLS, {{SERVER("leaf")}}, {{"tls.ca=@ca.pem"}}},
    {"an intermediate as authority", TLS, {{SERVER("leaf")}}, {{"tls.ca=@inter.pem"}}},
    {"itself as authority", TLS, {{SERVER("lone")}}, {{"tls.ca=@lone.pem"}}},
    {"a name that is given",
     TLS,
     {{SERVER("wronghost")}},
     {{"tls.ca=@ca.pem", "tls.hostname=elsewhere.test"}}},
    {"any name", TLS, {{SERVER("wronghost")}}, {{"tls.ca=@ca.pem", "tls.verify_name=#0"}}},
    {"anybody", TLS, {{SERVER("expired")}}, {{"tls.verify=#0"}}},
    {"not revoked", TLS, {{SERVER("server")}}, {{"tls.ca=@ca.pem", "tls.crl=@ca.crl"}}},
    {"a pin alone", TLS, {{SERVER("server")}}, {{"tls.pin=PIN"}}},
    {"a pin and an authority", TLS, {{SERVER("server")}}, {{"tls.ca=@ca.pem", "tls.pin=PIN"}}},
    {"a client certificate",
     TLS,
     {{SERVER("server"), "tls.client_auth=required", "tls.ca=@ca.pem"}},
     {{"tls.ca=@ca.pem", SERVER("client")}}},
    {"an optional one that is there",
     TLS,
     {{SERVER("server"), "tls.client_auth=optional", "tls.ca=@ca.pem"}},
     {{"tls.ca=@ca.pem", SERVER("client")}}},
    {"an optional one that is not",
     TLS,
     {{SERVER("server"), "tls.client_auth=optional", "tls.ca=@ca.pem"}},
     {{"tls.ca=@ca.pem"}}},
    {"no protocol name", TLS, {{SERVER("server")}}, {{"tls.ca=@ca.pem", "tls.alpn="}}},
    {"a name from a resolver", "tls://localhost:*", {{SERVER("server")}}, {{"tls.ca=@ca.pem"}}},
    {"one cipher",
     TLS,
     {{SERVER("server"), "tls.ciphers=ECDHE-ECDSA-CHACHA20-POLY1305",
       "tls.ciphersuites=TLS_CHACHA20_POLY1305_SHA256"}},
     {{"tls.ca=@ca.pem"}}},
    {"tls over ipc",
     "tls+ipc://*",
     {{SERVER("server")}},
     {{"tls.ca=@ca.pem", "tls.hostname=localhost"}}},
    {"tls over tls", "tls+tls+tcp://127.0.0.1:*", {{SERVER("server")}}, {{"tls.ca=@ca.pem"}}},
};

static void accept_both(const struct acceptance *acceptance, const char *version)
{
    struct side server = acceptance->server, client = acceptance->client;
    char limit[32], pin[80];
    struct pair pair;
    int i;

    print_message("    %s, TLS %s\n", acceptance->what, version);
    snprintf(limit, sizeof limit, "tls.max_version=%s", version);
    snprintf(pin, sizeof pin, "tls.pin=%s", certs_pin("server"));
    for (i = 0; client.options[i]; i++)
        if (strcmp(client.options[i], "tls.pin=PIN") == 0)
            client.options[i] = pin;
    client.options[i] = limit;
    pair_begin(&pair, acceptance->endpoint, &server, &client);
    pair_talk(&pair);
    pair_server_sees(&pair, "TLS-Version", version);
    pair_client_sees(&pair, "TLS-Version", version);
    pair_end(&pair);
}

static void test_good_peers_talk(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof acceptances / sizeof *acceptances; i++) {
        accept_both(&acceptances[i], "1.2");
        accept_both(&acceptances[i], "1.3");
    }
}

static void test_versions_without_overlap_are_refused(void **state)
{
    const struct side server = {{SERVER("server"), "tls.min_version=1.3"}};
    const struct side client = {{"tls.ca=@ca.pem", "tls.max_version=1.2"}};
    struct pair pair;

    (void)state;
    pair_begin(&pair, TLS, &server, &client);
    pair_fails(pair.at_server, "no version or cipher in common: unsupported protocol");
    pair_fails(pair.at_client, "protocol version");
    pair_end(&pair);
}

static void test_ciphers_without_overlap_are_refused(void **state)
{
    const struct side server = {
        {SERVER("server"), "tls.max_version=1.2", "tls.ciphers=ECDHE-ECDSA-AES128-GCM-SHA256"}};
    const struct side client = {{"tls.ca=@ca.pem", "tls.ciphers=ECDHE-ECDSA-CHACHA20-POLY1305"}};
    struct pair pair;

    (void)state;
    pair_begin(&pair, TLS, &server, &client);
    pair_fails(pair.at_server, "no version or cipher in common: no shared cipher");
    pair_fails(pair.at_client, "handshake failure");
    pair_end(&pair);
}

/* A plain client at a TLS port, and a TLS client at a plain port. */
static void test_plain_peers_are_refused_both_ways(void **state)
{
    const struct side server = {{SERVER("server")}}, client = {{"tls.ca=@ca.pem"}};
    char endpoint[API_ENDPOINT_MAX], plain[API_ENDPOINT_MAX];
    tn_socket_t *listener;
    tn_monitor_t *monitor;
    struct pair pair;

    (void)state;
    pair_begin(&pair, TLS, &server, &client);
    pair_talk(&pair);
    listener = api_socket(pair.ctx, "pair");
    snprintf(plain, sizeof plain, "tcp%s", strchr(pair.endpoint, ':'));
    assert_ok(tn_connect(listener, plain));
    pair_fails(pair.at_server, "does not speak TLS: wrong version number");
    assert_ok(tn_close(listener));

    listener = api_socket(pair.ctx, "pair");
    api_bind(listener, API_TCP, endpoint);
    monitor = tn_monitor(listener, TN_EVENT_ALL);
    assert_ok(tn_disconnect(pair.client, pair.endpoint));
    snprintf(plain, sizeof plain, "tls%s", strchr(endpoint, ':'));
    assert_ok(tn_connect(pair.client, plain));
    pair_fails(pair.at_client, "not speak TLS");
    tn_monitor_close(monitor);
    assert_ok(tn_close(listener));
    pair_end(&pair);
}

/* What the library refuses to bind or connect with, and why. */
struct misuse {
    const char *endpoint; /* "tls://127.0.0.1:*": a bind; otherwise a connect */
    struct side side;
    int code;
    const char *says;
};

static const struct misuse misuses[] = {
    {TLS, {{NULL}}, -EINVAL, "a bind needs a certificate"},
    {TLS, {{"tls.cert=/nowhere/cert.pem"}}, -ENOENT, "'/nowhere/cert.pem' cannot be read"},
    {TLS, {{"tls.cert=@server.pem"}}, -EACCES, "server.pem' has mode 0644"},
    {TLS, {{"tls.cert=@server.pem", "tls.key=@open.key"}}, -EACCES, "has mode 0644"},
    {TLS, {{"tls.cert=@server.pem", "tls.key=@client.key"}}, -EINVAL, "is not the key of the"},
    {TLS, {{"tls.cert=@ca.crl", "tls.key=@client.key"}}, -EINVAL, "holds no certificate"},
    {TLS, {{"tls.cert=@server.pem", "tls.key=@empty.key"}}, -EINVAL, "holds no private key"},
    {TLS, {{SERVER("server"), "tls.client_auth=maybe"}}, -EINVAL, "no, optional or required"},
    {TLS, {{SERVER("server"), "tls.client_auth=required"}}, -EINVAL, "whom to trust"},
    {TLS, {{SERVER("server"), "tls.min_version=1.1"}}, -EINVAL, "1.2 or 1.3"},
    {TLS,
     {{SERVER("server"), "tls.min_version=1.3", "tls.max_version=1.2"}},
     -EINVAL,
     "max_version"},
    {TLS, {{SERVER("server"), "tls.ciphers=NO-SUCH"}}, -EINVAL, "names no cipher"},
    {TLS, {{SERVER("server"), "tls.ciphersuites=NO_SUCH"}}, -EINVAL, "names no suite"},
    {TLS, {{SERVER("server"), "tls.cert_pem=x"}}, -EINVAL, "both set"},
    {TLS, {{"tls.cert_pem=x"}}, -EINVAL, "no private key"},
    {TLS, {{"tls.cert_pem=x", "tls.key_pem=y"}}, -EINVAL, "tls.cert_pem: holds no certificate"},
    {TLS, {{SERVER("server"), "tls.crl=@ca.crl"}}, -EINVAL, "set tls.ca"},
    {"tls://127.0.0.1:1", {{NULL}}, -EINVAL, "the server cannot be verified"},
    {"tls://127.0.0.1:1", {{"tls.ca=/nowhere"}}, -ENOENT, "'/nowhere' cannot be read"},
    {"tls://127.0.0.1:1", {{"tls.ca=@ca.key"}}, -EINVAL, "holds no certificate"},
    {"tls://127.0.0.1:1", {{"tls.ca=@ca.pem", "tls.crl=@ca.pem"}}, -EINVAL, "no revocation list"},
    {"tls://127.0.0.1:1", {{"tls.pin=abc"}}, -EINVAL, "sha256//BASE64"},
    {"tls+ipc:///tmp/x", {{"tls.ca=@ca.pem"}}, -EINVAL, "the endpoint names no host"},
    {"tls://127.0.0.1:1", {{"tls.ca=@ca.pem", "tls.key=@client.key"}}, -EINVAL, "no certificate"},
};

static void test_misuse_is_refused_with_what_to_do(void **state)
{
    tn_ctx_t *ctx = api_ctx();

    (void)state;
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        const struct misuse *misuse = &misuses[i];
        tn_socket_t *socket = api_socket(ctx, "pair");
        int rc;

        pair_set(socket, &misuse->side);
        rc = strcmp(misuse->endpoint, TLS) == 0 ? tn_bind(socket, misuse->endpoint)
                                                : tn_connect(socket, misuse->endpoint);
        if (rc != misuse->code || !strstr(tn_last_error(), misuse->says))
            print_error("%zu: %d, \"%s\" without \"%s\"\n", i, rc, tn_last_error(), misuse->says);
        assert_int_equal(rc, misuse->code);
        assert_non_null(strstr(tn_last_error(), misuse->says));
        assert_ok(tn_close(socket));
    }
    api_ctx_end(ctx);
}

static int set_up(void **state)
{
    char *key;
    FILE *file;

    (void)state;
    certs_begin();
    key = certs_text("server.key");
    file = fopen(certs_path("open.key"), "w");
    fputs(key, file);
    fclose(file);
    free(key);
    chmod(certs_path("open.key"), 0644);
    file = fopen(certs_path("empty.key"), "w");
    fclose(file);
    chmod(certs_path("empty.key"), 0600);
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
        cmocka_unit_test(test_refusals_are_told_at_both_ends),
        cmocka_unit_test(test_good_peers_talk),
        cmocka_unit_test(test_versions_without_overlap_are_refused),
        cmocka_unit_test(test_ciphers_without_overlap_are_refused),
        cmocka_unit_test(test_plain_peers_are_refused_both_ways),
        cmocka_unit_test(test_misuse_is_refused_with_what_to_do),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
