/* vsock://, over the machine's own loopback; where there is none, that is said. */
#include "api.h"

#include <sys/socket.h>
#include <unistd.h>

/* After sys/socket.h, which it needs. */
#include <linux/vm_sockets.h>

static bool has_loopback(void)
{
    struct sockaddr_vm name = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_LOCAL, .svm_port = VMADDR_PORT_ANY};
    int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&name, sizeof name) == 0;

    if (fd >= 0)
        close(fd);
    return has;
}

static void test_vsock_addresses_are_checked(void **state)
{
    static const char *const wrong[] = {
        "vsock://1",   "vsock://:1",           "vsock://1:",   "vsock://x:1",
        "vsock://1:x", "vsock://1:4294967296", "vsock://-1:1", "vsock://1:1:1"};
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = api_socket(ctx, "pair");

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_code(tn_bind(socket, wrong[i]), -EINVAL);
        assert_code(tn_connect(socket, wrong[i]), -EINVAL);
    }
    assert_code(tn_connect(socket, "vsock://*:1"), -EINVAL);
    assert_code(tn_connect(socket, "vsock://local:*"), -EINVAL);
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

static void exchange(void **state)
{
    enum { BIG = 1 << 20 };
    static char big[BIG];
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *one = api_socket(ctx, "pair"), *two = api_socket(ctx, "pair");

    (void)state;
    api_join(one, two, "vsock://local:*");
    for (int i = 0; i < 100; i++) {
        api_send(one, "there", 0);
        api_expect(two, "there");
        api_send(two, "back", 0);
        api_expect(one, "back");
    }
    assert_ok(tn_send(one, big, BIG, 0));
    assert_int_equal(tn_recv(two, big, BIG, 0), BIG);
    assert_ok(tn_close(one));
    assert_ok(tn_close(two));
    api_ctx_end(ctx);
}

/* The errors of the system arrive with an advice. */
static void no_loopback(void **state)
{
    tn_ctx_t *ctx = api_ctx();
    tn_socket_t *socket = api_socket(ctx, "pair");

    (void)state;
    assert_true(tn_bind(socket, "vsock://local:*") < 0);
    assert_non_null(strstr(tn_last_error(), "vsock"));
    assert_ok(tn_close(socket));
    api_ctx_end(ctx);
}

int main(void)
{
    bool has = has_loopback();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vsock_addresses_are_checked),
        {has ? "test_vsock_sockets_talk" : "test_vsock_says_what_is_missing",
         has ? exchange : no_loopback, NULL, NULL, NULL},
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    if (failed || has)
        return failed;
    puts("Skipped: messages over vsock. This machine has no loopback (module vsock_loopback).");
    return 77;
}
