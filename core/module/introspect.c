/* The public functions about modules: the context's registry and inspect.h. */
#include <errno.h>
#include <string.h>

#include <tenon/tenon.h>

#include "base/cancel.h"
#include "base/error.h"
#include "module/inspect.h"
#include "socket/ctx.h"
#include "socket/ctx_options.h"

/* NULL, with a code, also for arguments that are not there: the functions below need not ask. */
static struct tni_registry *registry_of(tn_ctx_t *ctx, bool arguments_are_given)
{
    if (ctx && arguments_are_given)
        return tni_ctx_registry(ctx);
    tni_fail(-EINVAL, "an argument is NULL or empty");
    return NULL;
}

int tn_modules(tn_ctx_t *ctx, int (*visit)(const tn_module_info_t *info, void *arg), void *arg)
{
    struct tni_registry *registry = registry_of(ctx, visit);
    TNI_UNCANCELLED;

    return registry ? tni_inspect_modules(registry, visit, arg) : tni_error_code();
}

int tn_feature_options(tn_ctx_t *ctx, const char *name,
                       int (*visit)(const tn_option_info_t *info, void *arg), void *arg)
{
    struct tni_registry *registry = registry_of(ctx, name && visit);
    TNI_UNCANCELLED;

    if (!registry)
        return tni_error_code();
    if (strcmp(name, "socket") == 0 || strcmp(name, "context") == 0)
        return tni_ctx_options_each(ctx, name, visit, arg);
    return tni_inspect_options(registry, name, visit, arg);
}

int tn_module_paths(tn_ctx_t *ctx, int (*visit)(const tn_module_path_t *path, void *arg), void *arg)
{
    struct tni_registry *registry = registry_of(ctx, visit);
    TNI_UNCANCELLED;

    return registry ? tni_inspect_paths(registry, visit, arg) : tni_error_code();
}

int tn_policies(tn_ctx_t *ctx, int (*visit)(const tn_policy_info_t *info, void *arg), void *arg)
{
    struct tni_registry *registry = registry_of(ctx, visit);
    TNI_UNCANCELLED;

    return registry ? tni_inspect_policies(registry, visit, arg) : tni_error_code();
}

int tn_scheme_chain(tn_ctx_t *ctx, const char *scheme, char *buffer, size_t size)
{
    struct tni_registry *registry = registry_of(ctx, scheme && buffer && size);
    TNI_UNCANCELLED;

    return registry ? tni_inspect_chain(registry, scheme, buffer, size) : tni_error_code();
}

int tn_module_probe(tn_ctx_t *ctx, const char *path)
{
    struct tni_registry *registry = registry_of(ctx, path);
    TNI_UNCANCELLED;

    return registry ? tni_inspect_probe(registry, path) : tni_error_code();
}
