#include "fake_tree.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"

static const char *const directories[] = {"vendor", "administrator", "environment", "api"};

static int set_error(const tn_host_t *host, int code, const char *format, ...)
{
    char text[512];
    va_list args;

    (void)host;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return tni_fail(code, "%s", text);
}

static void log_nothing(const tn_host_t *host, int level, const char *format, ...)
{
    (void)host;
    (void)level;
    (void)format;
}

static void *alloc(size_t size)
{
    return tni_calloc(1, size);
}

static void find_fixtures(struct fake_tree *tree)
{
    ssize_t length = readlink("/proc/self/exe", tree->modules, sizeof tree->modules - 16);
    char *slash;

    assert_true(length > 0);
    tree->modules[length] = '\0';
    slash = strrchr(tree->modules, '/');
    assert_non_null(slash);
    memcpy(slash, "/modules", sizeof "/modules");
}

const char *fake_tree_path(const struct fake_tree *tree, const char *file)
{
    static _Thread_local char path[256];

    snprintf(path, sizeof path, "%s/%s", tree->root, file);
    return path;
}

void fake_tree_init(struct fake_tree *tree)
{
    *tree = (struct fake_tree){.root = "/tmp/tenon-XXXXXX"};
    assert_non_null(mkdtemp(tree->root));
    find_fixtures(tree);
    for (int i = 0; i < 4; i++) {
        snprintf(tree->paths[i], sizeof tree->paths[i], "%s", fake_tree_path(tree, directories[i]));
        assert_int_equal(mkdir(tree->paths[i], 0755), 0);
    }
    assert_int_equal(setenv("TENON_PLUGINS_D", tree->paths[2], 1), 0);
    assert_int_equal(unsetenv("TENON_MODULES"), 0);
    tree->api[0] = tree->paths[3];
    tree->places = (struct tni_registry_places){.vendor = tree->paths[0],
                                                .administrator = tree->paths[1],
                                                .modules = tree->modules,
                                                .program = "tester",
                                                .is_unprivileged = true};
    tree->config = (struct tni_registry_config){
        .directories = tree->api, .allow_load = true, .places = &tree->places};
    tree->host = (tn_host_t){.size = sizeof tree->host,
                             .abi_major = TN_ABI_MAJOR,
                             .abi_minor = TN_ABI_MINOR,
                             .context = tree,
                             .log = log_nothing,
                             .set_error = set_error,
                             .alloc = alloc,
                             .free = tni_free};
}

void fake_tree_write(struct fake_tree *tree, const char *file, const char *text)
{
    FILE *out = fopen(fake_tree_path(tree, file), "w");

    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

void fake_tree_patterns(struct fake_tree *tree, const char *const *names)
{
    for (; *names; names++) {
        char file[80], text[160];

        snprintf(file, sizeof file, "vendor/50-%s.conf", *names);
        snprintf(text, sizeof text, "module = %s\nprovides = pattern:%s\n", *names, *names);
        fake_tree_write(tree, file, text);
    }
}

void fake_tree_copy(struct fake_tree *tree, const char *module, const char *file)
{
    char from[4200], buffer[4096];
    FILE *in, *out;
    size_t size;

    snprintf(from, sizeof from, "%s/%s.so", tree->modules, module);
    in = fopen(from, "r");
    assert_non_null(in);
    /* A mapped file must not change under its users: a new one takes its place. */
    unlink(fake_tree_path(tree, file));
    out = fopen(fake_tree_path(tree, file), "w");
    assert_non_null(out);
    while ((size = fread(buffer, 1, sizeof buffer, in)) > 0)
        assert_int_equal(fwrite(buffer, 1, size, out), size);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(fclose(in), 0);
}

int fake_tree_open(struct fake_tree *tree)
{
    return tni_registry_new(&tree->config, &tree->host, &tree->registry);
}

void fake_tree_close(struct fake_tree *tree)
{
    tni_registry_free(tree->registry);
    tree->registry = NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

void fake_tree_fini(struct fake_tree *tree)
{
    fake_tree_close(tree);
    nftw(tree->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
