#include "library.h"

#include <dlfcn.h>

int bench_library(const char *file, const struct bench_symbol *symbols, size_t count)
{
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

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
