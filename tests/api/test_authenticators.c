/*
 * Who says that a peer may in: the program by a function, at once and later; a file; nobody.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <crypt.h>

#include "security.h"

struct scene {
    tn_ctx_t *ctx;
    tn_socket_t *server, *client;
    tn_monitor_t *events;
    char endpoint[API_ENDPOINT_MAX];
};

static void scene_begin(struct scene *scene, enum security_kind kind)
{
    scene->ctx = api_ctx();
    scene->server = api_socket(scene->ctx, "pair");
    scene->client = api_socket(scene->ctx, "pair");
    scene->events = tn_monitor(scene->server, TN_EVENT_HANDSHAKE_FAILED);
    assert_non_null(scene->events);
    security_server(scene->server, kind);
    security_client(scene->client, kind);
}

static void scene_connect(struct scene *scene)
{
    api_bind(scene->server, API_TCP, scene->endpoint);
    assert_ok(tn_connect(scene->client, scene->endpoint));
}

static void scene_end(struct scene *scene)
{
    tn_monitor_close(scene->events);
    assert_ok(tn_close(scene->server));
    assert_ok(tn_close(scene->client));
    api_ctx_end(scene->ctx);
}

static void expect_friend(struct scene *scene, const char *user)
{
    tn_msg_t msg;

    api_send(scene->client, "in", 0);
    tn_msg_init(&msg);
    assert_ok(tn_msg_recv(scene->server, &msg, 0));
    if (*user)
        assert_string_equal(tn_msg_property(&msg, "User-Id"), user);
    tn_msg_close(&msg);
}

static void expect_refusal(struct scene *scene, int64_t value)
{
    tn_event_t event;

    api_expect_event(scene->events, TN_EVENT_HANDSHAKE_FAILED, &event);
    assert_int_equal(event.value, value);
    api_expect_nothing(scene->server);
}

/* ------------------------------------------------------------------ the program */

struct program {
    int status;
    bool is_late;
    tn_question_t *question;
    pthread_mutex_t lock;
    pthread_cond_t asked;
    char user[32];
};

static void give(struct program *program, tn_question_t *question)
{
    const tn_answer_t answer = {
        .size = sizeof answer, .status = program->status, .user_id = "alice", .reason = "a test"};

    assert_ok(tn_answer(question, &answer));
}

static void ask(tn_question_t *question, const tn_question_info_t *info, void *arg)
{
    struct program *program = arg;

    pthread_mutex_lock(&program->lock);
    snprintf(program->user, sizeof program->user, "%.*s",
             info->credential_count ? (int)info->credentials[0].size : 0,
             info->credential_count ? (const char *)info->credentials[0].data : "");
    if (program->is_late)
        program->question = question;
    pthread_cond_signal(&program->asked);
    pthread_mutex_unlock(&program->lock);
    if (!program->is_late)
        give(program, question);
}

static tn_question_t *wait_for_question(struct program *program)
{
    tn_question_t *question;

    pthread_mutex_lock(&program->lock);
    while (!program->question)
        pthread_cond_wait(&program->asked, &program->lock);
    question = program->question;
    program->question = NULL;
    pthread_mutex_unlock(&program->lock);
    return question;
}

static void check_program(enum security_kind kind, int status, bool is_late)
{
    struct program program = {.status = status, .is_late = is_late};
    struct scene scene;

    pthread_mutex_init(&program.lock, NULL);
    pthread_cond_init(&program.asked, NULL);
    scene_begin(&scene, kind);
    assert_ok(tn_set_authenticator(scene.server, ask, &program));
    scene_connect(&scene);
    if (is_late)
        give(&program, wait_for_question(&program));
    if (status == TN_AUTH_OK)
        expect_friend(&scene, "alice");
    else
        expect_refusal(&scene, status == TN_AUTH_ABSENT ? 0 : status);
    if (kind == SECURE_PLAIN)
        assert_string_equal(program.user, "admin");
    scene_end(&scene);
    pthread_mutex_destroy(&program.lock);
    pthread_cond_destroy(&program.asked);
}

static void test_program_answers_at_once_or_later(void **state)
{
    static const int statuses[] = {TN_AUTH_OK, TN_AUTH_TEMPORARY, TN_AUTH_DENIED, TN_AUTH_ERROR,
                                   TN_AUTH_ABSENT};

    (void)state;
    for (int kind = 0; kind < security_kinds(); kind++) {
        for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
            check_program((enum security_kind)kind, statuses[i], false);
            check_program((enum security_kind)kind, statuses[i], true);
        }
    }
}

static void test_answer_after_the_end_is_allowed(void **state)
{
    struct program program = {.status = TN_AUTH_OK, .is_late = true};
    struct scene scene;
    tn_question_t *question;

    (void)state;
    security_need(SECURE_CURVE);
    pthread_mutex_init(&program.lock, NULL);
    pthread_cond_init(&program.asked, NULL);
    scene_begin(&scene, SECURE_CURVE);
    assert_ok(tn_set_authenticator(scene.server, ask, &program));
    scene_connect(&scene);
    question = wait_for_question(&program);
    scene_end(&scene);
    give(&program, question);
    pthread_mutex_destroy(&program.lock);
    pthread_cond_destroy(&program.asked);
}

static void test_answer_needs_its_arguments(void **state)
{
    (void)state;
    assert_code(tn_answer(NULL, NULL), -EINVAL);
}

/* ------------------------------------------------------------------ nobody */

static void test_curve_without_anybody_to_ask_lets_every_key_in(void **state)
{
    struct scene scene;

    (void)state;
    security_need(SECURE_CURVE);
    scene_begin(&scene, SECURE_CURVE);
    assert_ok(tn_set_str(scene.server, "authenticator", "none"));
    scene_connect(&scene);
    expect_friend(&scene, "");
    scene_end(&scene);
}

static void test_plain_without_anybody_to_ask_does_not_bind(void **state)
{
    struct scene scene;

    (void)state;
    scene_begin(&scene, SECURE_PLAIN);
    assert_ok(tn_set_str(scene.server, "authenticator", "none"));
    assert_code(tn_bind(scene.server, API_TCP), -EINVAL);
    assert_ok(tn_set_str(scene.server, "authenticator", "nobody"));
    assert_code(tn_bind(scene.server, API_TCP), -TN_EMODULE);
    scene_end(&scene);
}

/* ------------------------------------------------------------------ a file */

static char path[] = "/tmp/tenon-test-rules-XXXXXX";

/* Always a new file, so that a change is seen whatever the clock's steps are. */
static void write_rules(const char *text)
{
    char fresh[64];
    FILE *file;

    snprintf(fresh, sizeof fresh, "%s.new", path);
    file = fopen(fresh, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(fresh, 0600), 0);
    assert_int_equal(rename(fresh, path), 0);
}

static void check_file(enum security_kind kind, const char *rules, const char *domain,
                       const char *user)
{
    struct scene scene;

    write_rules(rules);
    scene_begin(&scene, kind);
    assert_ok(tn_set_str(scene.server, "authenticator", "file"));
    assert_ok(tn_set_str(scene.server, "file.path", path));
    assert_ok(tn_set_str(scene.server, "zap_domain", domain));
    scene_connect(&scene);
    if (user)
        expect_friend(&scene, user);
    else
        expect_refusal(&scene, TN_AUTH_DENIED);
    scene_end(&scene);
}

static const char *rule_for_user(const char *name, const char *password)
{
    static char line[256];
    struct crypt_data data;

    memset(&data, 0, sizeof data);
    snprintf(line, sizeof line, "# who may in\n\nuser %s %s\n", name,
             crypt_r(password, "$5$saltsalt$", &data));
    return line;
}

static const char *rule_for_key(const char *key, const char *rest)
{
    static char line[256];

    snprintf(line, sizeof line, "key \"%s\" alice %s\n", key, rest);
    return line;
}

static void test_file_knows_users(void **state)
{
    (void)state;
    check_file(SECURE_PLAIN, rule_for_user("admin", "secret"), "", "admin");
    check_file(SECURE_PLAIN, rule_for_user("admin", "other"), "", NULL);
    check_file(SECURE_PLAIN, rule_for_user("other", "secret"), "", NULL);
    check_file(SECURE_PLAIN, "", "", NULL);
}

static void test_file_knows_keys(void **state)
{
    (void)state;
    security_need(SECURE_CURVE);
    check_file(SECURE_CURVE, rule_for_key(security_client_public, ""), "", "alice");
    check_file(SECURE_CURVE, rule_for_key(security_client_public, "domain=home"), "home", "alice");
    check_file(SECURE_CURVE, rule_for_key(security_client_public, "domain=home"), "work", NULL);
    check_file(SECURE_CURVE, rule_for_key(security_server_public, ""), "", NULL);
    check_file(SECURE_CURVE, "", "", NULL);
}

static void test_file_knows_addresses(void **state)
{
    char both[512];

    (void)state;
    check_file(SECURE_NULL, "address 127.0.0.0/8\n", "", "");
    check_file(SECURE_NULL, "address 127.0.0.2\naddress 10.0.0.0/8\n", "", NULL);
    check_file(SECURE_NULL, "address ::/0\n", "", "");
    check_file(SECURE_NULL, "address 0.0.0.0/0 domain=home\n", "work", NULL);
    check_file(SECURE_NULL, "", "", NULL);
    snprintf(both, sizeof both, "address 10.0.0.0/8\n%s", rule_for_user("admin", "secret"));
    check_file(SECURE_PLAIN, both, "", NULL);
    snprintf(both, sizeof both, "address 127.0.0.1\n%s", rule_for_user("admin", "secret"));
    check_file(SECURE_PLAIN, both, "", "admin");
    check_file(SECURE_PLAIN, "address 127.0.0.1\n", "", NULL);
}

static void test_broken_file_does_not_bind(void **state)
{
    static const char *const broken[] = {
        "user admin\n",          "user admin secret\n",  "users admin $5$x$y\n", "key short\n",
        "address 1.2.3\n",       "address 1.2.3.4/33\n", "address ::/129\n",     "certificate\n",
        "user \"admin $5$x$y\n", "key a b c d e f\n",    "address 1.2.3.4/-1\n",
    };
    struct scene scene;

    (void)state;
    scene_begin(&scene, SECURE_PLAIN);
    assert_ok(tn_set_str(scene.server, "authenticator", "file"));
    assert_code(tn_bind(scene.server, API_TCP), -EINVAL);
    assert_ok(tn_set_str(scene.server, "file.path", path));
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        write_rules(broken[i]);
        assert_code(tn_bind(scene.server, API_TCP), -EINVAL);
        assert_non_null(strstr(tn_last_error(), "line 1"));
    }
    write_rules("");
    assert_int_equal(chmod(path, 0622), 0);
    assert_code(tn_bind(scene.server, API_TCP), -EINVAL);
    assert_int_equal(unlink(path), 0);
    assert_code(tn_bind(scene.server, API_TCP), -ENOENT);
    scene_end(&scene);
}

/* A client that comes again finds the rules as they are now. */
static void come_again(struct scene *scene)
{
    assert_ok(tn_close(scene->client));
    scene->client = api_socket(scene->ctx, "pair");
    security_client(scene->client, SECURE_PLAIN);
    assert_ok(tn_connect(scene->client, scene->endpoint));
}

static void test_changed_file_is_read_again_and_a_broken_one_is_not(void **state)
{
    struct scene scene;

    (void)state;
    write_rules(rule_for_user("other", "secret"));
    scene_begin(&scene, SECURE_PLAIN);
    assert_ok(tn_set_str(scene.server, "authenticator", "file"));
    assert_ok(tn_set_str(scene.server, "file.path", path));
    scene_connect(&scene);
    expect_refusal(&scene, TN_AUTH_DENIED);
    write_rules(rule_for_user("admin", "secret"));
    come_again(&scene);
    expect_friend(&scene, "admin");
    write_rules("this is no rule\n");
    come_again(&scene);
    expect_friend(&scene, "admin");
    assert_int_equal(unlink(path), 0);
    come_again(&scene);
    expect_friend(&scene, "admin");
    write_rules(rule_for_user("other", "secret"));
    come_again(&scene);
    expect_refusal(&scene, TN_AUTH_DENIED);
    scene_end(&scene);
}

static int make_path(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    unlink(path);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_program_answers_at_once_or_later),
        cmocka_unit_test(test_answer_after_the_end_is_allowed),
        cmocka_unit_test(test_answer_needs_its_arguments),
        cmocka_unit_test(test_curve_without_anybody_to_ask_lets_every_key_in),
        cmocka_unit_test(test_plain_without_anybody_to_ask_does_not_bind),
        cmocka_unit_test(test_file_knows_users),
        cmocka_unit_test(test_file_knows_keys),
        cmocka_unit_test(test_file_knows_addresses),
        cmocka_unit_test(test_broken_file_does_not_bind),
        cmocka_unit_test(test_changed_file_is_read_again_and_a_broken_one_is_not),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
