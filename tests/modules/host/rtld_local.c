/*
 * A program that opens the library itself, with RTLD_LOCAL, as a binding of a language does: the
 * modules must not need the library's symbols to be visible. usage: rtld_local LIBRARY
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

#define FUNCTIONS(f)                                                                               \
    f(tn_ctx_new) f(tn_ctx_term) f(tn_socket) f(tn_close) f(tn_bind) f(tn_connect) f(tn_send)      \
        f(tn_recv) f(tn_get_str) f(tn_last_error)

static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
} library;

static int look_up(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!handle) {
        fprintf(stderr, "%s\n", dlerror());
        return -1;
    }
#define LOOK_UP(name)                                                                              \
    *(void **)&library.name = dlsym(handle, #name);                                                \
    if (!library.name)                                                                             \
        return -1;
    FUNCTIONS(LOOK_UP)
    return 0;
}

static int fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, library.tn_last_error());
    return 1;
}

static int exchange(tn_ctx_t *ctx, const char *endpoint)
{
    tn_socket_t *pull = library.tn_socket(ctx, "pull"), *push = library.tn_socket(ctx, "push");
    char bound[256], text[16] = "";
    size_t size = sizeof bound;

    if (!pull || !push)
        return fail("tn_socket");
    if (library.tn_bind(pull, endpoint) < 0)
        return fail("tn_bind");
    if (library.tn_get_str(pull, "last_endpoint", bound, &size) < 0)
        return fail("tn_get_str");
    if (library.tn_connect(push, bound) < 0 || library.tn_send(push, "hello", 5, 0) < 0)
        return fail("tn_connect or tn_send");
    if (library.tn_recv(pull, text, sizeof text, 0) != 5 || memcmp(text, "hello", 5) != 0)
        return fail("tn_recv");
    library.tn_close(push);
    library.tn_close(pull);
    return 0;
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx;

    if (argc != 2 || look_up(argv[1]) < 0)
        return 2;
    ctx = library.tn_ctx_new();
    if (!ctx)
        return fail("tn_ctx_new");
    if (exchange(ctx, "tcp://127.0.0.1:*") || exchange(ctx, "inproc://here"))
        return 1;
    return library.tn_ctx_term(ctx, 10000) < 0 ? fail("tn_ctx_term") : 0;
}
