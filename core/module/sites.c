#include "module/sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/error.h"
#include "module/dl.h"

#ifndef TENON_MODULE_DIR
#define TENON_MODULE_DIR "/usr/lib/tenon"
#endif
#ifndef TENON_PLUGINS_DIR
#define TENON_PLUGINS_DIR TENON_MODULE_DIR "/plugins.d"
#endif
#ifndef TENON_SYSCONF_PLUGINS_DIR
#define TENON_SYSCONF_PLUGINS_DIR "/etc/tenon/plugins.d"
#endif

static int set(char *place, size_t size, const char *text)
{
    int length = snprintf(place, size, "%s", text);

    return length >= 0 && (size_t)length < size ? 0 : tni_fail(-ENAMETOOLONG, "too long: %s", text);
}

/* The directory "tenon" beside the library, when it is a shared one. */
static bool beside_library(char *out_directory, size_t size)
{
    char library[3800];
    char *slash;

    if (!tni_dl_library_path(library, sizeof library))
        return false;
    slash = strrchr(library, '/');
    if (!slash || strncmp(slash + 1, "libtenon.so", strlen("libtenon.so")) != 0)
        return false;
    *slash = '\0';
    snprintf(out_directory, size, "%s/tenon", library);
    return access(out_directory, F_OK) == 0;
}

static void program_name(char *out_name, size_t size)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    const char *slash;

    if (length <= 0) {
        snprintf(out_name, size, "%s", program_invocation_short_name);
        return;
    }
    path[length] = '\0';
    slash = strrchr(path, '/');
    snprintf(out_name, size, "%.255s", slash ? slash + 1 : path);
}

int tni_sites_find(const struct tni_registry_places *places, struct tni_sites *out_sites)
{
    static const struct tni_registry_places as_built;
    char modules[4000], vendor[4096];
    int rc;

    if (!places)
        places = &as_built;
    if (beside_library(modules, sizeof modules)) {
        snprintf(vendor, sizeof vendor, "%s/plugins.d", modules);
    } else {
        snprintf(modules, sizeof modules, "%s", TENON_MODULE_DIR);
        snprintf(vendor, sizeof vendor, "%s", TENON_PLUGINS_DIR);
    }
    rc = set(out_sites->modules, sizeof out_sites->modules,
             places->modules ? places->modules : modules);
    if (rc == 0)
        rc = set(out_sites->vendor, sizeof out_sites->vendor,
                 places->vendor ? places->vendor : vendor);
    if (rc == 0)
        rc = set(out_sites->administrator, sizeof out_sites->administrator,
                 places->administrator ? places->administrator : TENON_SYSCONF_PLUGINS_DIR);
    if (places->program)
        snprintf(out_sites->program, sizeof out_sites->program, "%s", places->program);
    else
        program_name(out_sites->program, sizeof out_sites->program);
    out_sites->is_secure = places->is_secure || getauxval(AT_SECURE) != 0;
    out_sites->is_privileged = places->is_privileged || out_sites->is_secure ||
                               (!places->is_unprivileged && geteuid() == 0);
    return rc;
}
