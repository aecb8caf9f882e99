/*
 * Messages through layers, with the deployment's policy applied: written as such, stacked, by alias,
 * and refused. usage: layers DIRECTORY-OF-FIXTURES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tenon/tenon.h>

enum { BIG = 300000, TIMEOUT = 20000 };

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, tn_last_error());
    exit(1);
}

static void check(int rc, const char *what)
{
    if (rc < 0)
        fail(what);
}

static void write_file(const char *directory, const char *name, const char *fixtures,
                       const char *stem, const char *rest)
{
    char path[256];
    FILE *out;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    out = fopen(path, "w");
    if (!out)
        exit(1);
    fprintf(out, "module = %s/%s.so\n%s", fixtures, stem, rest);
    fclose(out);
}

static tn_ctx_t *context(const char *directory)
{
    tn_ctx_t *ctx = tn_ctx_new();

    if (!ctx)
        fail("tn_ctx_new");
    check(tn_ctx_set_str(ctx, "plugins_d", directory), "plugins_d");
    return ctx;
}

static void expect_message(tn_socket_t *socket, const char *data, size_t size)
{
    char *buffer = malloc(size + 1);
    ssize_t got = buffer ? tn_recv(socket, buffer, size + 1, 0) : -1;

    if (got != (ssize_t)size || memcmp(buffer, data, size) != 0)
        fail("tn_recv");
    free(buffer);
}

static void exchange(tn_ctx_t *ctx, const char *bind, const char *scheme)
{
    tn_socket_t *server = tn_socket(ctx, "pair"), *client = tn_socket(ctx, "pair");
    char endpoint[256], *big = malloc(BIG);
    size_t size = sizeof endpoint;

    if (!server || !client || !big)
        fail("tn_socket");
    memset(big, 'x', BIG);
    check(tn_set_int(server, "rcvtimeo", TIMEOUT), "rcvtimeo");
    check(tn_set_int(client, "rcvtimeo", TIMEOUT), "rcvtimeo");
    check(tn_bind(server, bind), bind);
    check(tn_get_str(server, "last_endpoint", endpoint, &size), "last_endpoint");
    if (strncmp(endpoint, scheme, strlen(scheme)) != 0)
        fail(endpoint);
    check(tn_connect(client, endpoint), endpoint);
    check(tn_send(client, "hello", 5, 0), "tn_send");
    expect_message(server, "hello", 5);
    check(tn_send(server, big, BIG, 0), "tn_send");
    expect_message(client, big, BIG);
    free(big);
    tn_close(server);
    tn_close(client);
}

static void expect_refused(tn_ctx_t *ctx, const char *endpoint, int code)
{
    tn_socket_t *socket = tn_socket(ctx, "pair");
    int rc = socket ? tn_bind(socket, endpoint) : 0;

    if (rc != code) {
        fprintf(stderr, "%s: %d, not %d\n", endpoint, rc, code);
        exit(1);
    }
    tn_close(socket);
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/tenon-layers-XXXXXX", path[300];
    tn_ctx_t *ctx;

    if (argc != 2 || !mkdtemp(directory))
        return 2;
    write_file(directory, "50-safe.conf", argv[1], "layer_safe", "provides = transport:safe\n");
    write_file(directory, "50-open.conf", argv[1], "layer_open", "provides = transport:open\n");

    ctx = context(directory);
    exchange(ctx, "safe://127.0.0.1:*", "safe://");
    exchange(ctx, "open+safe+tcp://127.0.0.1:*", "open+safe+tcp://");
    snprintf(path, sizeof path, "safe+ipc://%s/socket", directory);
    exchange(ctx, path, "safe+ipc://");
    check(tn_ctx_term(ctx, TIMEOUT), "tn_ctx_term");

    /* The program still writes tcp, and sees tcp. */
    write_file(directory, "50-safe.conf", argv[1], "layer_safe",
               "provides = transport:safe\nalias = transport:tcp\ndeny = transport:tcp\n");
    ctx = context(directory);
    exchange(ctx, "tcp://127.0.0.1:*", "tcp://");
    expect_refused(ctx, "open+tcp://127.0.0.1:*", -TN_EDENIED);
    check(tn_ctx_term(ctx, TIMEOUT), "tn_ctx_term");

    snprintf(path, sizeof path, "%s/50-safe.conf", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/50-open.conf", directory);
    unlink(path);
    snprintf(path, sizeof path, "%s/socket", directory);
    unlink(path);
    return rmdir(directory) == 0 ? 0 : 1;
}
