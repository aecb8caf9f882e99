#include "library.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <tenon/tenon.h>

/** `file` in the folder of the libtenon that this program runs with, built or installed. */
static const char *beside_us(const char *file, char *out_path)
{
    Dl_info ours;
    const char *end;

    if (!dladdr(dlsym(RTLD_DEFAULT, "tn_version"), &ours) || !(end = strrchr(ours.dli_fname, '/')))
        return NULL;
    snprintf(out_path, PATH_MAX, "%.*s/%s", (int)(end - ours.dli_fname), ours.dli_fname, file);
    return out_path;
}

int bench_library(const char *file, const struct bench_symbol *symbols, size_t count)
{
    char path[PATH_MAX];
    void *library;

    if (strchr(file, '/') && !(file = beside_us(file, path)))
        return -1;
    library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return -1;
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(library, symbols[i].name);
        if (!address)
            return -1;
        *(void **)symbols[i].function = address;
    }
    return 0;
}
