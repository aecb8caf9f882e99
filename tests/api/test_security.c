/*
 * Every mechanism against every answer of a ZAP handler, in both roles of the transport; and against
 * none at all.
 */
#include "security.h"

struct scene {
    tn_ctx_t *ctx;
    struct handler handler;
    bool has_handler;
    tn_socket_t *server, *client; /* of the mechanism */
    tn_monitor_t *server_events, *client_events;
    char endpoint[API_ENDPOINT_MAX];
};

static const struct handler_reply allow = {.count = 6,
                                           .frames = {"1.0", NULL, "200", "OK", "anonymous", ""}};

/* Before it is connected, so that a test can add options. */
static void scene_begin(struct scene *scene, enum security_kind kind,
                        const struct handler_reply *reply)
{
    memset(scene, 0, sizeof *scene);
    scene->ctx = api_ctx();
    if (reply)
        handler_start(&scene->handler, scene->ctx, "rep", reply);
    scene->has_handler = reply != NULL;
    scene->server = api_socket(scene->ctx, "pair");
    scene->client = api_socket(scene->ctx, "pair");
    scene->server_events =
        tn_monitor(scene->server, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_HANDSHAKE_SUCCEEDED);
    scene->client_events =
        tn_monitor(scene->client, TN_EVENT_HANDSHAKE_FAILED | TN_EVENT_HANDSHAKE_SUCCEEDED);
    assert_non_null(scene->server_events);
    assert_non_null(scene->client_events);
    security_server(scene->server, kind);
    security_client(scene->client, kind);
    assert_ok(tn_set_str(scene->server, "zap_domain", "global"));
}

static void scene_connect(struct scene *scene, bool server_binds)
{
    api_bind(server_binds ? scene->server : scene->client, API_TCP, scene->endpoint);
    assert_ok(tn_connect(server_binds ? scene->client : scene->server, scene->endpoint));
}

static void scene_end(struct scene *scene)
{
    tn_monitor_close(scene->server_events);
    tn_monitor_close(scene->client_events);
    assert_ok(tn_close(scene->server));
    assert_ok(tn_close(scene->client));
    assert_ok(tn_ctx_shutdown(scene->ctx));
    if (scene->has_handler)
        handler_join(&scene->handler);
    api_ctx_end(scene->ctx);
}

static int64_t failure(tn_monitor_t *monitor)
{
    tn_event_t event;

    api_expect_event(monitor, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_true(event.reason[0] != '\0');
    return event.value;
}

/* Nothing has been let through: neither side has a peer, and nothing was delivered. */
static void expect_strangers(struct scene *scene)
{
    tn_stats_t stats;

    tn_send(scene->client, "in", 2, TN_DONTWAIT);
    tn_send(scene->server, "out", 3, TN_DONTWAIT);
    assert_ok(tn_stats(scene->server, &stats));
    assert_int_equal(stats.peers, 0);
    assert_int_equal(stats.connections_made, 0);
    assert_ok(tn_stats(scene->client, &stats));
    assert_int_equal(stats.connections_made, 0);
    api_expect_nothing(scene->server);
    api_expect_nothing(scene->client);
}

static void expect_friends(struct scene *scene)
{
    api_send(scene->client, "in", 0);
    api_expect(scene->server, "in");
    api_send(scene->server, "out", 0);
    api_expect(scene->client, "out");
}

/* ------------------------------------------------------------------ answers */

static void check_request(const struct handler_request *request, enum security_kind kind)
{
    assert_string_equal(request->domain, "global");
    assert_string_equal(request->address, "127.0.0.1");
    assert_string_equal(request->mechanism, security_names[kind]);
    assert_int_equal(request->credential_count, kind == SECURE_PLAIN ? 2 : kind == SECURE_CURVE);
    if (kind == SECURE_PLAIN) {
        assert_string_equal(request->credentials[0], "admin");
        assert_string_equal(request->credentials[1], "secret");
    }
    if (kind == SECURE_CURVE)
        assert_int_equal(request->credential_sizes[0], 32);
}

static void check_answer(enum security_kind kind, size_t row, bool server_binds)
{
    struct scene scene;

    print_message("%s, answer %zu, the server %s\n", security_names[kind], row,
                  server_binds ? "binds" : "connects");
    scene_begin(&scene, kind, &security_answers[row].reply);
    scene_connect(&scene, server_binds);
    if (security_answers[row].value == 0) {
        expect_friends(&scene);
    } else {
        assert_int_equal(failure(scene.server_events), security_answers[row].value);
        if (security_answers[row].told)
            assert_int_equal(failure(scene.client_events), security_answers[row].told);
        expect_strangers(&scene);
    }
    check_request(&scene.handler.request, kind);
    scene_end(&scene);
}

static void check_all_answers(enum security_kind kind)
{
    for (size_t row = 0; row < security_answer_count; row++) {
        check_answer(kind, row, true);
        check_answer(kind, row, false);
    }
}

static void test_every_answer_about_null_peers(void **state)
{
    (void)state;
    check_all_answers(SECURE_NULL);
}

static void test_every_answer_about_plain_peers(void **state)
{
    (void)state;
    check_all_answers(SECURE_PLAIN);
}

static void test_every_answer_about_curve_peers(void **state)
{
    (void)state;
    security_need(SECURE_CURVE);
    check_all_answers(SECURE_CURVE);
}

/* ------------------------------------------------------------------ nobody to ask */

static void check_absence(enum security_kind kind, const char *domain, int enforce, int outcome)
{
    struct scene scene;

    scene_begin(&scene, kind, NULL);
    assert_ok(tn_set_str(scene.server, "zap_domain", domain));
    assert_ok(tn_set_int(scene.server, "zap_enforce_domain", enforce));
    if (outcome == -EINVAL) {
        assert_code(tn_bind(scene.server, API_TCP), -EINVAL);
        scene_end(&scene);
        return;
    }
    scene_connect(&scene, true);
    if (outcome == 0) {
        expect_friends(&scene);
    } else {
        assert_int_equal(failure(scene.server_events), 0);
        expect_strangers(&scene);
    }
    scene_end(&scene);
}

static void test_nobody_to_ask_about_null(void **state)
{
    (void)state;
    check_absence(SECURE_NULL, "", 1, 0);
    check_absence(SECURE_NULL, "global", 0, 0);
    check_absence(SECURE_NULL, "global", 1, -1);
}

static void test_nobody_to_ask_about_curve(void **state)
{
    (void)state;
    security_need(SECURE_CURVE);
    check_absence(SECURE_CURVE, "", 0, 0);
    check_absence(SECURE_CURVE, "", 1, 0);
    check_absence(SECURE_CURVE, "global", 0, 0);
    check_absence(SECURE_CURVE, "global", 1, -1);
}

static void test_nobody_to_ask_about_plain(void **state)
{
    (void)state;
    check_absence(SECURE_PLAIN, "", 0, -1);
    check_absence(SECURE_PLAIN, "", 1, -EINVAL);
    check_absence(SECURE_PLAIN, "global", 0, -1);
    check_absence(SECURE_PLAIN, "global", 1, -1);
}

/* ------------------------------------------------------------------ what is known afterwards */

static void check_properties(enum security_kind kind)
{
    static const struct handler_reply reply = {
        .count = 6,
        .frames = {"1.0", NULL, "200", "OK", "alice", "\5Hello\0\0\0\5World\4Room\0\0\0\3two"},
        .metadata_size = 27};
    struct scene scene;
    tn_msg_t msg;

    scene_begin(&scene, kind, &reply);
    assert_ok(tn_set_str(scene.client, "metadata", "X-Mine:yes"));
    scene_connect(&scene, true);
    api_send(scene.client, "in", 0);
    tn_msg_init(&msg);
    assert_ok(tn_msg_recv(scene.server, &msg, 0));
    assert_string_equal(tn_msg_property(&msg, "User-Id"), "alice");
    assert_string_equal(tn_msg_property(&msg, "Hello"), "World");
    assert_string_equal(tn_msg_property(&msg, "Room"), "two");
    assert_string_equal(tn_msg_property(&msg, "X-Mine"), "yes");
    assert_string_equal(tn_msg_property(&msg, "Socket-Type"), "PAIR");
    tn_msg_close(&msg);
    scene_end(&scene);
}

static void test_answer_becomes_properties_of_messages(void **state)
{
    (void)state;
    check_properties(SECURE_NULL);
    check_properties(SECURE_PLAIN);
    if (security_has(SECURE_CURVE))
        check_properties(SECURE_CURVE);
}

/* ------------------------------------------------------------------ late and never */

static void check_silence(enum security_kind kind)
{
    struct scene scene;

    if (!security_has(kind))
        return;
    scene_begin(&scene, kind, &allow);
    scene.handler.is_silent = true;
    assert_ok(tn_set_int(scene.server, "handshake_ivl", 200));
    assert_ok(tn_set_int(scene.client, "reconnect_ivl", -1));
    scene_connect(&scene, true);
    assert_int_equal(failure(scene.server_events), 0);
    expect_strangers(&scene);
    scene_end(&scene);
}

static void test_handler_that_never_answers_meets_the_deadline(void **state)
{
    (void)state;
    check_silence(SECURE_NULL);
    check_silence(SECURE_PLAIN);
    check_silence(SECURE_CURVE);
}

/* ------------------------------------------------------------------ handlers that misbehave otherwise */

enum { FRAMES = 16 };

/* A request as a ROUTER sees it, to be answered when the test likes. */
struct ask {
    tn_msg_t frames[FRAMES]; /* id, delimiter, "1.0", number, ... */
    int count;
};

static void take_request(tn_socket_t *handler, struct ask *ask)
{
    for (int i = 0; i < FRAMES; i++)
        tn_msg_init(&ask->frames[i]);
    ask->count = tn_recv_parts(handler, ask->frames, FRAMES, 0);
    assert_ok(ask->count);
    assert_true(ask->count >= 8);
}

static void drop_request(struct ask *ask)
{
    for (int i = 0; i < FRAMES; i++)
        tn_msg_close(&ask->frames[i]);
}

/* Whoever asked may have left: then the reply goes nowhere. */
static void reply_to(tn_socket_t *handler, const struct ask *ask, const char *status)
{
    const char *texts[] = {"", "1.0", "", status, "text", "user", ""};
    int rc = tn_send(handler, tn_msg_data((tn_msg_t *)&ask->frames[0]),
                     tn_msg_size(&ask->frames[0]), TN_MORE);

    for (int i = 0; rc >= 0 && i < 7; i++) {
        bool is_number = i == 2;
        rc = tn_send(handler, is_number ? tn_msg_data((tn_msg_t *)&ask->frames[3]) : texts[i],
                     is_number ? tn_msg_size(&ask->frames[3]) : strlen(texts[i]),
                     i < 6 ? TN_MORE : 0);
    }
}

static tn_socket_t *own_handler(struct scene *scene)
{
    tn_socket_t *handler = api_socket(scene->ctx, "router");

    assert_ok(tn_bind(handler, "inproc://zeromq.zap.01"));
    return handler;
}

/* A yes to a connection that has gone does not let the next one in, which waits for its own answer. It comes to
 * an endpoint of its own, with a deadline that a slow machine keeps. */
static void check_late(enum security_kind kind)
{
    struct scene scene;
    struct ask late, next;
    tn_socket_t *handler, *first;

    scene_begin(&scene, kind, NULL);
    handler = own_handler(&scene);
    first = api_socket(scene.ctx, "pair");
    security_client(first, kind);
    assert_ok(tn_set_int(first, "reconnect_ivl", -1));
    assert_ok(tn_set_int(scene.server, "handshake_ivl", 1000));
    api_bind(scene.server, API_TCP, scene.endpoint);
    assert_ok(tn_connect(first, scene.endpoint));
    take_request(handler, &late);
    assert_int_equal(failure(scene.server_events), 0);
    assert_ok(tn_set_int(scene.server, "handshake_ivl", API_TIMEOUT_MS));
    scene_connect(&scene, true);
    take_request(handler, &next);
    reply_to(handler, &late, "200");
    reply_to(handler, &next, "400");
    assert_int_equal(failure(scene.server_events), 400);
    assert_int_equal(failure(scene.client_events), 400);
    expect_strangers(&scene);
    api_expect_nothing(first);
    drop_request(&late);
    drop_request(&next);
    assert_ok(tn_close(first));
    assert_ok(tn_close(handler));
    scene_end(&scene);
}

static void test_late_answer_lets_nobody_in(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++)
        check_late((enum security_kind)kind);
}

/* It dies with the question: that is refused by the deadline, and the next handler is asked anew. */
static void check_death(enum security_kind kind)
{
    struct scene scene;
    tn_socket_t *handler;
    struct ask ask;

    scene_begin(&scene, kind, NULL);
    handler = own_handler(&scene);
    assert_ok(tn_set_int(scene.server, "handshake_ivl", 500));
    assert_ok(tn_set_int(scene.client, "reconnect_ivl", 1));
    scene_connect(&scene, true);
    take_request(handler, &ask);
    drop_request(&ask);
    assert_ok(tn_close(handler));
    assert_int_equal(failure(scene.server_events), 0);
    expect_strangers(&scene);
    handler_start(&scene.handler, scene.ctx, "rep", &allow);
    scene.has_handler = true;
    expect_friends(&scene);
    scene_end(&scene);
}

static void test_handler_that_dies_lets_nobody_in(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++)
        check_death((enum security_kind)kind);
}

/* Envelopes that a REP socket would never send. */
static const struct {
    const char *frames[9];
    size_t count;
    int fault;
} envelopes[] = {
    {{"1.0", "1", "200", "OK", "", ""}, 6, TN_FAULT_ANSWER_MALFORMED}, /* no delimiter */
    {{"1.0", "1", "200", "OK", "", "", ""}, 7, TN_FAULT_ANSWER},
    {{"x", "1.0", "1", "200", "OK", "", ""}, 7, TN_FAULT_ANSWER}, /* one that is not empty */
    {{"", "", "1.0", "1", "200", "OK", "", ""}, 8, TN_FAULT_ANSWER_MALFORMED},
    {{""}, 1, TN_FAULT_ANSWER_MALFORMED},
    {{"", "1.0", "1", "200", "OK", "", "", ""}, 8, TN_FAULT_ANSWER_MALFORMED},
};

static void check_envelope(enum security_kind kind, size_t row)
{
    struct scene scene;
    tn_socket_t *handler;
    struct ask ask;

    scene_begin(&scene, kind, NULL);
    handler = own_handler(&scene);
    assert_ok(tn_set_int(scene.client, "reconnect_ivl", -1));
    scene_connect(&scene, true);
    take_request(handler, &ask);
    assert_ok(tn_send(handler, tn_msg_data(&ask.frames[0]), tn_msg_size(&ask.frames[0]), TN_MORE));
    for (size_t i = 0; i < envelopes[row].count; i++)
        assert_ok(tn_send(handler, envelopes[row].frames[i], strlen(envelopes[row].frames[i]),
                          i + 1 < envelopes[row].count ? TN_MORE : 0));
    assert_int_equal(failure(scene.server_events), envelopes[row].fault);
    expect_strangers(&scene);
    drop_request(&ask);
    assert_ok(tn_close(handler));
    scene_end(&scene);
}

static void test_reply_in_a_wrong_envelope_lets_nobody_in(void **state)
{
    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++)
        for (size_t row = 0; row < sizeof envelopes / sizeof envelopes[0]; row++)
            check_envelope((enum security_kind)kind, row);
}

/* ------------------------------------------------------------------ other mechanisms */

static void check_mismatch(enum security_kind ours, enum security_kind theirs, bool server_binds)
{
    struct scene scene;

    scene_begin(&scene, ours, &allow);
    assert_ok(tn_set_str(scene.client, "mechanism", "null"));
    security_client(scene.client, theirs);
    scene_connect(&scene, server_binds);
    /* Whoever finds out first says why; the other one may only see that it is left. */
    assert_true(failure(scene.server_events) == TN_FAULT_MECHANISM ||
                failure(scene.client_events) == TN_FAULT_MECHANISM);
    expect_strangers(&scene);
    assert_int_equal(atomic_load(&scene.handler.requests), 0);
    scene_end(&scene);
}

static void test_other_mechanism_is_refused(void **state)
{
    (void)state;
    for (int binds = 0; binds < 2; binds++) {
        for (int ours = 0; ours < security_kinds(); ours++)
            for (int theirs = 0; theirs < security_kinds(); theirs++)
                if (ours != theirs)
                    check_mismatch((enum security_kind)ours, (enum security_kind)theirs, binds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_answer_about_null_peers),
        cmocka_unit_test(test_every_answer_about_plain_peers),
        cmocka_unit_test(test_every_answer_about_curve_peers),
        cmocka_unit_test(test_nobody_to_ask_about_null),
        cmocka_unit_test(test_nobody_to_ask_about_plain),
        cmocka_unit_test(test_nobody_to_ask_about_curve),
        cmocka_unit_test(test_answer_becomes_properties_of_messages),
        cmocka_unit_test(test_handler_that_never_answers_meets_the_deadline),
        cmocka_unit_test(test_late_answer_lets_nobody_in),
        cmocka_unit_test(test_handler_that_dies_lets_nobody_in),
        cmocka_unit_test(test_reply_in_a_wrong_envelope_lets_nobody_in),
        cmocka_unit_test(test_other_mechanism_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
