/* A program with one PULL socket on tcp has mapped the two modules that it uses, and no other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

struct count {
    unsigned features, loaded;
};

static int count_loaded(const tn_module_info_t *info, void *arg)
{
    struct count *count = arg;

    /* What is linked in, or the core's own, is not mapped by anybody. */
    if (info->path[0] == '\0')
        return 0;
    count->features++;
    count->loaded += strcmp(info->state, "loaded") == 0;
    return 0;
}

/* How many different objects of a directory "tenon" the process has mapped. */
static unsigned count_mapped(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[4352], last[4352] = "";
    unsigned count = 0;

    while (maps && fgets(line, sizeof line, maps)) {
        const char *path = strchr(line, '/');

        if (path && strstr(path, "/tenon/") && strstr(path, ".so") && strcmp(path, last) != 0) {
            count++;
            snprintf(last, sizeof last, "%s", path);
        }
    }
    if (maps)
        fclose(maps);
    return count;
}

static void expect(unsigned found, unsigned wanted, const char *what)
{
    if (found == wanted)
        return;
    fprintf(stderr, "%s: %u, not %u\n", what, found, wanted);
    exit(1);
}

int main(void)
{
    tn_ctx_t *ctx = tn_ctx_new();
    tn_socket_t *pull;
    struct count before = {0}, after = {0};

    if (!ctx || tn_modules(ctx, count_loaded, &before) != 0) {
        fprintf(stderr, "%s\n", tn_last_error());
        return 1;
    }
    if (before.features == 0)
        return 0; /* everything is linked in */
    expect(before.loaded, 0, "features loaded at first");
    expect(count_mapped(), 0, "modules mapped at first");
    pull = tn_socket(ctx, "pull");
    if (!pull || tn_bind(pull, "tcp://127.0.0.1:*") != 0) {
        fprintf(stderr, "%s\n", tn_last_error());
        return 1;
    }
    if (tn_modules(ctx, count_loaded, &after) != 0)
        return 1;
    expect(count_mapped(), 2, "modules mapped");
    /* push, scatter and gather come in the same file as pull. */
    expect(after.loaded, 5, "features loaded");
    tn_close(pull);
    return tn_ctx_term(ctx, 10000) == 0 ? 0 : 1;
}
