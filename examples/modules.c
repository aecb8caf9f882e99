/*
 * modules [PATTERN [ENDPOINT]]: lists the features that this program could use, before and after it
 * opens one socket and binds it: only what was named by then has been loaded.
 */
#include "example.h"

struct tally {
    int features, loaded;
};

static int count(const tn_module_info_t *info, void *argument)
{
    struct tally *tally = argument;

    tally->features++;
    if (strcmp(info->state, "loaded") == 0) {
        printf("  %-10s %-8s from %s\n", info->kind, info->name,
               info->path[0] ? info->path : info->source);
        tally->loaded++;
    }
    return 0;
}

static void list(tn_ctx_t *ctx, const char *when)
{
    struct tally tally = {0, 0};

    printf("%s:\n", when);
    must(tn_modules(ctx, count, &tally));
    printf("  %d of %d features loaded\n", tally.loaded, tally.features);
}

int main(int argc, char **argv)
{
    tn_ctx_t *ctx = must_context();
    tn_socket_t *socket;

    list(ctx, "before the first socket");
    socket = must_socket(ctx, argument(argc, argv, 1, "pull"));
    must(tn_bind(socket, argument(argc, argv, 2, "tcp://127.0.0.1:*")));
    list(ctx, "after one socket and one bind");
    return finish(ctx, socket);
}
