/*
 * A running program and its plugins.d: what is added is seen at the next name that nobody knows, and a
 * module that is replaced on the disk harms nobody. usage: hot DIRECTORY-OF-FIXTURES
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tenon/tenon.h>

static char directory[] = "/tmp/tenon-hot-XXXXXX";
static const char *fixtures;

static void expect(int is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "%s: %s\n", what, tn_last_error());
    exit(1);
}

static const char *in_directory(const char *name)
{
    static char paths[4][300];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

/* As a careful administrator does it: written beside, then renamed. */
static void put(const char *name, const char *bytes, size_t size)
{
    int fd = open(in_directory("new"), O_WRONLY | O_CREAT | O_TRUNC, 0644);

    expect(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0, "a file");
    expect(rename(in_directory("new"), in_directory(name)) == 0, "rename");
}

static void put_manifest(const char *name, const char *format, const char *path)
{
    char text[600];

    snprintf(text, sizeof text, format, path);
    put(name, text, strlen(text));
}

static void put_copy(const char *name, const char *fixture)
{
    static char bytes[4 << 20];
    char path[300];
    FILE *in;
    size_t size;

    snprintf(path, sizeof path, "%s/%s", fixtures, fixture);
    in = fopen(path, "r");
    expect(in != NULL, path);
    size = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    put(name, bytes, size);
}

static tn_ctx_t *context(void)
{
    tn_ctx_t *ctx = tn_ctx_new();

    expect(ctx && tn_ctx_set_str(ctx, "plugins_d", directory) == 0, "a context");
    return ctx;
}

static void expect_pattern(tn_ctx_t *ctx, const char *name, int is_there)
{
    tn_socket_t *socket = tn_socket(ctx, name);

    expect(!socket == !is_there, name);
    if (socket)
        expect(tn_close(socket) == 0, "tn_close");
}

static void check_addition(tn_ctx_t *ctx)
{
    expect_pattern(ctx, "pair", 1);
    expect_pattern(ctx, "good", 0);
    put_manifest("50-good.conf", "module = %s\nprovides = pattern:good pattern:better\n",
                 in_directory("good.so"));
    expect_pattern(ctx, "good", 0); /* its module is not there yet */
    put("good.so", "", 0);
    expect_pattern(ctx, "good", 0); /* nor now: it is empty */
    put_copy("good.so", "good.so");
    expect_pattern(ctx, "good", 1);
    expect_pattern(ctx, "better", 1);
    expect_pattern(ctx, "best", 0);
}

/* Policy that is added counts from then on; a file of a lower directory hides nothing above it. */
static void check_policy(tn_ctx_t *ctx)
{
    put_manifest("70-deny.conf", "deny = pattern:pub\n%s", "");
    expect_pattern(ctx, "pub", 1); /* known: nothing is read */
    expect_pattern(ctx, "nobody", 0);
    expect_pattern(ctx, "pub", 0);
}

static void check_replacement(tn_ctx_t *ctx)
{
    tn_socket_t *socket = tn_socket(ctx, "good");
    tn_ctx_t *later;

    expect(socket != NULL, "good");
    put("good.so", "not a module", 12);
    expect(tn_close(socket) == 0, "tn_close");
    expect_pattern(ctx, "good", 1);
    later = context();
    expect_pattern(later, "good", 1); /* the process has it already */
    put_copy("good.so", "good.so");
    expect_pattern(later, "better", 1);
    expect(tn_ctx_term(later, 0) == 0, "tn_ctx_term");
    expect(unlink(in_directory("good.so")) == 0, "unlink");
    expect_pattern(ctx, "good", 1);
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx;

    if (argc != 2 || !mkdtemp(directory))
        return 2;
    fixtures = argv[1];
    ctx = context();
    check_addition(ctx);
    check_policy(ctx);
    check_replacement(ctx);
    expect(tn_ctx_term(ctx, 0) == 0, "tn_ctx_term");
    unlink(in_directory("50-good.conf"));
    unlink(in_directory("70-deny.conf"));
    return rmdir(directory) == 0 ? 0 : 1;
}
