/* The ipc module: addresses, connections and their bytes, in a directory of the test's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_core.h"

extern const tn_module_t ipc_LTX_tenon_module_v1;

enum { PATH_LIMIT = 107 };

static char directory[32];

/* The working directory is the test's own: a relative path is a safe one. */
static int set_up(void **state)
{
    (void)state;
    fake_core_begin(ipc_LTX_tenon_module_v1.features[0]);
    unsetenv("TMPDIR");
    strcpy(directory, "/tmp/test-ipc-XXXXXX");
    return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

/* Fails when a test left a file. */
static int tear_down(void **state)
{
    (void)state;
    return chdir("/") == 0 && rmdir(directory) == 0 && fake_alloc_balance() == 0 ? 0 : -1;
}

static bool is_there(const char *path)
{
    struct stat file;

    return lstat(path, &file) == 0;
}

/* A listening socket that is not the module's; closing it leaves its file, as a crash does. */
static int raw_socket(const char *path, int type, bool is_listening)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    strcpy(name.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof name), 0);
    if (is_listening)
        assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void leave_stale_file(const char *path)
{
    close(raw_socket(path, SOCK_STREAM, true));
    assert_true(is_there(path));
}

static void test_check_accepts_paths_names_and_wildcard(void **state)
{
    static const char *const both[] = {"/tmp/a", "relative", "@abstract", "a b?c"};

    (void)state;
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        assert_int_equal(ops->check(&fake.table, both[i], TN_ROLE_BIND), 0);
        assert_int_equal(ops->check(&fake.table, both[i], TN_ROLE_CONNECT), 0);
    }
    assert_int_equal(ops->check(&fake.table, "*", TN_ROLE_BIND), 0);
}

static void test_check_refuses_empty_names_and_wildcard_connects(void **state)
{
    (void)state;
    assert_int_equal(ops->check(&fake.table, "", TN_ROLE_BIND), -EINVAL);
    fake_says("empty");
    assert_int_equal(ops->check(&fake.table, "@", TN_ROLE_BIND), -EINVAL);
    assert_int_equal(ops->check(&fake.table, "*", TN_ROLE_CONNECT), -EINVAL);
    fake_says("last_endpoint");
}

static void test_path_of_107_bytes_is_the_longest(void **state)
{
    static const char first[] = {'p', '@'};

    (void)state;
    for (size_t i = 0; i < sizeof first; i++) {
        char path[PATH_LIMIT + 2];
        struct fake_server server;
        struct fake_client dialled, accepted;

        memset(path, 'p', sizeof path);
        memcpy(path + 1, "test-ipc-", 9);
        memcpy(path + 10, directory + strlen("/tmp/test-ipc-"), 6);
        path[0] = first[i];
        path[PATH_LIMIT + 1] = '\0';
        assert_int_equal(ops->check(&fake.table, path, TN_ROLE_CONNECT), -ENAMETOOLONG);
        fake_says("107");
        assert_int_equal(fake_listen(&server, path), -ENAMETOOLONG);
        fake_unlisten(&server);
        path[PATH_LIMIT] = '\0';
        fake_pair(&server, path, &dialled, &accepted);
        fake_pair_end(&server, &dialled, &accepted);
    }
}

static void test_abstract_name_needs_no_file(void **state)
{
    struct fake_server server, second;
    struct fake_client dialled, accepted;
    char name[64];

    (void)state;
    snprintf(name, sizeof name, "@%s", directory);
    fake_pair(&server, name, &dialled, &accepted);
    assert_string_equal(server.handle.address, name);
    assert_string_equal(dialled.handle.remote + strlen("ipc://"), name);
    assert_int_equal(fake_listen(&second, name), -EADDRINUSE);
    fake_unlisten(&second);
    fake_pair_end(&server, &dialled, &accepted);
    assert_int_equal(fake_dial(&dialled, name), -ECONNREFUSED);
    fake_close(&dialled);
}

static void test_dial_reaches_the_listener_and_reports_the_path(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    char path[64], expected[80];

    (void)state;
    snprintf(path, sizeof path, "%s/sock", directory);
    snprintf(expected, sizeof expected, "ipc://%s", path);
    fake_pair(&server, path, &dialled, &accepted);
    assert_string_equal(dialled.handle.remote, expected);
    assert_string_equal(accepted.handle.local, expected);
    assert_int_equal(dialled.handle.reports, 1);
    assert_int_equal(accepted.handle.reports, 1);
    assert_int_equal(ops->established(dialled.state), 0);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_accept_without_connection_says_again(void **state)
{
    struct fake_server server;
    struct fake_client accepted;

    (void)state;
    assert_int_equal(fake_listen(&server, "sock"), 0);
    fake_open(&accepted, TN_ROLE_BIND);
    assert_int_equal(ops->accept(server.state, accepted.state), -EAGAIN);
    fake_close(&accepted);
    fake_unlisten(&server);
}

static void test_dial_nobody_says_why(void **state)
{
    struct fake_client client;

    (void)state;
    errno = 0;
    assert_int_equal(fake_dial(&client, "sock"), -ENOENT);
    fake_says("nobody has bound it yet");
    fake_close(&client);
    leave_stale_file("sock");
    assert_int_equal(fake_dial(&client, "sock"), -ECONNREFUSED);
    fake_says("any more");
    fake_close(&client);
    assert_int_equal(errno, 0);
    assert_int_equal(unlink("sock"), 0);
}

static void test_dial_malformed_is_refused(void **state)
{
    struct fake_client client;

    (void)state;
    assert_int_equal(fake_dial(&client, "*"), -EINVAL);
    assert_int_equal(ops->fd(client.state), -1);
    fake_close(&client);
}

static void test_dial_to_a_full_queue_is_refused(void **state)
{
    struct fake_server server;
    struct fake_client first, second;

    (void)state;
    fake_host_set_int(&fake, "backlog", 0);
    assert_int_equal(fake_listen(&server, "sock"), 0);
    assert_int_equal(fake_dial(&first, "sock"), 0);
    assert_int_equal(fake_dial(&second, "sock"), -ECONNREFUSED);
    fake_says("backlog");
    fake_close(&second);
    fake_close(&first);
    fake_unlisten(&server);
}

static void test_buffer_sizes_reach_both_ends(void **state)
{
    struct fake_server server;
    struct fake_client ends[2];

    (void)state;
    fake_host_set_int(&fake, "sndbuf", 20000);
    fake_pair(&server, "sock", &ends[0], &ends[1]);
    for (int i = 0; i < 2; i++) {
        int value = 0;
        socklen_t size = sizeof value;

        assert_int_equal(getsockopt(ops->fd(ends[i].state), SOL_SOCKET, SO_SNDBUF, &value, &size),
                         0);
        assert_int_equal(value, 40000);
    }
    fake_pair_end(&server, &ends[0], &ends[1]);
}

static void test_bytes_go_both_ways_until_the_end(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;
    char buffer[16];
    struct iovec out[] = {{.iov_base = "one ", .iov_len = 4}, {.iov_base = "two", .iov_len = 3}};
    struct iovec in = {.iov_base = buffer, .iov_len = sizeof buffer};

    (void)state;
    fake_pair(&server, "sock", &dialled, &accepted);
    assert_int_equal(ops->readv(accepted.state, &in, 1), -EAGAIN);
    assert_int_equal(ops->writev(dialled.state, out, 2), 7);
    assert_int_equal(ops->readv(accepted.state, &in, 1), 7);
    assert_memory_equal(buffer, "one two", 7);
    assert_int_equal(ops->writev(accepted.state, out, 1), 4);
    assert_int_equal(ops->readv(dialled.state, &in, 1), 4);
    fake_close(&dialled);
    assert_int_equal(ops->readv(accepted.state, &in, 1), 0);
    assert_int_equal(ops->writev(accepted.state, out, 1), -EPIPE);
    assert_int_equal(ops->writev(accepted.state, out, 2), -EPIPE);
    fake_close(&accepted);
    fake_unlisten(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_check_accepts_paths_names_and_wildcard),
        TEST(test_check_refuses_empty_names_and_wildcard_connects),
        TEST(test_path_of_107_bytes_is_the_longest),
        TEST(test_abstract_name_needs_no_file),
        TEST(test_dial_reaches_the_listener_and_reports_the_path),
        TEST(test_accept_without_connection_says_again),
        TEST(test_dial_nobody_says_why),
        TEST(test_dial_malformed_is_refused),
        TEST(test_dial_to_a_full_queue_is_refused),
        TEST(test_buffer_sizes_reach_both_ends),
        TEST(test_bytes_go_both_ways_until_the_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
