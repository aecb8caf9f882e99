#include "module_file.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "usage.h"

enum { STEM_SIZE = 64 };

static const char *const kinds[] = {"", "transport", "pattern", "mechanism", "authenticator"};

static int find_stem(const char *path, char out[STEM_SIZE])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = strlen(name);

    if (length < 4 || length - 3 >= STEM_SIZE || strcmp(name + length - 3, ".so") != 0)
        return -1;
    memcpy(out, name, length - 3);
    out[length - 3] = '\0';
    return 0;
}

const tn_module_t *module_file_open(const char *path, char *why, size_t size)
{
    char stem[STEM_SIZE], symbol[STEM_SIZE + 24];
    const tn_module_t *module;
    void *handle;

    if (find_stem(path, stem) < 0) {
        snprintf(why, size, "its name is not NAME.so");
        return NULL;
    }
    handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        snprintf(why, size, "%s", dlerror());
        return NULL;
    }
    snprintf(symbol, sizeof symbol, "%s_LTX_tenon_module_v1", stem);
    module = dlsym(handle, symbol);
    if (!module || module->magic != TN_MODULE_MAGIC || module->size < sizeof *module) {
        snprintf(why, size, "it has no module %s for this version of the ABI", stem);
        return NULL;
    }
    return module;
}

int module_file_manifest(const char *path)
{
    char why[512];
    const tn_module_t *module = module_file_open(path, why, sizeof why);

    if (!module)
        return tool_error("info", "%s: %s", path, why);
    printf("module = %s\nprovides =", module->name);
    for (const tn_feature_t *const *feature = module->features; feature && *feature; feature++) {
        unsigned kind = (*feature)->kind;

        if (kind == 0 || kind >= sizeof kinds / sizeof *kinds)
            return tool_error("info", "%s: a feature is of no known kind, %u", path, kind);
        printf(" %s:%s", kinds[kind], (*feature)->name);
    }
    putchar('\n');
    if (module->requires && module->requires[0]) {
        fputs("requires =", stdout);
        for (const char *const *name = module->requires; *name; name++)
            printf(" %s", *name);
        putchar('\n');
    }
    return TOOL_OK;
}
