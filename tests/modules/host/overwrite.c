/* The files of open modules are cut and written over while their program goes on: it does not notice.
 * Argument: the directory of the modules that it uses, copies (overwrite.sh). */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

static void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, tn_last_error());
    exit(1);
}

/* To a socket that connects anew: dialling, accepting and the handshake run in the modules, too. */
static void exchange(tn_ctx_t *ctx, tn_socket_t *rep)
{
    tn_socket_t *req = tn_socket(ctx, "req");
    char endpoint[256], text[8] = "";
    size_t size = sizeof endpoint;

    if (!req || tn_get_str(rep, "last_endpoint", endpoint, &size) < 0 ||
        tn_connect(req, endpoint) < 0)
        fail("connecting");
    for (int i = 0; i < 100; i++)
        if (tn_send(req, "hello", 6, 0) < 0 || tn_recv(rep, text, sizeof text, 0) != 6 ||
            tn_send(rep, text, 6, 0) < 0 || tn_recv(req, text, sizeof text, 0) != 6)
            fail("exchanging");
    tn_close(req);
}

static void write_over(const char *directory, const char *name)
{
    static char noise[256 * 1024];
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", directory, name);
    memset(noise, 0xcc, sizeof noise);
    for (int i = 0; i < 2; i++) { /* with something shorter, and longer */
        file = fopen(path, "w");
        if (!file || fwrite(noise, i ? sizeof noise : 1, 1, file) != 1 || fclose(file) != 0)
            fail(path);
    }
}

static int write_over_all(const char *directory)
{
    DIR *list = opendir(directory);
    struct dirent *entry;
    int count = 0;

    while (list && (entry = readdir(list))) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot && strcmp(dot, ".so") == 0) {
            write_over(directory, entry->d_name);
            count++;
        }
    }
    if (list)
        closedir(list);
    return count;
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *rep;

    rep = ctx && argc == 2 ? tn_socket(ctx, "rep") : NULL;
    if (!rep || tn_bind(rep, "tcp://127.0.0.1:*") < 0)
        fail("binding");
    exchange(ctx, rep);
    if (write_over_all(argv[1]) < 2)
        fail("no modules to write over");
    exchange(ctx, rep);
    tn_close(rep);
    return tn_ctx_term(ctx, 10000) == 0 ? 0 : 1;
}
