/* The control socket of a process: one for all its contexts, gone with the last; a child has its own. */
#include "api.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];

static struct sockaddr_un name_of(pid_t pid)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path, sizeof name.sun_path, "%s/tenon-%d.sock", directory, (int)pid);
    return name;
}

static bool is_there(pid_t pid)
{
    struct sockaddr_un name = name_of(pid);
    struct stat status;

    return lstat(name.sun_path, &status) == 0;
}

/* The whole answer; empty when nobody listens. */
static const char *ask(pid_t pid)
{
    static char answer[65536];
    struct sockaddr_un name = name_of(pid);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    size_t size = 0;
    ssize_t got = 1;

    answer[0] = '\0';
    if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
        send(fd, "stat json\n", 10, MSG_NOSIGNAL) == 10)
        while (got > 0 && size < sizeof answer - 1) {
            got = recv(fd, answer + size, sizeof answer - 1 - size, 0);
            size += got > 0 ? (size_t)got : 0;
            answer[size] = '\0';
        }
    close(fd);
    return answer;
}

static unsigned count(const char *text, const char *word)
{
    unsigned found = 0;

    while ((text = strstr(text, word)) != NULL) {
        text += strlen(word);
        found++;
    }
    return found;
}

static void test_every_context_is_shown(void **state)
{
    tn_ctx_t *one = api_ctx(), *two = api_ctx();
    tn_socket_t *pub = api_socket(one, "pub"), *pair = api_socket(two, "pair");
    const char *answer;

    (void)state;
    answer = ask(getpid());
    assert_int_equal(count(answer, "\"io_threads\":"), 2);
    assert_non_null(strstr(answer, "\"pattern\":\"pub\""));
    assert_non_null(strstr(answer, "\"pattern\":\"pair\""));
    assert_ok(tn_close(pub));
    api_ctx_end(one);
    answer = ask(getpid());
    assert_int_equal(count(answer, "\"io_threads\":"), 1);
    assert_null(strstr(answer, "\"pattern\":\"pub\""));
    assert_ok(tn_close(pair));
    api_ctx_end(two);
    assert_false(is_there(getpid()));
    assert_string_equal(ask(getpid()), "");

    one = api_ctx();
    assert_int_equal(count(ask(getpid()), "\"io_threads\":"), 1);
    api_ctx_end(one);
    assert_false(is_there(getpid()));
}

static void test_drops_show_at_the_peer_and_by_reason(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *pub = api_socket(ctx, "pub"), *sub = api_socket(ctx, "sub");
    const char *answer;

    (void)state;
    assert_ok(tn_set_int(pub, "sndhwm", 1));
    assert_ok(tn_set_int(sub, "rcvhwm", 1));
    assert_ok(tn_subscribe(sub, "", 0));
    api_join(pub, sub, "inproc://drops");
    assert_ok(tn_wait_subscribers(pub, 1, API_TIMEOUT_MS));
    for (int i = 0; i < 5; i++)
        api_send(pub, "x", 0);
    answer = ask(getpid());
    assert_non_null(strstr(answer, "\"dropped\":{\"hwm\":3,"));
    assert_non_null(strstr(answer, "\"dropped\":3}"));
    assert_non_null(strstr(answer, "\"queued_out\":2"));
    assert_ok(tn_close(pub));
    assert_ok(tn_close(sub));
    api_ctx_end(ctx);
}

static int child(void)
{
    tn_ctx_t *ctx = tn_ctx_new();
    bool good = ctx && is_there(getpid()) && count(ask(getpid()), "\"io_threads\":") == 1 &&
                is_there(getppid());

    return tn_ctx_term(ctx, -1) == 0 && good && !is_there(getpid()) && is_there(getppid()) ? 0 : 1;
}

static void test_a_child_has_a_control_socket_of_its_own(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    int status = -1;
    pid_t pid;

    (void)state;
#ifdef __SANITIZE_THREAD__
    /* It takes the first thread of a child for the parent's that had the same place in memory. */
    api_ctx_end(ctx);
    skip();
#endif
    pid = fork();
    if (pid == 0)
        _exit(child());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(count(ask(getpid()), "\"io_threads\":"), 1);
    api_ctx_end(ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_context_is_shown),
        cmocka_unit_test(test_drops_show_at_the_peer_and_by_reason),
        cmocka_unit_test(test_a_child_has_a_control_socket_of_its_own),
    };
    int failed;

    snprintf(directory, sizeof directory, "/tmp/tenon-control-XXXXXX");
    if (!mkdtemp(directory) || setenv("TENON_CONTROL", directory, 1) != 0)
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(directory);
    return failed;
}
