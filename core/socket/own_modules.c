/* Modules of the program: nobody knew of them when the host table of a fixed build was made. */
#include <errno.h>

#include <tenon/tenon.h>

#include "base/error.h"
#include "module/registry.h"
#include "socket/ctx.h"
#include "socket/host.h"

int tn_ctx_add_module(tn_ctx_t *handle, const tn_module_t *module)
{
    struct tn_ctx *ctx = tni_ctx_check(handle);
    int count = 0, rc;

    if (!ctx)
        return tni_error_code();
    if (!module)
        return tni_fail(-EINVAL, "tn_ctx_add_module: the module is NULL");
    pthread_mutex_lock(&ctx->lock);
    rc = tni_ctx_too_late(ctx, "tn_ctx_add_module");
    while (ctx->own_modules[count])
        count++;
    if (rc == 0 && count == TNI_OWN_MODULES_MAX)
        rc = tni_fail(-EINVAL, "a context takes at most %d modules of the program", count);
    if (rc == 0)
        rc = tni_registry_admit(module);
    if (rc == 0) {
        ctx->own_modules[count] = module;
        tni_ctx_fill_host(ctx, &tni_host_all);
    }
    pthread_mutex_unlock(&ctx->lock);
    return rc;
}
