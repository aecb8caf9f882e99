/*
 * has.c: what the library can do, as the modules that are installed have it.
 */
#include <string.h>

#include "dropin.h"

/* A capability is there when each of its features is. */
static const struct capability {
    const char *name;
    const char *kind;
    const char *features[10];
} capabilities[] = {
    {"ipc", "transport", {"ipc"}},
    {"pgm", "transport", {"pgm"}},
    {"tipc", "transport", {"tipc"}},
    {"norm", "transport", {"norm"}},
    {"vmci", "transport", {"vmci"}},
    {"vsock", "transport", {"vsock"}},
    {"WS", "transport", {"ws"}},
    {"WSS", "transport", {"wss"}},
    {"curve", "mechanism", {"curve"}},
    {"gssapi", "mechanism", {"gssapi"}},
    {"draft",
     "pattern",
     {"client", "server", "radio", "dish", "scatter", "gather", "dgram", "peer", "channel"}},
};

struct search {
    const char *kind;
    const char *feature;
};

static int visit(const tn_module_info_t *info, void *arg)
{
    const struct search *search = arg;

    return strcmp(info->kind, search->kind) == 0 && strcmp(info->name, search->feature) == 0 &&
           (strcmp(info->state, "available") == 0 || strcmp(info->state, "loaded") == 0);
}

static bool has_all(tn_ctx_t *ctx, const struct capability *capability)
{
    for (size_t i = 0; capability->features[i]; i++) {
        struct search search = {capability->kind, capability->features[i]};
        if (tn_modules(ctx, visit, &search) <= 0)
            return false;
    }
    return true;
}

int zmq_has(const char *name)
{
    const size_t count = sizeof capabilities / sizeof capabilities[0];
    tn_ctx_t *ctx;
    size_t i = 0;
    int has;

    while (name && i < count && strcmp(capabilities[i].name, name) != 0)
        i++;
    if (!name || i == count)
        return 0;
    ctx = tn_ctx_new();
    if (!ctx)
        return 0;
    has = has_all(ctx, &capabilities[i]);
    tn_ctx_term(ctx, -1);
    return has;
}
