#include "module/dl.h"

#include <stdio.h>

#include <tenon/tenon.h>

bool tni_dl_is_available(void)
{
    return false;
}

int tni_dl_open(const char *path, struct tni_dl **out_dl, char *why, size_t size)
{
    *out_dl = NULL;
    snprintf(why, size,
             "this build of the library cannot open modules (TENON_DLOPEN=OFF): link %s in with "
             "TENON_STATIC_MODULES",
             path);
    return -TN_EMODULE;
}

const void *tni_dl_symbol(struct tni_dl *dl, const char *name)
{
    (void)dl;
    (void)name;
    return NULL;
}

bool tni_dl_has_constructors(struct tni_dl *dl)
{
    (void)dl;
    return false;
}

void tni_dl_pin(struct tni_dl *dl)
{
    (void)dl;
}

bool tni_dl_is_mapped(const char *path)
{
    (void)path;
    return false;
}

void tni_dl_close(struct tni_dl *dl)
{
    (void)dl;
}

bool tni_dl_library_path(char *out_path, size_t size)
{
    (void)out_path;
    (void)size;
    return false;
}
