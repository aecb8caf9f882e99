#include "load_all.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FEATURES = 512, NAME_SIZE = 64 };

struct names {
    char text[MAX_FEATURES][NAME_SIZE];
    size_t count;
};

static int collect(const tn_module_info_t *info, void *arg)
{
    struct names *names = arg;

    if (strcmp(info->state, "available") == 0 && names->count < MAX_FEATURES)
        snprintf(names->text[names->count++], NAME_SIZE, "%s:%s", info->kind, info->name);
    return 0;
}

static int no_option(const tn_option_info_t *info, void *arg)
{
    (void)info;
    (void)arg;
    return 0;
}

int tool_load(tn_ctx_t *ctx, const char *name)
{
    return tn_feature_options(ctx, name, no_option, NULL);
}

int tool_load_all(tn_ctx_t *ctx)
{
    struct names *names = calloc(1, sizeof *names);
    int rc;

    if (!names)
        return -ENOMEM;
    rc = tn_modules(ctx, collect, names);
    for (size_t i = 0; rc == 0 && i < names->count; i++)
        (void)tool_load(ctx, names->text[i]);
    free(names);
    return rc;
}
