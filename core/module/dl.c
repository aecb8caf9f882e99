#include "module/dl.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <ltdl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/memory.h"
#include "module/detach.h"

struct tni_dl {
    lt_dlhandle handle;
    void *plain; /* the loader's own handle, which decides how symbols are bound */
    void *shown; /* detach.h; NULL: none, or it stays for good */
    char *path;
};

/* Around every call of libltdl; also guards `users`. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users; /* open handles: libltdl is ended with the last one */

bool tni_dl_is_available(void)
{
    return true;
}

static lt_dlhandle open_local(const char *path)
{
    lt_dladvise advise;
    lt_dlhandle handle;

    if (lt_dladvise_init(&advise))
        return NULL;
    handle = lt_dladvise_local(&advise) ? NULL : lt_dlopenadvise(path, advise);
    lt_dladvise_destroy(&advise);
    return handle;
}

/* Sanitizers know code by the file that it was mapped from. */
static void open_plain(struct tni_dl *dl)
{
#ifdef TENON_INSTRUMENTED
    dl->plain = dlopen(dl->path, RTLD_NOW | RTLD_LOCAL);
#else
    bool was_mapped = tni_dl_is_mapped(dl->path);

    dl->plain = dlopen(dl->path, RTLD_NOW | RTLD_LOCAL);
    if (dl->plain && !was_mapped)
        dl->shown = tni_detach_from_file(dl->plain, dl->path);
#endif
}

/* libltdl binds lazily, so that an undefined function would crash at its first call, and says "file
 * not found" whatever happened. The loader itself goes first: it binds everything and tells the true
 * reason; libltdl then finds the object mapped. */
static int open_locked(struct tni_dl *dl, char *why, size_t size)
{
    const char *text;

    open_plain(dl);
    if (!dl->plain) {
        text = dlerror();
        snprintf(why, size, "%s", text ? text : "the loader gave no reason");
        return -TN_EMODULE;
    }
    if (users == 0 && lt_dlinit()) {
        snprintf(why, size, "libltdl cannot be started");
        goto fail_plain;
    }
    dl->handle = open_local(dl->path);
    if (!dl->handle) {
        text = lt_dlerror();
        snprintf(why, size, "libltdl: %s", text ? text : "no reason given");
        goto fail_init;
    }
    users++;
    return 0;

fail_init:
    if (users == 0)
        lt_dlexit();
fail_plain:
    dlclose(dl->plain);
    tni_detach_forget(dl->shown);
    return -TN_EMODULE;
}

int tni_dl_open(const char *path, struct tni_dl **out_dl, char *why, size_t size)
{
    struct tni_dl *dl = tni_calloc(1, sizeof *dl);
    int rc = -ENOMEM;

    if (!dl)
        return -ENOMEM;
    dl->path = tni_strdup(path);
    if (dl->path) {
        pthread_mutex_lock(&lock);
        rc = open_locked(dl, why, size);
        pthread_mutex_unlock(&lock);
    }
    if (rc < 0) {
        tni_free(dl->path);
        tni_free(dl);
        return rc;
    }
    *out_dl = dl;
    return 0;
}

const void *tni_dl_symbol(struct tni_dl *dl, const char *name)
{
    const void *symbol;

    pthread_mutex_lock(&lock);
    symbol = lt_dlsym(dl->handle, name);
    pthread_mutex_unlock(&lock);
    return symbol;
}

/* The compiler's start files put one entry of their own into the list; sanitizers and coverage put
 * theirs into every object of such a build. */
bool tni_dl_has_constructors(struct tni_dl *dl)
{
#ifdef TENON_INSTRUMENTED
    (void)dl;
    return false;
#else
    const struct link_map *map = NULL;

    if (dlinfo(dl->plain, RTLD_DI_LINKMAP, &map) != 0 || !map)
        return false;
    for (const ElfW(Dyn) *entry = map->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_INIT_ARRAYSZ && entry->d_un.d_val > sizeof(void *))
            return true;
    }
    return false;
#endif
}

void tni_dl_pin(struct tni_dl *dl)
{
    void *again = dlopen(dl->path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE | RTLD_NOLOAD);

    if (again)
        dlclose(again);
    dl->shown = NULL;
}

bool tni_dl_is_mapped(const char *path)
{
    void *handle = dlopen(path, RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);

    if (handle)
        dlclose(handle);
    return handle != NULL;
}

void tni_dl_close(struct tni_dl *dl)
{
    if (!dl)
        return;
    pthread_mutex_lock(&lock);
    lt_dlclose(dl->handle);
    if (--users == 0)
        lt_dlexit();
    pthread_mutex_unlock(&lock);
    dlclose(dl->plain);
    tni_detach_forget(dl->shown);
    tni_free(dl->path);
    tni_free(dl);
}

bool tni_dl_library_path(char *out_path, size_t size)
{
    static const char inside; /* any address of ours */
    Dl_info info;
    char *real;
    bool is_known;

    if (dladdr(&inside, &info) == 0 || !info.dli_fname)
        return false;
    real = realpath(info.dli_fname, NULL);
    if (!real)
        return false;
    is_known = snprintf(out_path, size, "%s", real) < (int)size;
    free(real);
    return is_known;
}
