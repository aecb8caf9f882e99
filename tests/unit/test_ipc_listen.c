/* The ipc module: taking a path, over what others left there, and giving it back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_core.h"

extern const tn_module_t ipc_LTX_tenon_module_v1;

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

static void test_listen_makes_the_file_and_unlisten_removes_it(void **state)
{
    struct fake_server server;

    (void)state;
    assert_int_equal(fake_listen(&server, "sock"), 0);
    assert_string_equal(server.handle.address, "sock");
    assert_true(is_there("sock"));
    fake_unlisten(&server);
    assert_false(is_there("sock"));
}

static void test_unlisten_finds_a_relative_path_from_elsewhere(void **state)
{
    struct fake_server server;

    (void)state;
    assert_int_equal(fake_listen(&server, "sock"), 0);
    assert_int_equal(chdir("/"), 0);
    fake_unlisten(&server);
    assert_int_equal(chdir(directory), 0);
    assert_false(is_there("sock"));
}

static void test_unlisten_leaves_a_file_that_is_not_ours(void **state)
{
    struct fake_server first, second;

    (void)state;
    assert_int_equal(fake_listen(&first, "sock"), 0);
    assert_int_equal(rename("sock", "moved"), 0);
    assert_int_equal(fake_listen(&second, "sock"), 0);
    fake_unlisten(&first);
    assert_true(is_there("sock"));
    fake_unlisten(&second);
    assert_int_equal(unlink("moved"), 0);
}

static void test_unlisten_in_a_forked_child_leaves_the_file(void **state)
{
    struct fake_server server;
    int status;
    pid_t child;

    (void)state;
    assert_int_equal(fake_listen(&server, "sock"), 0);
    child = fork();
    if (child == 0) {
        ops->unlisten(server.state);
        _exit(is_there("sock") ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fake_unlisten(&server);
    assert_false(is_there("sock"));
}

static void test_listen_takes_over_a_stale_path(void **state)
{
    struct fake_server server;
    struct fake_client dialled, accepted;

    (void)state;
    leave_stale_file("sock");
    fake_pair(&server, "sock", &dialled, &accepted);
    fake_pair_end(&server, &dialled, &accepted);
}

static void test_listen_at_a_living_path_says_in_use(void **state)
{
    struct fake_server first, second;

    (void)state;
    assert_int_equal(fake_listen(&first, "sock"), 0);
    assert_int_equal(fake_listen(&second, "sock"), -EADDRINUSE);
    fake_says("sock");
    fake_says("listens there");
    fake_unlisten(&second);
    assert_true(is_there("sock"));
    fake_unlisten(&first);
}

static void test_listen_at_a_living_path_with_full_queue_says_in_use(void **state)
{
    struct fake_server first, second;
    struct fake_client waiting;

    (void)state;
    fake_host_set_int(&fake, "backlog", 0);
    assert_int_equal(fake_listen(&first, "sock"), 0);
    assert_int_equal(fake_dial(&waiting, "sock"), 0);
    assert_int_equal(fake_listen(&second, "sock"), -EADDRINUSE);
    fake_unlisten(&second);
    fake_close(&waiting);
    fake_unlisten(&first);
}

static void test_listen_at_a_datagram_socket_says_in_use(void **state)
{
    struct fake_server server;
    int fd = raw_socket("sock", SOCK_DGRAM, false);

    (void)state;
    assert_int_equal(fake_listen(&server, "sock"), -EADDRINUSE);
    fake_unlisten(&server);
    close(fd);
    assert_int_equal(unlink("sock"), 0);
}

static void test_listen_never_removes_what_is_no_socket(void **state)
{
    struct fake_server server;
    int fd = open("sock", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    close(fd);
    assert_int_equal(fake_listen(&server, "sock"), -EADDRINUSE);
    fake_says("no socket");
    fake_unlisten(&server);
    assert_int_equal(unlink("sock"), 0);
    assert_int_equal(symlink("nowhere", "sock"), 0);
    assert_int_equal(fake_listen(&server, "sock"), -EADDRINUSE);
    fake_unlisten(&server);
    assert_int_equal(unlink("sock"), 0);
}

static void test_listen_in_no_directory_says_so(void **state)
{
    struct fake_server server;

    (void)state;
    assert_int_equal(fake_listen(&server, "missing/sock"), -ENOENT);
    fake_says("missing/sock");
    fake_unlisten(&server);
}

static void test_listen_in_a_removed_directory_says_so(void **state)
{
    struct fake_server server;

    (void)state;
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(fake_listen(&server, "sock"), -ENOENT);
    fake_says("working directory");
    fake_unlisten(&server);
    assert_int_equal(mkdir(directory, 0700), 0);
}

static void test_listen_without_memory_leaves_nothing(void **state)
{
    static const char *const addresses[] = {"sock", "*", "*"};
    static const unsigned nth[] = {1, 1, 2};

    (void)state;
    for (size_t i = 0; i < sizeof nth / sizeof *nth; i++) {
        struct fake_server server;

        assert_int_equal(setenv("TMPDIR", directory, 1), 0);
        fake_alloc_fail_at(nth[i]);
        assert_int_equal(fake_listen(&server, addresses[i]), -ENOMEM);
        fake_unlisten(&server);
    }
}

static void test_without_descriptors_nothing_is_removed(void **state)
{
    static const int codes[] = {-EMFILE, -EADDRINUSE};

    (void)state;
    leave_stale_file("sock");
    for (unsigned count = 0; count < 2; count++) {
        struct rlimit before = fake_leave_descriptors(count);
        struct fake_server server;
        struct fake_client client;
        int code = fake_listen(&server, "sock");

        fake_unlisten(&server);
        if (count == 0)
            assert_int_equal(fake_dial(&client, "sock"), -EMFILE);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (count == 0)
            fake_close(&client);
        assert_int_equal(code, codes[count]);
        assert_true(is_there("sock"));
    }
    fake_says("cannot be found out");
    assert_int_equal(unlink("sock"), 0);
}

static void test_listen_passes_on_the_hosts_refusal(void **state)
{
    struct fake_server server;

    (void)state;
    fake.set_address_code = -ENOMEM;
    assert_int_equal(fake_listen(&server, "sock"), -ENOMEM);
    fake_unlisten(&server);
    assert_false(is_there("sock"));
}

/* ---- the wildcard ---- */

static void test_wildcard_makes_a_private_directory_and_removes_it(void **state)
{
    struct fake_server first, second;
    struct fake_client dialled, accepted;
    struct stat info;
    char parent[128];

    (void)state;
    assert_int_equal(setenv("TMPDIR", directory, 1), 0);
    fake_pair(&first, "*", &dialled, &accepted);
    assert_int_equal(fake_listen(&second, "*"), 0);
    assert_string_not_equal(first.handle.address, second.handle.address);
    assert_memory_equal(first.handle.address, directory, strlen(directory));
    strcpy(parent, first.handle.address);
    *strrchr(parent, '/') = '\0';
    assert_int_equal(stat(parent, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    fake_unlisten(&second);
    fake_pair_end(&first, &dialled, &accepted);
    assert_false(is_there(parent));
}

static void test_wildcard_without_tmpdir_uses_tmp(void **state)
{
    static const char *const values[] = {NULL, "not/absolute", ""};

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct fake_server server;

        if (values[i])
            assert_int_equal(setenv("TMPDIR", values[i], 1), 0);
        assert_int_equal(fake_listen(&server, "*"), 0);
        assert_memory_equal(server.handle.address, "/tmp/tenon-", 11);
        fake_unlisten(&server);
    }
}

static void test_wildcard_in_bad_tmpdir_says_so(void **state)
{
    struct fake_server server;
    char longest[200] = "/";

    (void)state;
    assert_int_equal(setenv("TMPDIR", "/nonexistent-directory", 1), 0);
    assert_int_equal(fake_listen(&server, "*"), -ENOENT);
    fake_says("TMPDIR");
    fake_unlisten(&server);
    memset(longest + 1, 'd', sizeof longest - 2);
    assert_int_equal(setenv("TMPDIR", longest, 1), 0);
    assert_int_equal(fake_listen(&server, "*"), -ENAMETOOLONG);
    fake_says("TMPDIR");
    fake_unlisten(&server);
}

/* ---- the mode ---- */

static void test_mode_is_that_of_the_file(void **state)
{
    struct fake_server server;
    struct stat file;

    (void)state;
    fake_host_set_text(&fake, "mode", "0620");
    assert_int_equal(fake_listen(&server, "sock"), 0);
    assert_int_equal(stat("sock", &file), 0);
    assert_int_equal(file.st_mode & 07777, 0620);
    fake_unlisten(&server);
}

static void test_mode_unset_leaves_it_to_the_umask(void **state)
{
    struct fake_server server;
    struct stat file;
    mode_t before = umask(027);

    (void)state;
    assert_int_equal(fake_listen(&server, "sock"), 0);
    umask(before);
    assert_int_equal(stat("sock", &file), 0);
    assert_int_equal(file.st_mode & 07777, 0750);
    fake_unlisten(&server);
}

static void test_mode_that_is_no_mode_is_refused(void **state)
{
    static const char *const modes[] = {"rw", "0888", "1777", "-1", "06x", " 60"};

    (void)state;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        struct fake_server server;

        fake.option_count = 0;
        fake_host_set_text(&fake, "mode", modes[i]);
        assert_int_equal(fake_listen(&server, "sock"), -EINVAL);
        fake_says("octal");
        fake_unlisten(&server);
    }
}

static void test_mode_of_an_abstract_name_is_refused(void **state)
{
    struct fake_server server;

    (void)state;
    fake_host_set_text(&fake, "mode", "0600");
    assert_int_equal(fake_listen(&server, "@test-ipc-mode"), -EINVAL);
    fake_says("abstract");
    fake_unlisten(&server);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_listen_makes_the_file_and_unlisten_removes_it),
        TEST(test_unlisten_finds_a_relative_path_from_elsewhere),
        TEST(test_unlisten_leaves_a_file_that_is_not_ours),
        TEST(test_unlisten_in_a_forked_child_leaves_the_file),
        TEST(test_listen_takes_over_a_stale_path),
        TEST(test_listen_at_a_living_path_says_in_use),
        TEST(test_listen_at_a_living_path_with_full_queue_says_in_use),
        TEST(test_listen_at_a_datagram_socket_says_in_use),
        TEST(test_listen_never_removes_what_is_no_socket),
        TEST(test_listen_in_no_directory_says_so),
        TEST(test_listen_in_a_removed_directory_says_so),
        TEST(test_listen_without_memory_leaves_nothing),
        TEST(test_without_descriptors_nothing_is_removed),
        TEST(test_listen_passes_on_the_hosts_refusal),
        TEST(test_wildcard_makes_a_private_directory_and_removes_it),
        TEST(test_wildcard_without_tmpdir_uses_tmp),
        TEST(test_wildcard_in_bad_tmpdir_says_so),
        TEST(test_mode_is_that_of_the_file),
        TEST(test_mode_unset_leaves_it_to_the_umask),
        TEST(test_mode_that_is_no_mode_is_refused),
        TEST(test_mode_of_an_abstract_name_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
